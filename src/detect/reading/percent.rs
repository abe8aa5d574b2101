//! URL escapes: `%34%31`, `%40`, `%D9%A4`. A plus between digits is a blank there.
//!
//! A URL escapes what would be read as its own parts otherwise, so this reading comes after the one as it is written.

use std::ops::Range;

use super::{map::Edit, read};

/// Whether `text` holds an escape.
pub(super) fn asks(text: &str) -> bool {
    memchr::memchr_iter(b'%', text.as_bytes()).any(|at| escaped(&text.as_bytes()[at..]).is_some())
}

/// Whether `span` begins or ends within an escape.
pub(super) fn cuts(text: &str, span: &Range<usize>) -> bool {
    let within = |at: usize| {
        let before = at.saturating_sub(2)..at;
        let escape = memchr::memrchr(b'%', &text.as_bytes()[before.clone()]).map(|escape| before.start + escape);
        escape.is_some_and(|escape| character(&text.as_bytes()[escape..]).is_some())
    };
    within(span.start) || within(span.end)
}

/// Every escaped character as what it stands for.
pub(super) fn edits(text: &str) -> Vec<Edit> {
    let bytes = text.as_bytes();
    let (mut edits, mut at) = (Vec::new(), 0);
    while let Some(next) = memchr::memchr(b'%', &bytes[at..]).map(|next| at + next) {
        let character = character(&bytes[next..]);
        if let Some((c, len)) = character {
            pluses(bytes, at..next, &mut edits);
            edits.push(Edit { span: next..next + len, meant: meant(c) });
        }
        at = next + character.map_or(1, |(_, len)| len);
    }
    if !edits.is_empty() {
        pluses(bytes, at..bytes.len(), &mut edits);
    }
    edits
}

/// What an escaped character stands for; a reading has no other lines than its text.
fn meant(c: char) -> String {
    let c = if matches!(c, '\n' | '\r') { ' ' } else { c };
    read(c).map(String::from).unwrap_or_default()
}

/// The pluses between digits in the part `range` of a text with escapes, on the line of the escape beside it.
fn pluses(text: &[u8], range: Range<usize>, edits: &mut Vec<Edit>) {
    let digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
    for at in memchr::memchr_iter(b'+', &text[range.clone()]).map(|at| range.start + at) {
        if at > 0 && digit(at - 1) && digit(at + 1) {
            edits.push(Edit { span: at..at + 1, meant: " ".into() });
        }
    }
}

/// The character that the escapes at the beginning of `text` spell in UTF-8, and their length.
fn character(text: &[u8]) -> Option<(char, usize)> {
    let (mut encoded, mut len) = (Vec::with_capacity(4), 0);
    while encoded.len() < 4 {
        let (byte, escape) = escaped(&text[len..])?;
        encoded.push(byte);
        len += escape;
        if let Ok(spelled) = std::str::from_utf8(&encoded) {
            return spelled.chars().next().map(|c| (c, len));
        }
    }
    None
}

/// The byte of the escape that `text` begins with, and its length; however many `25` quote it, it is one.
fn escaped(text: &[u8]) -> Option<(u8, usize)> {
    let hex = |at: usize| char::from(*text.get(at)?).to_digit(16).map(|digit| digit as u8);
    let pair = |at: usize| Some(hex(at)? << 4 | hex(at + 1)?);
    let mut at = 1;
    let mut byte = text.first().filter(|first| **first == b'%').and_then(|_| pair(at))?;
    while byte == b'%'
        && let Some(quoted) = pair(at + 2)
    {
        at += 2;
        byte = quoted;
    }
    Some((byte, at + 2))
}
