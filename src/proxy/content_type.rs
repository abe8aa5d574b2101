//! What an answer is made of, by its content type or, where that says little, by how it begins.

use hyper::header::{self, HeaderMap, HeaderValue};

use super::incoming::Source;
use crate::provider::Dialect;
use crate::wire::frame::Framing;

/// How the answer is cut, by its content type; `None` for what holds no text to restore.
pub(super) fn framing(headers: &HeaderMap, dialect: &Dialect) -> Option<Framing> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Some(dialect.json) };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "text/event-stream" => Some(Framing::Events),
        "application/vnd.amazon.eventstream" => Some(Framing::Messages),
        "application/jsonl"
        | "application/jsonlines"
        | "application/stream+json"
        | "application/x-jsonl"
        | "application/x-jsonlines"
        | "application/x-ndjson" => Some(Framing::Lines),
        essence if essence == "application/json" || essence.ends_with("+json") => Some(dialect.json),
        "application/binary" | "application/octet-stream" | "binary/octet-stream" => dialect.bytes,
        "application/x-subrip" | "application/xml" => Some(Framing::Text).filter(|_| is_unicode(value)),
        essence if essence.starts_with("text/") => Some(Framing::Text).filter(|_| is_unicode(value)),
        _ => None,
    }
}

/// Whether the content type is one that some servers give to everything.
pub(super) fn says_little(headers: &HeaderMap) -> bool {
    let said = headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes).to_ascii_lowercase();
    let essence = said.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    [&b""[..], b"application/json", b"application/octet-stream", b"text/plain"].contains(&essence)
}

/// Whether an answer begins like an event stream. No JSON text does.
pub(super) async fn has_events(source: &mut Source) -> bool {
    const FIELDS: [&[u8]; 5] = [b":", b"data:", b"event:", b"id:", b"retry:"];
    const LONGEST: usize = "\u{feff}".len() + "event:".len();
    let head = source.head(LONGEST).await;
    let head = head.strip_prefix("\u{feff}".as_bytes()).unwrap_or(head);
    FIELDS.iter().any(|field| head.starts_with(field))
}

/// Whether a text of this content type is in UTF-8, as it is where nothing else is said.
fn is_unicode(content_type: &HeaderValue) -> bool {
    let said = content_type.to_str().unwrap_or_default().to_ascii_lowercase();
    let charset = said.split(';').filter_map(|parameter| parameter.trim().strip_prefix("charset=")).next();
    charset.is_none_or(|charset| matches!(charset.trim_matches('"'), "ascii" | "us-ascii" | "utf-8" | "utf8"))
}

/// Whether an answer is sound, pictures or a file: no text that a guard could read.
pub(super) fn is_media(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes).to_ascii_lowercase();
    [&b"audio/"[..], b"image/", b"video/", b"application/octet-stream"].iter().any(|media| kind.starts_with(media))
}
