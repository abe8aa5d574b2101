//! The tokens that a text is cut into, and their hashes.

use std::ops::Range;

/// How long a token may be; what is longer is cut, in phrases and texts alike.
pub const LONGEST: usize = 64;

/// What a byte does in a token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// An ASCII letter: tokens are runs of them.
    Letter,
    /// A digit: likewise.
    Digit,
    /// The first byte of a letter of two bytes in a script that puts something between words: likewise.
    Wide,
    /// Anything else, each character for itself.
    Single,
}

const KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Single; 256];
    let mut byte = 0;
    while byte < 256 {
        kinds[byte] = match byte as u8 {
            b'A'..=b'Z' | b'a'..=b'z' => Kind::Letter,
            b'0'..=b'9' => Kind::Digit,
            // U+00C0 to U+058F: Latin, Greek, Cyrillic, Armenian.
            0xc3..=0xd6 => Kind::Wide,
            _ => Kind::Single,
        };
        byte += 1;
    }
    kinds
};

fn kind(byte: u8) -> Kind {
    KINDS[usize::from(byte)]
}

/// Where the token that begins at `at` ends.
pub fn token(text: &[u8], at: usize) -> usize {
    let first = kind(text[at]);
    let same = |byte: &&u8| kind(**byte) == first;
    match first {
        Kind::Letter | Kind::Digit => {
            text[at..].iter().position(|byte| kind(*byte) != first).map_or(text.len(), |len| at + len)
        }
        Kind::Wide => at + 2 * text[at..].iter().step_by(2).take_while(same).count(),
        Kind::Single => at + 1 + text[at + 1..].iter().take_while(|byte| is_inside(**byte)).count(),
    }
    .min(text.len())
}

/// Whether `byte` is inside a character.
fn is_inside(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// Where the first token that begins within `range` does.
pub fn skip_begun(text: &[u8], range: &Range<usize>) -> usize {
    let inside = text[range.clone()].iter().take_while(|byte| is_inside(**byte)).count();
    let start = range.start + inside;
    if start == 0 || start >= range.end {
        return start;
    }
    let before = start - 1 - text[..start].iter().rev().take_while(|byte| is_inside(**byte)).count();
    let first = kind(text[start]);
    let begun = first != Kind::Single && kind(text[before]) == first;
    if begun { token(&text[..range.end], start) } else { start }
}

/// Makes eight letters of ASCII small.
pub const SMALL: u64 = 0x2020_2020_2020_2020;

/// A hash of the token from `at` to `end`, whatever its ASCII case: its first eight bytes and its length.
pub fn hash(text: &[u8], at: usize, end: usize) -> u64 {
    let len = end - at;
    let head = match text[at..].first_chunk::<8>() {
        Some(head) => u64::from_le_bytes(*head) & (u64::MAX >> (64 - 8 * len.min(8))),
        None => text[at..end].iter().rev().fold(0, |head, byte| head << 8 | u64::from(*byte)),
    };
    mix(head, len)
}

fn mix(head: u64, len: usize) -> u64 {
    let mixed = (head | SMALL).wrapping_add(len as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}
