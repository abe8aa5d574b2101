//! The admin listener: is it alive, is it ready, what did it count.

use blotter::fake::{Manner, Provider};

use crate::pages::open;
use crate::support::{Answer, Caller, Proxy};

const CHAT: &str = r#"{"messages":[{"role":"user","content":"ssn 536-90-4399"}]}"#;

async fn read(admin: std::net::SocketAddr, path: &str) -> (u16, String) {
    let Answer { status, body, .. } = Caller::new().send(admin, "GET", path, &[], "".into()).await;
    (status.as_u16(), String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_counted_is_told_by_name_and_holds_no_value() {
    let provider = Provider::start(Manner::default()).await.unwrap();
    let proxy = Proxy::start(provider.address(), "").await;
    let admin = open(&proxy).await;
    let caller = Caller::new();
    caller.send(proxy.address, "POST", "/openai/v1/chat/completions", &[], CHAT.into()).await;
    caller.send(proxy.address, "POST", "/openai/v1/chat/completions", &[], "{".into()).await;
    let broken = CHAT.replacen('{', r#"{"stream":true,"model":"fake-break-off","#, 1);
    caller.send(proxy.address, "POST", "/openai/v1/chat/completions", &[], broken.into()).await;
    let (status, text) = read(admin, "/metrics").await;
    assert_eq!(status, 200);
    for line in [
        r#"blotter_exchanges_total{route="openai",outcome="complete"} 1"#,
        r#"blotter_exchanges_total{route="openai",outcome="refused"} 1"#,
        r#"blotter_exchanges_total{route="openai",outcome="upstream-failed"} 1"#,
        r#"blotter_findings_total{entity="SSN",action="redact",side="request"} 2"#,
        r#"blotter_refusals_total{reason="json/syntax"} 1"#,
        r#"blotter_upstream_errors_total{route="openai",reason="upstream/broken-off"} 1"#,
        r#"blotter_log_commit_seconds_count{entry="opened"} 2"#,
        r#"blotter_log_commit_seconds_count{entry="closed"} 2"#,
        r#"blotter_added_seconds_count{phase="redact"} 3"#,
        r#"blotter_added_seconds_count{phase="restore"} 2"#,
        "blotter_exchanges_open 0",
        "blotter_log_writable 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    assert!(!text.contains("4399"));
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ready_is_who_can_write_the_log() {
    let provider = Provider::start(Manner::default()).await.unwrap();
    let proxy = Proxy::start(provider.address(), "").await;
    let admin = open(&proxy).await;
    assert_eq!(read(admin, "/health").await, (200, "alive\n".to_owned()));
    let (status, text) = read(admin, "/ready").await;
    assert!(status == 200 && text.starts_with("ready\nrules "), "{status} {text}");

    let folder = proxy.folder.path().join("audit");
    std::fs::rename(&folder, proxy.folder.path().join("moved")).unwrap();
    Caller::new().send(proxy.address, "POST", "/v1/chat/completions", &[], CHAT.into()).await;
    let (status, text) = read(admin, "/ready").await;
    assert!(status == 503 && text.starts_with("not ready: the log cannot be written\n"), "{status} {text}");
    std::fs::rename(proxy.folder.path().join("moved"), &folder).unwrap();
    assert_eq!(read(admin, "/ready").await.0, 200, "it recovers by itself");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_pages_and_methods_are_refused() {
    let provider = Provider::start(Manner::default()).await.unwrap();
    let proxy = Proxy::start(provider.address(), "").await;
    let admin = open(&proxy).await;
    assert_eq!(read(admin, "/nowhere").await.0, 404);
    let answer = Caller::new().send(admin, "POST", "/metrics", &[], "".into()).await;
    assert_eq!(answer.status, 405);
    proxy.stop().await;
}
