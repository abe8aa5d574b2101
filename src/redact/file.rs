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

/// How a text's characters were written as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    /// UTF-8 but for some bytes, each of which is a character behind [`BROKEN`].
    Broken,
    /// Every byte is a character of ISO 8859-1, so nothing is lost on the way back.
    Latin1,
    /// Big-endian.
    Utf16Be,
    /// Little-endian.
    Utf16Le,
    Utf8,
}

/// What stands for a byte that is no UTF-8 is so far behind it: where no text has a character.
const BROKEN: u32 = 0x10_ff00;

impl<'t> File<'t> {
    /// Reads what stands in a file's place; `None` where it is no text: an address, an image, a sound.
    pub(super) fn read(written: &'t str) -> Option<Self> {
        let is_data = is_data(written);
        let (head, data) = if is_data { written.split_at(written.find(',')? + 1) } else { ("", written) };
        let is_base64 = !is_data || head.to_ascii_lowercase().trim_end_matches(',').ends_with(";base64");
        let coding = if is_base64 { Coding::Base64(decode(data)?) } else { Coding::Percent };
        let (text, charset) = match &coding {
            Coding::Base64(decoded) => owned(text(&decoded.bytes)?),
            Coding::Percent => owned(text(&percent_decode(data))?),
        };
        Some(Self { text, head, coding, charset })
    }

    /// Writes another text as this one was written.
    pub(super) fn write(&self, text: &str) -> String {
        let bytes = self.charset.write(text);
        let data = match &self.coding {
            Coding::Base64(decoded) => decoded.encode(&bytes),
            Coding::Percent => percent_encode(&bytes),
        };
        format!("{}{data}", self.head)
    }
}

/// Whether this may be a file in base64, a `data:` URI or the address of one; else it is a text that stands in a file's place.
pub(super) fn is_file(written: &str) -> bool {
    let is_address = written.contains("://") && !written.contains(char::is_whitespace);
    is_data(written) || is_address || is_base64(written)
}

/// Whether this is such a file itself: no address, and no name of one.
pub(super) fn is_inline(written: &str) -> bool {
    const LONGEST_NAME: usize = 256;
    is_data(written) || written.len() > LONGEST_NAME && is_base64(written)
}

fn is_data(written: &str) -> bool {
    written.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"))
}

fn is_base64(written: &str) -> bool {
    written.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=-_\r\n".contains(&byte))
}

/// What comes behind some text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Follows {
    More,
    Nothing,
}

impl Charset {
    /// The charset that a text in UTF-16 begins in: told by its mark, or by the zeros that every second byte of European text is.
    pub(super) fn wide(bytes: &[u8]) -> Option<Self> {
        let zeros = |first: usize| bytes.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count();
        let many = bytes.len() / 4;
        match bytes {
            [0xff, 0xfe, ..] => Some(Self::Utf16Le),
            [0xfe, 0xff, ..] => Some(Self::Utf16Be),
            [_, _, _, _, ..] if zeros(1) > many && zeros(0) == 0 => Some(Self::Utf16Le),
            [_, _, _, _, ..] if zeros(0) > many && zeros(1) == 0 => Some(Self::Utf16Be),
            _ => None,
        }
    }

    /// What some bytes of a text say, without a character that is cut at their end if more follow; none if they are not written
    /// so. Where most of what is no ASCII is no UTF-8 either, each byte is a character.
    pub(super) fn read(self, bytes: &[u8], follows: Follows) -> Option<(Cow<'_, str>, Self)> {
        if !matches!(self, Self::Utf16Be | Self::Utf16Le) {
            return Some(match std::str::from_utf8(bytes) {
                Err(error) if error.error_len().is_none() && follows == Follows::More => {
                    narrow(&bytes[..error.valid_up_to()])
                }
                _ => narrow(bytes),
            });
        }
        let mut units = bytes.chunks_exact(2).map(|pair| self.unit(pair));
        let is_cut = units.clone().next_back().is_some_and(|unit| (0xd800..0xdc00).contains(&unit));
        match follows {
            Follows::More if is_cut => drop(units.next_back()),
            Follows::Nothing if !bytes.len().is_multiple_of(2) => return None,
            _ => {}
        }
        let text: String = char::decode_utf16(units).collect::<Result<_, _>>().ok()?;
        (!text.contains('\0')).then_some((Cow::Owned(text), self))
    }

    /// A unit of UTF-16.
    fn unit(self, pair: &[u8]) -> u16 {
        match self {
            Self::Utf16Be => u16::from_be_bytes([pair[0], pair[1]]),
            _ => u16::from_le_bytes([pair[0], pair[1]]),
        }
    }

