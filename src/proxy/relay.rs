//! The way back: the upstream's answer to the caller, its values restored, its end in the log.

use std::borrow::Cow;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header;
use hyper::{Response, StatusCode};
use tokio::sync::mpsc;

use super::body::{Body, BrokenOff};
use super::broken::{self, Sent};
use super::content_type::{framing, has_events, is_media, says_little};
use super::conversations::Part;
use super::coverage::{self, Waits};
use super::early::Early;
use super::encoding::Encoding;
use super::ending::{Answered, Ending};
use super::incoming::Source;
use super::refused::Refused;
use super::{Gateway, headers};
use crate::audit::{Closed, Outcome};
use crate::config::Ruleset;
use crate::metrics::{Metrics, Phase, Way};
use crate::policy::Answers;
use crate::provider::Dialect;
use crate::redact::{AnswerAccount, Guard, Restorer, VALUE_LENGTH, Vault, without_cut_value};
use crate::wire::frame::{Framing, whole_frames};

/// An upstream's answer whose head has arrived.
pub(super) struct Answer {
    pub gateway: Arc<Gateway>,
    pub ruleset: Arc<Ruleset>,
    pub dialect: &'static Dialect,
    /// Whether the caller asked for a stream.
    pub streaming: bool,
    /// What is done with values that the caller did not send.
    pub answers: Answers,
    pub vault: Vault,
    /// There if the values are kept for what the provider keeps.
    pub part: Option<Part>,
    pub ending: Ending,
    pub response: Response<Incoming>,
}

/// Turns the upstream's answer into the caller's.
pub(super) async fn answer(answer: Answer) -> Result<Response<Body>, Refused> {
    let Answer { gateway, ruleset, dialect, streaming, answers, vault, part, ending, response } = answer;
    let (mut head, incoming) = response.into_parts();
    headers::remove_hop_by_hop(&mut head.headers);
    let status = head.status;
    let encoding = Encoding::of(&head.headers);
    let decoder = encoding.unwrap_or(Encoding::Identity).decoder(ruleset.limits.expansion);
    let is_decoded = decoder.is_some();
    let mut source = Source::new(incoming, decoder, Duration::from_secs(ruleset.limits.idle_seconds));
    let mut framing = framing(&head.headers, dialect);
    if streaming && says_little(&head.headers) && has_events(&mut source).await {
        framing = Some(Framing::Events);
    }
    let restorer = framing.map(|framing| {
        let limits = ruleset.limits.answer();
        let restorer = Restorer::new(vault, Arc::clone(&ruleset.policy), dialect, framing, limits);
        let restorer = if part.is_some() { restorer.noting_ids(dialect) } else { restorer };
        if answers == Answers::Redact { restorer.guarded(guard(&gateway, &ruleset)) } else { restorer }
    });
    let relay = Relay {
        gateway,
        dialect,
        framing,
        sent: Sent::Nothing,
        ruleset,
        answers,
        status,
        part,
        ending,
        source,
        restorer,
        waits: Waits::default(),
        written: Vec::new(),
        restoring: Duration::ZERO,
    };
    if let Err(undecodable) = encoding {
        return Err(relay.refuse(Early::Undecodable(undecodable)).await);
    }
    if framing.is_none() && answers == Answers::Redact && !is_media(&head.headers) {
        return Err(relay.refuse(Early::Unread).await);
    }
    if framing.is_some() || is_decoded {
        head.headers.remove(header::CONTENT_LENGTH);
    }
    head.headers.remove(header::CONTENT_ENCODING);
    let body = match framing {
        Some(Framing::Whole) => Body::full(relay.whole().await?),
        _ => relay.streamed(),
    };
    Ok(Response::from_parts(head, body))
}

/// Finds the values that a caller did not send.
pub(super) fn guard(gateway: &Gateway, ruleset: &Ruleset) -> Guard {
    let (detector, policy) = (Arc::clone(&ruleset.detector), Arc::clone(&ruleset.policy));
    Guard::new(detector, policy, gateway.placeholder_key.clone())
}

struct Relay {
    gateway: Arc<Gateway>,
    dialect: &'static Dialect,
    framing: Option<Framing>,
    sent: Sent,
    ruleset: Arc<Ruleset>,
    answers: Answers,
    status: StatusCode,
    part: Option<Part>,
    ending: Ending,
    source: Source,
    /// None for an answer that passes as it is.
    restorer: Option<Restorer>,
    waits: Waits,
    /// A whole answer as the provider wrote it, for the log where no lane says what its text is.
    written: Vec<u8>,
    /// Spent in the restorer so far.
    restoring: Duration,
}

/// How long what was sent last has to get on its way before the connection is broken off.
const UNDER_WAY: Duration = Duration::from_millis(50);

