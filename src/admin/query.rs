//! What stands behind the `?` of a page's address.

use std::str::FromStr;

use jiff::Timestamp;

use super::answer::Failure;
use crate::inquiry::time;

/// Names and values, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads `a=1&b=two+words%21`; what is no text is replaced.
    pub(super) fn parse(text: &str) -> Self {
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        };
        Self(text.split('&').filter(|part| !part.is_empty()).map(pair).collect())
    }

    /// The value of `name`, unless it is missing or empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// The same as something else, if it is that.
    pub(super) fn read<T: FromStr<Err: ToString>>(&self, name: &str) -> Result<Option<T>, Failure> {
        let read =
            |text: &str| text.parse::<T>().map_err(|error| Failure::asked(format!("{name}: {}", error.to_string())));
        self.text(name).map(read).transpose()
    }

    /// The same as a point in time.
    pub(super) fn time(&self, name: &str, now: Timestamp) -> Result<Option<Timestamp>, Failure> {
        self.text(name).map(|text| time(text, now)).transpose().map_err(Failure::asked)
    }
}

fn decoded(text: &str) -> String {
    let (bytes, mut decoded, mut at) = (text.as_bytes(), Vec::with_capacity(text.len()), 0);
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        let escaped = escaped.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(if byte == b'+' { b' ' } else { byte });
                at += 1;
            }
        }
    }
    String::from_utf8(decoded).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_decoded() {
        let query = Query::parse("a=1&name=two+words%21&empty=&é=%C3%A9&bad=%zz%f&lone=%ff");
        assert_eq!(query.text("name"), Some("two words!"));
        assert_eq!((query.text("empty"), query.text("é"), query.text("none")), (None, Some("é"), None));
        assert_eq!((query.text("bad"), query.text("lone")), (Some("%zz%f"), Some("\u{fffd}")));
        assert_eq!(query.read::<u8>("a").unwrap(), Some(1));
        assert!(query.read::<u8>("name").is_err());
    }
}
