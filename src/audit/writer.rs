//! The handle that the live path holds, and the one thread that writes.
//!
//! Group commit without a timer: the thread takes one entry and what else is there, and what comes while it appends those; when
//! nothing is left it commits all in one transaction and answers all. Under load a commit gathers more; without load nobody
//! waits for company.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::json;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::task::spawn_blocking;

use super::checkpoint::Witness;
use super::entry::{Closed, Entry, Opened};
use super::erasure::Registry;
use super::error::AuditError;
use super::event::{Event, EventKind};
use super::journal::Journal;
use super::queue::{Job, Queue, Queued, Waiter, answer, entries, tell_all};
use super::settings::{Keys, OnFailure, Settings};

/// How many entries one transaction takes.
const BATCH: usize = 1000;
/// How many entries may be queued by those who wait.
const PLACES: usize = 4096;
/// From how many bytes on a text is packed aside, so that other exchanges go on meanwhile.
const LONG: usize = 64 << 10;
/// How often the thread looks for what nobody queues, such as notes.
const TICK: Duration = Duration::from_secs(1);
/// How often it notes what texts mention, and how many placeholders are enough to do it sooner.
const NOTE: Duration = Duration::from_secs(5);
const NOTEWORTHY: usize = 10_000;
/// How often it looks for what is older than the log keeps.
const RETAIN: Duration = Duration::from_secs(3600);

/// A handle to the log's writer: cheap to clone, and shared by all exchanges.
///
/// A call that is dropped while it waits may or may not leave its entry in the log; [`Log::closed_later`] is right after both.
#[derive(Clone)]
pub struct Log {
    queue: mpsc::Sender<Job>,
    /// Who waits takes a place first. A `closed_later` takes none: there are never more of them than open exchanges.
    places: Arc<Semaphore>,
    given_up: watch::Receiver<bool>,
}

impl Log {
    /// Opens or makes the log that `settings` name, closes as interrupted what a crash left open, and starts the writer.
    ///
    /// Fails when another process writes to the folder, when it cannot be written, and when its newest entry was not written
    /// with `keys`.
    pub fn open(settings: &Settings, keys: &Keys) -> Result<(Self, Writer), AuditError> {
        let folder: &Path = &settings.folder;
        let journal = Journal::open(folder, keys, Timestamp::now())?.limited(settings.file_bytes);
        let (queue, jobs) = mpsc::channel();
        let (giving_up, given_up) = watch::channel(false);
        let run = Run {
            journal,
            queue: Queue { jobs, stopping: false },
            next: Vec::new(),
            late: Vec::new(),
            gap: None,
            giving_up,
            witness: Witness::new(folder, settings.checkpoints.clone(), keys.signing.clone()),
            settings: settings.clone(),
            ticked: Instant::now(),
            noted: Instant::now(),
            behind: false,
            retained: None,
        };
        let thread = thread::Builder::new().name("audit".into()).spawn(|| run.until_closed());
        let thread = thread.map_err(|error| AuditError::creating(folder, &error))?;
        let log = Self { queue, places: Arc::new(Semaphore::new(PLACES)), given_up };
        Ok((log.clone(), Writer { log, thread }))
    }

    /// Appends an opening entry; it is on the disk when this returns.
    pub async fn opened(&self, entry: Opened) -> Result<(), AuditError> {
        self.append(entry.request.len(), move || Entry::opened(entry)).await
    }

    /// Appends the closing entry of an open exchange; it is on the disk when this returns.
    pub async fn closed(&self, entry: Closed) -> Result<(), AuditError> {
        self.append(entry.answer.len(), move || Entry::closed(entry)).await
    }

    /// Appends both entries of an exchange of which nothing was forwarded; they are on the disk when this returns.
    pub async fn refused(&self, opened: Opened, closed: Closed) -> Result<(), AuditError> {
        self.append(opened.request.len() + closed.answer.len(), move || Entry::refused(opened, closed)).await
    }

    /// Appends an event; it is on the disk when this returns.
    pub async fn event(&self, event: Event) -> Result<(), AuditError> {
        self.append(0, move || Entry::Event(event)).await
    }

    /// Returns once the log could not be written, if the settings say that the process is to end then; else never.
    pub async fn given_up(&self) {
        if self.given_up.clone().wait_for(|given_up| *given_up).await.is_err() {
            std::future::pending().await
        }
    }

    /// Whether the log could not be written and the settings say that the process is to end then.
    pub fn has_given_up(&self) -> bool {
        *self.given_up.borrow()
    }