/// The caller's end of an answer.
type Pieces = mpsc::Sender<Result<Bytes, BrokenOff>>;

impl Relay {
    /// Waits for the whole answer, so that its end is in the log before its first byte leaves.
    async fn whole(mut self) -> Result<Bytes, Refused> {
        let mut pieces = Vec::new();
        let ended = loop {
            match self.next().await {
                Ok(Some(bytes)) => {
                    self.written.extend_from_slice(&bytes);
                    match self.restore(&bytes) {
                        Ok(ready) => pieces.extend(ready),
                        Err(early) => break Err(early),
                    }
                }
                Ok(None) => {
                    break self.finish().and_then(|last| if self.is_cut() { Err(Early::BrokenOff) } else { Ok(last) });
                }
                Err(early) => break Err(early),
            }
        };
        match ended {
            Ok(last) => {
                pieces.extend(last);
                let metrics = Arc::clone(&self.gateway.metrics);
                self.close(Outcome::Complete, None).await;
                let answer = join(pieces);
                metrics.bytes(Way::ToCaller, answer.len());
                Ok(answer)
            }
            Err(early) => Err(self.refuse(early).await),
        }
    }

    /// Ends an answer of which nothing was sent yet.
    async fn refuse(self, early: Early) -> Refused {
        let refused = early.refused();
        let closed =
            Closed { status: Some(refused.status.as_u16()), ..self.entry(refused.outcome, Some(refused.code)) };
        self.ending.close(closed).await;
        refused
    }

    /// Sends the answer on as it arrives.
    fn streamed(self) -> Body {
        let (sender, body) = Body::channel();
        let gateway = Arc::clone(&self.gateway);
        gateway.answers.spawn(self.pump(sender));
        body
    }

    async fn pump(mut self, sender: Pieces) {
        match self.pump_to_end(&sender).await {
            Ok(()) => self.close(Outcome::Complete, None).await,
            // Some SDKs hang up at the stream's last event, before its body has ended.
            Err(Early::CallerGone) if self.restorer.as_ref().is_some_and(Restorer::ended) => {
                self.close(Outcome::Complete, None).await;
            }
            Err(Early::CallerGone) => self.close(Outcome::CallerGone, None).await,
            Err(early) => {
                let refused = early.refused();
                tracing::warn!(code = refused.code, "an answer broke off");
                let last = self.last_words(&refused);
                let metrics = Arc::clone(&self.gateway.metrics);
                self.close(refused.outcome, Some(refused.code)).await;
                // The caller may be gone as well.
                if send(&metrics, &sender, last).await.is_ok() {
                    // A break takes with it what was handed over and is not on its way yet.
                    tokio::time::sleep(UNDER_WAY).await;
                    let _ = sender.send(Err(BrokenOff)).await;
                }
            }
        }
    }

    async fn pump_to_end(&mut self, sender: &Pieces) -> Result<(), Early> {
        let mut cut = pin!(self.gateway.cut.clone().cancelled_owned());
        loop {
            let next = tokio::select! {
                next = self.next() => next?,
                () = sender.closed() => return Err(Early::CallerGone),
                () = &mut cut => return Err(Early::Stopping),
            };
            let Some(bytes) = next else { break };
            let ready = join(self.restore(&bytes)?);
            if let Some(framing) = self.framing.filter(|_| !ready.is_empty()) {
                self.sent = Sent::after(framing, &ready);
            }
            send(&self.gateway.metrics, sender, vec![ready]).await?;
        }
        let mut last = join(self.finish()?);
        if let Some(framing) = self.framing.filter(|_| self.is_cut()) {
            // Half a frame says nothing, and what its caller is told next has to stand by itself.
            last.truncate(whole_frames(framing, &last));
        }
        if let Some(framing) = self.framing.filter(|_| !last.is_empty()) {
            self.sent = Sent::after(framing, &last);
        }
        send(&self.gateway.metrics, sender, vec![last]).await?;
        if self.is_cut() { Err(Early::BrokenOff) } else { Ok(()) }
    }

    /// What an answer that broke off still sends.
    fn last_words(&mut self, refused: &Refused) -> Vec<Bytes> {
        let held = join(self.break_off());
        match self.framing {
            Some(framing) if self.status.is_success() => {
                broken::last_words(self.dialect, framing, &held, self.sent, refused)
            }
            _ => vec![held],
        }
    }

