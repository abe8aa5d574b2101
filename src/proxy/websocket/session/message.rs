//! A message of the caller's: redacted, its exchange opened in the log, and then fit to leave.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use hyper::StatusCode;
use jiff::Timestamp;
use uuid::Uuid;

use super::super::super::Identity;
use super::super::super::coverage;
use super::super::super::ending::{Ending, count, count_for_caller, micros, tallies, total};
use super::super::super::refused::Refused;
use super::super::super::scan::{recognise, scan};
use super::super::turns::{Over, Turn, Turns, Writing};
use super::Session;
use crate::audit::{Closed, Opened, Outcome, Tally, Timings};
use crate::metrics::{Commit, Side, Way};
use crate::redact::{Account, Media, Redacted};

/// What was seen of a message.
#[derive(Default)]
struct Seen {
    account: Account,
    /// The exemptions that are not in the account.
    exemptions: Vec<String>,
    redact_us: u64,
}

impl Session {
    /// Redacts a message of the caller's, and has its opening entry on the disk before it gives what may leave.
    pub(super) async fn clean(&self, writing: Writing, message: Bytes) -> Result<Bytes, Refused> {
        let at = Timestamp::now();
        self.gateway.metrics.bytes(Way::FromCaller, message.len());
        let mut seen = Seen::default();
        let redacted = match self.redact(message, &mut seen).await {
            Err(refused) if writing == Writing::Binary && matches!(refused.code, "json/not-utf8" | "json/syntax") => {
                Err(Refused {
                    message: "A message of bytes is no JSON, so it cannot be read and was not forwarded.".to_owned(),
                    status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    ..refused
                })
            }
            redacted => redacted,
        };
        let opened = self.opened(at, &seen);
        for Tally { entity, action, count, .. } in &opened.findings {
            self.gateway.metrics.found(Side::Request, entity, action, *count);
        }
        let timings = Timings { redact_us: seen.redact_us, ..Timings::default() };
        match redacted {
            Ok(redacted) => self.open(opened, timings, redacted).await,
            Err(refused) => {
                self.log_refused(opened, timings, &refused).await;
                Err(refused)
            }
        }
    }

    /// The opening entry of a message, as far as it is told by what was seen of it.
    fn opened(&self, at: Timestamp, seen: &Seen) -> Opened {
        Opened {
            exchange: Uuid::now_v7(),
            at,
            method: "MESSAGE".to_owned(),
            findings: tallies(&self.ruleset, &seen.account),
            coverage: coverage::of_request(&seen.account, seen.exemptions.clone()),
            ..self.opened.clone()
        }
    }

    async fn redact(&self, message: Bytes, seen: &mut Seen) -> Result<Redacted, Refused> {
        let begun = Instant::now();
        let answered = recognise(&self.gateway, &self.live, self.dialect, &message, &Media::Json).await?;
        let (recognised, exemptions) = answered.map(|answered| (answered.recognised, answered.exemptions)).unzip();
        let mut turns = Arc::clone(&self.turns).lock_owned().await;
        let (gateway, ruleset, dialect) = (Arc::clone(&self.gateway), Arc::clone(&self.ruleset), self.dialect);
        let (length, exempt) = (message.len(), self.exempt.clone());
        let mut part = self.part.clone();
        let work = move || {
            let mut vault = std::mem::take(turns.restorer.vault_mut());
            if let Some(part) = &mut part {
                vault.absorb(&part.read(&gateway, dialect, &message, ruleset.limits.bounds()));
            }
            let redaction = gateway.redactor(&ruleset).go_on(vault, recognised.as_ref());
            let mut redaction = redaction.exempting(&exempt);
            let redacted = redaction.body(message, &Media::Json, dialect);
            let (vault, account) = redaction.finish();
            if let Some(part) = &part {
                part.keep(&gateway, &vault);
            }
            let weight = vault.weight();
            *turns.restorer.vault_mut() = vault;
            (redacted, account, weight)
        };
        let (redacted, account, weight) = scan(length, work).await?;
        *seen = Seen { account, exemptions: exemptions.unwrap_or_default(), redact_us: micros(begun) };
        let limit = self.ruleset.limits.request_bytes;
        if weight > limit {
            return Err(Refused::request(
                StatusCode::PAYLOAD_TOO_LARGE,
                "websocket/too-many-values",
                format!(
                    "The connection's values take more than {limit} bytes: open a new one, or raise `request_bytes`."
                ),
            ));
        }
        redacted.map_err(Refused::from)
    }

