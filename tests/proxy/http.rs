//! What HTTP brings: versions, sizes, callers that leave, providers that are not there, a log that cannot be written.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use blotter::audit::{Closed, Outcome};
use blotter::fake::{Manner, Provider};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Answer, Caller, Proxy, Script, Upstream};

const CHAT: &str = r#"{"messages":[{"role":"user","content":"ssn 536-90-4399"}]}"#;
const STREAM: &str =
    r#"{"stream":true,"messages":[{"role":"user","content":"ssn 536-90-4399, and more text to be echoed"}]}"#;

async fn send(
    client: &Client<impl hyper_util::client::legacy::connect::Connect + Clone + Send + Sync + 'static, Full<Bytes>>,
    proxy: &Proxy,
    body: impl Into<Bytes>,
) -> Response<Incoming> {
    let request =
        Request::post(format!("http://{}/v1/chat/completions", proxy.address)).body(Full::new(body.into())).unwrap();
    client.request(request).await.unwrap()
}

async fn text(response: Response<Incoming>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().into()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn http2_in_the_clear_works_too() {
    let provider = Provider::start(Manner::default()).await.unwrap();
    let proxy = Proxy::start(provider.address(), "").await;
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    let (one, other) = tokio::join!(send(&client, &proxy, CHAT), send(&client, &proxy, STREAM));
    assert_eq!(one.version(), hyper::Version::HTTP_2);
    assert!(text(one).await.contains("536-90-4399"));
    assert!(text(other).await.contains("536-90-4399"));
    assert_eq!(proxy.stop().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_body_goes_through() {
    let provider = Provider::start(Manner::default()).await.unwrap();
    let proxy = Proxy::start(provider.address(), "").await;
    let client = Client::builder(TokioExecutor::new()).build_http();
    let message = "all is well, thank you. ".repeat(5 * 1024 * 1024 / 24) + "ssn 536-90-4399";
    let answer = text(send(&client, &proxy, format!(r#"{{"messages":[{{"content":"{message}"}}]}}"#)).await).await;
    assert!(answer.contains(&message));
    assert!(!String::from_utf8_lossy(&provider.seen()[0].body).contains("4399"));
    assert_eq!(proxy.stop().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_arrives_when_it_is_sent() {
    let provider = Provider::start(Manner { cut: 4, pause: Duration::from_millis(20), keep: false }).await.unwrap();
    let proxy = Proxy::start(provider.address(), "").await;
    let client = Client::builder(TokioExecutor::new()).build_http();
    let mut body = send(&client, &proxy, STREAM).await.into_body();
    let mut arrivals = 0;
    while let Some(frame) = body.frame().await {
        arrivals += usize::from(frame.unwrap().is_data());
    }
    assert!(arrivals >= 8, "{arrivals} arrivals");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_leaves_ends_the_exchange() {
    let provider = Provider::start(Manner { cut: 1, pause: Duration::from_millis(20), keep: false }).await.unwrap();
    let proxy = Proxy::start(provider.address(), "").await;
    let client = Client::builder(TokioExecutor::new()).build_http();
    let mut response = send(&client, &proxy, STREAM).await;
    response.frame().await.unwrap().unwrap();
    drop((response, client));
    let records = proxy.stop().await;
    assert_eq!(records[0].closed.as_ref().unwrap().outcome, Outcome::CallerGone);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_leaves_at_any_moment_leaves_no_exchange_open() {
    let provider = Provider::start(Manner::default()).await.unwrap();
    let proxy = Proxy::start(provider.address(), "").await;
    for moment in 0..60 {
        let mut stream = tokio::net::TcpStream::connect(proxy.address).await.unwrap();
        let request =
            format!("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{CHAT}", CHAT.len());
        stream.write_all(request.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_micros(moment * 100)).await;
        stream.set_zero_linger().unwrap();
    }
    let records = proxy.stop().await;
    assert!(records.iter().all(|record| record.closed.is_some()));
    assert!(records.len() as u64 >= provider.count());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_leaves_at_the_last_event_got_all() {
    let upstream = Upstream::start(|_| Script {
        status: 200,
        headers: vec![("content-type".into(), "text/event-stream".into())],
        // The rest of the stream is never read.
        chunks: [vec!["data: {}\n\ndata: [DONE]\n\n".into()], vec![Bytes::from_static(b": more\n\n"); 100_000]]
            .concat(),
        breaks_off: false,
    })
    .await;
    let proxy = Proxy::start(upstream.address, "").await;
    let client = Client::builder(TokioExecutor::new()).build_http();
    let mut response = send(&client, &proxy, STREAM).await;
    response.frame().await.unwrap().unwrap();
    drop((response, client));
    assert_eq!(proxy.stop().await[0].closed.as_ref().unwrap().outcome, Outcome::Complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_not_there_is_told_and_logged() {
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let proxy = Proxy::start(nobody, "").await;
    let answer = Caller::new().send(proxy.address, "POST", "/v1/chat/completions", &[], CHAT.into()).await;
    assert_eq!(answer.status, 502);
    assert!(!answer.headers.contains_key("x-should-retry"), "an SDK may try again");
    let records = proxy.stop().await;
    let closed = records[0].closed.as_ref().unwrap();
    assert_eq!((closed.outcome, closed.reason.as_deref()), (Outcome::UpstreamFailed, Some("upstream/unreachable")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_closes_kept_connections_sees_each_request_once() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, seen) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 64 << 10];
            let mut length = 0;
            while !request[..length].ends_with(b"}]}") {
                match stream.read(&mut request[length..]).await {
                    Ok(0) | Err(_) => break,
                    Ok(read) => length += read,
                }
            }
            counted.fetch_add(usize::from(length > 0), Ordering::SeqCst);
            // Says nothing of closing, and closes.
            let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
            stream.write_all(answer.as_bytes()).await.unwrap_or_default();
        }
    });
    let proxy = Proxy::start(address, "").await;
    let caller = Caller::new();
    let mut answered = 0;
    for _ in 0..40 {
        let answer = caller.send(proxy.address, "POST", "/v1/chat/completions", &[], CHAT.into()).await;
        answered += usize::from(answer.status == 200);
    }
    let logged = proxy.stop().await.len();
    assert_eq!(logged, 40);
    assert!(seen.load(Ordering::SeqCst) <= 40, "no request is made twice");
    assert!(answered > 30, "{answered} of 40 were answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_log_nothing_is_forwarded() {
    let provider = Provider::start(Manner::default()).await.unwrap();
    let proxy = Proxy::start(provider.address(), "").await;
    let folder = proxy.folder.path().join("audit");
    std::fs::rename(&folder, proxy.folder.path().join("moved")).unwrap();
    let answer = Caller::new().send(proxy.address, "POST", "/v1/chat/completions", &[], CHAT.into()).await;
    assert_eq!(answer.status, 503);
    assert!(String::from_utf8_lossy(&answer.body).contains("audit log"));
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(provider.count(), 0);
    std::fs::rename(proxy.folder.path().join("moved"), &folder).unwrap();
    let answer = Caller::new().send(proxy.address, "POST", "/v1/chat/completions", &[], CHAT.into()).await;
    assert_eq!(answer.status, 200, "it recovers by itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guarded_route_lets_no_strangers_value_pass() {
    let answers = |kind: &'static str, body: &'static [u8]| async move {
        let headers = vec![("content-type".into(), kind.into())];
        let script = Script { status: 200, headers, chunks: vec![Bytes::from_static(body)], breaks_off: false };
        let (sent, _) = guarded(script).await;
        (sent.status.as_u16(), String::from_utf8_lossy(&sent.body).into_owned())
    };
    let whole = br#"{"choices":[{"index":0,"message":{"role":"assistant","content":"her SSN is 219-09-9999, bye"}}]}"#;
    let (status, body) = answers("application/json", whole).await;
    assert!(status == 200 && body.contains("her SSN is [SSN_") && !body.contains("219-09"), "{status} {body}");
    let (status, body) = answers("text/plain", b"her SSN is 219-09-9999, bye").await;
    assert!(status == 200 && body.contains("her SSN is [SSN_") && !body.contains("219-09"), "{status} {body}");
    for kind in ["text/plain; charset=utf-16", "application/rtf"] {
        let (status, body) = answers(kind, b"her SSN is 219-09-9999, bye").await;
        assert!(status == 502 && body.contains("answer/unread") && !body.contains("219-09"), "{status} {body}");
    }
    let (status, body) = answers("audio/mpeg", b"sound").await;
    assert_eq!((status, body.as_str()), (200, "sound"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_head_of_a_strangers_value_does_not_leave_a_stream_that_breaks_off() {
    let said = ["I looked it up. \\n", "Her SSN ", "is 219", "-09-99"];
    let event = |text: &str| {
        let choice = format!(r#"{{"index":0,"delta":{{"content":"{text}"}},"finish_reason":null}}"#);
        Bytes::from(format!("data: {{\"choices\":[{choice}]}}\n\n"))
    };
    let headers = vec![("content-type".into(), "text/event-stream".into())];
    let chunks = said.iter().map(|text| event(text)).collect();
    let (sent, closed) = guarded(Script { status: 200, headers, chunks, breaks_off: true }).await;
    let body = String::from_utf8_lossy(&sent.body);
    assert!(sent.broken && !body.contains("219") && !body.contains("-09"), "{body}");
    assert!(
        body.contains("I looked it up.") && body.ends_with("}\n\n") && body.contains("upstream/broken-off"),
        "{body}"
    );
    let logged = String::from_utf8_lossy(&closed.answer);
    assert!(logged.contains("Her SSN is ") && !logged.contains("219"), "{logged}");
}

/// What a caller gets of an answer, on a route that guards it, and its end in the log.
async fn guarded(script: Script) -> (Answer, Closed) {
    let upstream = Upstream::start(move |_| script.clone()).await;
    let address = upstream.address;
    let route = format!("[[route]]\nname = \"guarded\"\nupstream = \"http://{address}\"\nanswers = \"redact\"\n");
    let proxy = Proxy::start(address, &route).await;
    let sent = Caller::new().send(proxy.address, "POST", "/guarded/v1/chat/completions", &[], CHAT.into()).await;
    let closed = proxy.stop().await.remove(0).closed.unwrap();
    (sent, closed)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_holds_what_the_model_saw_and_said_and_no_value() {
    let upstream = Upstream::start(|_| Script {
        status: 200,
        headers: vec![("content-type".into(), "application/json".into())],
        chunks: vec![
            r#"{"choices":[{"index":0,"message":{"content":"not 536-90-4399 but a stranger's 219-09-9998"}}]}"#.into(),
        ],
        breaks_off: false,
    })
    .await;
    let proxy = Proxy::start(upstream.address, "").await;
    let headers = [
        ("x-blotter-subject".to_owned(), "+1 415 555 2671".to_owned()),
        ("authorization".to_owned(), "Bearer sk-secret".to_owned()),
    ];
    Caller::new().send(proxy.address, "POST", "/v1/chat/completions", &headers, CHAT.into()).await;
    let folder = proxy.folder.path().join("audit");
    let kept: Vec<u8> =
        std::fs::read_dir(&folder).unwrap().flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
    let records = proxy.stop().await;
    let record = &records[0];
    let answer = String::from_utf8_lossy(&record.closed.as_ref().unwrap().answer).into_owned();
    assert!(answer.contains("but a stranger's [SSN_"), "{answer}");
    assert!(record.opened.subject.as_ref().unwrap().starts_with("sub_"));
    for value in ["536-90-4399", "219-09-9998", "415 555", "sk-secret"] {
        assert!(!contains(&kept, value.as_bytes()), "{value} is in the log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_lends_its_own_key() {
    let provider = Provider::start(Manner::default()).await.unwrap();
    let key = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&key, "sk-of-the-house\n").unwrap();
    let lent = |name: &str, header: &str| {
        let (upstream, key) = (provider.address(), key.path().display());
        format!(
            "[[route]]\nname = \"{name}\"\nupstream = \"http://{upstream}\"\ncredential = {{ file = \"{key}\"{header} }}\n"
        )
    };
    let proxy =
        Proxy::start(provider.address(), &(lent("bearer", "") + &lent("other", ", header = \"x-api-key\""))).await;
    let headers = [("authorization".to_owned(), "Bearer sk-of-the-caller".to_owned())];
    for path in ["/bearer/v1/messages", "/other/v1/messages"] {
        Caller::new().send(proxy.address, "POST", path, &headers, CHAT.into()).await;
    }
    let [bearer, other] = &provider.seen()[..] else { panic!("two requests") };
    assert_eq!(bearer.headers["authorization"], "Bearer sk-of-the-house");
    assert_eq!(other.headers["x-api-key"], "sk-of-the-house");
    assert!(!other.headers.contains_key("authorization"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_the_same_however_the_bot_names_him() {
    let provider = Provider::start(Manner::default()).await.unwrap();
    let proxy = Proxy::start(provider.address(), "").await;
    let header = [("x-blotter-subject".to_owned(), "customer 7".to_owned())];
    let caller = Caller::new();
    caller.send(proxy.address, "POST", "/v1/chat/completions", &header, CHAT.into()).await;
    for (path, body) in [
        ("/v1/chat/completions", r#"{"user":"customer 7","messages":[]}"#),
        ("/v1/chat/completions", r#"{"safety_identifier":"customer 7","user":"x","messages":[]}"#),
        ("/anthropic/v1/messages", r#"{"metadata":{"user_id":"customer 7"},"messages":[]}"#),
    ] {
        caller.send(proxy.address, "POST", path, &[], body.into()).await;
    }
    let records = proxy.stop().await;
    assert_eq!(records.len(), 4);
    assert!(
        records
            .iter()
            .all(|record| record.opened.subject == records[0].opened.subject && record.opened.subject.is_some())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_caller_slows_the_provider() {
    let piece = Bytes::from(format!(": {}\n\n", "x".repeat(64 << 10)));
    let (sent, chunks) = (Arc::new(AtomicUsize::new(0)), 20_000);
    let counted = Arc::clone(&sent);
    let upstream = Upstream::start_counted(
        move |_| Script {
            status: 200,
            headers: vec![("content-type".into(), "text/event-stream".into())],
            chunks: vec![piece.clone(); chunks],
            breaks_off: false,
        },
        counted,
    )
    .await;
    let proxy = Proxy::start(upstream.address, "").await;
    let client = Client::builder(TokioExecutor::new()).build_http();
    let mut response = send(&client, &proxy, STREAM).await;
    response.frame().await.unwrap().unwrap();
    let mut before = 0;
    loop {
        // Until nothing moves any more.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let now = sent.load(Ordering::SeqCst);
        if now == before {
            break;
        }
        before = now;
    }
    assert!(before < chunks / 10, "{before} of {chunks} pieces were sent to a caller who read one");
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
