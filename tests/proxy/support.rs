//! A proxy in this process, over real sockets, in front of an upstream that does as the test says.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use blotter::audit::{Filter, Keys, Log, Reader, Record, Writer};
use blotter::config::{self, Setup, User};
use blotter::crypto::{KeyRing, MacKey, MasterKey, Purpose};
use blotter::detect::Source;
use blotter::proxy::{self, Gateway};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;

/// What a scripted upstream answers.
#[derive(Clone)]
pub struct Script {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// Sent one after another.
    pub chunks: Vec<Bytes>,
    /// Break off after the chunks.
    pub breaks_off: bool,
}

impl Script {
    /// A whole answer.
    pub fn json(text: &str) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type".into(), "application/json".into())],
            chunks: vec![Bytes::copy_from_slice(text.as_bytes())],
            breaks_off: false,
        }
    }
}

/// A request that the upstream received.
#[derive(Clone)]
pub struct Received {
    pub target: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// Answers each request by what `script` makes of it.
pub struct Upstream {
    pub address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Upstream {
    pub async fn start(script: impl Fn(&Received) -> Script + Send + Sync + 'static) -> Self {
        Self::start_counted(script, Arc::default()).await
    }

    /// Adds up in `sent` how many chunks were on their way.
    pub async fn start_counted(
        script: impl Fn(&Received) -> Script + Send + Sync + 'static,
        sent: Arc<AtomicUsize>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::<Mutex<Vec<Received>>>::default();
        let (script, kept) = (Arc::new(script), Arc::clone(&received));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, kept, sent) = (Arc::clone(&script), Arc::clone(&kept), Arc::clone(&sent));
                let service = service_fn(move |request: Request<Incoming>| {
                    let (script, kept, sent) = (Arc::clone(&script), Arc::clone(&kept), Arc::clone(&sent));
                    async move {
                        let (head, body) = request.into_parts();
                        let body = body.collect().await.unwrap().to_bytes();
                        let target = head.uri.path_and_query().unwrap().to_string();
                        let received = Received { target, headers: head.headers, body };
                        let answer = script(&received);
                        kept.lock().unwrap().push(received);
                        Ok::<_, Infallible>(respond(answer, sent))
                    }
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        Self { address, received }
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

type Chunks = StreamBody<ReceiverStream<Result<Frame<Bytes>, std::io::Error>>>;

fn respond(script: Script, sent: Arc<AtomicUsize>) -> Response<Chunks> {
    let (sender, chunks) = mpsc::channel(1);
    let mut response = Response::builder().status(script.status);
    for (name, value) in &script.headers {
        response = response.header(name, value);
    }
    tokio::spawn(async move {
        for chunk in script.chunks {
            sender.send(Ok(Frame::data(chunk))).await.unwrap_or_default();
            sent.fetch_add(1, Ordering::SeqCst);
        }
        if script.breaks_off {
            // What is written in one go with the break does not leave: a provider breaks off a moment later.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            sender.send(Err(std::io::Error::other("the script says so"))).await.unwrap_or_default();
        }
    });
    response.body(StreamBody::new(ReceiverStream::new(chunks))).unwrap()
}

/// A proxy with a log in a folder of its own.
pub struct Proxy {
    pub address: SocketAddr,
    pub folder: tempfile::TempDir,
    pub chain_key: MacKey,
    pub gateway: Arc<Gateway>,
    stop: oneshot::Sender<()>,
    running: tokio::task::JoinHandle<()>,
    writer: Writer,
}

impl Proxy {
    /// Starts a proxy whose routes `openai` (the default) and `anthropic` lead to `upstream`; `more` is added to its configuration.
    pub async fn start(upstream: SocketAddr, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = configuration(upstream, more);
        let Setup { ruleset, log, .. } = config::from_source(source, folder.path(), User::Proxy)
            .map_err(|problems| format!("{problems:?}"))
            .unwrap();
        let key = MasterKey::from_hex(&"07".repeat(32)).unwrap();
        let (log, writer) = Log::open(&log.settings, &Keys::new(&key, sealing())).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let gateway = Arc::new(Gateway::new(ruleset, log, &key).unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(proxy::serve(listener, Arc::clone(&gateway), async { drop(stopped.await) }));
        Self { address, folder, chain_key: key.derive(Purpose::Chain), gateway, stop, running, writer }
    }

    /// Stops the proxy and gives what is in its log, newest first.
    pub async fn stop(self) -> Vec<Record> {
        let _ = self.stop.send(());
        self.running.await.unwrap();
        tokio::task::spawn_blocking(move || self.writer.close()).await.unwrap().unwrap();
        let folder = self.folder.path().join("audit");
        let report = blotter::audit::verify(&folder, &self.chain_key).unwrap();
        assert_eq!(report.problems, []);
        assert!(report.open.is_empty());
        records(&folder, &sealing())
    }
}

/// The configuration of a proxy in front of `upstream`, with `more` in it.
pub fn configuration(upstream: SocketAddr, more: &str) -> Source {
    let route = |name: &str| format!("[[route]]\nname = \"{name}\"\nupstream = \"http://{upstream}\"\n");
    let text = format!("default_route = \"openai\"\n{more}\n{}{}", route("openai"), route("anthropic"));
    Source { name: "proxy.toml".to_owned(), text }
}

/// Wraps the keys of the log's texts.
pub fn sealing() -> KeyRing {
    KeyRing::parse(&"05".repeat(32)).unwrap()
}

/// All exchanges in a log, newest first.
pub fn records(folder: &Path, sealing: &KeyRing) -> Vec<Record> {
    let reader = Reader::open(folder).unwrap().unlock(sealing).unwrap();
    let listed = reader.list(&Filter { limit: 1000, ..Filter::default() }).unwrap();
    listed.iter().map(|summary| reader.show(&summary.exchange.to_string()).unwrap().unwrap()).collect()
}

/// A client for one test.
pub struct Caller(Client<HttpConnector, Full<Bytes>>);

/// An answer read to its end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The answer broke off.
    pub broken: bool,
}

impl Caller {
    pub fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }

    /// Sends a request and reads its answer; without a content type in `headers` it is JSON.
    pub async fn send(
        &self,
        proxy: SocketAddr,
        method: &str,
        target: &str,
        headers: &[(String, String)],
        body: Bytes,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("http://{proxy}{target}"));
        if !headers.iter().any(|(name, _)| name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(name, value.as_bytes());
        }
        let response = self.0.request(request.body(Full::new(body)).unwrap()).await.unwrap();
        let (head, mut body) = response.into_parts();
        let mut bytes = Vec::new();
        let broken = loop {
            match body.frame().await {
                None => break false,
                Some(Err(_)) => break true,
                Some(Ok(frame)) => bytes.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new())),
            }
        };
        Answer { status: head.status, headers: head.headers, body: bytes.into(), broken }
    }
}
