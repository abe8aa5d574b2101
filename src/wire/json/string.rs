//! Between a JSON string's source and what it says.

use std::borrow::Cow;
use std::fmt::Write as _;

/// What the string with this source (without quotes) says. A lone surrogate reads as U+FFFD.
///
/// `source` is the inside of a string that [`Document::parse`](super::Document::parse) has accepted.
pub fn decode(source: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', source.as_bytes()).is_none() {
        return Cow::Borrowed(source);
    }
    let mut text = String::with_capacity(source.len());
    for unit in Units(source) {
        match unit {
            Unit::Plain(run) => text.push_str(run),
            Unit::Escape { says, .. } => text.push(says),
        }
    }
    Cow::Owned(text)
}

/// Where in `source` the characters at `offsets` (ascending byte offsets into what it says) begin.
///
/// An offset at the end of the text gives the end of the source.
pub fn source_offsets(source: &str, offsets: impl IntoIterator<Item = usize>) -> Vec<usize> {
    let mut units = Units(source);
    let mut unit = units.next();
    let (mut read, mut said) = (0, 0);
    let mut found = Vec::new();
    for offset in offsets {
        while let Some(current) = unit.as_ref().filter(|unit| said + unit.said_len() <= offset) {
            read += current.source_len();
            said += current.said_len();
            unit = units.next();
        }
        found.push(read + (offset - said));
    }
    found
}

/// Writes `text` as the inside of a JSON string: quotes, backslashes, control characters and line separators escaped.
pub fn encode(text: &str) -> Cow<'_, str> {
    // U+0085, U+2028 and U+2029 are legal in JSON but end a line for readers of NDJSON and event streams.
    let special = |c: char| matches!(c, '"' | '\\' | '\0'..='\x1f' | '\u{7f}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    if !text.contains(special) {
        return Cow::Borrowed(text);
    }
    let mut source = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '"' => source.push_str("\\\""),
            '\\' => source.push_str("\\\\"),
            '\n' => source.push_str("\\n"),
            '\r' => source.push_str("\\r"),
            '\t' => source.push_str("\\t"),
            c if special(c) => write!(source, "\\u{:04x}", u32::from(c)).expect("a string takes any text"),
            c => source.push(c),
        }
    }
    Cow::Owned(source)
}

/// A piece of source that says something on its own.
enum Unit<'a> {
    Plain(&'a str),
    Escape { length: usize, says: char },
}

impl Unit<'_> {
    fn source_len(&self) -> usize {
        match self {
            Self::Plain(run) => run.len(),
            Self::Escape { length, .. } => *length,
        }
    }

    fn said_len(&self) -> usize {
        match self {
            Self::Plain(run) => run.len(),
            Self::Escape { says, .. } => says.len_utf8(),
        }
    }
}

struct Units<'a>(&'a str);

impl<'a> Iterator for Units<'a> {
    type Item = Unit<'a>;

    fn next(&mut self) -> Option<Unit<'a>> {
        if self.0.is_empty() {
            return None;
        }
        let plain = memchr::memchr(b'\\', self.0.as_bytes()).unwrap_or(self.0.len());
        let unit = if plain > 0 { Unit::Plain(&self.0[..plain]) } else { escape(self.0) };
        self.0 = &self.0[unit.source_len()..];
        Some(unit)
    }
}

/// The escape at the beginning of `source`.
fn escape(source: &str) -> Unit<'_> {
    let says = match source.as_bytes().get(1) {
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode_escape(source),
        Some(&other) => char::from(other),
        None => return Unit::Plain(source),
    };
    Unit::Escape { length: 2, says }
}

fn unicode_escape(source: &str) -> Unit<'_> {
    let first = code_unit(source).unwrap_or(0xfffd);
    if let Some(c) = char::from_u32(first) {
        return Unit::Escape { length: 6, says: c };
    }
    let second = source.get(6..).filter(|rest| rest.starts_with("\\u")).and_then(code_unit);
    match second {
        Some(second @ 0xdc00..0xe000) if first < 0xdc00 => {
            let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            Unit::Escape { length: 12, says: char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER) }
        }
        _ => Unit::Escape { length: 6, says: char::REPLACEMENT_CHARACTER },
    }
}

/// The UTF-16 code unit of the `\uXXXX` at the beginning of `source`.
fn code_unit(source: &str) -> Option<u32> {
    u32::from_str_radix(source.get(2..6)?, 16).ok()
}
