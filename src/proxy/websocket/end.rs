//! How a connection ends, what each side is told of it, and what the log.

use tokio_tungstenite::tungstenite::error::{CapacityError, Error};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::super::refused::Refused;
use crate::audit::Outcome;

/// One side of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Caller,
    Provider,
}

/// Why a connection ends.
#[derive(Debug)]
pub(super) enum End {
    /// A side went away without a word.
    Broken(Side),
    /// A side closed it.
    Closed(Side, Option<CloseFrame>),
    /// Nobody said anything for too long.
    Idle,
    /// A message cannot be carried.
    Refused(Refused),
    /// The proxy stops.
    Stopping,
}

impl End {
    /// What a side's failure to give its next message means, with the longest message that is allowed.
    pub(super) fn failed(side: Side, error: &Error, limit: usize) -> Self {
        match (error, side) {
            (Error::Capacity(CapacityError::MessageTooLong { .. }), Side::Caller) => Self::Refused(Refused::request(
                hyper::StatusCode::PAYLOAD_TOO_LARGE,
                "request/too-large",
                format!("A message is longer than {limit} bytes: shorten it, or raise `request_bytes`."),
            )),
            (Error::Capacity(CapacityError::MessageTooLong { .. }), Side::Provider) => {
                Self::Refused(Refused::upstream(
                    "answer/too-long",
                    "A message of the provider's is longer than allowed: raise `answer_bytes`.",
                ))
            }
            (Error::Protocol(_) | Error::Utf8(_), Side::Caller) if !is_reset(error) => Self::Refused(Refused::request(
                hyper::StatusCode::BAD_REQUEST,
                "websocket/protocol-error",
                "A message broke the rules of WebSocket (RFC 6455): use a client that keeps them.",
            )),
            _ => Self::Broken(side),
        }
    }

    /// How the log calls it, and the cause.
    pub(super) fn outcome(&self) -> (Outcome, Option<String>) {
        match self {
            Self::Broken(Side::Caller) => (Outcome::CallerGone, None),
            Self::Broken(Side::Provider) => (Outcome::UpstreamFailed, Some("upstream/broken-off".to_owned())),
            Self::Closed(_, None) => (Outcome::Complete, None),
            Self::Closed(side, Some(frame)) => {
                let code = u16::from(frame.code);
                let is_failure = *side == Side::Provider && matches!(frame.code, CloseCode::Error | CloseCode::Restart);
                let outcome = if is_failure { Outcome::UpstreamFailed } else { Outcome::Complete };
                (outcome, (code != 1000).then(|| format!("close/{code}")))
            }
            Self::Idle => (Outcome::TimedOut, Some("websocket/idle".to_owned())),
            Self::Refused(refused) => (refused.outcome, Some(refused.code.to_owned())),
            Self::Stopping => (Outcome::Interrupted, Some("proxy/stopping".to_owned())),
        }
    }

    /// What the caller's connection is closed with; `None` where it is broken off.
    pub(super) fn for_caller(&self) -> Option<Option<CloseFrame>> {
        match self {
            Self::Broken(_) => None,
            Self::Closed(_, frame) => Some(frame.clone()),
            Self::Idle => Some(close(CloseCode::Away, "nothing was said for too long")),
            Self::Refused(refused) => Some(close(code_of(refused), refused.code)),
            Self::Stopping => Some(close(CloseCode::Away, "the proxy stops")),
        }
    }

    /// What the provider's connection is closed with; a caller's reason has been scanned.
    pub(super) fn for_provider(&self) -> Option<CloseFrame> {
        match self {
            Self::Closed(_, frame) => frame.clone(),
            _ => close(CloseCode::Away, ""),
        }
    }
}

/// Whether the connection was cut, and no rule broken.
fn is_reset(error: &Error) -> bool {
    use tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake;
    matches!(error, Error::Protocol(ResetWithoutClosingHandshake))
}

fn close(code: CloseCode, reason: &'static str) -> Option<CloseFrame> {
    Some(CloseFrame { code, reason: reason.into() })
}

fn code_of(refused: &Refused) -> CloseCode {
    match refused.status.as_u16() {
        400 => CloseCode::Invalid,
        413 => CloseCode::Size,
        415 => CloseCode::Unsupported,
        401 | 403 => CloseCode::Policy,
        429 | 503 => CloseCode::Again,
        _ => CloseCode::Error,
    }
}
