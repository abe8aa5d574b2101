//! Which headers go on, in which direction.

use std::borrow::Cow;

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Names the customer for the log; never forwarded.
pub(super) const SUBJECT: HeaderName = HeaderName::from_static("x-blotter-subject");
/// Names the conversation for the log; never forwarded.
pub(super) const CONVERSATION: HeaderName = HeaderName::from_static("x-blotter-conversation");
/// Tells the caller under which id the log has the exchange.
pub(super) const EXCHANGE: HeaderName = HeaderName::from_static("x-blotter-exchange");

/// Where SDKs put the provider's key.
const CREDENTIALS: [&str; 4] = ["authorization", "x-api-key", "x-goog-api-key", "api-key"];

/// Takes out what belongs to one connection (RFC 9110, section 7.6.1) and not to the message.
pub(super) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
    const HOP_BY_HOP: [&str; 9] = [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
}

/// Turns a caller's headers into those that the upstream gets, before their values are scanned.
pub(super) fn prepare_request(headers: &mut HeaderMap) {
    remove_hop_by_hop(headers);
    for name in [header::HOST, header::CONTENT_ENCODING, header::CONTENT_LENGTH, header::EXPECT, SUBJECT, CONVERSATION]
    {
        headers.remove(name);
    }
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
}

/// Every credential that the caller shows, without the word `Bearer`.
pub(super) fn credentials(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = CREDENTIALS.iter().flat_map(|name| headers.get_all(*name));
    values.filter_map(|value| value.to_str().ok()).map(|value| match value.split_once(' ') {
        Some((scheme, credential)) if scheme.eq_ignore_ascii_case("bearer") => credential.trim(),
        _ => value.trim(),
    })
}

/// The credential that the caller shows, if any.
pub(super) fn credential(headers: &HeaderMap) -> Option<Cow<'_, str>> {
    let header = CREDENTIALS.iter().find_map(|name| headers.get(*name));
    let header = header.map(|value| String::from_utf8_lossy(value.as_bytes()));
    header.or_else(|| protocols(headers).find(|protocol| is_key(protocol)).map(Cow::Borrowed))
}

/// The subprotocols that a WebSocket's handshake names.
pub(super) fn protocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lists = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(str::trim).filter(|protocol| !protocol.is_empty())
}

/// Whether a subprotocol is in truth a key: a browser can send none in another header.
pub(super) fn is_key(protocol: &str) -> bool {
    protocol.contains("-api-key.")
}

/// Takes every credential out.
pub(super) fn remove_credentials(headers: &mut HeaderMap) {
    for name in CREDENTIALS {
        headers.remove(name);
    }
}

/// Takes out every header that is forwarded unscanned because it carries a secret.
pub(super) fn remove_all_credentials(headers: &mut HeaderMap) {
    let names: Vec<HeaderName> = headers.keys().filter(|name| carries_credential(name)).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

/// Whether a header carries a secret that is meant for the provider or a gateway before it, and so is forwarded unscanned.
pub(super) fn carries_credential(name: &HeaderName) -> bool {
    const GATEWAYS: [&str; 3] = ["-api-key", "-auth", "-authorization"];
    CREDENTIALS.contains(&name.as_str()) || GATEWAYS.iter().any(|ending| name.as_str().ends_with(ending))
}
