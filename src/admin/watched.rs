//! What all pages that look on share: several of them look at the same, so one does it for all.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::answer::Failure;
use super::chain::Chain;
use crate::audit::{EventKind, Happening, Happenings, Reader};
use crate::inquiry::{Archive, Pulse};

/// What all pages that look on share.
#[derive(Default)]
pub(super) struct Watched(Arc<Mutex<Shared>>);

impl Watched {
    /// What was seen last, for whoever looks next: it waits without a thread while somebody else does.
    pub(super) async fn shared(&self) -> OwnedMutexGuard<Shared> {
        Arc::clone(&self.0).lock_owned().await
    }
}

/// What was seen.
#[derive(Default)]
pub(super) struct Shared {
    pub pulse: Pulse,
    pub chain: Chain,
    pub suspicions: Vec<Happening>,
    looked: Option<Timestamp>,
}

impl Shared {
    /// Whether it is too old to be shown.
    pub(super) fn is_old(&self, now: Timestamp) -> bool {
        self.looked.is_none_or(|looked| now.duration_since(looked).as_millis() > 1500)
    }

    /// Looks again.
    pub(super) fn catch_up(&mut self, archive: &Archive, now: Timestamp) -> Result<(), Failure> {
        let reader = archive.reader()?;
        self.pulse.catch_up(&reader, now)?;
        self.chain.catch_up(archive, &reader, now)?;
        self.suspicions = suspicions(&reader, now)?;
        self.looked = Some(now);
        Ok(())
    }
}

/// What looked suspicious within a day.
fn suspicions(reader: &Reader, now: Timestamp) -> Result<Vec<Happening>, Failure> {
    let names = ["alarm", EventKind::LoginRefused.name()].map(str::to_owned).into();
    let since = Some(now - jiff::SignedDuration::from_hours(24));
    Ok(reader.happenings(&Happenings { names, since, limit: 20, ..Happenings::default() })?)
}