    /// Queues a closing entry for which nobody waits, as from a `Drop`; while the log cannot be written it is kept and tried
    /// again.
    pub fn closed_later(&self, entry: Closed) {
        let job = Job::Append { entry: Entry::closed(entry), waiter: None };
        if self.queue.send(job).is_err() {
            tracing::warn!("the log is closed: an exchange will be closed as interrupted at the next start");
        }
    }

    /// Appends what `pack` makes of texts of so many bytes.
    async fn append(&self, bytes: usize, pack: impl FnOnce() -> Entry + Send + 'static) -> Result<(), AuditError> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| AuditError::Stopped)?;
        let entry = match bytes {
            ..LONG => pack(),
            _ => spawn_blocking(pack).await.map_err(|_| AuditError::Stopped)?,
        };
        let (answer, answered) = oneshot::channel();
        let waiter = Some(Waiter { answer, runtime: Handle::current(), _place: place });
        self.queue.send(Job::Append { entry, waiter }).map_err(|_| AuditError::Stopped)?;
        answered.await.unwrap_or(Err(AuditError::Stopped))
    }
}

/// Has what `registry` did appended: here, or by the process that writes to the log; tells whether it was within `patience`.
pub fn settle(
    settings: &Settings,
    keys: &Keys,
    registry: &Registry<'_>,
    patience: Duration,
) -> Result<bool, AuditError> {
    let begun = Instant::now();
    loop {
        match Log::open(settings, keys) {
            Ok((_, writer)) => return writer.close().map(|()| true),
            Err(AuditError::Locked { .. }) if registry.is_logged()? => return Ok(true),
            Err(AuditError::Locked { .. }) if begun.elapsed() < patience => thread::sleep(TICK / 10),
            Err(AuditError::Locked { .. }) => return Ok(false),
            Err(error) => return Err(error),
        }
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

/// The thread's own state.
struct Run {
    journal: Journal,
    queue: Queue,
    /// What came while a batch was open that could not take it.
    next: Vec<Queued>,
    /// Closing entries that could not be written and for which nobody waits.
    late: Vec<Queued>,
    gap: Option<Gap>,
    giving_up: watch::Sender<bool>,
    settings: Settings,
    witness: Witness,
    /// When it last looked for what is older than the log keeps.
    retained: Option<Instant>,
    /// When it last looked for what nobody queues.
    ticked: Instant,
    /// When it last noted what texts mention.
    noted: Instant,
    /// Whether more is to be noted as soon as nobody waits.
    behind: bool,
}

/// What happened since the last commit that succeeded.
struct Gap {
    since: Timestamp,
    /// How many exchanges could not be opened. Those that end meanwhile are late.
    refused: usize,
    cause: AuditError,
}

impl Run {
    /// Ends when a stop was asked for or every handle is gone, after everything that was queued.
    fn until_closed(mut self) -> Result<(), AuditError> {
        while !self.queue.stopping {
            match self.queue.jobs.recv_timeout(if self.behind { Duration::ZERO } else { TICK }) {
                Ok(job) => {
                    let batch = self.gather(job);
                    self.write(batch);
                }
                Err(RecvTimeoutError::Timeout) if self.behind => self.note_mentions(),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.tick();
        }
        while let Ok(job) = self.queue.jobs.try_recv() {
            let batch = self.gather(job);
            self.write(batch);
        }
        let late = std::mem::take(&mut self.late);
        self.write(late);
        self.tell_gap();
        self.queue.stopping = true;
        self.note_mentions();
        self.witness.sign(self.journal.head());
        match self.gap {
            Some(gap) if !self.late.is_empty() => Err(gap.cause),
            _ => Ok(()),
        }
    }

    /// Does what is due without anybody's asking.
    fn tick(&mut self) {
        if self.ticked.elapsed() < TICK && !self.queue.stopping {
            return;
        }
        self.ticked = Instant::now();
        if let Err(error) = self.journal.check_in_place()
            && self.gap.is_none()
        {
            tracing::error!("{error}");
            self.widen_gap(0, error);
        }
        if let Err(error) = self.journal.take_notes() {
            tracing::warn!("what was done to the log's keys is not in the log yet: {error}");
        }
        self.note_mentions();
        self.witness.look(self.journal.head());
        if self.retained.is_none_or(|retained| retained.elapsed() >= RETAIN) {
            self.retained = Some(Instant::now());
            if let Err(error) = self.retain(Timestamp::now()) {
                tracing::warn!("what is older than the log keeps is still there: {error}");
            }
        }
    }

    /// Notes what texts mention when it is time; what cannot be noted just now is next time, and found by reading until then.
    fn note_mentions(&mut self) {
        let due = self.queue.stopping || self.noted.elapsed() >= NOTE;
        match self.journal.note_mentions(if due { 0 } else { NOTEWORTHY }) {
            Ok(behind) => self.behind = behind,
            Err(error) => {
                self.behind = false;
                tracing::warn!("what texts mention is not noted yet: {error}");
            }
        }
        if due {
            self.noted = Instant::now();
        }
    }

    /// Lets go what is older than the log keeps.
    fn retain(&mut self, now: Timestamp) -> Result<(), AuditError> {
        for month in self.journal.expire(&self.settings, now)? {
            self.journal.drop_file(month, now, |head| self.witness.sign(head))?;
        }
        Ok(())
    }

    /// What is late, `job`, and what else is there.
    fn gather(&mut self, job: Job) -> Vec<Queued> {
        let mut batch = std::mem::take(&mut self.late);
        batch.extend(self.queue.take(Some(job), BATCH));
        batch
    }

    /// Writes `batch`, and what comes meanwhile.
    fn write(&mut self, mut batch: Vec<Queued>) {
        while !batch.is_empty() {
            self.write_once(batch, BATCH);
            batch = std::mem::take(&mut self.next);
            if !batch.is_empty() {
                self.tick();
                batch.append(&mut self.late);
            }
        }
    }

    fn write_once(&mut self, mut batch: Vec<Queued>, most: usize) {
        match self.commit(&mut batch, most) {
            Ok(()) => {
                self.gap = None;
                self.witness.look(self.journal.head());
                tell_all(batch);
            }
            // One entry must not take the others down: each is tried by itself.
            Err(error) if error.is_of_one_entry() && batch.len() > 1 => {
                batch.into_iter().for_each(|pending| self.write_once(vec![pending], 1));
            }
            Err(error) => self.fail(batch, &error),
        }
    }

    /// Commits `batch` with what comes until it is all appended, to so many entries; what it cannot take is `next`.
    fn commit(&mut self, batch: &mut Vec<Queued>, most: usize) -> Result<(), AuditError> {
        let recovered = self.gap.as_ref().map(|gap| Entry::Event(gap.ended(batch[0].entry.at())));
        let mut open = self.journal.begin(&recovered.iter().chain(entries(batch)).collect::<Vec<_>>())?;
        while batch.len() < most {
            let come = self.queue.take(None, most - batch.len());
            let new: Vec<&Entry> = entries(&come).collect();
            if new.is_empty() {
                break;
            }
            if !open.takes(&new) {
                self.next = come;
                break;
            }
            let appended = open.append(&new);
            batch.extend(come);
            appended?;
        }
        open.commit()
    }

    fn fail(&mut self, batch: Vec<Queued>, error: &AuditError) {
        if error.is_of_one_entry() {
            tracing::warn!("{error}");
            return batch.into_iter().for_each(|pending| answer(pending, Err(error.clone())));
        }
        tracing::error!(entries = batch.len(), "{error}");
        let refused = batch.iter().filter(|pending| pending.entry.opens().is_some()).count();
        self.widen_gap(refused, error.clone());
        let (waiting, late) = batch.into_iter().partition(|pending| pending.waiter.is_some());
        self.late.extend::<Vec<_>>(late);
        Vec::into_iter(waiting).for_each(|pending| answer(pending, Err(error.clone())));
    }

    /// Tells of a gap that the end of the process would make forgotten: in the log, or to whoever opens it next.
    fn tell_gap(&mut self) {
        let Some(gap) = &self.gap else { return };
        let ended = gap.ended(Timestamp::now());
        let told = self.journal.commit(&[&Entry::Event(ended.clone())]).or_else(|_| self.journal.leave_note(&ended));
        if let Err(error) = told {
            tracing::error!(refused = gap.refused, "the log does not tell of what it could not take: {error}");
        }
    }

    /// Remembers that entries could not be written, and gives up if the settings say so.
    fn widen_gap(&mut self, refused: usize, cause: AuditError) {
        let gap = self.gap.take().unwrap_or(Gap { since: Timestamp::now(), refused: 0, cause: cause.clone() });
        self.gap = Some(Gap { refused: gap.refused + refused, cause, ..gap });
        if self.settings.on_failure == OnFailure::Exit {
            self.giving_up.send_replace(true);
        }
    }
}

impl Gap {
    /// Tells of itself at the place where the log goes on.
    fn ended(&self, at: Timestamp) -> Event {
        let Self { since, refused, cause } = self;
        let detail = json!({ "since": since.to_string(), "refused": refused, "cause": cause.to_string() });
        Event { at, kind: EventKind::Recovered, detail: detail.to_string() }
    }
}
