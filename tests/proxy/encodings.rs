//! Compressed bodies both ways: read, restored, bounded; what cannot be read is told.

use std::io::Write;

use blotter::audit::Outcome;
use blotter::fake::{Manner, Provider};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::support::{Answer, Caller, Proxy, Script, Upstream};

const CHAT: &str = r#"{"messages":[{"role":"user","content":"ssn 536-90-4399"}]}"#;
const ENCODINGS: [&str; 4] = ["br", "deflate", "gzip", "zstd"];

/// Compresses `parts`, each flushed; one compressed part for each, and one for the end.
fn compress(encoding: &str, parts: &[Bytes]) -> Vec<Bytes> {
    let sink = Vec::new();
    match encoding {
        "br" => {
            let mut encoder = brotli::CompressorWriter::new(sink, 4096, 5, 22);
            let mut sent = flushed(&mut encoder, |encoder| std::mem::take(encoder.get_mut()), parts);
            sent.push(encoder.into_inner().into());
            sent
        }
        "deflate" => {
            let mut encoder = flate2::write::ZlibEncoder::new(sink, flate2::Compression::fast());
            let mut sent = flushed(&mut encoder, |encoder| std::mem::take(encoder.get_mut()), parts);
            sent.push(encoder.finish().unwrap().into());
            sent
        }
        "gzip" => {
            let mut encoder = flate2::write::GzEncoder::new(sink, flate2::Compression::fast());
            let mut sent = flushed(&mut encoder, |encoder| std::mem::take(encoder.get_mut()), parts);
            sent.push(encoder.finish().unwrap().into());
            sent
        }
        _ => {
            let mut encoder = zstd::stream::write::Encoder::new(sink, 0).unwrap();
            let mut sent = flushed(&mut encoder, |encoder| std::mem::take(encoder.get_mut()), parts);
            sent.push(encoder.finish().unwrap().into());
            sent
        }
    }
}

fn flushed<E: Write>(encoder: &mut E, take: impl Fn(&mut E) -> Vec<u8>, parts: &[Bytes]) -> Vec<Bytes> {
    let mut sent = Vec::new();
    for part in parts {
        encoder.write_all(part).unwrap();
        encoder.flush().unwrap();
        sent.push(take(encoder).into());
    }
    sent
}

fn compressed(encoding: &str, body: &[u8]) -> Bytes {
    compress(encoding, &[Bytes::copy_from_slice(body)]).concat().into()
}

/// An upstream that answers in this form, whatever was asked for, its parts made of what it received.
async fn upstream(
    encoding: &'static str,
    kind: &'static str,
    parts: impl Fn(&str) -> Vec<Bytes> + Send + Sync + 'static,
) -> Upstream {
    Upstream::start(move |received| Script {
        status: 200,
        headers: vec![("content-type".into(), kind.into()), ("content-encoding".into(), encoding.into())],
        chunks: compress(encoding, &parts(&placeholder(&received.body))),
        breaks_off: false,
    })
    .await
}

fn placeholder(body: &[u8]) -> String {
    let found = regex::Regex::new(r"\[SSN_\w+\]").unwrap();
    found.find(&String::from_utf8_lossy(body)).map_or(String::new(), |found| found.as_str().to_owned())
}

async fn ask(proxy: &Proxy) -> Answer {
    Caller::new().send(proxy.address, "POST", "/v1/chat/completions", &[], CHAT.into()).await
}

