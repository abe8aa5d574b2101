//! The admin listener: whether the proxy lives, whether it can work, and what it counted.
//!
//! `/health` says that the process answers, `/ready` that requests would be served, `/metrics` speaks Prometheus. Nothing here
//! tells of a text, a customer or a key. What a page needs of its reader stands in [`PAGES`], and [`admitted`] is the one place
//! that checks it.

mod server;

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Body;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use crate::proxy::Gateway;

pub use server::serve;

/// A page, by its path.
struct Page {
    path: &'static str,
    reader: Reader,
    shows: Shows,
}

/// Who may read a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    /// Probes, which have no key.
    Anyone,
    /// Who runs the proxy.
    Operator,
}

#[derive(Clone, Copy)]
enum Shows {
    Health,
    Metrics,
    Readiness,
}

const PAGES: [Page; 3] = [
    Page { path: "/health", reader: Reader::Anyone, shows: Shows::Health },
    Page { path: "/metrics", reader: Reader::Operator, shows: Shows::Metrics },
    Page { path: "/ready", reader: Reader::Anyone, shows: Shows::Readiness },
];

/// The content type of Prometheus's text.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Answer = Response<Full<Bytes>>;

/// Answers one request.
async fn answer<B: Body>(gateway: Arc<Gateway>, request: Request<B>) -> Answer {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "pages here are read with GET\n".to_owned());
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return answer;
    }
    let Some(page) = PAGES.iter().find(|page| page.path == request.uri().path()) else {
        let paths = PAGES.map(|page| page.path).join(", ");
        return plain(StatusCode::NOT_FOUND, format!("no such page: there are {paths}\n"));
    };
    if !admitted(page.reader, &request) {
        return plain(StatusCode::UNAUTHORIZED, "this page needs a key\n".to_owned());
    }
    match page.shows {
        Shows::Health => plain(StatusCode::OK, "alive\n".to_owned()),
        Shows::Metrics => typed(StatusCode::OK, gateway.metrics().text(), OPEN_METRICS),
        Shows::Readiness => readiness(&gateway).await,
    }
}

/// Whether whoever sent `request` may read such a page. There are no keys for readers yet: the listener's address is the guard,
/// which the configuration refuses to be open by accident.
fn admitted<B>(reader: Reader, _request: &Request<B>) -> bool {
    match reader {
        Reader::Anyone | Reader::Operator => true,
    }
}

/// Ready is who can write the log. That newer files could not be used is told, but the old rules serve.
async fn readiness(gateway: &Gateway) -> Answer {
    let writable = gateway.log_is_writable().await;
    let (status, told) = match (gateway.is_draining(), writable) {
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "not ready: the proxy is stopping\n"),
        (false, false) => (StatusCode::SERVICE_UNAVAILABLE, "not ready: the log cannot be written\n"),
        (false, true) => (StatusCode::OK, "ready\n"),
    };
    let mut text = told.to_owned();
    text.push_str(&gateway.describe_rules());
    plain(status, text)
}

fn plain(status: StatusCode, text: String) -> Answer {
    typed(status, text, "text/plain; charset=utf-8")
}

fn typed(status: StatusCode, text: String, kind: &'static str) -> Answer {
    let mut answer = Response::new(Full::from(text));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
