//! An open connection: the caller's messages to the provider, redacted and logged, and the provider's back, restored.

mod message;

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use hyper::StatusCode;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::super::Gateway;
use super::super::conversations::Part;
use super::super::door::Visitor;
use super::super::ending::Ending;
use super::super::refused::Refused;
use super::super::relay;
use super::super::reload::Live;
use super::end::{End, Side};
use super::turns::{Turns, Writing};
use crate::audit::{Closed, Opened};
use crate::config::Ruleset;
use crate::metrics::Way;
use crate::policy::{Answers, Exemption};
use crate::provider::{Dialect, Refusal};
use crate::redact::{Restorer, Vault};
use crate::wire::frame::Framing;
use crate::wire::json::Document;

/// How long the sides may take to close, once it is said.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often it is looked whether the caller's key is still good.
const LOOK: Duration = Duration::from_secs(1);

/// How long a side that cannot be written to may take to say that it closes.
const LAST_WORD: Duration = Duration::from_secs(1);

/// A connection both sides of which agreed.
pub(in crate::proxy) struct Connection {
    pub gateway: Arc<Gateway>,
    pub live: Arc<Live>,
    /// The rules for the connection's route and caller.
    pub ruleset: Arc<Ruleset>,
    pub dialect: &'static Dialect,
    /// What is done with values that the caller did not send.
    pub answers: Answers,
    /// What of it may leave unread.
    pub exempt: Vec<Exemption>,
    /// Its own opening entry, which its messages' resemble.
    pub opened: Opened,
    /// The values of the handshake.
    pub vault: Vault,
    /// There if the values are kept for what the provider keeps.
    pub part: Option<Part>,
    /// Who opened it, and from where.
    pub visitor: Visitor,
    pub peer: IpAddr,
    pub ending: Ending,
}

/// A connection while messages go both ways.
pub(in crate::proxy) struct Session {
    gateway: Arc<Gateway>,
    live: Arc<Live>,
    ruleset: Arc<Ruleset>,
    dialect: &'static Dialect,
    answers: Answers,
    exempt: Vec<Exemption>,
    opened: Opened,
    part: Option<Part>,
    visitor: Visitor,
    peer: IpAddr,
    ending: Ending,
    turns: Arc<Mutex<Turns>>,
    life: Life,
}

type Socket = WebSocketStream<TokioIo<Upgraded>>;
type Sender = SplitSink<Socket, Message>;
type Receiver = SplitStream<Socket>;

/// When either side was last heard.
struct Life {
    begun: Instant,
    heard_ms: AtomicU64,
}

impl Session {
    /// Begins with nothing said.
    pub(in crate::proxy) fn new(connection: Connection) -> Self {
        let Connection { gateway, live, ruleset, dialect, answers, exempt, opened, vault, part, visitor, peer, ending } =
            connection;
        let limits = ruleset.limits.answer();
        // A message is a frame, as a line is.
        let restorer = Restorer::new(vault, Arc::clone(&ruleset.policy), dialect, Framing::Lines, limits);
        let restorer = match answers {
            Answers::Redact => restorer.guarded(relay::guard(&gateway, &ruleset)),
            Answers::Alert | Answers::Leave => restorer,
        };
        let restorer = if part.is_some() { restorer.noting_ids(dialect) } else { restorer };
        let turns = Arc::new(Mutex::new(Turns::new(restorer)));
        let life = Life { begun: Instant::now(), heard_ms: AtomicU64::new(0) };
        Self { gateway, live, ruleset, dialect, answers, exempt, opened, part, visitor, peer, ending, turns, life }
    }

