//! A provider that answers by echo, and a bot that asks: no account, no key, no network.
//!
//! `blotter demo` runs on them, the tests use them as doubles, the benches as upstream. The provider speaks OpenAI's chat
//! completions and Anthropic's Messages, whole and streamed, with tool calls, and repeats what it was given, so that
//! placeholders come back. The model's name may ask for trouble: `fake-status-429` answers with that status,
//! `fake-break-off` breaks off in the middle of its answer.

mod anthropic;
mod bot;
mod openai;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::channel::{Channel, Sender};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub use bot::{Bot, BotError, Chat};

/// How the provider answers.
#[derive(Clone, Debug)]
pub struct Manner {
    /// Characters per streamed piece of text.
    pub cut: usize,
    /// The pause before each streamed piece.
    pub pause: Duration,
    /// Whether requests are kept to be looked at; otherwise they are only counted.
    pub keep: bool,
}

/// A request as the provider received it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Path and query.
    pub target: String,
    /// All headers.
    pub headers: HeaderMap,
    /// The body, byte for byte.
    pub body: Bytes,
}

/// A running provider; it ends when dropped.
pub struct Provider {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: JoinHandle<()>,
}

struct Shared {
    manner: Manner,
    count: AtomicU64,
    seen: Mutex<Vec<Seen>>,
}

impl Default for Manner {
    /// Small pieces without a pause, requests kept.
    fn default() -> Self {
        Self { cut: 5, pause: Duration::ZERO, keep: true }
    }
}

impl Provider {
    /// Starts a provider on a free port of the loopback interface.
    pub async fn start(manner: Manner) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { manner, count: AtomicU64::new(0), seen: Mutex::default() });
        let listener = tokio::spawn(listen(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, listener })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many requests it received.
    pub fn count(&self) -> u64 {
        self.shared.count.load(Ordering::SeqCst)
    }

    /// The requests it received, if it keeps them.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, Arc::clone(&shared)));
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    // A piece leaves at once or, where that cannot be set, a little later.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(respond(&shared, request).await) }
    });
    // A client that goes away in the middle is none of the provider's business.
    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

type Body = Either<Full<Bytes>, Channel<Bytes, io::Error>>;

/// An answer before it is whole or cut.
enum Reply {
    /// A status and a JSON body.
    Json(StatusCode, Value),
    /// Events of a stream, in order; the last may be followed by a break.
    Stream { events: Vec<String>, breaks_off: bool },
}

async fn respond(shared: &Shared, request: Request<Incoming>) -> Response<Body> {
    shared.count.fetch_add(1, Ordering::SeqCst);
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let reply = reply(head.uri.path(), &body, shared.manner.cut);
    if shared.manner.keep {
        let seen = Seen { target, headers: head.headers, body };
        shared.seen.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
    }
    match reply {
        Reply::Json(status, body) => json_response(status, &body),
        Reply::Stream { events, breaks_off } => {
            let (sender, body) = Channel::new(1);
            tokio::spawn(stream(sender, events, breaks_off, shared.manner.pause));
            let mut response = Response::new(Either::Right(body));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
            response
        }
    }
}

fn reply(path: &str, body: &[u8], cut: usize) -> Reply {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let model = request["model"].as_str().unwrap_or_default();
    if let Some(status) = model.strip_prefix("fake-status-").and_then(|status| status.parse().ok()) {
        let error = json!({"error": {"message": "you asked for trouble", "type": "fake", "code": null}});
        return Reply::Json(status, error);
    }
    match path {
        path if path.ends_with("/chat/completions") => openai::reply(&request, cut),
        path if path.ends_with("/messages") => anthropic::reply(&request, cut),
        path if path.ends_with("/messages/count_tokens") => {
            Reply::Json(StatusCode::OK, json!({"input_tokens": body.len() / 4}))
        }
        path if path.ends_with("/models") => {
            Reply::Json(StatusCode::OK, json!({"object": "list", "data": [{"id": "fake"}]}))
        }
        _ => Reply::Json(StatusCode::NOT_FOUND, json!({"error": {"message": "the fake provider has no such path"}})),
    }
}

fn json_response(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::from(body.to_string())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("x-request-id", HeaderValue::from_static("req_fake"));
    if status == StatusCode::TOO_MANY_REQUESTS {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

async fn stream(mut sender: Sender<Bytes, io::Error>, events: Vec<String>, breaks_off: bool, pause: Duration) {
    for event in events {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        if sender.send_data(event.into()).await.is_err() {
            return;
        }
    }
    if breaks_off {
        sender.abort(io::Error::other("the model's name asked for it"));
    }
}

/// Half of the events, where the model's name asks for a break.
fn broken_if_asked(request: &Value, mut events: Vec<String>) -> Reply {
    let breaks_off = request["model"] == "fake-break-off";
    if breaks_off {
        events.truncate(events.len() / 2);
    }
    Reply::Stream { events, breaks_off }
}

/// Cuts `text` into pieces of `cut` characters.
fn pieces(text: &str, cut: usize) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(cut.max(1)).map(|piece| piece.iter().collect()).collect()
}

/// What a message's content says: a string, or the texts of its parts.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts = parts
                .iter()
                .map(|part| if part["text"].is_null() { text_of(&part["content"]) } else { text_of(&part["text"]) });
            texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

/// Arguments that fit a tool's schema: every property that it names says `text`.
fn arguments(schema: &Value, text: &str) -> Value {
    let names = schema["properties"].as_object().map(|properties| properties.keys().cloned().collect::<Vec<_>>());
    names
        .unwrap_or_default()
        .into_iter()
        .map(|name| (name, Value::from(text)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
