//! The admin listener: whether the proxy lives and can work, what it counted, and the pages for the people who look after it.
//!
//! [`PAGES`] says for each question who may ask it, and [`guard`] is the one place that checks that. An operator sees how the proxy
//! runs, a reporter sums alone, an auditor texts, too: each look at one is an entry in the log before it is shown. The pages
//! themselves ([`files`]) hold nothing, so everybody may load them.

mod answer;
mod attempts;
mod bench;
mod comparison;
mod desk;
mod events;
mod exchange;
mod exchanges;
mod files;
mod guard;
mod login;
mod overview;
mod query;
mod reports;
mod reviews;
mod server;
mod session;
mod watched;
mod workbench;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, StatusCode};
use serde::de::DeserializeOwned;

use crate::caller::{Role, Viewer};
use crate::inquiry::Particulars;
use crate::proxy::Gateway;

use answer::{Answer, Failure, plain, typed};
use guard::Visit;
use query::Query;

pub use desk::Desk;
pub use guard::Reader;
pub use server::serve;

/// A question that can be asked here.
pub struct Page {
    /// `GET` or `POST`.
    pub method: Method,
    /// Where.
    pub path: &'static str,
    /// By whom.
    pub reader: Reader,
    shows: Shows,
}

#[derive(Clone, Copy)]
enum Shows {
    CompareCases,
    CompareStored,
    Events,
    Exchange,
    Exchanges,
    ExchangesWithValue,
    Health,
    LogIn,
    LogOut,
    Me,
    Metrics,
    Overview,
    OverviewEvents,
    Patterns,
    Readiness,
    Report,
    ReportFile,
    Reviews,
    SignOff,
    Texts,
    TryOut,
    Verify,
}

/// Whoever may see how the proxy does.
const ALL: Reader = Reader::Roles(&[Role::Auditor, Role::Operator, Role::Reporter]);
/// Whoever may see one exchange or the rules; of texts, the auditor alone.
const STAFF: Reader = Reader::Roles(&[Role::Auditor, Role::Operator]);
const AUDITOR: Reader = Reader::Roles(&[Role::Auditor]);

/// Every question, and who may ask it.
pub const PAGES: &[Page] = &[
    get("/health", Reader::Anyone, Shows::Health),
    get("/ready", Reader::Anyone, Shows::Readiness),
    get("/metrics", Reader::Collector, Shows::Metrics),
    get("/api/me", Reader::Anyone, Shows::Me),
    post("/api/login", Reader::Anyone, Shows::LogIn),
    post("/api/logout", Reader::Anyone, Shows::LogOut),
    get("/api/overview", ALL, Shows::Overview),
    get("/api/overview/events", ALL, Shows::OverviewEvents),
    get("/api/events", ALL, Shows::Events),
    get("/api/exchanges", STAFF, Shows::Exchanges),
    post("/api/exchanges/value", AUDITOR, Shows::ExchangesWithValue),
    get("/api/exchange", STAFF, Shows::Exchange),
    get("/api/texts", AUDITOR, Shows::Texts),
    get("/api/verify", STAFF, Shows::Verify),
    get("/api/patterns", STAFF, Shows::Patterns),
    post("/api/workbench", STAFF, Shows::TryOut),
    post("/api/workbench/cases", STAFF, Shows::CompareCases),
    post("/api/workbench/stored", AUDITOR, Shows::CompareStored),
    get("/api/reviews", AUDITOR, Shows::Reviews),
    post("/api/reviews/sign-off", AUDITOR, Shows::SignOff),
    get("/api/report", ALL, Shows::Report),
    get("/api/report.md", ALL, Shows::ReportFile),
];

const fn get(path: &'static str, reader: Reader, shows: Shows) -> Page {
    Page { method: Method::GET, path, reader, shows }
}

const fn post(path: &'static str, reader: Reader, shows: Shows) -> Page {
    Page { method: Method::POST, path, reader, shows }
}

/// The content type of Prometheus's text.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The longest text that a page may send.
const LONGEST: usize = 4 << 20;

/// Within which it has to arrive.
const TIME: Duration = Duration::from_secs(10);

/// A question that was let in.
struct Asked {
    viewer: Option<Viewer>,
    query: Query,
    body: Bytes,
}

