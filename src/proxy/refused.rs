//! Why an exchange did not get its answer, and what the caller is told.

use std::time::Duration;

use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};

use super::body::Body;
use crate::audit::{AuditError, Outcome};
use crate::provider::{Dialect, Refusal};

/// An exchange that ends without the provider's answer.
#[derive(Debug)]
pub(super) struct Refused {
    pub status: StatusCode,
    /// For programs and for the log, as in `json/duplicate-key`.
    pub code: &'static str,
    /// What happened, to what, and what to do. Never a value.
    pub message: String,
    pub outcome: Outcome,
    /// After how many seconds the same request may go.
    pub retry_after: Option<u64>,
}

/// The log cannot be written.
const UNWRITABLE: &str = "audit/unwritable";

impl Refused {
    /// The caller's request cannot be forwarded as it is.
    pub(super) fn request(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), outcome: Outcome::Refused, retry_after: None }
    }

    /// The opening entry could not be written, so nothing is forwarded.
    pub(super) fn log(error: &AuditError) -> Self {
        let message = "Blotter cannot write its audit log, so nothing was forwarded. \
            Tell whoever runs it to look at its own log; then try again.";
        Self::busy(if error.is_of_one_entry() { "audit/refused" } else { UNWRITABLE }, message)
    }

    /// Whether the log takes an entry about it; how many it could not take is in the one that says that it goes on.
    pub(super) fn can_be_logged(&self) -> bool {
        self.code != UNWRITABLE
    }

    /// The proxy cannot take the request just now.
    pub(super) fn busy(code: &'static str, message: impl Into<String>) -> Self {
        Self { retry_after: Some(5), ..Self::request(StatusCode::SERVICE_UNAVAILABLE, code, message) }
    }

    /// The caller asks for too much at a time.
    pub(super) fn too_many(code: &'static str, message: impl Into<String>, wait: Duration) -> Self {
        let retry_after = Some(wait.as_secs_f64().ceil() as u64);
        Self { retry_after, ..Self::request(StatusCode::TOO_MANY_REQUESTS, code, message) }
    }

    /// The provider could not be reached or broke off.
    pub(super) fn upstream(code: &'static str, message: impl Into<String>) -> Self {
        let (status, message) = (StatusCode::BAD_GATEWAY, message.into());
        Self { status, code, message, outcome: Outcome::UpstreamFailed, retry_after: None }
    }

    /// The provider took too long.
    pub(super) fn timed_out(message: impl Into<String>) -> Self {
        let (status, message) = (StatusCode::GATEWAY_TIMEOUT, message.into());
        Self { status, code: "upstream/timeout", message, outcome: Outcome::TimedOut, retry_after: None }
    }

    /// The exchange took too long, all in all.
    pub(super) fn overtime() -> Self {
        let message = "The exchange took longer than Blotter allows in all: ask for less, or raise `exchange_seconds`.";
        Self { code: "exchange/timeout", ..Self::timed_out(message) }
    }

    /// The same before it has a shape.
    pub(super) fn to_refusal(&self) -> Refusal {
        Refusal { status: self.status.as_u16(), code: self.code, message: self.message.clone() }
    }

    /// The answer that the caller gets, in the shape of the API that it speaks.
    pub(super) fn response(self, dialect: &Dialect) -> Response<Body> {
        let mut response = Response::new(Body::full((dialect.refusal)(&self.to_refusal())));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // SDKs try again after a 5xx: right for a provider in trouble, wrong for a request that will be refused again.
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        } else if self.outcome == Outcome::Refused {
            headers.insert("x-should-retry", HeaderValue::from_static("false"));
        }
        response
    }
}
