//! The log says what of an exchange was looked at, and how its answer went through.

use bytes::Bytes;

use crate::support::{Caller, Proxy, Script, Upstream};

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_is_logged_with_its_coverage() {
    let upstream = Upstream::start(|received| {
        let found = regex::Regex::new(r"\[SSN_\w+\]").unwrap();
        let body = String::from_utf8_lossy(&received.body);
        let ssn = found.find(&body).unwrap().as_str();
        let event =
            |text: &str| format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n");
        let mut chunks: Vec<Bytes> = vec![event("it is ").into()];
        chunks.extend(ssn.chars().map(|character| Bytes::from(event(&character.to_string()))));
        chunks.extend([event(&format!("; see https://x.org/{ssn}")).into(), "data: [DONE]\n\n".into()]);
        let headers = vec![("content-type".into(), "text/event-stream".into())];
        Script { status: 200, headers, chunks, breaks_off: false }
    })
    .await;
    let proxy = Proxy::start(upstream.address, "").await;
    let body = r#"{"model":"m","stream":true,"messages":[{"role":"system","content":"hi"},{"role":"user","content":"ssn 536-90-4399"}]}"#;
    let send = |body: String| {
        let address = proxy.address;
        async move { Caller::new().send(address, "POST", "/v1/chat/completions", &[], body.into()).await }
    };
    let answer = send(body.to_owned()).await;
    assert!(String::from_utf8_lossy(&answer.body).contains("536-90-4399"));
    // The same shape with other words, and another shape.
    send(body.replace("hi", "hello").replace("user", "assistant")).await;
    send(body.replace("\"model\"", "\"new_field\"")).await;
    let records = proxy.stop().await;
    let opened = |at: usize| &records[at].opened.coverage.counts;
    let expected = [("opaque/model", 1), ("opaque/role", 2), ("shape/new", 1)];
    assert!(opened(2).iter().map(|(name, count)| (name.as_str(), *count)).eq(expected), "{:?}", opened(2));
    assert!(!opened(1).contains_key("shape/new") && opened(0).contains_key("shape/new"));
    let closed = records[2].closed.as_ref().unwrap();
    assert_eq!((closed.restored, closed.unrestored), (1, 1));
    let count = |name: &str| closed.passage.get(name).copied().unwrap_or(0);
    assert_eq!((count("frames"), count("lanes/restored")), (13, 1));
    // All of `[SSN_7K2Q]` but its last character.
    assert_eq!(count("frames/held"), 9);
    assert!(count("held/bytes") > 9 * 50 && count("held/us") > 0, "{:?}", closed.passage);
}
