//! A caller's request becomes one that may leave: address, headers and body, each scanned.

use std::borrow::Cow;
use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri};

use super::outgoing::Outgoing;
use super::places::{Crowded, Flight};
use super::refused::Refused;
use super::{headers, upload};
use crate::caller;
use crate::config::Limits;
use crate::policy::Exemption;
use crate::provider::Dialect;
use crate::redact::{Account, Facts, Media, Paused, Redacted, Redaction, Vault};
use crate::route::{Credential, Route};

/// A request as the caller sent it, without its body.
pub(super) struct Received {
    pub method: Method,
    /// What follows the route's name: raw path and query.
    pub target: String,
    pub headers: HeaderMap,
    /// How the body is to be read; JSON where there is none.
    pub media: Media,
    /// What of it may leave unread.
    pub exempt: Vec<Exemption>,
}

/// The body of a request as the caller sent it.
pub(super) enum Payload {
    /// A file or a form, which is taken in as it comes.
    Coming(Incoming),
    /// All of it.
    Whole(Bytes),
}

/// A request fit to leave.
pub(super) struct Clean {
    pub method: Method,
    pub target: String,
    /// The target without its query, for the log.
    pub path: String,
    pub headers: HeaderMap,
    pub body: Outgoing,
    /// What the log gets of the body.
    pub logged: Bytes,
    /// How many bytes of the body it does not get, because there are too many.
    pub unlogged: usize,
    pub facts: Facts,
}

/// What scanning a request gave: the request, or why it is refused; and what was seen on the way, in either case.
pub(super) struct Cleaned {
    pub request: Result<Clean, Refused>,
    pub vault: Vault,
    pub account: Account,
}

/// Whether requests of this method are forwarded: no API here uses another, and a method's name would leave unscanned.
pub(super) fn is_forwarded(method: &Method) -> bool {
    const FORWARDED: [Method; 7] =
        [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    FORWARDED.contains(method)
}

/// Refuses what cannot be read before it is read.
pub(super) fn check_head(method: &Method, headers: &HeaderMap, limits: &Limits) -> Result<(), Refused> {
    if headers.len() > limits.headers {
        return Err(Refused::request(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "request/headers",
            format!("The request has more than {} headers: send fewer, or raise `headers`.", limits.headers),
        ));
    }
    if !is_forwarded(method) {
        return Err(Refused::request(
            StatusCode::METHOD_NOT_ALLOWED,
            "request/method",
            "Blotter forwards GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS only.",
        ));
    }
    if headers.contains_key("upgrade") {
        return Err(Refused::request(
            StatusCode::NOT_IMPLEMENTED,
            "request/upgrade",
            "Blotter forwards no upgraded connections but WebSocket over HTTP/1.1: use that, or the API's HTTP endpoints.",
        ));
    }
    Ok(())
}

/// Refuses headers for Blotter that it does not know, or that are there twice: a misspelled `x-blotter-subject` would leave a customer
/// without a name in the log, and their texts beyond erasure, as would the second of two.
pub(super) fn check_own_headers(headers: &HeaderMap) -> Result<(), Refused> {
    let message = if headers::has_unknown_of_ours(headers) {
        "A header's name begins with `x-blotter-` and is none that Blotter knows: it takes `x-blotter-subject`, \
        `x-blotter-conversation`, `x-blotter-purpose` and `x-blotter-consent`."
            .to_owned()
    } else if let Some(name) = headers::told_twice(headers) {
        format!("The header `{name}` is there more than once: send it once.")
    } else {
        return Ok(());
    };
    Err(Refused::request(StatusCode::BAD_REQUEST, "request/own-header", message))
}

/// Refuses a caller's signature that would be wrong for the upstream, unless the route has a key of its own.
pub(super) fn check_signature(headers: &HeaderMap, target: &str, route: &Route) -> Result<(), Refused> {
    let is_signed = headers.get(AUTHORIZATION).is_some_and(|value| value.as_bytes().starts_with(b"AWS4-"));
    // A signature in the address cannot be taken out, as the address goes verbatim.
    let is_presigned = target.split(['?', '&']).any(|parameter| parameter.starts_with("X-Amz-Signature="));
    if !is_presigned && (!is_signed || route.credential.is_some()) {
        return Ok(());
    }
    Err(Refused::request(
        StatusCode::BAD_REQUEST,
        "request/signed",
        "The request is signed (SigV4) over its host and body, which Blotter changes: use a bearer key instead, as in \
        `AWS_BEARER_TOKEN_BEDROCK`, or give the route a `credential`.",
    ))
}

/// Reads a caller's whole body, within the limits on its size and time.
pub(super) async fn read(body: Incoming, limits: &Limits, flight: &mut Flight) -> Result<Bytes, Refused> {
    let reading = collect(Limited::new(body, limits.request_bytes), flight);
    match tokio::time::timeout(Duration::from_secs(limits.request_seconds), reading).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(limits.request_bytes, "request_bytes")),
        Ok(Err(error)) => Err(match error.downcast::<Crowded>() {
            Ok(crowded) => (*crowded).into(),
            Err(_) => broken_off(),
        }),
        Err(_) => Err(too_slow(limits)),
    }
}

