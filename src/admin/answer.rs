//! Answers of the admin listener: what is in them, and the headers that keep a browser from doing anything else with it.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::channel::Channel;
use http_body_util::{Either, Full};
use hyper::body::{Body, Frame};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde::Serialize;
use tokio_util::task::AbortOnDropHandle;

use crate::audit::AuditError;

/// Whole, or as a stream of events.
pub(super) type Answer = Response<Either<Full<Bytes>, Events>>;

/// A stream of events, and the task that tells them: it ends with its connection.
pub(super) struct Events {
    channel: Channel<Bytes>,
    _telling: AbortOnDropHandle<()>,
}

impl Body for Events {
    type Data = Bytes;
    type Error = <Channel<Bytes> as Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.channel).poll_frame(context)
    }
}

/// Why a question is not answered.
#[derive(Debug)]
pub(super) struct Failure {
    pub status: StatusCode,
    /// For people; never a value.
    pub message: String,
}

/// On every answer: no script, style, font or picture but the program's own, nothing inline, no text made markup, nothing kept, and
/// no other page may embed or read it.
const HEADERS: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    ),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
];

pub(super) fn plain(status: StatusCode, text: String) -> Answer {
    typed(status, text, "text/plain; charset=utf-8")
}

pub(super) fn json(value: &impl Serialize) -> Result<Answer, Failure> {
    let text = serde_json::to_string(value).map_err(|error| Failure::internal(&error))?;
    Ok(typed(StatusCode::OK, text, "application/json"))
}

pub(super) fn typed(status: StatusCode, text: impl Into<Bytes>, kind: &'static str) -> Answer {
    with_headers(status, Either::Left(Full::new(text.into())), kind)
}

/// A stream of server-sent events.
pub(super) fn events(channel: Channel<Bytes>, telling: AbortOnDropHandle<()>) -> Answer {
    with_headers(StatusCode::OK, Either::Right(Events { channel, _telling: telling }), "text/event-stream")
}

fn with_headers(status: StatusCode, body: Either<Full<Bytes>, Events>, kind: &'static str) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    for (name, value) in HEADERS {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

impl Failure {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// The question cannot be understood.
    pub(super) fn asked(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!("the admin page could not answer: {error}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, format!("this could not be answered: {error}"))
    }

    /// For the page, which reads JSON, and for people with curl.
    pub(super) fn answer(self) -> Answer {
        let text = serde_json::json!({ "error": self.message }).to_string() + "\n";
        typed(self.status, text, "application/json")
    }
}

impl From<AuditError> for Failure {
    fn from(error: AuditError) -> Self {
        match error {
            AuditError::Ambiguous { .. } | AuditError::BadId { .. } => Self::asked(error.to_string()),
            _ => Self::internal(&error),
        }
    }
}
