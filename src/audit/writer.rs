//! The handle that the live path holds, and the one thread that writes.
//!
//! Group commit without a timer: the thread takes one entry, drains what else is there, commits all in one transaction and
//! answers all. Under load a commit gathers more; without load nobody waits for company.

use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::crypto::MacKey;

use super::entry::{Closed, Entry, Event, EventKind, Opened};
use super::error::AuditError;
use super::journal::Journal;

/// How many entries one transaction takes.
const BATCH: usize = 1000;
/// How many entries may be queued by those who wait.
const PLACES: usize = 4096;

/// A handle to the log's writer: cheap to clone, and shared by all exchanges.
///
/// A call that is dropped while it waits may or may not leave its entry in the log; [`Log::closed_later`] is right after both.
#[derive(Clone)]
pub struct Log {
    queue: mpsc::UnboundedSender<Job>,
    /// Who waits takes a place first. A `closed_later` takes none: there are never more of them than open exchanges.
    places: Arc<Semaphore>,
}

impl Log {
    /// Opens or makes the log in `folder`, closes as interrupted what a crash left open, and starts the writer.
    ///
    /// Fails when another process writes to the folder, when it cannot be written, and when its newest entry was not written
    /// with `key`.
    pub fn open(folder: &Path, key: MacKey) -> Result<(Self, Writer), AuditError> {
        let journal = Journal::open(folder, key, Timestamp::now())?;
        let (queue, jobs) = mpsc::unbounded_channel();
        let run = || Run { journal, jobs, late: Vec::new(), gap: None }.until_closed();
        let thread = thread::Builder::new().name("audit".into()).spawn(run);
        let thread = thread.map_err(|error| AuditError::creating(folder, &error))?;
        let log = Self { queue, places: Arc::new(Semaphore::new(PLACES)) };
        Ok((log.clone(), Writer { log, thread }))
    }

    /// Appends an opening entry; it is on the disk when this returns.
    pub async fn opened(&self, entry: Opened) -> Result<(), AuditError> {
        self.append(Entry::Opened(Box::new(entry))).await
    }

    /// Appends the closing entry of an open exchange; it is on the disk when this returns.
    pub async fn closed(&self, entry: Closed) -> Result<(), AuditError> {
        self.append(Entry::Closed(Box::new(entry))).await
    }

    /// Appends both entries of an exchange of which nothing was forwarded; they are on the disk when this returns.
    pub async fn refused(&self, opened: Opened, closed: Closed) -> Result<(), AuditError> {
        self.append(Entry::Refused(Box::new((opened, closed)))).await
    }

    /// Appends an event; it is on the disk when this returns.
    pub async fn event(&self, event: Event) -> Result<(), AuditError> {
        self.append(Entry::Event(event)).await
    }

    /// Queues a closing entry for which nobody waits, as from a `Drop`; while the log cannot be written it is kept and tried
    /// again.
    pub fn closed_later(&self, entry: Closed) {
        let job = Job::Append { entry: Entry::Closed(Box::new(entry)), waiter: None };
        if self.queue.send(job).is_err() {
            tracing::warn!("the log is closed: an exchange will be closed as interrupted at the next start");
        }
    }

    async fn append(&self, entry: Entry) -> Result<(), AuditError> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| AuditError::Stopped)?;
        let (answer, answered) = oneshot::channel();
        let waiter = Some(Waiter { answer, _place: place });
        self.queue.send(Job::Append { entry, waiter }).map_err(|_| AuditError::Stopped)?;
        answered.await.unwrap_or(Err(AuditError::Stopped))
    }
}

/// The thread behind every [`Log`] of one folder.
///
/// Without [`Writer::close`] the end of the process may come before the last entries for which nobody waits.
pub struct Writer {
    log: Log,
    thread: JoinHandle<Result<(), AuditError>>,
}

