//! The work on a body, where it does not keep other exchanges waiting.

use std::sync::Arc;

use bytes::Bytes;
use hyper::StatusCode;

use super::Gateway;
use super::recognise::Answered;
use super::refused::Refused;
use super::reload::Live;
use crate::provider::Dialect;
use crate::redact::Media;

/// Bodies longer than this are scanned on a thread of their own, so that other exchanges go on meanwhile.
const LONG_BODY: usize = 16 << 10;

/// What recogniser services say about the texts of a body; `None` where there is no service. Headers and address are
/// protocol, which a language model takes for names.
pub(super) async fn recognise(
    gateway: &Arc<Gateway>,
    live: &Live,
    dialect: &'static Dialect,
    body: &Bytes,
    media: &Media,
) -> Result<Option<Answered>, Refused> {
    if live.recognisers.is_empty() {
        return Ok(None);
    }
    let (gateway, ruleset) = (Arc::clone(gateway), Arc::clone(&live.ruleset));
    let (length, body, media) = (body.len(), body.clone(), media.clone());
    let list = move || gateway.redactor(&ruleset).texts(&body, &media, dialect, gateway.recognised_key.clone());
    let texts = scan(length, list).await?;
    live.recognisers.ask(&texts).await.map(Some)
}

/// Does the work on a body of this length: where it is long, on a thread of its own.
pub(super) async fn scan<T: Send + 'static>(
    length: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refused> {
    match length > LONG_BODY {
        true => tokio::task::spawn_blocking(work).await.map_err(|_| internal()),
        false => Ok(work()),
    }
}

fn internal() -> Refused {
    let message =
        "Blotter could not scan the request, so it was not forwarded: try again, and report it if it happens twice.";
    Refused::request(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
}
