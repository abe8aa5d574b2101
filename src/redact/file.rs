//! A file inside a body, as base64 or as a `data:` URI: is it a text, and how is a changed text written again?

use std::borrow::Cow;

use crate::wire::base64::{self, Decoded};

/// A text file, and how it was written.
pub(super) struct File<'t> {
    /// What the file says.
    pub text: String,
    /// What stands before it, as in `data:text/plain;base64,`.
    head: &'t str,
    coding: Coding,
    charset: Charset,
}

enum Coding {
    Base64(Decoded),
    Percent,
}

#[derive(Clone, Copy)]
enum Charset {
    /// Every byte is a character of ISO 8859-1, so nothing is lost on the way back.
    Latin1,
    Utf8,
}

impl<'t> File<'t> {
    /// Reads what stands in a file's place; `None` where it is no text: an address, an image, a sound.
    pub(super) fn read(written: &'t str) -> Option<Self> {
        let is_data = written.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"));
        let (head, data) = if is_data { written.split_at(written.find(',')? + 1) } else { ("", written) };
        let is_base64 = !is_data || head.to_ascii_lowercase().trim_end_matches(',').ends_with(";base64");
        let coding = if is_base64 { Coding::Base64(decode(data)?) } else { Coding::Percent };
        let (text, charset) = match &coding {
            Coding::Base64(decoded) => text(&decoded.bytes)?,
            Coding::Percent => text(&percent_decode(data))?,
        };
        Some(Self { text, head, coding, charset })
    }

    /// Writes another text as this one was written.
    pub(super) fn write(&self, text: &str) -> String {
        let bytes = match self.charset {
            Charset::Latin1 => Cow::Owned(text.chars().map(|character| character as u8).collect()),
            Charset::Utf8 => Cow::Borrowed(text.as_bytes()),
        };
        let data = match &self.coding {
            Coding::Base64(decoded) => decoded.encode(&bytes),
            Coding::Percent => percent_encode(&bytes),
        };
        format!("{}{data}", self.head)
    }
}

/// The bytes, if they begin like a text: the rest of an image need not be decoded.
fn decode(data: &str) -> Option<Decoded> {
    const HEAD: usize = 256;
    let head: String = data.chars().filter(|letter| !matches!(letter, '\n' | '\r')).take(HEAD).collect();
    if head.len() == HEAD {
        text(&base64::decode(&head)?.bytes)?;
    }
    base64::decode(data).filter(|decoded| !decoded.bytes.is_empty())
}

/// What bytes say. They are a text if nothing in them controls a device.
fn text(bytes: &[u8]) -> Option<(String, Charset)> {
    let controls = |byte: &u8| matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1f | 0x7f);
    if bytes.iter().any(controls) || bytes.starts_with(b"%PDF") {
        return None;
    }
    Some(match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), Charset::Utf8),
        Err(_) => (bytes.iter().map(|byte| char::from(*byte)).collect(), Charset::Latin1),
    })
}

fn percent_decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    bytes
}

/// Writes all but what RFC 3986 calls unreserved as `%XX`.
fn percent_encode(bytes: &[u8]) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let write = |byte: &u8| if is_plain(*byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") };
    bytes.iter().map(write).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_and_written_as_it_came() {
        for written in [
            "aGkgYW5uQHgub3Jn",
            "aGk=",
            "data:text/plain;base64,aGk=",
            "DATA:text/csv;charset=utf-8;BASE64,aGk=",
            "data:,hi%20%C3%A9",
            "Z3L832U=",
        ] {
            let file = File::read(written).unwrap_or_else(|| panic!("{written} is a text"));
            assert_eq!(file.write(&file.text), written);
        }
        assert_eq!(File::read("Z3L832U=").unwrap().text, "grüße");
        assert_eq!(File::read("data:,hi%20%C3%A9").unwrap().text, "hi é");
    }

    #[test]
    fn what_is_no_text_is_no_file_here() {
        for written in
            ["https://x.org/a.png", "data:image/png;base64,iVBORw0KGgo=", "iVBORw0KGgo=", "JVBERi0xLjc=", "", "data:x"]
        {
            assert!(File::read(written).is_none(), "{written}");
        }
    }
}