impl Writer {
    /// Commits what was queued before, ends the writer and gives the folder free; handles that are left get
    /// [`AuditError::Stopped`]. Blocks until that is done; fails when entries for which nobody waits could not be written.
    pub fn close(self) -> Result<(), AuditError> {
        // A thread that has ended already needs no telling.
        let _ = self.log.queue.send(Job::Stop);
        self.thread.join().unwrap_or(Err(AuditError::Stopped))
    }
}

enum Job {
    Append { entry: Entry, waiter: Option<Waiter> },
    Stop,
}

struct Waiter {
    answer: oneshot::Sender<Result<(), AuditError>>,
    /// Given back when the entry was answered, not when its caller went away.
    _place: OwnedSemaphorePermit,
}

type Pending = (Entry, Option<Waiter>);

/// The thread's own state.
struct Run {
    journal: Journal,
    jobs: mpsc::UnboundedReceiver<Job>,
    /// Closing entries that could not be written and for which nobody waits.
    late: Vec<Pending>,
    gap: Option<Gap>,
}

/// What happened since the last commit that succeeded.
struct Gap {
    failures: usize,
    cause: AuditError,
}

impl Run {
    /// Ends when a stop was asked for or every handle is gone, after everything that was queued.
    fn until_closed(mut self) -> Result<(), AuditError> {
        while let Some(job) = self.jobs.blocking_recv() {
            let batch = self.gather(job);
            self.write(batch);
        }
        let late = std::mem::take(&mut self.late);
        self.write(late);
        match self.gap {
            Some(gap) if !self.late.is_empty() => Err(gap.cause),
            _ => Ok(()),
        }
    }

    /// What is late, `job`, and what else is there.
    fn gather(&mut self, job: Job) -> Vec<Pending> {
        let mut batch = std::mem::take(&mut self.late);
        let mut next = Some(job);
        while let Some(job) = next.take() {
            match job {
                Job::Append { entry, waiter } => batch.push((entry, waiter)),
                Job::Stop => self.jobs.close(),
            }
            if batch.len() < BATCH {
                next = self.jobs.try_recv().ok();
            }
        }
        batch
    }

    fn write(&mut self, batch: Vec<Pending>) {
        let Some((first, _)) = batch.first() else { return };
        let recovered = self.gap.as_ref().map(|gap| gap.ended(first.at()));
        let entries: Vec<&Entry> = recovered.iter().chain(batch.iter().map(|(entry, _)| entry)).collect();
        match self.journal.commit(&entries) {
            Ok(()) => {
                self.gap = None;
                batch.into_iter().for_each(|pending| answer(pending, Ok(())));
            }
            // One entry must not take the others down: each is tried by itself.
            Err(error) if error.is_of_one_entry() && batch.len() > 1 => {
                batch.into_iter().for_each(|pending| self.write(vec![pending]));
            }
            Err(error) => self.fail(batch, &error),
        }
    }

    fn fail(&mut self, batch: Vec<Pending>, error: &AuditError) {
        if error.is_of_one_entry() {
            tracing::warn!("{error}");
            return batch.into_iter().for_each(|pending| answer(pending, Err(error.clone())));
        }
        tracing::error!(entries = batch.len(), "{error}");
        let failures = self.gap.take().map_or(0, |gap| gap.failures) + batch.len();
        self.gap = Some(Gap { failures, cause: error.clone() });
        let (waiting, late) = batch.into_iter().partition(|(_, waiter)| waiter.is_some());
        self.late.extend::<Vec<_>>(late);
        Vec::into_iter(waiting).for_each(|pending| answer(pending, Err(error.clone())));
    }
}

impl Gap {
    /// Tells of itself at the place where the log goes on.
    fn ended(&self, at: Timestamp) -> Entry {
        let detail = format!("{} times an entry could not be written", self.failures);
        Entry::Event(Event { at, kind: EventKind::Recovered, detail })
    }
}

fn answer((_, waiter): Pending, written: Result<(), AuditError>) {
    if let Some(waiter) = waiter {
        // A caller that went away needs no answer.
        let _ = waiter.answer.send(written);
    }
}