/// The body is longer than the setting `limit` lets it be.
pub(super) fn too_large(bytes: usize, limit: &str) -> Refused {
    let message = format!("The request is longer than {bytes} bytes: shorten it, or raise `{limit}`.");
    Refused::request(StatusCode::PAYLOAD_TOO_LARGE, "request/too-large", message)
}

/// The body did not come to its end.
pub(super) fn broken_off() -> Refused {
    let message = "The request's body broke off before its end: send it again.";
    Refused::request(StatusCode::BAD_REQUEST, "request/broken-off", message)
}

/// The body took too long to come.
pub(super) fn too_slow(limits: &Limits) -> Refused {
    let message = format!("The request did not arrive within {} seconds: send it again.", limits.request_seconds);
    Refused::request(StatusCode::REQUEST_TIMEOUT, "request/timeout", message)
}

/// Reads a body to its end, counting its bytes as they come: what is only announced takes no place.
async fn collect(mut body: Limited<Incoming>, flight: &mut Flight) -> Result<Bytes, Box<dyn Error + Send + Sync>> {
    let mut pieces = Vec::new();
    while let Some(frame) = body.frame().await {
        // Trailers are not forwarded.
        let Ok(bytes) = frame?.into_data() else { continue };
        flight.grow(bytes.len())?;
        pieces.push(bytes);
    }
    Ok(if pieces.len() == 1 { pieces.swap_remove(0) } else { pieces.concat().into() })
}

/// Scans and redacts everything of a request that leaves, where its body is all there.
pub(super) fn clean(redaction: Redaction, dialect: &'static Dialect, received: Received, body: Bytes) -> Cleaned {
    let exempt = received.exempt.clone();
    let mut redaction = redaction.exempting(&exempt);
    let request = clean_head(&mut redaction, dialect, received).and_then(|(clean, media)| {
        if body.is_empty() {
            return Ok(clean);
        }
        let Redacted { bytes, logged, facts } = redaction.body(body, &media, dialect)?;
        Ok(clean.with(bytes.into(), logged, facts))
    });
    Cleaned::of(request, redaction.pause())
}

/// Scans and redacts what is not the body, and tells how the body is to be read.
pub(super) fn clean_head(
    redaction: &mut Redaction,
    dialect: &'static Dialect,
    received: Received,
) -> Result<(Clean, Media), Refused> {
    let Received { method, target, mut headers, mut media, .. } = received;
    check_target(redaction, &target)?;
    headers::prepare_request(&mut headers);
    let content_type = upload::content_type(redaction, &mut headers, &mut media)?;
    redact_headers(redaction, &mut headers)?;
    headers.extend(content_type.map(|value| (CONTENT_TYPE, value)));
    let raw_path = target.split('?').next().unwrap_or_default();
    let model = dialect.model_in(raw_path).or_else(|| model_in_query(&target));
    let model = model.map(|model| redaction.text_for_log(model)).transpose()?;
    let facts = Facts { model, ..Facts::default() };
    let path = redaction.text_for_log(raw_path)?;
    let (logged, unlogged) = Default::default();
    Ok((Clean { method, target, path, headers, body: Outgoing::Bytes(None), logged, unlogged, facts }, media))
}

/// The model that a WebSocket's address names.
fn model_in_query(target: &str) -> Option<&str> {
    let (_, query) = target.split_once('?')?;
    let parameters = query.split('&').filter_map(|parameter| parameter.split_once('='));
    parameters.filter(|(name, _)| matches!(*name, "deployment" | "model")).map(|(_, value)| value).next()
}

