//! Providers in trouble: out of reach, silent, garbled, gone in the middle; and callers that leave them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use blotter::audit::Outcome;
use blotter::fake::{Manner, Provider};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{Caller, Proxy};

const CHAT: &str = r#"{"messages":[{"content":"ssn 536-90-4399"}]}"#;
const STREAM: &str = r#"{"stream":true,"messages":[{"content":"ssn 536-90-4399"}]}"#;

/// An upstream that reads a request's head, writes `answer` and, unless it shall stall, closes. Counts its connections.
async fn raw(answer: &'static [u8], stalls: bool) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, count) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let counted = Arc::clone(&counted);
            tokio::spawn(async move {
                let mut request = vec![0; 64 << 10];
                if stream.read(&mut request).await.unwrap_or(0) > 0 {
                    counted.fetch_add(1, Ordering::SeqCst);
                }
                let _ = stream.write_all(answer).await;
                if stalls {
                    // Until the proxy hangs up.
                    while stream.read(&mut request).await.is_ok_and(|read| read > 0) {}
                    counted.fetch_sub(1, Ordering::SeqCst);
                }
            });
        }
    });
    (address, count)
}

const EVENTS: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn trouble_has_a_defined_end() {
    let half = [EVENTS, b"11\r\ndata: {\"a\":\"b\"}\n\n\r\n"].concat().leak();
    let clean_end = [EVENTS, b"15\r\ndata: {\"choices\":[{\"d\r\n0\r\n\r\n"].concat().leak();
    let bad_chunk = [EVENTS, b"zz\r\ndata: {}\n\n\r\n"].concat().leak();
    for (name, answer, stalls, status, outcome, reason) in [
        ("nothing", &b""[..], false, 502, Outcome::UpstreamFailed, "upstream/broken-off"),
        ("garbage", b"\x16\x03\x01 no HTTP\r\n\r\n", false, 502, Outcome::UpstreamFailed, "upstream/broken-off"),
        ("half a head", b"HTTP/1.1 200 OK\r\ncontent-", false, 502, Outcome::UpstreamFailed, "upstream/broken-off"),
        ("silence", b"", true, 504, Outcome::TimedOut, "upstream/timeout"),
        ("a stalled stream", half, true, 200, Outcome::TimedOut, "upstream/timeout"),
        ("half a frame before a clean end", clean_end, false, 200, Outcome::UpstreamFailed, "upstream/broken-off"),
        ("half a stream", half, false, 200, Outcome::UpstreamFailed, "upstream/broken-off"),
        ("a bad chunk", bad_chunk, false, 200, Outcome::UpstreamFailed, "upstream/broken-off"),
        (
            "half a whole answer",
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{\"a\":",
            false,
            502,
            Outcome::UpstreamFailed,
            "upstream/broken-off",
        ),
        (
            "half a whole answer before a clean end",
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5\r\n\r\n{\"a\":",
            false,
            502,
            Outcome::UpstreamFailed,
            "upstream/broken-off",
        ),
    ] {
        let (upstream, count) = raw(answer, stalls).await;
        let proxy = Proxy::start(upstream, "[limits]\nidle_seconds = 1\n").await;
        let sent = Caller::new().send(proxy.address, "POST", "/v1/chat/completions", &[], STREAM.into()).await;
        assert_eq!(sent.status.as_u16(), status, "{name}");
        assert_eq!(sent.broken, status == 200, "{name}: a stream that broke off is not taken for whole");
        let body = String::from_utf8_lossy(&sent.body).into_owned();
        if status == 200 {
            let (_, last) = body.trim_end().rsplit_once("data: ").expect("the last event tells");
            assert!(last.starts_with(r#"{"error":{"#) && last.contains(reason), "{name}: {body}");
        }
        let records = proxy.stop().await;
        let closed = records[0].closed.as_ref().unwrap();
        assert_eq!((closed.outcome, closed.reason.as_deref()), (outcome, Some(reason)), "{name}");
        let hung_up = async {
            while stalls && count.load(Ordering::SeqCst) > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), hung_up)
            .await
            .unwrap_or_else(|_| panic!("{name}: no call stays"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_a_stream_has_the_apis_own_shape() {
    let (upstream, _) = raw(EVENTS, false).await;
    let proxy = Proxy::start(upstream, "").await;
    let sent = Caller::new().send(proxy.address, "POST", "/anthropic/v1/messages", &[], STREAM.into()).await;
    let body = String::from_utf8_lossy(&sent.body).into_owned();
    assert!(body.starts_with("event: error\ndata: {\"") && body.contains(r#""type":"error""#), "{body}");
    assert!(body.ends_with("}\n\n") && sent.broken, "{body}");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_leaves_cancels_the_call() {
    for (answer, reads) in [(&b""[..], false), (EVENTS, true)] {
        let (upstream, open) = raw(answer, true).await;
        let proxy = Proxy::start(upstream, "").await;
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let request = Request::post(format!("http://{}/v1/chat/completions", proxy.address));
        let mut asked = Box::pin(client.request(request.body(STREAM.into()).unwrap()));
        while open.load(Ordering::SeqCst) == 0 {
            let answered = tokio::time::timeout(Duration::from_millis(50), &mut asked).await;
            assert!(answered.is_err() || reads, "nothing answers");
            if answered.is_ok() {
                break;
            }
        }
        drop((asked, client));
        let hung_up = async {
            while open.load(Ordering::SeqCst) > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), hung_up).await.expect("the proxy hangs up too");
        let records = proxy.stop().await;
        assert_eq!(records[0].closed.as_ref().unwrap().outcome, Outcome::CallerGone);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_upstream_is_tried_only_when_nothing_could_be_sent() {
    let provider = Provider::start(Manner::default()).await.unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (broken, tries) = raw(b"", false).await;
    // It takes connections, and never says a word of TLS.
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mute = format!(
        "[[route]]\nname = \"mute\"\nupstreams = [\"https://{}\", \"http://{}\"]\n",
        mute.local_addr().unwrap(),
        provider.address()
    );
    let route = |name: &str, first: SocketAddr| {
        format!("[[route]]\nname = \"{name}\"\nupstreams = [\"http://{first}\", \"http://{}\"]\n", provider.address())
    };
    let proxy = Proxy::start(
        provider.address(),
        &("[limits]\nconnect_seconds = 1\n".to_owned() + &mute + &route("away", nobody) + &route("broken", broken)),
    )
    .await;
    let caller = Caller::new();
    let answer = caller.send(proxy.address, "POST", "/away/v1/chat/completions?a=b", &[], CHAT.into()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(provider.seen()[0].target, "/v1/chat/completions?a=b");
    let answer = caller.send(proxy.address, "POST", "/broken/v1/chat/completions", &[], CHAT.into()).await;
    assert_eq!((answer.status.as_u16(), provider.count(), tries.load(Ordering::SeqCst)), (502, 1, 1));
    let answer = caller.send(proxy.address, "POST", "/mute/v1/chat/completions", &[], CHAT.into()).await;
    assert_eq!((answer.status.as_u16(), provider.count()), (200, 2));
    assert_eq!(proxy.stop().await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed() {
    let (upstream, count) =
        raw(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", false).await;
    let proxy = Proxy::start(upstream, "").await;
    let answer = Caller::new().send(proxy.address, "POST", "/v1/chat/completions", &[], CHAT.into()).await;
    assert_eq!((answer.status.as_u16(), count.load(Ordering::SeqCst)), (302, 1));
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configured_proxy_is_asked_for_other_machines_and_only_for_them() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4096];
        let read = stream.read(&mut request).await.unwrap();
        stream.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").await.unwrap();
        String::from_utf8_lossy(&request[..read]).into_owned()
    });
    let provider = Provider::start(Manner::default()).await.unwrap();
    let more = format!(
        "upstream_proxy = \"http://{address}\"\n[[route]]\nname = \"far\"\nupstream = \"https://provider.example\"\n"
    );
    let proxy = Proxy::start(provider.address(), &more).await;
    let caller = Caller::new();
    let answer = caller.send(proxy.address, "POST", "/v1/chat/completions", &[], CHAT.into()).await;
    assert_eq!(answer.status, 200, "what is here is reached straight");
    let answer = caller.send(proxy.address, "POST", "/far/v1/chat/completions", &[], CHAT.into()).await;
    assert_eq!(answer.status, 502);
    assert!(asked.await.unwrap().starts_with("CONNECT provider.example:443 HTTP/1.1\r\n"));
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_whole_or_refused_when_read_slowly() {
    // A client that reads the head, waits, and goes on gets the rest.
    let provider = Provider::start(Manner::default()).await.unwrap();
    let proxy = Proxy::start(provider.address(), "").await;
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let request = Request::post(format!("http://{}/v1/chat/completions", proxy.address));
    let response = client.request(request.body(STREAM.into()).unwrap()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&body).contains("536-90-4399"));
    proxy.stop().await;
}
