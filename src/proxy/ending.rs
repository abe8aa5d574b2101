//! The closing entry of an exchange, and what the log writes of findings.

use std::time::Instant;

use jiff::Timestamp;
use uuid::Uuid;

use super::Gateway;
use super::places::Place;
use crate::audit::{Closed, Log, Outcome, Tally, Timings, Usage};
use crate::config::Ruleset;
use crate::policy::{Action, Answers};
use crate::redact::{self, Account, AnswerAccount, Vault};

/// The closing entry of an open exchange: appended exactly once, also when the exchange is abandoned.
pub(super) struct Ending {
    log: Option<Log>,
    exchange: Uuid,
    started: Instant,
    pub timings: Timings,
    /// The exchange's place, until it ends.
    pub place: Option<Place>,
}

/// What is known of an answer.
pub(super) struct Answered<'a> {
    pub gateway: &'a Gateway,
    pub ruleset: &'a Ruleset,
    /// What is done with values that the caller did not send.
    pub answers: Answers,
    /// What the caller sent.
    pub vault: &'a Vault,
    pub account: &'a AnswerAccount,
    /// What the provider wrote, as much of it as the log keeps.
    pub written: &'a [u8],
    /// Whether that is only the beginning.
    pub truncated: bool,
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

    /// The closing entry with an answer as the log may have it.
    pub(super) fn entry_of(&self, outcome: Outcome, answered: &Answered) -> Closed {
        let Answered { gateway, ruleset, answers, vault, account, written, truncated } = *answered;
        let answer = redact::Answer { guard: answers, vault };
        let (scrubbed, found) = gateway.redactor(ruleset).for_log(written, answer);
        let strangers: u64 =
            found.findings.iter().filter(|((_, action), _)| *action == Action::Alert).map(|(_, count)| count).sum();
        if answers == Answers::Alert && strangers > 0 {
            tracing::warn!(strangers, "an answer holds values that its caller did not send");
        }
        let redact::Usage { cached, input, output } = account.usage;
        Closed {
            usage: Usage { cached, input, output },
            findings: tallies(ruleset, &found),
            restored: account.placeholders.restored,
            unrestored: account.placeholders.kept + redact::strange(&String::from_utf8_lossy(written), vault),
            answer: scrubbed.to_vec(),
            answer_truncated: truncated,
            ..self.entry(outcome)
        }
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
