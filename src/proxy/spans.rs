//! Exchanges as spans of OpenTelemetry, for who follows requests through several services: OTLP over HTTP, as JSON.
//!
//! A span says which exchange it was, on which route, for which model, how it ended and how long it took: no text, no caller, no
//! customer. A trace that the caller names goes on, unless it says that nobody collects it; else the exchange's id is the trace's.
//! Nobody waits for spans: where too many wait, or the collector does not take them, they are dropped and counted. The log is
//! the evidence, and has them all. Messages of a WebSocket have no spans of their own.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::Request;
use hyper::header::{CONTENT_TYPE, HeaderMap};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::Notify;
use uuid::Uuid;

use super::outgoing::Outgoing;
use super::upstream::{Purpose, cause};
use super::{Gateway, headers};
use crate::audit::{Closed, Opened, Outcome};
use crate::config::Ruleset;
use crate::crypto::{hex, random};
use crate::metrics::Metrics;

/// How many spans wait at most.
const MOST: usize = 4096;
/// How many are sent without waiting for more, and how long those wait that are fewer.
const ENOUGH: usize = 512;
const PAUSE: Duration = Duration::from_secs(5);
/// Within which the collector has to answer; also what the last ones hold up a stop.
const PATIENCE: Duration = Duration::from_secs(5);

/// The spans that wait to be sent.
#[derive(Default)]
pub(super) struct Spans {
    waiting: Mutex<Vec<Value>>,
    enough: Notify,
}

/// Where an exchange belongs in a trace.
pub(super) struct Traced {
    spans: Arc<Spans>,
    trace: String,
    parent: Option<String>,
}

/// An exchange that is not over.
pub(super) struct Span {
    spans: Arc<Spans>,
    begun: Timestamp,
    span: Value,
    attributes: Vec<Value>,
}

impl Traced {
    /// The place of a request; none where nobody collects its trace.
    pub(super) fn new(spans: &Arc<Spans>, ruleset: &Ruleset, exchange: Uuid, headers: &HeaderMap) -> Option<Self> {
        ruleset.otlp.as_ref()?;
        let named = headers::trace(headers).map(|trace| trace.split('-').collect::<Vec<_>>());
        let (trace, parent) = match named.as_deref() {
            Some([_, _, _, flags]) if !u8::from_str_radix(flags, 16).is_ok_and(|flags| flags & 1 == 1) => return None,
            Some([_, trace, parent, _]) => ((*trace).to_owned(), Some((*parent).to_owned())),
            _ => (exchange.simple().to_string(), None),
        };
        Some(Self { spans: Arc::clone(spans), trace, parent })
    }

    /// Begins the span of an exchange that was opened so.
    pub(super) fn span(&self, opened: &Opened) -> Span {
        let Self { spans, trace, parent } = self;
        let Opened { exchange, at, method, route, provider, model, .. } = opened;
        let span = json!({
            "traceId": trace,
            "spanId": hex(&random::<8>()),
            "parentSpanId": parent.as_deref().unwrap_or_default(),
            "name": format!("{method} {route}"),
            // Of a server.
            "kind": 2,
            "startTimeUnixNano": at.as_nanosecond().to_string(),
        });
        let attributes = [
            ("blotter.exchange", Some(exchange.to_string())),
            ("blotter.route", Some(route.clone())),
            ("blotter.provider", Some(provider.clone())),
            ("http.request.method", Some(method.clone())),
            ("gen_ai.request.model", model.clone()),
        ];
        let attributes = attributes.into_iter().filter_map(|(key, text)| Some(of_text(key, &text?))).collect();
        Span { spans: Arc::clone(spans), begun: *at, span, attributes }
    }
}

impl Span {
    /// Ends it, and has it sent.
    pub(super) fn end(self, closed: &Closed, metrics: &Metrics) {
        let Self { spans, begun, mut span, mut attributes } = self;
        let Closed { outcome, reason, status, usage, timings, .. } = closed;
        let end = begun.as_nanosecond() + i128::from(timings.total_us) * 1000;
        let numbers = [
            ("http.response.status_code", status.map(u64::from)),
            ("gen_ai.usage.input_tokens", usage.input),
            ("gen_ai.usage.output_tokens", usage.output),
            ("blotter.redact_us", Some(timings.redact_us)),
            ("blotter.commit_us", Some(timings.commit_us)),
            ("blotter.first_byte_us", timings.first_byte_us),
        ];
        attributes.push(of_text("blotter.outcome", outcome.name()));
        attributes.extend(reason.as_ref().map(|reason| of_text("error.type", reason)));
        attributes.extend(numbers.into_iter().filter_map(|(key, number)| Some(of_number(key, number?))));
        span["endTimeUnixNano"] = json!(end.to_string());
        span["attributes"] = Value::Array(attributes);
        if matches!(outcome, Outcome::Interrupted | Outcome::TimedOut | Outcome::UpstreamFailed) {
            span["status"] = json!({ "code": 2 });
        }
        if !spans.add(span) {
            metrics.spans("dropped", 1);
        }
    }
}

impl Spans {
    /// Takes a span if there is room.
    fn add(&self, span: Value) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() == MOST {
            return false;
        }
        waiting.push(span);
        if waiting.len() == ENOUGH {
            self.enough.notify_one();
        }
        true
    }

    fn take(&self) -> Vec<Value> {
        std::mem::take(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Gateway {
    /// Sends spans, as long as it is not dropped.
    pub(super) async fn keep_sending_spans(&self) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = self.spans.enough.notified() => {}
            }
            self.send_spans().await;
        }
    }

    /// Sends what waits, once.
    pub(super) async fn send_spans(&self) {
        let live = self.live.load_full();
        let (spans, Some(otlp)) = (self.spans.take(), &live.ruleset.otlp) else { return };
        if spans.is_empty() {
            return;
        }
        let count = spans.len();
        let request = Request::post(otlp.reveal()).header(CONTENT_TYPE, "application/json");
        let request = request.body(message(spans)).expect("the address was checked at the start");
        let failed = match tokio::time::timeout(PATIENCE, live.client.to(Purpose::Calls).request(request)).await {
            Ok(Ok(response)) if response.status().is_success() => return self.metrics.spans("sent", count),
            Ok(Ok(response)) => format!("status {}", response.status().as_u16()),
            Ok(Err(error)) => cause(&error),
            Err(_) => format!("no answer within {} seconds", PATIENCE.as_secs()),
        };
        self.metrics.spans("failed", count);
        tracing::warn!(count, failed, "the collector did not take spans, which are dropped");
    }
}

fn message(spans: Vec<Value>) -> Outgoing {
    let service = [of_text("service.name", "blotter"), of_text("service.version", env!("CARGO_PKG_VERSION"))];
    let scope = json!({ "scope": { "name": "blotter" }, "spans": spans });
    let all = json!({ "resourceSpans": [{ "resource": { "attributes": service }, "scopeSpans": [scope] }] });
    all.to_string().into()
}

fn of_text(key: &str, text: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": text } })
}

/// JSON numbers are not whole ones everywhere, so OTLP writes these as texts.
fn of_number(key: &str, number: u64) -> Value {
    json!({ "key": key, "value": { "intValue": number.to_string() } })
}
