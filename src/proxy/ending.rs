//! The closing entry of an exchange, and what the log writes of findings.

use std::time::Instant;

use jiff::Timestamp;
use uuid::Uuid;

use super::places::Place;
use crate::audit::{Closed, Log, Outcome, Tally, Timings};
use crate::config::Ruleset;
use crate::policy::Action;
use crate::redact::Account;

/// The closing entry of an open exchange: appended exactly once, also when the exchange is abandoned.
pub(super) struct Ending {
    log: Option<Log>,
    exchange: Uuid,
    started: Instant,
    pub timings: Timings,
    /// The exchange's place, until it ends.
    pub place: Option<Place>,
}

impl Ending {
    /// The end of an exchange whose opening entry is in the log.
    pub(super) fn new(log: Log, exchange: Uuid, started: Instant, timings: Timings) -> Self {
        Self { log: Some(log), exchange, started, timings, place: None }
    }

    /// The closing entry with nothing but its outcome.
    pub(super) fn entry(&self, outcome: Outcome) -> Closed {
        Closed::new(self.exchange, Timestamp::now(), outcome)
    }

    /// Appends the closing entry and waits until it is on the disk. If the log cannot be written just now, it is queued.
    pub(super) async fn close(mut self, closed: Closed) {
        let closed = self.timed(closed);
        let Some(log) = self.log.clone() else { return };
        // Until this returns the exchange may still be abandoned, and then its drop ends it.
        let logged = log.closed(closed.clone()).await;
        self.log = None;
        if let Err(error) = logged {
            tracing::error!(%error, exchange = %self.exchange, "the end of an exchange could not be logged yet");
            log.closed_later(closed);
        }
    }

    /// Ends nothing: the exchange was not opened.
    pub(super) fn forget(mut self) {
        self.log = None;
    }

    fn timed(&self, closed: Closed) -> Closed {
        Closed { timings: Timings { total_us: micros(self.started), ..self.timings }, ..closed }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if let Some(log) = self.log.take() {
            log.closed_later(self.timed(self.entry(Outcome::CallerGone)));
        }
    }
}

/// The findings of an account as the log writes them.
pub(super) fn tallies(ruleset: &Ruleset, account: &Account) -> Vec<Tally> {
    let tally = |(&(pattern, action), &count): (&(_, Action), &u64)| {
        let pattern = ruleset.detector.pattern(pattern);
        Tally {
            entity: pattern.entity.to_string(),
            pattern: pattern.name.clone(),
            action: action.name().to_owned(),
            count,
        }
    };
    account.findings.iter().map(tally).collect()
}

/// Whole microseconds since then.
pub(super) fn micros(since: Instant) -> u64 {
    since.elapsed().as_micros() as u64
}
