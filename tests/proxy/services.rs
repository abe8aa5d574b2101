//! Recogniser services: what they find is redacted like all else, and nothing leaves when they fail.

use std::net::SocketAddr;

use blotter::audit::Record;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{Answer, Caller, Proxy, Script, Upstream};

const ASK: &str = r#"{"messages":[{"role":"user","content":"😀 I'm Ann Fox (ann@x.org), call Ann Fox"}]}"#;

/// A model that answers what it was told, in OpenAI's shape.
async fn echo() -> Upstream {
    Upstream::start(|received| {
        let request: Value = serde_json::from_slice(&received.body).unwrap_or_default();
        let said = request["messages"][0]["content"].clone();
        answer(200, json!({"choices": [{"index": 0, "message": {"content": said}}]}))
    })
    .await
}

/// A recogniser that knows Ann Fox, and counts code points as Presidio does.
async fn presidio() -> Upstream {
    Upstream::start(|received| {
        let question: Value = serde_json::from_slice(&received.body).unwrap();
        let text = question["text"].as_str().unwrap();
        let found = text.match_indices("Ann Fox").map(|(at, _)| {
            let start = text[..at].chars().count();
            json!({"entity_type": "PERSON", "start": start, "end": start + 7, "score": 0.85, "analysis_explanation": null})
        });
        answer(200, found.collect())
    })
    .await
}

fn answer(status: u16, body: Value) -> Script {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Script { status, headers, chunks: vec![Bytes::from(body.to_string())], breaks_off: false }
}

async fn recogniser(status: u16, body: Value) -> Upstream {
    Upstream::start(move |_| answer(status, body.clone())).await
}

/// A proxy with the e-mail pattern and a service at this address.
async fn proxy(upstream: &Upstream, service: SocketAddr, more: &str) -> (Proxy, tempfile::TempDir) {
    let patterns = tempfile::tempdir().unwrap();
    std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/patterns/email.toml"), patterns.path().join("email.toml"))
        .unwrap();
    let service = format!(
        "[[service]]\nname = \"names\"\nurl = \"http://{service}/analyze\"\nentities = [\"PERSON\"]\nsource = \"ours\"\n{more}\n"
    );
    std::fs::write(patterns.path().join("names.toml"), service).unwrap();
    (Proxy::start(upstream.address, &format!("patterns = '{}'", patterns.path().display())).await, patterns)
}

async fn ask(proxy: &Proxy, body: &str) -> Answer {
    Caller::new().send(proxy.address, "POST", "/v1/chat/completions", &[], body.to_owned().into()).await
}

/// Asks once, and gives the answer and its record.
async fn exchange(upstream: &Upstream, service: SocketAddr, more: &str) -> (Answer, Record) {
    let (proxy, _patterns) = proxy(upstream, service, more).await;
    let answer = ask(&proxy, ASK).await;
    let record = proxy.stop().await.pop().unwrap();
    (answer, record)
}

