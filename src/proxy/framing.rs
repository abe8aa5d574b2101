//! One meaning for each request: what another reader could take for another request, another host or another path is refused.
//!
//! The HTTP library has parsed the head and refused what is no HTTP. What is left is what HTTP allows and readers differ about.
//! Beyond this file, a request whose length is told by chunks, or that is refused as bad, is the last of its connection.

use hyper::header::{CONNECTION, HOST, HeaderMap, HeaderValue, TRANSFER_ENCODING};
use hyper::{Request, Response, StatusCode, Uri, Version};

use super::refused::Refused;

/// Refuses a head that readers could differ about. Takes the request's parts before anything of it is used.
pub(super) fn check(version: Version, uri: &Uri, headers: &HeaderMap) -> Result<(), Refused> {
    check_host(version, uri, headers)?;
    check_path(uri.path())?;
    check_length(headers)
}

/// Whether an answer has to be the last of its connection: after it, readers may differ about where the next request begins.
pub(super) fn is_last<B>(request: &Request<B>) -> bool {
    request.headers().contains_key(TRANSFER_ENCODING)
}

/// Ends the connection after this answer, where the protocol has an end for it.
pub(super) fn end_connection<B>(response: &mut Response<B>) {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
}

fn check_host(version: Version, uri: &Uri, headers: &HeaderMap) -> Result<(), Refused> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err(bad("request/host", "The request has more than one `host`: send one."));
    }
    if host.is_some_and(|host| !is_host(host.as_bytes())) {
        return Err(bad("request/host", "The request's `host` is no host and port: send the one that the URL has."));
    }
    if version >= Version::HTTP_2 {
        let authority = uri.authority().map(|authority| authority.as_str());
        let differs = host.zip(authority).is_some_and(|(host, authority)| !same(host.as_bytes(), authority.as_bytes()));
        return match differs {
            true => Err(bad("request/host", "The request's `host` and `:authority` differ: send one of them.")),
            false => Ok(()),
        };
    }
    if uri.authority().is_some() {
        let message =
            "Blotter is no forward proxy: give the client Blotter's address as its base URL, and not as its proxy.";
        return Err(bad("request/absolute", message));
    }
    match host {
        None if version == Version::HTTP_11 => Err(bad("request/host", "The request has no `host`: send one.")),
        _ => Ok(()),
    }
}

/// `name`, `1.2.3.4` or `[::1]`, with a port or without.
fn is_host(host: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(byte);
    !host.is_empty() && host.iter().all(allowed)
}

fn same(one: &[u8], other: &[u8]) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// A path that an upstream could shorten would be another path than the one that chose the tables and stands in the log.
fn check_path(path: &str) -> Result<(), Refused> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_:".contains(&byte);
    if path.bytes().all(is_plain) {
        return Ok(());
    }
    let is_dots = |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    // An encoded slash may stand in a model's name; as a segment of its own dots are refused behind it too.
    let separated = path.replace("%2f", "/").replace("%2F", "/").replace("%5c", "/").replace("%5C", "/");
    if separated.split('/').any(|segment| is_dots(segment.split(';').next().unwrap_or_default())) {
        return Err(bad(
            "request/path",
            "The request's path has `.` or `..` for a segment: send the path that is meant.",
        ));
    }
    let lower = path.to_ascii_lowercase();
    let control = |(at, _): (usize, &str)| {
        let digits = lower.get(at + 1..at + 3).unwrap_or_default();
        u8::from_str_radix(digits, 16).map_or(true, |byte| byte < b' ' || byte == 0x7f)
    };
    if path.contains('\\') || lower.contains("%5c") || lower.match_indices('%').any(control) {
        let message = "The request's path has a backslash, a control character or a broken escape: send a plain path.";
        return Err(bad("request/path", message));
    }
    Ok(())
}

/// The length is told once and plainly. Names with an underscore are taken for those with a dash by some.
fn check_length(headers: &HeaderMap) -> Result<(), Refused> {
    let mut told = headers.get_all(TRANSFER_ENCODING).iter();
    let plain = told.next().is_none_or(|value| value.as_bytes().eq_ignore_ascii_case(b"chunked"));
    if !plain || told.next().is_some() {
        let message =
            "The request's `transfer-encoding` is not `chunked`, once and alone: send that, or `content-length`.";
        return Err(bad("request/transfer-encoding", message));
    }
    const TAKEN: [&str; 5] = ["connection", "content-length", "host", "transfer-encoding", "upgrade"];
    let odd = |name: &str| name.contains('_') && TAKEN.contains(&name.replace('_', "-").as_str());
    match headers.keys().any(|name| odd(name.as_str())) {
        true => {
            Err(bad("request/header", "A header's name has `_` where one that says how to read the request has `-`."))
        }
        false => Ok(()),
    }
}

fn bad(code: &'static str, message: &str) -> Refused {
    Refused::request(StatusCode::BAD_REQUEST, code, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_reading() {
        let check = |path: &str, fine: bool| assert_eq!(check_path(path).is_ok(), fine, "{path}");
        for path in
            ["/", "/v1//x", "/v1/a.b/..c/c..", "/model/arn%3Aaws%3Abedrock%2Fx/converse", "/v1/models/x:y", "/%20"]
        {
            check(path, true);
        }
        for path in [
            "/../x",
            "/v1/..",
            "/./x",
            "/%2e%2E/x",
            "/.%2e/x",
            "/a%2f..%2fx",
            "/a%5C..%5Cx",
            "/..;a=b/x",
            "/a\\b",
            "/a%5cb",
            "/a%00",
            "/a%0d%0ab",
            "/a%7f",
            "/a%",
            "/a%2",
            "/a%zz",
        ] {
            check(path, false);
        }
    }
}
