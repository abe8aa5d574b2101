//! Exchanges as spans, at a collector that listens as OpenTelemetry's does.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::places::call;
use crate::support::{Proxy, Script, Upstream};

const CHAT: &str = r#"{"model":"toy","messages":[{"role":"user","content":"my ssn is 536-90-4399"}]}"#;
const ANSWER: &str = r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"hi"}}],
    "usage":{"prompt_tokens":7,"completion_tokens":3}}"#;

async fn proxy(collector: SocketAddr) -> (Upstream, Proxy) {
    let upstream = Upstream::start(|_| Script::json(ANSWER)).await;
    let more = format!("[telemetry]\notlp = \"http://{collector}/v1/traces\"\n");
    let proxy = Proxy::start(upstream.address, &more).await;
    (upstream, proxy)
}

fn trace(flags: &str) -> Vec<(String, String)> {
    let trace = format!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-{flags}");
    vec![("traceparent".to_owned(), trace), ("x-blotter-subject".to_owned(), "customer-7".to_owned())]
}

/// What a span says of itself by this key.
fn said<'a>(span: &'a Value, key: &str) -> &'a Value {
    let found = span["attributes"].as_array().unwrap().iter().find(|attribute| attribute["key"] == key);
    found.map_or(&Value::Null, |attribute| attribute["value"].as_object().unwrap().values().next().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_is_a_span_of_its_trace_and_says_nothing_of_anybody() {
    let collector = Upstream::start(|_| Script::json("{}")).await;
    let (_upstream, proxy) = proxy(collector.address).await;
    assert_eq!(call(proxy.address, &trace("01"), CHAT).await.status, 200);
    assert_eq!(call(proxy.address, &trace("00"), CHAT).await.status, 200, "a trace that nobody collects");
    let refused = call(proxy.address, &[], "{").await;
    assert_eq!(refused.status, 400);
    proxy.stop().await;

    let received = collector.received();
    assert_eq!((received.len(), received[0].target.as_str()), (1, "/v1/traces"), "the rest is sent at the end");
    assert_eq!(received[0].headers["content-type"], "application/json");
    let told: Value = serde_json::from_slice(&received[0].body).unwrap();
    let told = &told["resourceSpans"][0];
    let service = json!({ "key": "service.name", "value": { "stringValue": "blotter" } });
    assert_eq!(told["resource"]["attributes"][0], service);
    let [answered, refused] = &told["scopeSpans"][0]["spans"].as_array().unwrap()[..] else { panic!("{told}") };

    assert_eq!(answered["traceId"], "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(answered["parentSpanId"], "b7ad6b7169203331");
    assert_eq!((&answered["name"], &answered["kind"]), (&json!("POST openai"), &json!(2)));
    let at = |name: &str| answered[name].as_str().unwrap().parse::<u128>().unwrap();
    assert!(at("startTimeUnixNano") < at("endTimeUnixNano"));
    for (key, value) in [
        ("gen_ai.request.model", "toy"),
        ("gen_ai.usage.input_tokens", "7"),
        ("http.response.status_code", "200"),
        ("blotter.outcome", "complete"),
    ] {
        assert_eq!(said(answered, key), value, "{key}: {answered}");
    }
    assert_eq!(said(refused, "error.type"), "json/syntax");
    let exchange = said(refused, "blotter.exchange").as_str().unwrap().replace('-', "");
    assert_eq!((&refused["traceId"], &refused["parentSpanId"]), (&json!(exchange), &json!("")));
    let text = String::from_utf8_lossy(&received[0].body).into_owned();
    for value in ["536-90", "customer-7", "sub_", "key_", "anonymous"] {
        assert!(!text.contains(value), "{value}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_not_there_holds_nobody_up() {
    let nobody = "127.0.0.1:1".parse().unwrap();
    let (_upstream, proxy) = proxy(nobody).await;
    assert_eq!(call(proxy.address, &[], CHAT).await.status, 200);
    let (gateway, begun) = (proxy.gateway.clone(), Instant::now());
    proxy.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(20));
    let metrics = gateway.metrics().text();
    assert!(metrics.contains("blotter_spans_total{result=\"failed\"} 1"), "{metrics}");
}