/// The request is refused with this code, the model sees nothing, and nobody hears of the text.
async fn is_refused(service: SocketAddr, more: &str, code: &str) {
    let upstream = echo().await;
    let (answer, record) = exchange(&upstream, service, more).await;
    let told: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((answer.status.as_u16(), told["error"]["code"].as_str()), (503, Some(code)), "{told}");
    let message = told["error"]["message"].as_str().unwrap();
    assert!(message.contains("service `names`") && message.contains("names.toml"), "{message}");
    assert!(!message.contains("Ann") && !message.contains("x.org"), "{message}");
    assert!(upstream.received().is_empty());
    assert_eq!(record.closed.unwrap().reason.as_deref(), Some(code));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_redacted_and_comes_back() {
    let (upstream, presidio) = (echo().await, presidio().await);
    let (answer, record) = exchange(&upstream, presidio.address, "score = 0.6\nlanguage = \"de\"").await;
    let question: Value = serde_json::from_slice(&presidio.received()[0].body).unwrap();
    assert_eq!(
        question,
        json!({"text": "😀 I'm Ann Fox (ann@x.org), call Ann Fox", "language": "de", "entities": ["PERSON"], "score_threshold": 0.6})
    );
    assert_eq!((presidio.received().len(), presidio.received()[0].target.as_str()), (1, "/analyze"));
    let sent = String::from_utf8(upstream.received()[0].body.to_vec()).unwrap();
    assert!(
        !sent.contains("Ann") && sent.matches("[PERSON_").count() == 2 && sent.contains("😀 I'm [PERSON_"),
        "{sent}"
    );
    assert!(String::from_utf8_lossy(&answer.body).contains("I'm Ann Fox (ann@x.org), call Ann Fox"));
    let tally = record.opened.findings.iter().find(|tally| tally.entity == "PERSON").unwrap();
    assert_eq!((tally.pattern.as_str(), tally.action.as_str(), tally.count), ("names", "redact", 2));
    assert_eq!(record.opened.coverage.exemptions, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_asked_about_a_text_once() {
    let (upstream, presidio) = (echo().await, presidio().await);
    let (proxy, _patterns) = proxy(&upstream, presidio.address, "concurrency = 2").await;
    let turns = |last: &str| {
        format!(
            r#"{{"messages":[{{"content":"Ann Fox"}},{{"content":"hello"}},{{"content":"hello"}},{{"content":"7 8"}},{{"content":"{last}"}}]}}"#
        )
    };
    for (last, calls) in [("", 2), ("", 2), ("Ann Fox!", 3), ("Ann Fox!", 3)] {
        ask(&proxy, &turns(last)).await;
        assert_eq!(presidio.received().len(), calls);
    }
    for received in upstream.received() {
        assert!(!String::from_utf8_lossy(&received.body).contains("Ann"));
    }
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_down_refuses_the_request() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    is_refused(nobody, "", "service/unreachable").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_slow_refuses_the_request_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let begun = std::time::Instant::now();
    is_refused(silent.local_addr().unwrap(), "timeout = \"200ms\"", "service/timeout").await;
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_answers_nonsense_refuses_the_request() {
    let at = |start: i64, end: i64| json!([{"entity_type": "PERSON", "start": start, "end": end, "score": 0.9}]);
    for (status, body) in [
        (500, json!({"error": "No language"})),
        (200, json!({"findings": []})),
        (200, json!([{"entity_type": "PERSON"}])),
        (200, json!("Ann")),
        (200, at(0, 1000)),
        (200, at(40, 41)),
        (200, at(7, 7)),
        (200, at(9, 3)),
        (200, at(-1, 3)),
    ] {
        is_refused(recogniser(status, body).await.address, "", "service/answer").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_asked_for_or_is_not_sure_stays() {
    let said = json!([
        {"entity_type": "PERSON", "start": 6, "end": 13, "score": 0.4},
        {"entity_type": "NRP", "start": 6, "end": 13, "score": 0.9},
    ]);
    let upstream = echo().await;
    exchange(&upstream, recogniser(200, said).await.address, "").await;
    assert!(String::from_utf8_lossy(&upstream.received()[0].body).contains("I'm Ann Fox ("));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_may_fail_lets_the_request_pass_and_the_log_says_so() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let upstream = echo().await;
    let (answer, record) = exchange(&upstream, nobody, "on_failure = \"pass\"").await;
    assert_eq!(answer.status, 200);
    let sent = String::from_utf8(upstream.received()[0].body.to_vec()).unwrap();
    assert!(sent.contains("I'm Ann Fox ([EMAIL_"), "the patterns still find: {sent}");
    assert_eq!(record.opened.coverage.exemptions, ["service/names"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_and_address_are_not_shown_to_services() {
    let (upstream, presidio) = (echo().await, presidio().await);
    let (proxy, _patterns) = proxy(&upstream, presidio.address, "").await;
    let headers = [("x-agent".to_owned(), "Ann Fox".to_owned())];
    let answer = Caller::new().send(proxy.address, "GET", "/v1/Ann%20Fox", &headers, Bytes::new()).await;
    assert_eq!(answer.status, 200);
    assert!(presidio.received().is_empty());
    proxy.stop().await;
}
