//! The opening of a WebSocket (RFC 6455, section 4), once with the caller and once with the provider.

use std::borrow::Cow;

use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::{Method, Request, Response, StatusCode, Version};

use super::super::body::Body;
use super::super::headers;
use super::super::outgoing::Outgoing;
use super::super::refused::Refused;
use crate::crypto;
use crate::redact::Redactor;
use crate::route::Route;
use crate::wire::base64;

/// What is agreed on with both sides.
pub(in crate::proxy) struct Handshake {
    /// The answer to the caller's key.
    accept: HeaderValue,
    /// The key that the provider gets.
    key: String,
    /// The subprotocols that the caller speaks, as it wrote them.
    protocols: Vec<String>,
}

/// What both sides append to a key before they hash it.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Whether a request asks for a WebSocket.
pub(in crate::proxy) fn is_asked(request: &Request<Incoming>) -> bool {
    let is_websocket = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"websocket");
    request.method() == Method::GET
        && request.version() == Version::HTTP_11
        && request.headers().get(UPGRADE).is_some_and(is_websocket)
}

impl Handshake {
    /// Takes the handshake out of a caller's headers.
    pub(in crate::proxy) fn read(headers: &mut HeaderMap) -> Result<Self, Refused> {
        let key = headers.get(SEC_WEBSOCKET_KEY).and_then(|key| key.to_str().ok()).map(str::trim);
        let key = key.filter(|key| base64::decode(key).is_some_and(|key| key.bytes.len() == 16));
        let version = headers.get(SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
        let (Some(key), true) = (key, version) else {
            return Err(Refused::request(
                StatusCode::BAD_REQUEST,
                "websocket/handshake",
                "The handshake is not that of a WebSocket of version 13: use a client that speaks RFC 6455.",
            ));
        };
        let accept = HeaderValue::from_str(&accept(key)).expect("base64 is plain text");
        let protocols = headers::protocols(headers).map(str::to_owned).collect();
        for name in [SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION] {
            headers.remove(name);
        }
        Ok(Self { accept, key: crypto::base64(&crypto::random::<16>()), protocols })
    }

    /// Refuses subprotocols that hold a value: what is negotiated cannot be changed.
    pub(in crate::proxy) fn scan(&self, redactor: Redactor) -> Result<(), Refused> {
        let mut redaction = redactor.begin();
        for protocol in self.protocols.iter().filter(|protocol| !headers::is_key(protocol)) {
            if let Cow::Owned(_) = redaction.text(protocol)? {
                return Err(Refused::request(
                    StatusCode::BAD_REQUEST,
                    "websocket/protocol",
                    "A subprotocol holds a value that must not leave, and it cannot be redacted: leave it out.",
                ));
            }
        }
        Ok(())
    }

    /// Makes `request` the handshake with the provider. Where the route has a key, the caller's own stays here.
    pub(in crate::proxy) fn request(&self, mut request: Request<Outgoing>, route: &Route) -> Request<Outgoing> {
        let headers = request.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        headers.insert(SEC_WEBSOCKET_KEY, HeaderValue::from_str(&self.key).expect("base64 is plain text"));
        let is_lent = route.credential.is_some();
        let protocols: Vec<&str> =
            self.protocols.iter().map(String::as_str).filter(|name| !(is_lent && headers::is_key(name))).collect();
        if let Ok(mut protocols) = HeaderValue::from_str(&protocols.join(", "))
            && !protocols.is_empty()
        {
            protocols.set_sensitive(true);
            headers.insert(SEC_WEBSOCKET_PROTOCOL, protocols);
        }
        request
    }

    /// Checks the provider's agreement and gives the caller's.
    pub(in crate::proxy) fn accept(&self, response: &Response<Incoming>) -> Result<Response<Body>, Refused> {
        let told = response.headers();
        let says = |name: HeaderName| told.get(name).map(HeaderValue::as_bytes);
        let protocol = told.get(SEC_WEBSOCKET_PROTOCOL);
        let is_known = |protocol: &HeaderValue| self.protocols.iter().any(|known| protocol == known.as_str());
        let agreed = says(SEC_WEBSOCKET_ACCEPT) == Some(accept(&self.key).as_bytes())
            && says(SEC_WEBSOCKET_EXTENSIONS).is_none()
            && protocol.is_none_or(is_known);
        if !agreed {
            let message = "The provider's handshake is not the answer to Blotter's: check the route's `upstream`.";
            return Err(Refused::upstream("upstream/handshake", message));
        }
        let mut accepted = Response::new(Body::full(""));
        *accepted.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let mut headers = told.clone();
        headers::remove_hop_by_hop(&mut headers);
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, self.accept.clone());
        *accepted.headers_mut() = headers;
        Ok(accepted)
    }
}

fn accept(key: &str) -> String {
    crypto::base64(&crypto::sha1([key, GUID].concat().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard_holds() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
