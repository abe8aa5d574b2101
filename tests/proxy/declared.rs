//! What a caller declares about a request is in the log, and no value with it.

use crate::support::{Caller, Proxy, Script, Upstream};

#[tokio::test(flavor = "multi_thread")]
async fn a_purpose_and_a_consent_are_in_the_log_without_values() {
    let upstream = Upstream::start(|_| Script::json("{}")).await;
    let proxy = Proxy::start(upstream.address, "").await;
    let declare = [("x-blotter-purpose", "support"), ("x-blotter-consent", "form-7/ann@x.org")];
    let headers = declare.map(|(name, id)| (name.to_owned(), id.to_owned()));
    Caller::new().send(proxy.address, "POST", "/v1/chat/completions", &headers, "{}".into()).await;
    let records = proxy.stop().await;
    let opened = &records[0].opened;
    assert_eq!(opened.purpose.as_deref(), Some("support"));
    let consent = opened.consent.as_deref().unwrap();
    assert!(consent.starts_with("form-7/[EMAIL_"), "{consent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_to_the_log_is_told_once() {
    let upstream = Upstream::start(|_| Script::json("{}")).await;
    let proxy = Proxy::start(upstream.address, "").await;
    for name in ["x-blotter-subject", "x-blotter-conversation", "x-blotter-purpose", "x-blotter-consent"] {
        let headers = ["a", "b"].map(|id| (name.to_owned(), id.to_owned()));
        let reply = Caller::new().send(proxy.address, "POST", "/v1/chat/completions", &headers, "{}".into()).await;
        assert_eq!(reply.status, 400, "{name}");
    }
    for record in proxy.stop().await {
        assert_eq!(record.closed.unwrap().reason.as_deref(), Some("request/own-header"));
    }
}