    /// Carries messages until the connection ends, and ends it.
    pub(in crate::proxy) async fn run(self, caller: OnUpgrade, provider: OnUpgrade) {
        let limits = self.ruleset.limits;
        let patience = Duration::from_secs(limits.request_seconds);
        let (caller, provider) = match tokio::time::timeout(patience, async { tokio::join!(caller, provider) }).await {
            Ok((Ok(caller), Ok(provider))) => (caller, provider),
            Ok((Ok(_), Err(_))) => return self.log_end(&End::Broken(Side::Provider)).await,
            _ => return self.log_end(&End::Broken(Side::Caller)).await,
        };
        let (caller_out, mut caller_in) = socket(caller, Role::Server, limits.request_bytes).await.split();
        let (mut provider_out, mut provider_in) = socket(provider, Role::Client, limits.answer_bytes).await.split();
        let caller_out = Mutex::new(caller_out);
        let end = tokio::select! {
            end = self.ask(&mut caller_in, &mut provider_out, &caller_out) => end,
            end = self.answer(&mut provider_in, &caller_out) => end,
            end = self.life.ends(Duration::from_secs(limits.idle_seconds)) => end,
            refused = self.is_shown_out() => End::Refused(refused),
            () = self.gateway.draining.cancelled() => End::Stopping,
        };
        let (mut end, mut caller_out) = (end, caller_out.into_inner());
        if let End::Closed(Side::Caller, Some(frame)) = &mut end {
            self.clear(frame);
        }
        let last = self.last_words(&end).await;
        self.gateway.metrics.bytes(Way::ToCaller, last.iter().map(Message::len).sum());
        self.log_end(&end).await;
        let caller = close_caller(&end, last, &mut caller_out, &mut caller_in);
        let provider = close_provider(&end, &mut provider_out, &mut provider_in);
        // Whoever does not close in time is cut off.
        let _ = tokio::time::timeout(PATIENCE, async { tokio::join!(caller, provider) }).await;
    }

    /// Returns when whoever opened the connection may not stay: its key was taken back, or its time is over.
    async fn is_shown_out(&self) -> Refused {
        loop {
            tokio::time::sleep(LOOK).await;
            if let Err(refused) = self.gateway.door.stays(&self.ruleset, &self.visitor, Timestamp::now(), self.peer) {
                return refused;
            }
        }
    }

    /// Carries what the caller says.
    async fn ask(&self, from: &mut Receiver, to: &mut Sender, back: &Mutex<Sender>) -> End {
        loop {
            let (writing, message) = match self.next(Side::Caller, from).await {
                Ok(message) => message,
                Err(end) => return end,
            };
            let clean = match self.clean(writing, message).await {
                Ok(clean) => clean,
                Err(refused) if self.can_go_on_after(&refused) => {
                    if self.tell(&refused, back).await.is_err() {
                        return lost(Side::Caller).await;
                    }
                    continue;
                }
                Err(refused) => return End::Refused(refused),
            };
            self.gateway.metrics.bytes(Way::ToProvider, clean.len());
            if to.send(written(writing, clean)).await.is_err() {
                return lost(Side::Provider).await;
            }
        }
    }

    /// Carries what the provider says.
    async fn answer(&self, from: &mut Receiver, to: &Mutex<Sender>) -> End {
        loop {
            let (writing, message) = match self.next(Side::Provider, from).await {
                Ok(message) => message,
                Err(end) => return end,
            };
            self.gateway.metrics.bytes(Way::FromProvider, message.len());
            if writing == Writing::Binary && Document::parse(&message, self.ruleset.limits.nesting).is_err() {
                return End::Refused(Refused::upstream(
                    "answer/unread",
                    "The provider sent bytes that are no JSON, which cannot be read: use an API that speaks JSON.",
                ));
            }
            let ready = {
                let mut turns = self.turns.lock().await;
                let ready = turns.restore(writing, message);
                if let Some(part) = &self.part {
                    part.keep_told(&self.gateway, &mut turns.restorer);
                }
                ready
            };
            let Ok(ready) = ready else {
                return End::Refused(Refused::upstream(
                    "answer/too-long",
                    "A message of the provider's is longer than allowed: raise `answer_bytes`.",
                ));
            };
            self.gateway.metrics.bytes(Way::ToCaller, ready.iter().map(Message::len).sum());
            if send_all(&mut *to.lock().await, ready).await.is_err() {
                return lost(Side::Caller).await;
            }
        }
    }

    /// A side's next message.
    async fn next(&self, side: Side, from: &mut Receiver) -> Result<(Writing, Bytes), End> {
        let limits = &self.ruleset.limits;
        loop {
            let next = from.next().await;
            self.life.is_heard();
            match next {
                Some(Ok(Message::Text(text))) => return Ok((Writing::Text, text.into())),
                Some(Ok(Message::Binary(bytes))) => return Ok((Writing::Binary, bytes)),
                Some(Ok(Message::Close(frame))) => return Err(End::Closed(side, frame)),
                Some(Ok(Message::Frame(_) | Message::Ping(_) | Message::Pong(_))) => {}
                Some(Err(error)) => {
                    let limit = if side == Side::Caller { limits.request_bytes } else { limits.answer_bytes };
                    return Err(End::failed(side, &error, limit));
                }
                None => return Err(End::Broken(side)),
            }
        }
    }

