//! Which headers go on, in which direction.

use std::borrow::Cow;

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Names the customer for the log; never forwarded.
pub(super) const SUBJECT: HeaderName = HeaderName::from_static("x-blotter-subject");
/// Names the conversation for the log; never forwarded.
pub(super) const CONVERSATION: HeaderName = HeaderName::from_static("x-blotter-conversation");
/// Says for the log what a request is for; never forwarded.
pub(super) const PURPOSE: HeaderName = HeaderName::from_static("x-blotter-purpose");
/// Says for the log by which consent a request is made; never forwarded.
pub(super) const CONSENT: HeaderName = HeaderName::from_static("x-blotter-consent");
/// What callers tell the log.
const TOLD: [HeaderName; 4] = [SUBJECT, CONVERSATION, PURPOSE, CONSENT];
/// Tells the caller under which id the log has the exchange.
pub(super) const EXCHANGE: HeaderName = HeaderName::from_static("x-blotter-exchange");

/// Says where in a trace a request belongs.
pub(super) const TRACE: HeaderName = HeaderName::from_static("traceparent");

/// What belongs to a signature of a request to AWS (SigV4), beside `authorization`.
const SIGNATURE: [&str; 3] = ["x-amz-content-sha256", "x-amz-date", "x-amz-security-token"];

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
    const OWN: [HeaderName; 4] = [header::HOST, header::CONTENT_ENCODING, header::CONTENT_LENGTH, header::EXPECT];
    for name in OWN.into_iter().chain(TOLD) {
        headers.remove(name);
    }
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
}

/// Whether a header is meant for Blotter, and none that it knows: what it says would be lost for the log.
pub(super) fn has_unknown_of_ours(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| name.as_str().starts_with("x-blotter-") && !TOLD.contains(name))
}

/// What is told to the log more than once, and could be there only as one of them.
pub(super) fn told_twice(headers: &HeaderMap) -> Option<HeaderName> {
    TOLD.into_iter().find(|name| headers.get_all(name).iter().nth(1).is_some())
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
    for name in CREDENTIALS.into_iter().chain(SIGNATURE) {
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

/// The caller's place in a distributed trace (W3C Trace Context), if it is one and well formed: then it is an id and nothing else.
pub(super) fn trace(headers: &HeaderMap) -> Option<&str> {
    let mut told = headers.get_all(TRACE).iter();
    let text = told.next()?.to_str().ok().filter(|_| told.next().is_none())?;
    let lengths = text.split('-').map(str::len);
    let is_hex = |byte: u8| byte == b'-' || byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (lengths.eq([2, 32, 16, 2]) && text.bytes().all(is_hex)).then_some(text)
}

/// Whether a header carries a secret that is meant for the provider or a gateway before it, and so is forwarded unscanned.
pub(super) fn carries_credential(name: &HeaderName) -> bool {
    const GATEWAYS: [&str; 3] = ["-api-key", "-auth", "-authorization"];
    CREDENTIALS.contains(&name.as_str()) || GATEWAYS.iter().any(|ending| name.as_str().ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_taken_for_one_only_when_it_is_well_formed() {
        let check = |values: &[&'static str], fine: bool| {
            let headers: HeaderMap = values.iter().map(|value| (TRACE, HeaderValue::from_static(value))).collect();
            assert_eq!(trace(&headers).is_some(), fine, "{values:?}");
        };
        const TRACED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        check(&[TRACED], true);
        check(&[TRACED, TRACED], false);
        check(&["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-536-90-4399"], false);
        check(&["00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01"], false);
        check(&["ann@x.org"], false);
    }
}
