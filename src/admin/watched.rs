//! What all pages that look on share: several of them look at the same, so one does it for all.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::audit::AuditError;
use crate::inquiry::{Archive, Watch};

/// What all pages that look on share.
#[derive(Default)]
pub(super) struct Watched(Arc<Mutex<Shared>>);

impl Watched {
    /// What was seen last, for whoever looks next: it waits without a thread while somebody else does.
    pub(super) async fn shared(&self) -> OwnedMutexGuard<Shared> {
        Arc::clone(&self.0).lock_owned().await
    }
}

/// What was seen, and when.
#[derive(Default)]
pub(super) struct Shared {
    pub watch: Watch,
    looked: Option<Timestamp>,
}

impl Shared {
    /// Whether it is too old to be shown.
    pub(super) fn is_old(&self, now: Timestamp) -> bool {
        self.looked.is_none_or(|looked| now.duration_since(looked).as_millis() > 1500)
    }

    /// Looks again.
    pub(super) fn catch_up(&mut self, archive: &Archive, now: Timestamp) -> Result<(), AuditError> {
        self.watch.catch_up(archive, &archive.reader()?, now)?;
        self.looked = Some(now);
        Ok(())
    }
}