    /// Whether the caller can be told of a refusal and say something else: what is blocked, or too fast, is one message's fault.
    fn can_go_on_after(&self, refused: &Refused) -> bool {
        let is_one_messages = [StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS].contains(&refused.status);
        self.dialect.error_event.is_some() && is_one_messages
    }

    async fn tell(&self, refused: &Refused, back: &Mutex<Sender>) -> Result<(), ()> {
        let Some(event) = self.event(refused) else { return Ok(()) };
        back.lock().await.send(event).await.map_err(|_| ())
    }

    /// A refusal as the API tells errors, if it does.
    fn event(&self, refused: &Refused) -> Option<Message> {
        let Refused { status, code, message, .. } = refused;
        let refusal = Refusal { status: status.as_u16(), code, message: message.clone() };
        self.dialect.error_event.map(|event| Message::Text(event(&refusal).into()))
    }

    /// What the caller still gets before its connection is closed.
    async fn last_words(&self, end: &End) -> Vec<Message> {
        match end {
            End::Broken(Side::Caller) | End::Closed(Side::Caller, _) => Vec::new(),
            End::Closed(Side::Provider, _) => self.turns.lock().await.rest(),
            _ => {
                let mut last = self.turns.lock().await.rest_of_broken();
                if let End::Refused(refused) = end {
                    last.extend(self.event(refused));
                }
                last
            }
        }
    }

    /// Appends the closing entries of the last turn and of the connection.
    async fn log_end(self, end: &End) {
        let (outcome, reason) = end.outcome();
        let mut turns = self.turns.lock().await;
        let turn = turns.end();
        let connection = turns.over(self.ending);
        let (gateway, ruleset, answers) = (&self.gateway, &self.ruleset, self.answers);
        let vault = turns.restorer.vault();
        let entries =
            turn.into_iter().chain([connection]).map(|over| over.entry(gateway, ruleset, answers, vault, outcome));
        for (ending, closed) in entries {
            ending.close(Closed { reason: reason.clone(), ..closed }).await;
        }
    }

    /// Takes a caller's reason out of a close frame if it holds a value.
    fn clear(&self, frame: &mut CloseFrame) {
        let mut redaction = self.gateway.redactor(&self.ruleset).begin();
        if !matches!(redaction.text(&frame.reason), Ok(Cow::Borrowed(_))) {
            frame.reason = Utf8Bytes::default();
        }
    }
}

impl Life {
    fn is_heard(&self) {
        self.heard_ms.store(self.begun.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    /// Waits until neither side was heard for so long.
    async fn ends(&self, idle: Duration) -> End {
        loop {
            let heard = Duration::from_millis(self.heard_ms.load(Ordering::Relaxed));
            let Some(left) = (heard + idle).checked_sub(self.begun.elapsed()).filter(|left| !left.is_zero()) else {
                return End::Idle;
            };
            tokio::time::sleep(left).await;
        }
    }
}

async fn socket(upgraded: Upgraded, role: Role, longest: usize) -> Socket {
    let config = WebSocketConfig::default().max_message_size(Some(longest)).max_frame_size(Some(longest));
    WebSocketStream::from_raw_socket(TokioIo::new(upgraded), role, Some(config)).await
}

fn written(writing: Writing, bytes: Bytes) -> Message {
    match writing {
        Writing::Binary => Message::Binary(bytes),
        Writing::Text => Message::Text(Utf8Bytes::try_from(bytes).expect("text is redacted to text")),
    }
}

async fn send_all(to: &mut Sender, messages: Vec<Message>) -> Result<(), ()> {
    for message in messages {
        to.feed(message).await.map_err(|_| ())?;
    }
    to.flush().await.map_err(|_| ())
}

/// A side that cannot be written to: it may have said that it closes, and then that is the end.
async fn lost(side: Side) -> End {
    tokio::time::sleep(LAST_WORD).await;
    End::Broken(side)
}

async fn close_caller(end: &End, last: Vec<Message>, to: &mut Sender, from: &mut Receiver) {
    let sent = send_all(to, last).await;
    if let (Ok(()), Some(frame)) = (sent, end.for_caller()) {
        // A caller that closed gets its answer as its end is read.
        let _ = to.send(Message::Close(frame)).await;
        while let Some(Ok(_)) = from.next().await {}
    }
}

async fn close_provider(end: &End, to: &mut Sender, from: &mut Receiver) {
    let _ = to.send(Message::Close(end.for_provider())).await;
    while let Some(Ok(_)) = from.next().await {}
}
