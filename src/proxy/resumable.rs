//! Uploads that take several requests: one begins it and is told an address, others bring the file there.
//!
//! The address is made to lead through here. A file that comes all at once is redacted like any other; of one in pieces no text
//! leaves, because where a piece ends a value may be cut. How long the file is, is told before it is redacted, and left out.

use hyper::body::Incoming;
use hyper::header::{HOST, HeaderMap, HeaderValue};
use hyper::{Request, Uri};

use super::refused::Refused;
use crate::config::Ruleset;
use crate::provider::RESUMABLE;
use crate::redact::{Declared, Media};
use crate::route::Route;

/// What a request does for such an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It asks for an address.
    Begin,
    /// It brings all of the file.
    Bring,
    /// It brings a piece.
    Piece,
    /// It brings nothing, or has nothing to do with it.
    Other,
}

impl Step {
    /// What the headers of a request say; `None` where they say something that is not known.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut said = headers.get_all(RESUMABLE.command).iter();
        let Some(command) = said.next() else {
            let is_begun = said_of(headers, RESUMABLE.protocol.0) == RESUMABLE.protocol.1;
            return (!is_begun).then_some(Self::Other);
        };
        let command = command.to_str().ok().filter(|_| said.next().is_none())?.to_ascii_lowercase();
        let is_first = matches!(&*said_of(headers, RESUMABLE.offset), "" | "0");
        match *command.split(',').map(str::trim).collect::<Vec<_>>() {
            ["start"] => Some(Self::Begin),
            ["upload", "finalize"] if is_first => Some(Self::Bring),
            ["upload"] | ["upload", "finalize"] => Some(Self::Piece),
            ["cancel"] | ["finalize"] | ["query"] => Some(Self::Other),
            _ => None,
        }
    }

    /// What the body is, where it is a file whatever its content type says.
    pub(super) fn media(self) -> Option<Media> {
        match self {
            Self::Begin | Self::Other => None,
            Self::Bring => Some(Media::File(Declared::default())),
            Self::Piece => Some(Media::File(Declared::piece())),
        }
    }
}

/// All values of a header, in lower case.
fn said_of(headers: &HeaderMap, name: &str) -> String {
    let values = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("?"));
    values.collect::<Vec<_>>().join(",").to_ascii_lowercase()
}

/// Takes out what is told of the file's length.
pub(super) fn remove_lengths(headers: &mut HeaderMap) {
    headers.remove(RESUMABLE.length);
}

/// The route's address as the caller of this request has it; `None` where it does not say what host it asked.
pub(super) fn own_address(ruleset: &Ruleset, route: &Route, request: &Request<Incoming>) -> Option<String> {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| request.uri().authority().map(|authority| authority.as_str()))?;
    let is_https = ruleset.tls.is_some() || said_of(request.headers(), "x-forwarded-proto") == "https";
    let scheme = if is_https { "https" } else { "http" };
    Some(format!("{scheme}://{host}/{}", route.name))
}

/// Has the address that an answer tells lead to `here`. One that leads elsewhere would have the caller talk past the proxy.
pub(super) fn lead_through(headers: &mut HeaderMap, here: Option<&str>, route: &Route) -> Result<(), Refused> {
    for name in RESUMABLE.addresses {
        let Some(told) = headers.get(*name) else { continue };
        let led = here.and_then(|here| led(told, here, route)).ok_or_else(|| {
            let message = format!(
                "The provider's `{name}` leads an upload to another place than the route, past Blotter: send the file as \
                multipart/form-data, or inside the request that uses it."
            );
            Refused::upstream("upstream/upload-address", message)
        })?;
        headers.insert(*name, led);
    }
    Ok(())
}

fn led(told: &HeaderValue, here: &str, route: &Route) -> Option<HeaderValue> {
    let told: Uri = told.to_str().ok()?.parse().ok()?;
    let origin = format!("{}://{}", told.scheme_str()?, told.authority()?);
    let mut upstreams = std::iter::once(&route.upstream).chain(&route.others);
    upstreams.find(|upstream| upstream.to_string().eq_ignore_ascii_case(&origin))?;
    HeaderValue::from_str(&format!("{here}{}", told.path_and_query()?)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_says_what_it_brings() {
        let check = |said: &[(&'static str, &'static str)], expected: Option<Step>| {
            let headers = said.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
            let mut map = HeaderMap::new();
            headers.for_each(|(name, value): (hyper::header::HeaderName, _)| {
                map.append(name, value);
            });
            assert_eq!(Step::of(&map), expected, "{said:?}");
        };
        let (command, offset) = ("x-goog-upload-command", "x-goog-upload-offset");
        check(&[], Some(Step::Other));
        check(&[("x-goog-upload-protocol", "multipart")], Some(Step::Other));
        check(&[("x-goog-upload-protocol", "resumable")], None);
        check(&[("x-goog-upload-protocol", "Resumable"), (command, "start")], Some(Step::Begin));
        check(&[(command, "upload, Finalize"), (offset, "0")], Some(Step::Bring));
        check(&[(command, "upload,finalize")], Some(Step::Bring));
        check(&[(command, "upload, finalize"), (offset, "8388608")], Some(Step::Piece));
        check(&[(command, "upload"), (offset, "0")], Some(Step::Piece));
        check(&[(command, "query")], Some(Step::Other));
        check(&[(command, "start, upload, finalize")], None);
        check(&[(command, "start"), (command, "upload, finalize")], None);
        check(&[(command, "upload, finalize"), (offset, "0"), (offset, "9")], Some(Step::Piece));
    }
}