    /// Ends the turn before and begins the message's own; gives the message once both are in the log.
    async fn open(&self, opened: Opened, timings: Timings, redacted: Redacted) -> Result<Bytes, Refused> {
        if self.turns.lock().await.goes_on(&opened.coverage) {
            return Ok(redacted.bytes);
        }
        if let Err(refused) = self.count_towards_rate() {
            self.log_refused(opened, timings, &refused).await;
            return Err(refused);
        }
        let found = total(&opened.findings);
        let subject = redacted.facts.subject.as_ref();
        let subject = subject.map(|subject| self.gateway.identities.token(Identity::Subject, subject));
        let opened = Opened {
            subject: self.opened.subject.clone().or(subject),
            model: redacted.facts.model.or_else(|| self.opened.model.clone()),
            ..opened
        };
        let over = {
            let mut turns = self.turns.lock().await;
            let ending = Ending::new(&self.gateway, &opened, Instant::now(), timings);
            let exemptions = opened.coverage.exemptions.clone();
            let over = turns.begin(Turn { ending, exemptions });
            over.map(|over| self.entry(over, &turns, Outcome::Complete))
        };
        let close = async {
            if let Some((ending, closed)) = over {
                ending.close(closed).await;
            }
        };
        let begun = Instant::now();
        let entry = Opened { request: redacted.logged.to_vec(), ..opened.clone() };
        let ((), logged) = tokio::join!(close, self.gateway.log.opened(entry));
        match logged {
            Ok(()) => {
                self.gateway.metrics.committed(Commit::Opened, begun.elapsed().as_secs_f64());
                self.gateway.watch_exchange(&self.ruleset, &self.opened.caller, found);
                Ok(redacted.bytes)
            }
            Err(error) => {
                self.gateway.metrics.log_failed();
                tracing::error!(%error, "the log cannot be written: a message is not forwarded");
                self.turns.lock().await.forget();
                let refused = Refused::log(&error);
                self.log_refused(opened, timings, &refused).await;
                Err(refused)
            }
        }
    }

    /// A message that is an exchange of its own counts like a request.
    fn count_towards_rate(&self) -> Result<(), Refused> {
        let (who, share) = self.visitor.share(&self.ruleset, self.peer);
        self.gateway.places.pour(&who, share, Instant::now())
    }

    fn entry(&self, over: Over, turns: &Turns, outcome: Outcome) -> (Ending, Closed) {
        over.entry(&self.gateway, &self.ruleset, self.answers, turns.restorer.vault(), outcome)
    }

    async fn log_refused(&self, opened: Opened, timings: Timings, refused: &Refused) {
        tracing::info!(connection = %self.opened.exchange, code = refused.code, "a message was refused");
        let closed = Closed {
            reason: Some(refused.code.to_owned()),
            status: Some(refused.status.as_u16()),
            timings: Timings { total_us: timings.redact_us, ..timings },
            ..Closed::new(opened.exchange, Timestamp::now(), refused.outcome)
        };
        count(&self.gateway.metrics, &opened.route, &closed);
        count_for_caller(&self.gateway.metrics, &opened.caller, total(&opened.findings), &closed);
        if refused.can_be_logged()
            && let Err(error) = self.gateway.log.refused(opened, closed).await
        {
            self.gateway.metrics.log_failed();
            tracing::error!(%error, "a refusal could not be logged");
        }
    }
}