/// The address goes verbatim or not at all.
fn check_target(redaction: &mut Redaction, target: &str) -> Result<(), Refused> {
    let decoded = percent_decode(&without_keys(target));
    // In a query a `+` may be a blank or a plus.
    let with_blanks = decoded.replace('+', " ");
    let mut readings = vec![&decoded];
    readings.extend(Some(&with_blanks).filter(|other| **other != decoded));
    for reading in readings {
        // What one reading shows is refused, and not counted again in the other.
        if !matches!(redaction.text(reading)?, Cow::Borrowed(_)) {
            return Err(Refused::request(
                StatusCode::BAD_REQUEST,
                "request/value-in-url",
                "The request's URL holds a value that must not leave, and a URL cannot be redacted: send it in the body.",
            ));
        }
    }
    Ok(())
}

/// A target without the provider's keys in its query, which go on as those in headers do.
fn without_keys(target: &str) -> String {
    const KEYS: [&str; 5] = ["access_token", "api-key", "api_key", "key", "upload_id"];
    /// Longer than any value that is no key and has no blank in it.
    const LONG: usize = 36;
    let Some((path, query)) = target.split_once('?') else { return target.to_owned() };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"%-./_".contains(&byte);
    let is_key = |(name, value): (&str, &str)| {
        KEYS.contains(&name) && value.len() > LONG && value.bytes().all(fits) && !caller::is_key(value)
    };
    let scanned: Vec<&str> =
        query.split('&').filter(|parameter| !parameter.split_once('=').is_some_and(is_key)).collect();
    format!("{path}?{}", scanned.join("&"))
}

fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let byte = escape.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn redact_headers(redaction: &mut Redaction, headers: &mut HeaderMap) -> Result<(), Refused> {
    let traced = headers::trace(headers).is_some();
    for (name, value) in headers.iter_mut() {
        if redaction.withholds(name.as_str())? {
            let message =
                "A header holds a value in its name, in whose place no other can stand: leave the header out.";
            return Err(Refused::request(StatusCode::BAD_REQUEST, "request/header", message));
        }
        if headers::carries_credential(name) || (traced && name == headers::TRACE) {
            continue;
        }
        let unreadable = || {
            let message =
                format!("The header `{name}` is not UTF-8, so it cannot be scanned: leave it out or send it as text.");
            Refused::request(StatusCode::BAD_REQUEST, "request/header", message)
        };
        let text = std::str::from_utf8(value.as_bytes()).map_err(|_| unreadable())?;
        if let Cow::Owned(redacted) = redaction.text(text)? {
            *value = HeaderValue::from_bytes(redacted.as_bytes()).map_err(|_| unreadable())?;
        }
    }
    Ok(())
}

impl Cleaned {
    pub(super) fn of(request: Result<Clean, Refused>, paused: Paused) -> Self {
        let (vault, account) = paused.finish();
        Self { request, vault, account }
    }
}

impl Clean {
    /// The same with a body.
    pub(super) fn with(self, body: Outgoing, logged: Bytes, mut facts: Facts) -> Self {
        facts.model = facts.model.or(self.facts.model);
        Self { body, logged, facts, ..self }
    }

    /// The request for the upstream, with the route's own credential or the caller's.
    pub(super) fn into_request(self, route: &Route) -> Result<Request<Outgoing>, Refused> {
        let slash = if self.target.starts_with('/') { "" } else { "/" };
        let uri = format!("{}{slash}{}", route.upstream, self.target).parse::<Uri>().map_err(|_| {
            let message = "The request's path cannot be part of a URL: check the base URL that the client was given.";
            Refused::request(StatusCode::BAD_REQUEST, "request/path", message)
        })?;
        let mut request = Request::new(self.body);
        *request.method_mut() = self.method;
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers;
        if let Some(credential) = &route.credential {
            lend(credential, request.headers_mut());
        }
        Ok(request)
    }
}

fn lend(credential: &Credential, headers: &mut HeaderMap) {
    headers::remove_credentials(headers);
    let name = hyper::header::HeaderName::from_bytes(credential.header.as_bytes());
    if let (Ok(name), Ok(mut value)) = (name, HeaderValue::from_str(credential.value.reveal())) {
        value.set_sensitive(true);
        headers.insert(name, value);
    }
}
