//! Settings that no other test has: each bites, and what is within it passes.

use std::time::{Duration, Instant};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde_json::json;
use tokio::net::TcpSocket;

use crate::callers::House;
use crate::places::call;
use crate::support::{Caller, Proxy, Script, Upstream};

const CHAT: &str = r#"{"messages":[{"role":"user","content":"hi"}]}"#;

/// An upstream whose answer says `text`.
async fn saying(text: &str) -> Upstream {
    let answer = json!({"choices": [{"index": 0, "message": {"role": "assistant", "content": text}}]}).to_string();
    Upstream::start(move |_| Script::json(&answer)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_as_long_as_answer_bytes_at_most() {
    let upstream = saying(&"a ".repeat(1000)).await;
    for (limit, status) in [(2000, 502), (3000, 200)] {
        let proxy = Proxy::start(upstream.address, &format!("[limits]\nanswer_bytes = {limit}\n")).await;
        let answer = call(proxy.address, &[], CHAT).await;
        assert_eq!(answer.status.as_u16(), status, "{:?}", answer.body);
        assert_eq!(answer.status == 502, String::from_utf8_lossy(&answer.body).contains("answer/too-long"));
        proxy.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_keeps_logged_answer_bytes_of_an_answer() {
    let upstream = saying(&"a ".repeat(1000)).await;
    for (limit, truncated) in [(500, true), (5000, false)] {
        let proxy = Proxy::start(upstream.address, &format!("[limits]\nlogged_answer_bytes = {limit}\n")).await;
        assert_eq!(call(proxy.address, &[], CHAT).await.status, 200);
        let records = proxy.stop().await;
        let closed = records[0].closed.as_ref().unwrap();
        assert_eq!(closed.answer_truncated, truncated, "{limit}");
        assert!(closed.answer.len() < limit + 200, "{}", closed.answer.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_has_to_accept_within_connect_seconds() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    // Nobody accepts, and once the queue is full nobody is answered.
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(Ok(stream)) =
        tokio::time::timeout(Duration::from_millis(500), tokio::net::TcpStream::connect(address)).await
    {
        queue.push(stream);
        assert!(queue.len() < 1000, "the queue is never full");
    }
    let proxy = Proxy::start(address, "[limits]\nconnect_seconds = 1\n").await;
    let begun = Instant::now();
    let answer = call(proxy.address, &[], CHAT).await;
    let told = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(answer.status == 502 && told.contains("upstream/unreachable"), "{told}");
    assert!((Duration::from_millis(900)..Duration::from_secs(9)).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_read_as_those_of_phone_regions() {
    check("phone_regions = [\"US\"]", "number 07400 123456 ok", "07400 123456").await;
    check("phone_regions = [\"GB\"]", "number 07400 123456 ok", "[PHONE_").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn identity_numbers_are_those_of_countries() {
    check("countries = [\"PL\"]", "CPF 529.982.247-25", "529.982.247-25").await;
    check("countries = [\"BR\"]", "CPF 529.982.247-25", "[BR_CPF_").await;
}

/// With `setting` the provider sees `seen` of what a user says.
async fn check(setting: &str, said: &str, seen: &str) {
    let upstream = Upstream::start(|_| Script::json("{}")).await;
    let proxy = Proxy::start(upstream.address, setting).await;
    let body = json!({"messages": [{"role": "user", "content": said}]}).to_string();
    assert_eq!(call(proxy.address, &[], &body).await.status, 200);
    let received = String::from_utf8_lossy(&upstream.received()[0].body).into_owned();
    assert!(received.contains(seen), "{setting}: {received}");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn checkpoints_are_copied_under_their_origin_as_often_as_is_said() {
    let upstream = saying("hi").await;
    let settings = "[audit]\ncheckpoint_entries = 1\ncheckpoint_seconds = 86400\ncheckpoint_copy = \"copy\"\n\
        checkpoint_origin = \"blotter.example/eu-1\"\n";
    let proxy = Proxy::start(upstream.address, settings).await;
    let copy = proxy.folder.path().join("copy");
    let text = || std::fs::read_to_string(&copy).unwrap_or_default();
    for exchange in 1..=2 {
        assert_eq!(call(proxy.address, &[], CHAT).await.status, 200);
        let copied = async {
            while text().matches("blotter.example/eu-1\n").count() < exchange {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), copied).await.unwrap_or_else(|_| panic!("{}", text()));
    }
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_of_the_log_is_what_audit_says() {
    let house = House::open("[audit]\ntext_days = 7\nmonths = 3\nbackup_days = 11\nfile_bytes = 268435456\n").await;
    let today = || Timestamp::now().to_zoned(TimeZone::UTC).date();
    let proxy = house.serve();
    let before = today();
    Caller::new().send(proxy.address, "POST", "/openai/v1/chat/completions", &[], CHAT.into()).await;
    drop(proxy);
    let told = house.run(&["audit", "retention"]);
    // Midnight may come meanwhile.
    let is_told = |day: Date| {
        let texts = day.saturating_add(Span::new().days(8));
        let file = day.first_of_month().saturating_add(Span::new().months(4));
        told.contains(&format!("{texts}T00:00:00Z")) && told.contains(&format!("{file}T00:00:00Z"))
    };
    assert!([before, today()].into_iter().any(is_told), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_placeholder_waits_for_its_end_within_held_bytes() {
    let upstream = Upstream::start(|received| {
        let body = String::from_utf8_lossy(&received.body).into_owned();
        let placeholder = &body[body.find("[SSN_").unwrap()..][..10];
        let delta = |text: &str| {
            let event = json!({"choices": [{"index": 0, "delta": {"content": text}}]});
            format!("data: {event}\n\n").into()
        };
        // More than is read at a time.
        let between = vec![format!(": {}\n\n", "x".repeat(50_000)).into(); 60];
        let chunks = [vec![delta(&placeholder[..6])], between, vec![delta(&placeholder[6..])]].concat();
        let headers = vec![("content-type".to_owned(), "text/event-stream".to_owned())];
        Script { status: 200, headers, chunks, breaks_off: false }
    })
    .await;
    for (limit, restored) in [(1000, false), (10_000_000, true)] {
        let proxy = Proxy::start(upstream.address, &format!("[limits]\nheld_bytes = {limit}\n")).await;
        let body = r#"{"stream":true,"messages":[{"role":"user","content":"ssn 536-90-4399"}]}"#;
        let answer = call(proxy.address, &[], body).await;
        assert_eq!(String::from_utf8_lossy(&answer.body).contains("536-90-4399"), restored, "{limit}");
        proxy.stop().await;
    }
}
