//! Every limit on connections and time bites, and who keeps to them is served meanwhile.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use blotter::audit::Outcome;
use blotter::fake::{Manner, Provider};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::callers::House;
use crate::support::{Caller, Proxy, Script, Upstream};

const CHAT: &str = r#"{"messages":[{"content":"hi"}]}"#;

async fn provider() -> Provider {
    Provider::start(Manner::default()).await.unwrap()
}

async fn proxy(upstream: SocketAddr, limits: &str) -> Proxy {
    Proxy::start(upstream, &format!("[limits]\n{limits}\n")).await
}

/// Sends `bytes` and reads until the proxy closes.
async fn closed_after(proxy: &Proxy, bytes: &[u8]) -> (Duration, String) {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut answer)).await;
    // A reset is a close as well.
    let _ = read.expect("the proxy closes the connection");
    (begun.elapsed(), String::from_utf8_lossy(&answer).into_owned())
}

fn chat(headers: &str) -> String {
    format!("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n{headers}\r\n{CHAT}", CHAT.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_has_to_arrive_in_time() {
    let provider = provider().await;
    let proxy = proxy(provider.address(), "header_seconds = 1").await;
    let idle = chat("");
    for (name, bytes) in [
        ("nothing", &b""[..]),
        ("a letter", b"P"),
        ("half a head", b"POST / HTTP/1.1\r\nhost: x\r\nx-slow:"),
        ("the beginning of HTTP/2", b"PRI * HTTP/2.0\r\n"),
        ("HTTP/2 without a request", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"),
        ("a kept connection", idle.as_bytes()),
    ] {
        let (time, _) = closed_after(&proxy, bytes).await;
        assert!((Duration::from_millis(900)..Duration::from_secs(8)).contains(&time), "{name}: {time:?}");
    }
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_has_to_arrive_in_time() {
    let provider = provider().await;
    let proxy = proxy(provider.address(), "request_seconds = 1").await;
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    stream.write_all(b"POST /v1/x HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{").await.unwrap();
    let mut answer = vec![0; 4096];
    let read = stream.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]);
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("request/timeout"), "{answer}");
    assert_eq!(provider.count(), 0);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_is_bounded() {
    let provider = provider().await;
    let proxy = proxy(provider.address(), "header_bytes = 8192\nheaders = 10").await;
    let long = format!("x-long: {}\r\n", "a".repeat(20_000));
    let many: String = (0..20).map(|number| format!("x-{number}: a\r\n")).collect();
    for headers in [long, many.clone()] {
        let (_, answer) = closed_after(&proxy, chat(&headers).as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http::<Full<Bytes>>();
    let mut request = Request::post(format!("http://{}/v1/x", proxy.address));
    for number in 0..20 {
        request = request.header(format!("x-{number}"), "a");
    }
    assert_eq!(client.request(request.body(CHAT.into()).unwrap()).await.unwrap().status(), 431);
    let request = Request::post(format!("http://{}/v1/x", proxy.address)).header("x-long", "a".repeat(20_000));
    let answered = client.request(request.body(CHAT.into()).unwrap()).await;
    assert!(answered.is_err() || answered.is_ok_and(|answer| answer.status() == 431));
    assert_eq!(provider.count(), 0);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn further_connections_wait_for_a_place() {
    let provider = provider().await;
    let proxy = proxy(provider.address(), "connections = 2").await;
    let first = TcpStream::connect(proxy.address).await.unwrap();
    let _second = TcpStream::connect(proxy.address).await.unwrap();
    let caller = Caller::new();
    let mut third = Box::pin(caller.send(proxy.address, "POST", "/v1/chat/completions", &[], CHAT.into()));
    assert!(tokio::time::timeout(Duration::from_millis(300), &mut third).await.is_err(), "it waits");
    drop(first);
    assert_eq!(third.await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_http2_connection_is_told_how_many_streams_it_has() {
    let provider = provider().await;
    let proxy = proxy(provider.address(), "streams = 7").await;
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(head[3], 4, "the first frame is SETTINGS");
    let mut settings = vec![0; head[2].into()];
    stream.read_exact(&mut settings).await.unwrap();
    assert!(settings.chunks(6).any(|setting| setting == [0, 3, 0, 0, 0, 7]), "{settings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_reset_streams_ends_the_connection() {
    let provider = provider().await;
    let proxy = proxy(provider.address(), "").await;
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    // GET, http, / and an authority of one letter, from the static table; then RST_STREAM with CANCEL.
    let headers = [0x82, 0x86, 0x84, 0x41, 0x01, b'x'];
    let mut flood = Vec::new();
    for number in (1u32..4001).step_by(2) {
        flood.extend([0, 0, headers.len() as u8, 1, 5]);
        flood.extend(number.to_be_bytes());
        flood.extend(headers);
        flood.extend([0, 0, 4, 3, 0]);
        flood.extend(number.to_be_bytes());
        flood.extend([0, 0, 0, 8]);
    }
    let (mut reader, mut writer) = stream.into_split();
    let writing = tokio::spawn(async move { writer.write_all(&flood).await });
    let mut answer = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(20), reader.read_to_end(&mut answer)).await;
    assert!(ended.is_ok(), "the connection is closed");
    writing.abort();
    let answer = Caller::new().send(proxy.address, "POST", "/v1/chat/completions", &[], CHAT.into()).await;
    assert_eq!(answer.status, 200, "others are served");
    proxy.stop().await;
}

/// An upstream whose streamed answer is 200 MB long.
async fn endless() -> Upstream {
    let piece = Bytes::from(format!(": {}\n\n", "x".repeat(64 << 10)));
    Upstream::start(move |_| Script {
        status: 200,
        headers: vec![("content-type".into(), "text/event-stream".into())],
        chunks: vec![piece.clone(); 3000],
        breaks_off: false,
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_does_not_read_is_cut_off() {
    let upstream = endless().await;
    for http2 in [false, true] {
        let proxy = proxy(upstream.address, "caller_seconds = 1").await;
        let client = Client::builder(TokioExecutor::new()).http2_only(http2).build_http::<Full<Bytes>>();
        let request = Request::post(format!("http://{}/v1/chat/completions", proxy.address));
        let response = client.request(request.body(CHAT.into()).unwrap()).await.unwrap();
        let begun = Instant::now();
        let gone = async {
            while !proxy.gateway.metrics().text().contains("blotter_exchanges_open 0") {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), gone).await.expect("the exchange ends");
        assert!(begun.elapsed() >= Duration::from_secs(1));
        drop(response);
        let records = proxy.stop().await;
        assert_eq!(records[0].closed.as_ref().unwrap().outcome, Outcome::CallerGone, "http2: {http2}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_reads_slowly_gets_all_of_a_whole_answer() {
    let text = "a".repeat(3 << 20);
    let body = Bytes::from(format!(r#"{{"text":"{text}"}}"#));
    let whole = body.clone();
    let upstream = Upstream::start(move |_| Script {
        status: 200,
        headers: vec![("content-type".into(), "application/json".into())],
        chunks: vec![body.clone()],
        breaks_off: false,
    })
    .await;
    let proxy = proxy(upstream.address, "caller_seconds = 1\nheader_seconds = 1").await;
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http::<Full<Bytes>>();
    let request = Request::post(format!("http://{}/v1/chat/completions", proxy.address));
    let mut body = client.request(request.body(CHAT.into()).unwrap()).await.unwrap().into_body();
    let mut read = 0;
    while let Some(frame) = body.frame().await {
        read += frame.unwrap().into_data().map_or(0, |data| data.len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(read, whole.len());
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_has_to_be_over_in_time() {
    let provider = Provider::start(Manner { cut: 1, pause: Duration::from_millis(50), keep: false }).await.unwrap();
    let proxy = proxy(provider.address(), "exchange_seconds = 1").await;
    let body = format!(r#"{{"stream":true,"messages":[{{"content":"{}"}}]}}"#, "a".repeat(200));
    let answer = Caller::new().send(proxy.address, "POST", "/v1/chat/completions", &[], body.into()).await;
    assert!(answer.broken && !answer.body.is_empty());
    let records = proxy.stop().await;
    let closed = records[0].closed.as_ref().unwrap();
    assert_eq!((closed.outcome, closed.reason.as_deref()), (Outcome::TimedOut, Some("exchange/timeout")));
}

/// What a hostile connection sends before it does nothing more: nothing, half a head, half a body, what gets an answer that it does not
/// read.
fn hostile(number: usize) -> String {
    match number % 4 {
        0 => String::new(),
        1 => "POST / HTTP/1.1\r\nhost:".to_owned(),
        2 => "POST /v1/x HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{".to_owned(),
        _ => "POST /v1/x HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\n{".to_owned(),
    }
}

/// The real binary, so that its file descriptors are its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_hostile_connections_disturb_nobody_and_leave_nothing() {
    let house = House::open(
        "default_route = \"openai\"\n[admin]\nlisten = \"127.0.0.1:0\"\n[limits]\nheader_seconds = 5\nrequest_seconds = 5\n",
    )
    .await;
    let proxy = house.serve();
    let open = || std::fs::read_dir(format!("/proc/{}/fd", proxy.id())).unwrap().count();
    let call = async || {
        let begun = Instant::now();
        let answer = Caller::new().send(proxy.address, "POST", "/v1/chat/completions", &[], CHAT.into()).await;
        assert_eq!(answer.status, 200);
        begun.elapsed()
    };
    call().await;
    let before = open();
    let mut connections = Vec::new();
    for number in 0..1000 {
        let mut stream = TcpStream::connect(proxy.address).await.unwrap();
        stream.write_all(hostile(number).as_bytes()).await.unwrap();
        connections.push(stream);
    }
    let mut slowest = Duration::ZERO;
    for _ in 0..20 {
        slowest = slowest.max(call().await);
    }
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    for stream in &mut connections {
        let mut rest = Vec::new();
        let _ =
            tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut rest)).await.expect("it is closed");
    }
    let settled = async {
        while open() > before + 3 || !house.counts("blotter_connections 0").await {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), settled).await.expect("file descriptors and tasks come back");
    assert!(house.counts("blotter_exchanges_open 0").await);
}
