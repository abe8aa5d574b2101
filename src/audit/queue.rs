//! What is asked of the writer's thread, and how whoever waits is answered.

use std::sync::mpsc;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::entry::Entry;
use super::error::AuditError;

/// One wish.
pub enum Job {
    /// To append an entry.
    Append { entry: Entry, waiter: Option<Waiter> },
    /// To end.
    Stop,
}

/// Who waits for an entry.
pub struct Waiter {
    pub answer: oneshot::Sender<Result<(), AuditError>>,
    /// Where its caller runs.
    pub runtime: Handle,
    /// Given back when the entry was answered, not when its caller went away.
    pub _place: OwnedSemaphorePermit,
}

/// An entry that is to be written.
pub struct Queued {
    pub entry: Entry,
    pub waiter: Option<Waiter>,
}

/// The entries of a batch.
pub fn entries(batch: &[Queued]) -> impl Iterator<Item = &Entry> {
    batch.iter().map(|pending| &pending.entry)
}

/// What is asked for.
pub struct Queue {
    pub jobs: mpsc::Receiver<Job>,
    /// Whether the end is.
    pub stopping: bool,
}

impl Queue {
    /// Takes `first` and what else is there, so many entries at most.
    pub fn take(&mut self, first: Option<Job>, most: usize) -> Vec<Queued> {
        let mut taken = Vec::new();
        let mut next = first;
        while taken.len() < most
            && let Some(job) = next.take().or_else(|| self.jobs.try_recv().ok())
        {
            match job {
                Job::Append { entry, waiter } => taken.push(Queued { entry, waiter }),
                Job::Stop => self.stopping = true,
            }
        }
        taken
    }
}

/// Tells all who wait that their entries are on the disk: many of them from within the runtime, where waking each costs a fraction.
pub fn tell_all(batch: Vec<Queued>) {
    const MANY: usize = 8;
    let tell = |batch: Vec<Queued>| batch.into_iter().for_each(|pending| answer(pending, Ok(())));
    let runtime = batch.iter().find_map(|pending| pending.waiter.as_ref().map(|waiter| waiter.runtime.clone()));
    match runtime.filter(|_| batch.len() >= MANY) {
        Some(runtime) => drop(runtime.spawn(async move { tell(batch) })),
        None => tell(batch),
    }
}

/// Tells who waits for an entry, if somebody does, what became of it.
pub fn answer(pending: Queued, written: Result<(), AuditError>) {
    if let Some(waiter) = pending.waiter {
        // A caller that went away needs no answer.
        let _ = waiter.answer.send(written);
    }
}
