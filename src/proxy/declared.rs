//! What a caller declares about a request for the log: what it is for, and who consented.

use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderName};

use super::headers;
use super::refused::Refused;
use crate::route::{Declaration, Route};

/// The longest that an id may be.
const LONGEST: usize = 128;

/// What a request declares, as it was written; refused if the route requires it and it is not there.
pub(super) fn declared<'h>(
    declaration: Declaration,
    headers: &'h HeaderMap,
    route: &Route,
) -> Result<Option<&'h str>, Refused> {
    let (header, missing) = match declaration {
        Declaration::Consent => (headers::CONSENT, "request/no-consent"),
        Declaration::Purpose => (headers::PURPOSE, "request/no-purpose"),
    };
    match headers.get(&header) {
        Some(value) => value.to_str().ok().filter(|id| is_id(id)).map(Some).ok_or_else(|| malformed(&header)),
        None if !route.require.contains(&declaration) => Ok(None),
        None => {
            let message = format!("The route `{}` requires the header `{header}`: send it with an id.", route.name);
            Err(Refused::request(StatusCode::BAD_REQUEST, missing, message))
        }
    }
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn malformed(header: &HeaderName) -> Refused {
    let message = format!("The header `{header}` holds no id: send up to {LONGEST} ASCII characters without blanks.");
    Refused::request(StatusCode::BAD_REQUEST, "request/declaration", message)
}
