//! What the pages of the admin listener share.

use std::sync::Arc;

use hyper::StatusCode;
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::Semaphore;

use super::answer::Failure;
use super::attempts::Attempts;
use super::bench::Bench;
use super::session::Sessions;
use super::watched::Watched;
use crate::audit::{Event, EventKind};
use crate::inquiry::Archive;
use crate::proxy::Gateway;

/// How many long questions are answered at a time: the machine is the proxy's first.
const AT_A_TIME: usize = 1;

/// What the pages share.
pub struct Desk {
    pub(super) gateway: Arc<Gateway>,
    pub(super) archive: Arc<Archive>,
    pub(super) sessions: Sessions,
    pub(super) attempts: Attempts,
    pub(super) watched: Watched,
    pub(super) bench: Bench,
    work: Arc<Semaphore>,
}

impl Desk {
    /// Pages about a proxy and its log.
    pub fn new(gateway: Arc<Gateway>, archive: Archive) -> Self {
        Self {
            gateway,
            archive: Arc::new(archive),
            sessions: Sessions::default(),
            attempts: Attempts::default(),
            watched: Watched::default(),
            bench: Bench::default(),
            work: Arc::new(Semaphore::new(AT_A_TIME)),
        }
    }

    /// Writes into the log what was done here; it is on the disk when this returns. Where it cannot be, nothing is shown.
    pub(super) async fn note(&self, kind: EventKind, detail: &Value) -> Result<(), Failure> {
        let event = Event { at: Timestamp::now(), kind, detail: detail.to_string() };
        self.gateway.log().event(event).await.map_err(|error| {
            tracing::error!("what was done on the admin page is not in the log: {error}");
            Failure::new(StatusCode::SERVICE_UNAVAILABLE, "the log cannot be written, so nothing is shown")
        })
    }

    /// Answers a short question to the log or the patterns, on a thread that may wait for the disk.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Archive) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let archive = Arc::clone(&self.archive);
        let answered = tokio::task::spawn_blocking(move || question(&archive)).await;
        // A panic's message may quote the text that it was about.
        answered.map_err(|_| Failure::internal(&"a bug, whose message is withheld"))?
    }

    /// The same for a long one: one after another.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Archive) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let place = Arc::clone(&self.work).acquire_owned().await.map_err(|error| Failure::internal(&error))?;
        self.ask(move |archive| {
            // Held until it is answered, even when nobody waits for that any more.
            let _place = place;
            question(archive)
        })
        .await
    }
}
