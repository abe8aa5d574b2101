//! Why an exchange did not get its answer, and what the caller is told.

use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};

use super::body::Body;
use crate::audit::Outcome;
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
}

impl Refused {
    /// The caller's request cannot be forwarded as it is.
    pub(super) fn request(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), outcome: Outcome::Refused }
    }

    /// The log cannot be written, so nothing is forwarded.
    pub(super) fn log() -> Self {
        let message = "Blotter cannot write its audit log, so nothing was forwarded. \
            Tell whoever runs it to look at its own log; then try again.";
        Self::request(StatusCode::SERVICE_UNAVAILABLE, "audit/unwritable", message)
    }

    /// The provider could not be reached or broke off.
    pub(super) fn upstream(code: &'static str, message: impl Into<String>) -> Self {
        let (status, message) = (StatusCode::BAD_GATEWAY, message.into());
        Self { status, code, message, outcome: Outcome::UpstreamFailed }
    }

    /// The provider took too long.
    pub(super) fn timed_out(message: impl Into<String>) -> Self {
        let (status, message) = (StatusCode::GATEWAY_TIMEOUT, message.into());
        Self { status, code: "upstream/timeout", message, outcome: Outcome::TimedOut }
    }

    /// The answer that the caller gets, in the shape of the API that it speaks.
    pub(super) fn response(self, dialect: &Dialect) -> Response<Body> {
        let refusal = Refusal { status: self.status.as_u16(), code: self.code, message: self.message };
        let mut response = Response::new(Body::full((dialect.refusal)(&refusal)));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // SDKs try again after a 5xx: right for a provider in trouble, wrong for a request that will be refused again.
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        } else if self.outcome == Outcome::Refused {
            headers.insert("x-should-retry", HeaderValue::from_static("false"));
        }
        response
    }
}
