//! Forms and files of a caller's request: how a body is to be read, and what is refused because nothing can be read of it.

use std::borrow::Cow;

use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use super::refused::Refused;
use super::resumable::Step;
use crate::crypto::{hex, random};
use crate::provider::{PIECEWISE, takes_pieces};
use crate::redact::{Media, Redaction};

/// What a request brings of an upload in several. Refuses what would bring a file past Blotter.
pub(super) fn check(target: &str, headers: &HeaderMap) -> Result<Step, Refused> {
    let says = |(name, value): &(&str, &str)| {
        headers
            .get(*name)
            .is_some_and(|said| value.is_empty() || said.as_bytes().eq_ignore_ascii_case(value.as_bytes()))
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let is_resumable = query.split('&').any(|parameter| parameter.eq_ignore_ascii_case("uploadType=resumable"));
    if let Some(step) = Step::of(headers)
        && !takes_pieces(path)
        && !is_resumable
        && !PIECEWISE.iter().any(says)
    {
        return Ok(step);
    }
    Err(Refused::request(
        StatusCode::NOT_IMPLEMENTED,
        "request/upload-in-pieces",
        "Blotter does not forward a file in pieces, or past it to an address that the provider names: where a piece ends a value \
        may be cut. Send the file whole, as multipart/form-data or multipart/related, or inside the request that uses it.",
    ))
}

/// How the body is to be read.
pub(super) fn media(headers: &HeaderMap) -> Result<Media, Refused> {
    let said = headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    Media::of(said).ok_or_else(|| {
        Refused::request(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "request/content-type",
            "Blotter reads JSON, multipart/form-data and text files in UTF-8, and nothing leaves that it cannot read: send \
            `content-type: application/json`, or name the form that the body has.",
        )
    })
}

/// Takes out the content type of a body of parts. If its boundary, or anything else in it, must not leave, another comes instead.
pub(super) fn content_type(
    redaction: &mut Redaction,
    headers: &mut HeaderMap,
    media: &mut Media,
) -> Result<Option<HeaderValue>, Refused> {
    let Media::Multipart { instead, .. } = media else { return Ok(None) };
    let Some(value) = headers.remove(CONTENT_TYPE) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    if matches!(redaction.text(text)?, Cow::Borrowed(_)) {
        return Ok(Some(value));
    }
    // Nobody knows before what divides the parts then, so nobody has written it into one.
    *instead = format!("blotter-parts-{}", hex(&random::<16>()));
    let essence = text.split(';').next().unwrap_or_default();
    Ok(HeaderValue::from_str(&format!("{essence}; boundary={instead}")).ok())
}
