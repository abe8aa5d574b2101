//! The closing entry of an exchange, and what the log writes of findings.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use uuid::Uuid;

use super::Gateway;
use super::places::Place;
use super::spans::Span;
use crate::audit::{Closed, Log, Opened, Outcome, Tally, Timings, Usage};
use crate::config::Ruleset;
use crate::metrics::{Commit, Metrics, Phase, Side, Sum};
use crate::policy::{Action, Answers};
use crate::redact::{self, Account, AnswerAccount, Vault};

/// The closing entry of an open exchange: appended exactly once, also when the exchange is abandoned.
pub(super) struct Ending {
    log: Option<Log>,
    metrics: Arc<Metrics>,
    route: String,
    caller: String,
    /// How much was found in the request.
    found: u64,
    exchange: Uuid,
    started: Instant,
    pub timings: Timings,
    /// The exchange's place, until it ends.
    pub place: Option<Place>,
    /// What becomes of it elsewhere, where somebody collects that.
    pub span: Option<Span>,
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
    pub(super) fn new(gateway: &Gateway, opened: &Opened, started: Instant, timings: Timings) -> Self {
        let (log, metrics) = (Some(gateway.log.clone()), Arc::clone(&gateway.metrics));
        metrics.open(1);
        metrics.caller_open(&opened.caller, 1);
        Self {
            log,
            metrics,
            route: opened.route.clone(),
            caller: opened.caller.clone(),
            found: total(&opened.findings),
            exchange: opened.exchange,
            started,
            timings,
            place: None,
            span: None,
        }
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
        let begun = Instant::now();
        let logged = log.closed(closed.clone()).await;
        self.log = None;
        self.count(&closed);
        match &logged {
            Ok(()) => self.metrics.committed(Commit::Closed, begun.elapsed().as_secs_f64()),
            Err(_) => self.metrics.log_failed(),
        }
        if let Err(error) = logged {
            tracing::error!(%error, exchange = %self.exchange, "the end of an exchange could not be logged yet");
            log.closed_later(closed);
        }
    }

    /// What is left of `time` since the exchange began.
    pub(super) fn left(&self, time: Duration) -> Duration {
        time.saturating_sub(self.started.elapsed())
    }

    /// Ends nothing: the exchange was not opened.
    pub(super) fn forget(mut self) {
        self.log = None;
    }

    fn count(&mut self, closed: &Closed) {
        count(&self.metrics, &self.route, closed);
        count_for_caller(&self.metrics, &self.caller, self.found, closed);
        if let Some(span) = self.span.take() {
            span.end(closed, &self.metrics);
        }
    }

    fn timed(&self, closed: Closed) -> Closed {
        Closed { timings: Timings { total_us: micros(self.started), ..self.timings }, ..closed }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.metrics.open(-1);
        self.metrics.caller_open(&self.caller, -1);
        if let Some(log) = self.log.take() {
            let closed = self.timed(self.entry(Outcome::CallerGone));
            self.count(&closed);
            log.closed_later(closed);
        }
    }
}

/// Counts an exchange that ended so.
pub(super) fn count(metrics: &Metrics, route: &str, closed: &Closed) {
    let Timings { redact_us, commit_us, first_byte_us, total_us } = closed.timings;
    metrics.ended(route, closed.outcome.name());
    match (&closed.reason, closed.outcome) {
        (Some(reason), Outcome::TimedOut | Outcome::UpstreamFailed) => metrics.upstream_error(route, reason),
        (Some(reason), _) => metrics.refused(reason),
        (None, _) => {}
    }
    for Tally { entity, action, count, .. } in &closed.findings {
        metrics.found(Side::Answer, entity, action, *count);
    }
    if redact_us > 0 {
        metrics.added(Phase::Redact, seconds(redact_us));
    }
    if commit_us > 0 {
        metrics.added(Phase::Log, seconds(commit_us));
    }
    metrics.took(route, first_byte_us.map(seconds), seconds(total_us));
}

/// Counts it for its caller, with what was found in the request.
pub(super) fn count_for_caller(metrics: &Metrics, caller: &str, found: u64, closed: &Closed) {
    let Usage { input, output, .. } = closed.usage;
    let (input, output) = (input.unwrap_or(0), output.unwrap_or(0));
    let findings = found + total(&closed.findings);
    metrics.caller_ended(caller, Sum { outcome: closed.outcome.name(), findings, input, output });
}

/// How many findings there are.
pub(super) fn total(findings: &[Tally]) -> u64 {
    findings.iter().map(|tally| tally.count).sum()
}

fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
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
