//! A text that cannot leave, as its sender is told.

use hyper::StatusCode;

use super::refused::Refused;
use crate::redact::Unfit;
use crate::wire::json::JsonError;

impl From<Unfit> for Refused {
    fn from(unfit: Unfit) -> Self {
        let (status, code) = match &unfit {
            Unfit::Blocked { .. } => (StatusCode::FORBIDDEN, "policy/blocked"),
            Unfit::Json(JsonError::DuplicateKey { .. }) => (StatusCode::BAD_REQUEST, "json/duplicate-key"),
            Unfit::Json(JsonError::Syntax { .. }) => (StatusCode::BAD_REQUEST, "json/syntax"),
            Unfit::Json(JsonError::TooDeep { .. }) => (StatusCode::BAD_REQUEST, "json/too-deep"),
            Unfit::Json(JsonError::TooLong) => (StatusCode::PAYLOAD_TOO_LARGE, "json/too-long"),
            Unfit::Json(JsonError::TooMany { .. }) => (StatusCode::PAYLOAD_TOO_LARGE, "json/too-many-strings"),
            Unfit::Json(JsonError::Utf8 { .. }) => (StatusCode::BAD_REQUEST, "json/not-utf8"),
            Unfit::Cut => (StatusCode::NOT_IMPLEMENTED, "request/upload-in-pieces"),
            Unfit::Multipart(_) => (StatusCode::BAD_REQUEST, "request/multipart"),
            Unfit::PartCoding => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "request/part-encoding"),
            Unfit::PartName => (StatusCode::BAD_REQUEST, "request/header"),
            Unfit::TooManyFindings(_) => (StatusCode::PAYLOAD_TOO_LARGE, "request/too-many-findings"),
            Unfit::Tokens => (StatusCode::BAD_REQUEST, "request/token-ids"),
            Unfit::Uncut(_) => (StatusCode::PAYLOAD_TOO_LARGE, "request/too-large"),
            Unfit::Unasked => (StatusCode::INTERNAL_SERVER_ERROR, "service/unasked"),
            Unfit::Unread(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "request/unread"),
        };
        let message = match &unfit {
            Unfit::Json(JsonError::TooMany { .. }) => {
                format!("The request was not forwarded: {unfit}; send less at a time, or raise `strings`.")
            }
            Unfit::TooManyFindings(_) => format!("The request was not forwarded: {unfit}."),
            Unfit::Blocked { .. } | Unfit::Unasked => format!("Blotter did not forward the request: {unfit}."),
            _ => format!("Blotter cannot read the request, so it was not forwarded: {unfit}."),
        };
        Self::request(status, code, message)
    }
}