    /// The upstream's next bytes; `None` at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, Early> {
        let left = self.ending.left(Duration::from_secs(self.ruleset.limits.exchange_seconds));
        let bytes = tokio::time::timeout(left, self.source.next()).await.map_err(|_| Early::Overtime)??;
        self.gateway.metrics.bytes(Way::FromProvider, bytes.as_ref().map_or(0, Bytes::len));
        Ok(bytes)
    }

    fn restore(&mut self, bytes: &Bytes) -> Result<Vec<Bytes>, Early> {
        let Some(restorer) = &mut self.restorer else { return Ok(vec![bytes.clone()]) };
        let begun = Instant::now();
        let ready = restorer.push(bytes).map_err(|_| Early::TooLong)?;
        self.restoring += begun.elapsed();
        self.waits.note(restorer.account().frames, Instant::now());
        if ready.is_empty() {
            self.gateway.metrics.held();
        }
        // Before the caller can go on with what the answer names.
        if let Some(part) = &self.part {
            part.keep_told(&self.gateway, restorer);
        }
        Ok(ready)
    }

    fn finish(&mut self) -> Result<Vec<Bytes>, Early> {
        let Some(restorer) = &mut self.restorer else { return Ok(Vec::new()) };
        let ready = restorer.finish().map_err(|_| Early::TooLong)?;
        self.waits.note(restorer.account().frames, Instant::now());
        if let Some(part) = &self.part {
            part.keep_told(&self.gateway, restorer);
        }
        Ok(ready)
    }

    /// Whether a good answer ended in the middle of its JSON, as behind a gateway that hides a break.
    fn is_cut(&self) -> bool {
        self.status.is_success() && self.restorer.as_ref().is_some_and(Restorer::is_cut)
    }

    /// What was held of an answer that broke off and may leave all the same.
    fn break_off(&mut self) -> Vec<Bytes> {
        self.restorer.as_mut().and_then(|restorer| restorer.break_off().ok()).unwrap_or_default()
    }

    /// Writes the closing entry. In a box, as a stream that goes on needs no room for its end.
    fn close(self, outcome: Outcome, reason: Option<&'static str>) -> Pin<Box<impl Future<Output = ()>>> {
        let closed = self.entry(outcome, reason);
        if self.restorer.is_some() {
            self.gateway.metrics.added(Phase::Restore, self.restoring.as_secs_f64());
        }
        Box::pin(self.ending.close(closed))
    }

    /// The closing entry, with the answer as the log may have it.
    fn entry(&self, outcome: Outcome, reason: Option<&'static str>) -> Closed {
        let nothing = AnswerAccount::default();
        let account = self.restorer.as_ref().map_or(&nothing, Restorer::account);
        let (written, truncated) = self.written(account, outcome);
        let nobody = Vault::default();
        let vault = self.restorer.as_ref().map_or(&nobody, Restorer::vault);
        let answered = Answered {
            gateway: &self.gateway,
            ruleset: &self.ruleset,
            answers: self.answers,
            vault,
            account,
            written: &written,
            truncated,
        };
        Closed {
            reason: reason.map(str::to_owned),
            status: Some(self.status.as_u16()),
            passage: coverage::of_answer(account, self.waits.longest()),
            ..self.ending.entry_of(outcome, &answered)
        }
    }

    /// What the provider wrote, as much of it as the log keeps, and whether that is only the beginning.
    fn written<'r>(&'r self, account: &AnswerAccount, outcome: Outcome) -> (Cow<'r, [u8]>, bool) {
        let is_complete = outcome == Outcome::Complete;
        if !account.transcript.is_empty() {
            let (transcript, truncated) = (&account.transcript, account.transcript.truncated());
            let lanes = if is_complete { transcript.to_json() } else { transcript.to_json_of_broken() };
            return (Cow::Owned(lanes.into_bytes()), truncated);
        }
        let limit = self.ruleset.limits.logged_answer_bytes;
        if self.written.len() > limit {
            // Where a text is cut a value may be cut, and its head would not be known for what it is.
            return (Cow::Borrowed(&self.written[..limit.saturating_sub(VALUE_LENGTH)]), true);
        }
        if is_complete {
            return (Cow::Borrowed(&self.written), false);
        }
        let text = String::from_utf8_lossy(&self.written);
        (Cow::Owned(without_cut_value(&text).as_bytes().to_vec()), true)
    }
}

/// Sends all pieces that are ready in one.
async fn send(metrics: &Metrics, sender: &Pieces, pieces: Vec<Bytes>) -> Result<(), Early> {
    let bytes = join(pieces);
    if bytes.is_empty() {
        return Ok(());
    }
    metrics.bytes(Way::ToCaller, bytes.len());
    sender.send(Ok(bytes)).await.map_err(|_| Early::CallerGone)
}

fn join(mut pieces: Vec<Bytes>) -> Bytes {
    match pieces.len() {
        1 => pieces.swap_remove(0),
        _ => pieces.concat().into(),
    }
}
