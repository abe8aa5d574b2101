//! The way back: the upstream's answer to the caller, its values restored, its end in the log.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Response, StatusCode};
use tokio::sync::mpsc;

use super::body::{Body, BrokenOff};
use super::broken::{self, Sent};
use super::conversations::Part;
use super::coverage::{self, Waits};
use super::encoding::{Encoding, Undecodable};
use super::ending::{Answered, Ending};
use super::incoming::{Dry, Source};
use super::refused::Refused;
use super::{Gateway, headers};
use crate::audit::{Closed, Outcome};
use crate::config::Ruleset;
use crate::metrics::{Metrics, Phase, Way};
use crate::policy::Answers;
use crate::provider::Dialect;
use crate::redact::{AnswerAccount, Guard, Restorer, VALUE_LENGTH, Vault, without_cut_value};
use crate::wire::frame::Framing;

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

fn guard(gateway: &Gateway, ruleset: &Ruleset) -> Guard {
    Guard::new(Arc::clone(&ruleset.detector), Arc::clone(&ruleset.policy), gateway.placeholder_key.clone())
}

/// How the answer is cut, by its content type; `None` for what holds no text to restore.
fn framing(headers: &HeaderMap, dialect: &Dialect) -> Option<Framing> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Some(dialect.json) };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "text/event-stream" => Some(Framing::Events),
        "application/vnd.amazon.eventstream" => Some(Framing::Messages),
        "application/jsonl"
        | "application/jsonlines"
        | "application/stream+json"
        | "application/x-jsonl"
        | "application/x-jsonlines"
        | "application/x-ndjson" => Some(Framing::Lines),
        essence if essence == "application/json" || essence.ends_with("+json") => Some(dialect.json),
        "application/binary" | "application/octet-stream" | "binary/octet-stream" => dialect.bytes,
        "application/x-subrip" | "application/xml" => Some(Framing::Text).filter(|_| is_unicode(value)),
        essence if essence.starts_with("text/") => Some(Framing::Text).filter(|_| is_unicode(value)),
        _ => None,
    }
}

/// Whether the content type is one that some servers give to everything.
fn says_little(headers: &HeaderMap) -> bool {
    let said = headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes).to_ascii_lowercase();
    let essence = said.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    [&b""[..], b"application/json", b"application/octet-stream", b"text/plain"].contains(&essence)
}

/// Whether an answer begins like an event stream. No JSON text does.
async fn has_events(source: &mut Source) -> bool {
    const FIELDS: [&[u8]; 5] = [b":", b"data:", b"event:", b"id:", b"retry:"];
    const LONGEST: usize = "\u{feff}".len() + "event:".len();
    let head = source.head(LONGEST).await;
    let head = head.strip_prefix("\u{feff}".as_bytes()).unwrap_or(head);
    FIELDS.iter().any(|field| head.starts_with(field))
}

/// Whether a text of this content type is in UTF-8, as it is where nothing else is said.
fn is_unicode(content_type: &HeaderValue) -> bool {
    let said = content_type.to_str().unwrap_or_default().to_ascii_lowercase();
    let charset = said.split(';').filter_map(|parameter| parameter.trim().strip_prefix("charset=")).next();
    charset.is_none_or(|charset| matches!(charset.trim_matches('"'), "ascii" | "us-ascii" | "utf-8" | "utf8"))
}

/// Whether an answer is sound, pictures or a file: no text that a guard could read.
fn is_media(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes).to_ascii_lowercase();
    [&b"audio/"[..], b"image/", b"video/", b"application/octet-stream"].iter().any(|media| kind.starts_with(media))
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

/// Why an answer ended early.
enum Early {
    BrokenOff,
    CallerGone,
    Overtime,
    TimedOut,
    TooLong,
    Undecodable(Undecodable),
    Unread,
}

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
                Ok(None) => break self.finish(),
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
        loop {
            let next = tokio::select! {
                next = self.next() => next?,
                () = sender.closed() => return Err(Early::CallerGone),
            };
            let Some(bytes) = next else { break };
            let ready = join(self.restore(&bytes)?);
            if let Some(framing) = self.framing.filter(|_| !ready.is_empty()) {
                self.sent = Sent::after(framing, &ready);
            }
            send(&self.gateway.metrics, sender, vec![ready]).await?;
        }
        let last = self.finish()?;
        send(&self.gateway.metrics, sender, last).await
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

impl Early {
    /// What the caller is told where it can still be told something.
    fn refused(self) -> Refused {
        match self {
            Self::BrokenOff => Refused::upstream(
                "upstream/broken-off",
                "The provider broke off in the middle of its answer: try again.",
            ),
            Self::CallerGone => {
                Refused { outcome: Outcome::CallerGone, ..Refused::upstream("caller/gone", "The caller left.") }
            }
            Self::Undecodable(Undecodable::TooMuch) => Refused::upstream(
                "answer/too-long",
                "The provider's answer is compressed and holds far more than it is long: raise `expansion`.",
            ),
            Self::Undecodable(undecodable) => Refused::upstream(
                "answer/encoding",
                format!("The provider's answer {undecodable}, so it cannot be read: try again."),
            ),
            Self::Overtime => Refused::overtime(),
            Self::Unread => Refused::upstream(
                "answer/unread",
                "The provider's answer is text in a form that the route's `answers = \"redact\"` cannot guard: ask for JSON.",
            ),
            Self::TimedOut => Refused::timed_out(
                "The provider sent nothing more of its answer for too long: try again, or raise `idle_seconds`.",
            ),
            Self::TooLong => Refused::upstream(
                "answer/too-long",
                "The provider's answer, or a frame of it, is longer than allowed: raise `answer_bytes`.",
            ),
        }
    }
}

impl From<Dry> for Early {
    fn from(dry: Dry) -> Self {
        match dry {
            Dry::BrokenOff => Self::BrokenOff,
            Dry::TimedOut => Self::TimedOut,
            Dry::Undecodable(undecodable) => Self::Undecodable(undecodable),
        }
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