/// Answers one request, and notes on `known` whether its sender is.
async fn answer(desk: &Arc<Desk>, peer: IpAddr, request: Request<Incoming>, known: &AtomicBool) -> Answer {
    let path = request.uri().path();
    if let Some(file) = files::at(path).filter(|_| is_reading(request.method())) {
        return file;
    }
    let pages = || PAGES.iter().filter(|page| page.path == path);
    let fits =
        |page: &&Page| page.method == *request.method() || page.method == Method::GET && is_reading(request.method());
    let Some(page) = pages().find(fits) else {
        let allowed: Vec<&str> = pages().map(|page| page.method.as_str()).collect();
        return nowhere(&allowed);
    };
    let answered = ask(desk, peer, page, request, known).await;
    answered.unwrap_or_else(Failure::answer)
}

fn is_reading(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

fn nowhere(allowed: &[&str]) -> Answer {
    if allowed.is_empty() {
        return Failure::new(StatusCode::NOT_FOUND, "there is no such page").answer();
    }
    let mut answer = Failure::new(StatusCode::METHOD_NOT_ALLOWED, "this page is asked for otherwise").answer();
    answer.headers_mut().extend(HeaderValue::from_str(&allowed.join(", ")).map(|value| (ALLOW, value)));
    answer
}

async fn ask(
    desk: &Arc<Desk>,
    peer: IpAddr,
    page: &Page,
    request: Request<Incoming>,
    known: &AtomicBool,
) -> Result<Answer, Failure> {
    let visit = Visit::of(peer, request.method(), request.headers());
    let viewer = guard::admit(desk, page.reader, &visit).await?;
    known.fetch_or(viewer.is_some(), Ordering::Relaxed);
    let query = Query::parse(request.uri().query().unwrap_or_default());
    let asked = Asked { viewer, query, body: body(request).await? };
    match page.shows {
        Shows::CompareCases => workbench::compare_cases(desk, &asked).await,
        Shows::CompareStored => workbench::compare_stored(desk, &asked).await,
        Shows::Events => events::list(desk, &asked).await,
        Shows::Exchange => exchange::record(desk, &asked).await,
        Shows::Exchanges => exchanges::list(desk, &asked).await,
        Shows::ExchangesWithValue => exchanges::with_value(desk, &asked).await,
        Shows::Health => Ok(plain(StatusCode::OK, "alive\n".to_owned())),
        Shows::LogIn => login::log_in(desk, &visit, &asked).await,
        Shows::LogOut => login::log_out(desk, &visit),
        Shows::Me => login::me(desk, asked.viewer.as_ref()),
        Shows::Metrics => Ok(typed(StatusCode::OK, desk.gateway.metrics().text(), OPEN_METRICS)),
        Shows::Overview => overview::now(desk, &asked).await,
        Shows::OverviewEvents => overview::stream(desk, visit, &asked),
        Shows::Patterns => workbench::files(desk, &asked),
        Shows::Readiness => Ok(readiness(&desk.gateway).await),
        Shows::Report => reports::page(desk, &asked).await,
        Shows::ReportFile => reports::markdown(desk, &asked).await,
        Shows::Reviews => reviews::list(desk, &asked).await,
        Shows::SignOff => reviews::sign_off(desk, &asked).await,
        Shows::Texts => exchange::texts(desk, &asked).await,
        Shows::TryOut => workbench::try_out(desk, &asked).await,
        Shows::Verify => exchange::verify(desk, &asked).await,
    }
}

/// The text that a page sends: JSON, which no form of another site can send.
async fn body(request: Request<Incoming>) -> Result<Bytes, Failure> {
    if request.method() != Method::POST {
        return Ok(Bytes::new());
    }
    if request.headers().get(CONTENT_TYPE).is_none_or(|kind| kind != "application/json") {
        return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send it as application/json"));
    }
    let read = Limited::new(request.into_body(), LONGEST).collect();
    match tokio::time::timeout(TIME, read).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(_)) => Err(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, format!("send at most {LONGEST} bytes"))),
        Err(_) => Err(Failure::new(StatusCode::REQUEST_TIMEOUT, "the text did not arrive in time")),
    }
}

impl Asked {
    /// Who asks.
    fn name(&self) -> Option<&str> {
        self.viewer.as_ref().map(|viewer| viewer.name.as_str())
    }

    /// Whether they have this role.
    fn is_by(&self, role: Role) -> bool {
        self.viewer.as_ref().is_some_and(|viewer| viewer.role == role)
    }

    /// How much of what happened they are told.
    fn particulars(&self) -> Particulars {
        self.viewer.as_ref().map_or(Particulars::Withheld, |viewer| Particulars::for_role(viewer.role))
    }

    /// What was sent, read. What is wrong with it is told without quoting it.
    fn form<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            Failure::asked(format!("this is not what the page sends: line {line}, column {column}"))
        })
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