fn event(text: &str) -> Bytes {
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n").into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_answer_is_restored_however_it_is_compressed() {
    for encoding in ENCODINGS {
        let json = |ssn: &str| vec![format!(r#"{{"choices":[{{"message":{{"content":"{ssn}"}}}}]}}"#).into()];
        let upstream = upstream(encoding, "application/json", json).await;
        let proxy = Proxy::start(upstream.address, "").await;
        let answer = ask(&proxy).await;
        assert_eq!(answer.body, r#"{"choices":[{"message":{"content":"536-90-4399"}}]}"#, "{encoding}");
        assert!(!answer.headers.contains_key("content-encoding"), "{encoding}");
        let closed = proxy.stop().await.remove(0).closed.unwrap();
        assert_eq!((closed.outcome, closed.restored), (Outcome::Complete, 1), "{encoding}");
        assert!(String::from_utf8_lossy(&closed.answer).contains("[SSN_"), "{encoding}: the log can be read");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_restored_and_arrives_event_by_event_however_it_is_compressed() {
    for encoding in ENCODINGS {
        let events = |ssn: &str| {
            let (one, other) = ssn.split_at(5);
            let mut events: Vec<Bytes> = (0..20).map(|n| event(&format!("word {n} "))).collect();
            events.extend([event(one), event(other), "data: [DONE]\n\n".into()]);
            events
        };
        let upstream = upstream(encoding, "text/event-stream", events).await;
        let proxy = Proxy::start(upstream.address, "").await;
        let client = Client::builder(TokioExecutor::new()).build_http();
        let body = CHAT.replacen('{', r#"{"stream":true,"#, 1);
        let request = Request::post(format!("http://{}/v1/chat/completions", proxy.address));
        let response = client.request(request.body(Full::new(Bytes::from(body))).unwrap()).await.unwrap();
        assert!(!response.headers().contains_key("content-encoding"), "{encoding}");
        let (mut arrived, mut body) = (Vec::new(), response.into_body());
        while let Some(frame) = body.frame().await {
            arrived.extend(frame.unwrap().into_data());
        }
        let text = String::from_utf8(arrived.concat()).unwrap();
        let expected: String =
            (0..20).map(|n| String::from_utf8(event(&format!("word {n} ")).into()).unwrap()).collect();
        assert!(text.starts_with(&expected), "{encoding}: {text}");
        assert!(text.contains("536-90-4399") && text.ends_with("data: [DONE]\n\n"), "{encoding}: {text}");
        assert!(arrived.len() > 5, "{encoding}: {} arrivals", arrived.len());
        assert_eq!(proxy.stop().await[0].closed.as_ref().unwrap().outcome, Outcome::Complete, "{encoding}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_cannot_be_decoded_is_refused_or_breaks_off() {
    let json = "application/json";
    let whole = Bytes::from(format!(r#"{{"a":"{}"}}"#, "x".repeat(300)));
    let gzip = compressed("gzip", &whole);
    let bomb = compressed("zstd", &vec![b' '; 16 << 20]);
    let events = compress("gzip", &[event("hello "), event("there")]).concat();
    for (name, kind, encoding, body, reason, streamed) in [
        ("not gzip", json, "gzip", whole.clone(), "answer/encoding", false),
        ("half of it", json, "gzip", gzip.slice(..gzip.len() - 9), "answer/encoding", false),
        ("twice", json, "gzip, br", whole.clone(), "answer/encoding", false),
        ("unknown", json, "snappy", whole.clone(), "answer/encoding", false),
        ("a bomb", json, "zstd", bomb.clone(), "answer/too-long", false),
        ("a streamed bomb", "text/event-stream", "zstd", bomb, "answer/too-long", true),
        (
            "half a stream",
            "text/event-stream",
            "gzip",
            events[..events.len() - 9].to_vec().into(),
            "answer/encoding",
            true,
        ),
    ] {
        let upstream = Upstream::start(move |_| Script {
            status: 200,
            headers: vec![("content-type".into(), kind.into()), ("content-encoding".into(), encoding.into())],
            chunks: vec![body.clone()],
            breaks_off: false,
        })
        .await;
        let proxy = Proxy::start(upstream.address, "").await;
        let answer = ask(&proxy).await;
        assert_eq!(
            (answer.status.as_u16(), answer.broken),
            if streamed { (200, true) } else { (502, false) },
            "{name}"
        );
        let closed = proxy.stop().await.remove(0).closed.unwrap();
        assert_eq!((closed.outcome, closed.reason.as_deref()), (Outcome::UpstreamFailed, Some(reason)), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_request_is_forwarded_as_what_it_holds() {
    let provider = Provider::start(Manner::default()).await.unwrap();
    let proxy = Proxy::start(provider.address(), "").await;
    for encoding in ENCODINGS {
        let headers = [("content-encoding".to_owned(), encoding.to_owned())];
        let body = compressed(encoding, CHAT.as_bytes());
        let answer = Caller::new().send(proxy.address, "POST", "/v1/chat/completions", &headers, body).await;
        assert!(String::from_utf8_lossy(&answer.body).contains("536-90-4399"), "{encoding}");
        let seen = provider.seen().pop().unwrap();
        assert!(String::from_utf8_lossy(&seen.body).starts_with(r#"{"messages":[{"role":"user","content":"ssn [SSN_"#));
        assert!(!seen.headers.contains_key("content-encoding"), "{encoding}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_grows_too_far_is_refused() {
    let provider = Provider::start(Manner::default()).await.unwrap();
    let blanks = |count: usize| [vec![b' '; count], b"{}".to_vec()].concat();
    for (config, count, expected) in [
        ("", 4 << 20, (413, "raise `expansion`")),
        ("[limits]\nexpansion = 1000000\n", 4 << 20, (200, "")),
        ("[limits]\nexpansion = 1000000\nrequest_bytes = 1000000\n", 2 << 20, (413, "raise `request_bytes`")),
        ("", 1 << 19, (200, "")),
    ] {
        let proxy = Proxy::start(provider.address(), config).await;
        for encoding in ENCODINGS {
            let headers = [("content-encoding".to_owned(), encoding.to_owned())];
            let body = compressed(encoding, &blanks(count));
            let answer = Caller::new().send(proxy.address, "POST", "/v1/chat/completions", &headers, body).await;
            let told = String::from_utf8_lossy(&answer.body).into_owned();
            assert!(answer.status == expected.0 && told.contains(expected.1), "{config} {encoding}: {told}");
        }
    }
}
