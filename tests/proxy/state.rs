//! Conversations that a provider keeps: their values come back in a later exchange where the vault is on, and to nobody else.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::{Answer, Caller, Proxy, Script, Upstream};

const SSN: &str = "536-90-4399";
const ON: &str = "[limits]\nvault_seconds = 60\n";

/// A provider that says the last placeholder that it saw, in a shape by the path, whole or as events.
async fn provider() -> Upstream {
    let known = Arc::<Mutex<String>>::default();
    Upstream::start(move |received| {
        let body = String::from_utf8_lossy(&received.body).into_owned();
        let mut known = known.lock().unwrap();
        if let Some(at) = body.find("[SSN_") {
            *known = body[at..=at + body[at..].find(']').unwrap()].to_owned();
        }
        let said = format!("it is {known}");
        let answer = answer(&received.target, &said);
        let streamed = body.contains(r#""stream":true"#);
        let (kind, body) =
            if streamed { ("text/event-stream", events(&said)) } else { ("application/json", answer.to_string()) };
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        Script { status: 200, headers, chunks: vec![body.into()], breaks_off: false }
    })
    .await
}

fn answer(target: &str, said: &str) -> Value {
    let item = json!({"type": "message", "content": [{"type": "output_text", "text": said}]});
    match target {
        "/v1/responses" | "/v1/responses/resp_1" => {
            json!({"id": "resp_1", "output": [item], "conversation": {"id": "conv_9"}})
        }
        "/v1/threads/thread_1/messages" => {
            json!({"id": "msg_1", "content": [{"type": "text", "text": {"value": said}}]})
        }
        "/v1beta/interactions" => json!({"id": "int_1", "steps": [{"type": "text", "text": said}]}),
        "/v1beta/cachedContents" => json!({"name": "cachedContents/c1"}),
        "/v1/messages/batches" => json!({"id": "batch_1"}),
        "/v1/files" => json!({"id": "file-1"}),
        "/v1/batches" | "/v1/batches/batch_2" => {
            json!({"id": "batch_2", "input_file_id": "file-1", "output_file_id": "file-2"})
        }
        _ => json!({"candidates": [{"content": {"parts": [{"text": said}]}}], "text": said}),
    }
}

fn events(said: &str) -> String {
    let (one, other) = said.split_at(said.len() - 4);
    let delta = |text: &str| json!({"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": text});
    let created = json!({"type": "response.created", "response": {"id": "resp_2"}});
    let done = json!({"type": "response.completed", "response": {"id": "resp_2"}});
    [created, delta(one), delta(other), done].map(|event| format!("data: {event}\n\n")).concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_a_batch_come_back_in_the_file_that_answers_it() {
    let upstream = provider().await;
    let proxy = Proxy::start(upstream.address, ON).await;
    let form = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n\r\n\
        {\"url\":\"/v1/chat/completions\",\"body\":{\"messages\":[{\"content\":\"my ssn is 536-90-4399\"}]}}\n\r\n--b--\r\n";
    let headers = [
        ("authorization".to_owned(), "Bearer ann".to_owned()),
        ("content-type".to_owned(), "multipart/form-data; boundary=b".to_owned()),
    ];
    let uploaded = Caller::new().send(proxy.address, "POST", "/v1/files", &headers, form.into()).await;
    assert_eq!(uploaded.status, 200);
    send(&proxy, "POST", "/v1/batches", "ann", r#"{"input_file_id":"file-1"}"#).await;
    send(&proxy, "GET", "/v1/batches/batch_2", "ann", "").await;
    assert!(says(&proxy, "GET", "/v1/files/file-2/content", "ann", "").await);
    assert!(!says(&proxy, "GET", "/v1/files/file-2/content", "bob", "").await);
    proxy.stop().await;
}

async fn send(proxy: &Proxy, method: &str, target: &str, key: &str, body: &str) -> Answer {
    let headers = if key.is_empty() { vec![] } else { vec![("authorization".to_owned(), format!("Bearer {key}"))] };
    Caller::new().send(proxy.address, method, target, &headers, body.to_owned().into()).await
}

async fn says(proxy: &Proxy, method: &str, target: &str, key: &str, body: &str) -> bool {
    let answer = send(proxy, method, target, key, body).await;
    assert_eq!(answer.status, 200);
    let said = String::from_utf8_lossy(&answer.body).into_owned();
    // A value that came back split is in pieces of two events.
    said.contains(SSN) || said.contains("4399")
}

#[tokio::test(flavor = "multi_thread")]
async fn values_come_back_in_conversations_that_the_provider_keeps() {
    let rows = [
        (
            "/v1/responses",
            r#"{"input":"my ssn is 536-90-4399"}"#,
            "POST",
            "/v1/responses",
            r#"{"previous_response_id":"resp_1","input":"again"}"#,
        ),
        (
            "/v1/responses",
            r#"{"input":"my ssn is 536-90-4399"}"#,
            "POST",
            "/v1/responses",
            r#"{"stream":true,"previous_response_id":"resp_1","input":"again"}"#,
        ),
        (
            "/v1/responses",
            r#"{"stream":true,"input":"my ssn is 536-90-4399"}"#,
            "POST",
            "/v1/responses",
            r#"{"previous_response_id":"resp_2","input":"again"}"#,
        ),
        ("/v1/responses", r#"{"background":true,"input":"my ssn is 536-90-4399"}"#, "GET", "/v1/responses/resp_1", ""),
        (
            "/v1/responses",
            r#"{"input":"my ssn is 536-90-4399","conversation":"conv_1"}"#,
            "POST",
            "/v1/responses",
            r#"{"conversation":{"id":"conv_1"},"input":"again"}"#,
        ),
        ("/v1/responses", r#"{"input":"my ssn is 536-90-4399"}"#, "GET", "/v1/conversations/conv_9/items", ""),
        (
            "/v1/threads/thread_1/messages",
            r#"{"content":"my ssn is 536-90-4399"}"#,
            "POST",
            "/v1/threads/thread_1/runs",
            "{}",
        ),
        (
            "/v1beta/interactions",
            r#"{"input":"my ssn is 536-90-4399"}"#,
            "POST",
            "/v1beta/interactions",
            r#"{"previous_interaction_id":"int_1","input":"again"}"#,
        ),
        (
            "/v1beta/cachedContents",
            r#"{"contents":[{"parts":[{"text":"my ssn is 536-90-4399"}]}]}"#,
            "POST",
            "/v1beta/models/g:generateContent",
            r#"{"cachedContent":"cachedContents/c1","contents":[]}"#,
        ),
        (
            "/v1/messages/batches",
            r#"{"requests":[{"params":{"messages":[{"role":"user","content":"my ssn is 536-90-4399"}]}}]}"#,
            "GET",
            "/v1/messages/batches/batch_1/results",
            "",
        ),
    ];
    let upstream = provider().await;
    for (first, asked, method, second, later) in rows {
        let proxy = Proxy::start(upstream.address, ON).await;
        send(&proxy, "POST", first, "ann", asked).await;
        for _ in 0..2 {
            assert!(says(&proxy, method, second, "ann", later).await, "{second} {later}");
        }
        assert!(!says(&proxy, method, second, "bob", later).await, "{second} to another caller");
        assert!(!says(&proxy, method, &format!("/anthropic{second}"), "ann", later).await, "{second} on another route");
        let records = proxy.stop().await;
        assert!(!format!("{records:?}").contains("536-90-4399"));
        let left = |at: usize| records[at].closed.as_ref().unwrap().unrestored;
        let restored = |at: usize| records[at].closed.as_ref().unwrap().restored;
        assert!(restored(2) > 0 && left(2) == 0, "{second}");
    }
    let received = upstream.received();
    assert!(received.iter().all(|received| !String::from_utf8_lossy(&received.body).contains("4399")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_into_the_vault_stays() {
    let provider = provider().await;
    for (bytes, expected) in [(1, false), (1 << 20, true)] {
        let proxy = Proxy::start(provider.address, &format!("{ON}vault_bytes = {bytes}\n")).await;
        says(&proxy, "POST", "/v1/responses", "ann", r#"{"input":"my ssn is 536-90-4399"}"#).await;
        let again = r#"{"previous_response_id":"resp_1","input":"again"}"#;
        assert_eq!(says(&proxy, "POST", "/v1/responses", "ann", again).await, expected, "{bytes}");
        proxy.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_vault_the_log_says_what_stayed() {
    let upstream = provider().await;
    let proxy = Proxy::start(upstream.address, "").await;
    send(&proxy, "POST", "/v1/responses", "ann", r#"{"input":"my ssn is 536-90-4399"}"#).await;
    assert!(
        !says(&proxy, "POST", "/v1/responses", "ann", r#"{"previous_response_id":"resp_1","input":"again"}"#).await
    );
    let closed = proxy.stop().await.remove(0).closed.unwrap();
    assert_eq!((closed.restored, closed.unrestored), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_kept_for_callers_without_a_key() {
    let upstream = provider().await;
    let proxy = Proxy::start(upstream.address, ON).await;
    send(&proxy, "POST", "/v1/responses", "", r#"{"input":"my ssn is 536-90-4399"}"#).await;
    assert!(!says(&proxy, "POST", "/v1/responses", "", r#"{"previous_response_id":"resp_1","input":"again"}"#).await);
    proxy.stop().await;
}