    /// The bytes of a text.
    pub(super) fn write(self, text: &str) -> Cow<'_, [u8]> {
        match self {
            Self::Broken => Cow::Owned(text.chars().flat_map(unbroken).collect()),
            Self::Latin1 => Cow::Owned(text.chars().map(|character| character as u8).collect()),
            Self::Utf16Be => Cow::Owned(text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
            Self::Utf16Le => Cow::Owned(text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            Self::Utf8 => Cow::Borrowed(text.as_bytes()),
        }
    }
}

/// The bytes, if they begin like a text: the rest of an image need not be decoded.
fn decode(data: &str) -> Option<Decoded> {
    const HEAD: usize = 256;
    let head: String = data.chars().filter(|letter| !matches!(letter, '\n' | '\r')).take(HEAD).collect();
    if head.len() == HEAD {
        let head = base64::decode(&head)?.bytes;
        // Where it is cut a character of two UTF-16 units may be cut.
        text(&head).or_else(|| text(&head[..head.len() - 2]))?;
    }
    base64::decode(data).filter(|decoded| !decoded.bytes.is_empty())
}

/// What bytes say. They are a text if nothing in them controls a device.
pub(super) fn text(bytes: &[u8]) -> Option<(Cow<'_, str>, Charset)> {
    if let Some((text, charset)) = Charset::wide(bytes).and_then(|charset| charset.read(bytes, Follows::Nothing)) {
        return (!text.contains(controls)).then_some((text, charset));
    }
    if bytes.iter().any(|byte| controls(char::from(*byte))) || bytes.starts_with(b"%PDF") {
        return None;
    }
    Some(narrow(bytes))
}

/// What bytes say that are said to be a text; none if most of them are zeros, or they begin in UTF-16 and do not go on so.
pub(super) fn any_text(bytes: &[u8]) -> Option<(Cow<'_, str>, Charset)> {
    let zeros = bytes.iter().filter(|byte| **byte == 0).count();
    match Charset::wide(bytes) {
        Some(charset) => charset.read(bytes, Follows::Nothing),
        None => (zeros <= bytes.len() / 2).then(|| narrow(bytes)),
    }
}

/// Whether a character controls a device.
pub(super) fn controls(character: char) -> bool {
    matches!(character, '\0'..='\x08' | '\x0b' | '\x0e'..='\x1f' | '\x7f')
}

/// A text of one byte for a character or more.
fn narrow(bytes: &[u8]) -> (Cow<'_, str>, Charset) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), Charset::Utf8),
        Err(_) => match broken(bytes) {
            Some(text) => (Cow::Owned(text), Charset::Broken),
            None => (bytes.iter().map(|byte| char::from(*byte)).collect(), Charset::Latin1),
        },
    }
}

/// A text in UTF-8 of which some bytes are none, as where it was cut; none if these are the more, or a character of it would be
/// taken for such a byte.
fn broken(bytes: &[u8]) -> Option<String> {
    let (mut text, mut wrong, mut right) = (String::with_capacity(bytes.len()), 0, 0);
    for chunk in bytes.utf8_chunks() {
        if chunk.valid().chars().any(|character| u32::from(character) >= BROKEN) {
            return None;
        }
        text.push_str(chunk.valid());
        right += chunk.valid().chars().filter(|character| !character.is_ascii()).count();
        wrong += usize::from(!chunk.invalid().is_empty());
        text.extend(chunk.invalid().iter().filter_map(|byte| char::from_u32(BROKEN + u32::from(*byte))));
    }
    (wrong <= right).then_some(text)
}

/// The bytes of a character of such a text.
fn unbroken(character: char) -> impl Iterator<Item = u8> {
    let (mut bytes, mut length) = ([0; 4], 1);
    match u32::from(character).checked_sub(BROKEN) {
        Some(byte) => bytes[0] = byte as u8,
        None => length = character.encode_utf8(&mut bytes).len(),
    }
    bytes.into_iter().take(length)
}

fn owned((text, charset): (Cow<str>, Charset)) -> (String, Charset) {
    (text.into_owned(), charset)
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
            "//5oAGkAIACsID3YAN4=",
            "aABpACAAYQBuAG4A",
            "data:text/plain;charset=utf-16;base64,/v8AaABp",
        ] {
            let file = File::read(written).unwrap_or_else(|| panic!("{written} is a text"));
            assert_eq!(file.write(&file.text), written);
        }
        assert_eq!(File::read("Z3L832U=").unwrap().text, "grüße");
        assert_eq!(File::read("//5oAGkAIACsID3YAN4=").unwrap().text, "\u{feff}hi €😀");
        assert_eq!(File::read("aABpACAAYQBuAG4A").unwrap().text, "hi ann");
        assert_eq!(File::read("data:,hi%20%C3%A9").unwrap().text, "hi é");
    }

    #[test]
    fn what_is_no_text_is_no_file_here() {
        for written in [
            "https://x.org/a.png",
            "data:image/png;base64,iVBORw0KGgo=",
            "iVBORw0KGgo=",
            "JVBERi0xLjc=",
            "",
            "data:x",
            "//4A2A==",
        ] {
            assert!(File::read(written).is_none(), "{written}");
        }
    }
}
