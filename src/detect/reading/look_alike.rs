//! Writing the same thing in ASCII: digits of every script, full-width forms, dashes, spaces; invisible characters go.
//!
//! Only characters that carry numbers, addresses and their separators are folded; letters stay, so that cue words are found
//! as they are written. A space stays a space, so no two numbers are joined; only characters of no width vanish.

use std::{ops::Range, sync::LazyLock};

use super::{
    escapes::{self, Escapes},
    map::Draft,
};

/// Copies `range` of the draft's source with its look-alikes folded. Plain stretches are skipped, not read.
pub(super) fn fold_into(draft: &mut Draft<'_>, range: Range<usize>, escapes: Escapes) {
    let source = &draft.source()[..range.end];
    let mut at = range.start;
    while let Some(special) = next_special(source.as_bytes(), at, escapes) {
        at = special + fold_at(draft, &source[special..], special, escapes);
    }
}

/// Folds the character that `rest` begins with, at `at` of the source; says how many bytes spell it.
fn fold_at(draft: &mut Draft<'_>, rest: &str, at: usize, escapes: Escapes) -> usize {
    let spelled = match escapes {
        Escapes::Keep => rest.chars().next().map(|c| (c, c.len_utf8())),
        Escapes::Read => escapes::spelled(rest),
    };
    let Some((c, len)) = spelled else { return rest.len() };
    let span = at..at + len;
    let mut buffer = [0; 4];
    match fold(c) {
        Fold::Drop => draft.put(span, ""),
        Fold::Keep if len == c.len_utf8() && rest.starts_with(c) => {}
        Fold::Keep => draft.put(span, c.encode_utf8(&mut buffer)),
        Fold::Mark => draft.put_mark(span),
        Fold::To(ascii) => draft.put(span, char::from(ascii).encode_utf8(&mut buffer)),
    }
    len
}

/// The next place where something may have to be folded. Blocks without one are skipped whole.
fn next_special(text: &[u8], from: usize, escapes: Escapes) -> Option<usize> {
    const BLOCK: usize = 64;
    let reads = escapes == Escapes::Read;
    let special = |byte: &u8| !byte.is_ascii() | (reads & ((*byte == b'\\') | (*byte == b'&')));
    let mut at = from;
    loop {
        match text[at..] {
            [] => return None,
            [a @ 0xc2..=0xdf, b, ..] if is_kept(low(a, 5) << 6 | low(b, 6)) => at += 2,
            [a @ 0xe0..=0xef, b, c, ..] if is_kept(low(a, 4) << 12 | low(b, 6) << 6 | low(c, 6)) => at += 3,
            [byte, ..] if special(&byte) => return Some(at),
            _ => {
                let block = &text[at..text.len().min(at + BLOCK)];
                let plain = !block.iter().fold(false, |any, byte| any | special(byte));
                at += if plain { block.len() } else { block.iter().position(special)? };
            }
        }
    }
}

/// The lowest `bits` of a byte.
fn low(byte: u8, bits: u32) -> usize {
    usize::from(byte) & ((1 << bits) - 1)
}

/// Whether the character with this code, one of the first 65,536, stays as it is.
fn is_kept(code: usize) -> bool {
    static KEPT: LazyLock<Box<[u64; 1024]>> = LazyLock::new(|| {
        let mut kept = Box::new([0; 1024]);
        let codes = (0..0x10000).filter(|code| char::from_u32(*code).is_some_and(|c| fold(c) == Fold::Keep));
        codes.for_each(|code| kept[code as usize / 64] |= 1 << (code % 64));
        kept
    });
    KEPT[code / 64] >> (code % 64) & 1 == 1
}

/// What becomes of a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold {
    /// It has no width: it goes.
    Drop,
    /// It stays.
    Keep,
    /// It belongs to the character before it.
    Mark,
    /// It reads as this ASCII character.
    To(u8),
}

/// What becomes of `c`.
pub(super) fn fold(c: char) -> Fold {
    match c {
        '\0'..='\u{9f}' => Fold::Keep,
        '\u{300}'..='\u{34e}' | '\u{350}'..='\u{36f}' | '\u{64b}'..='\u{65f}' => Fold::Mark,
        '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20f0}' => Fold::Mark,
        '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}' | '\u{e0100}'..='\u{e01ef}' => Fold::Mark,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' => Fold::Drop,
        '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}' => Fold::Drop,
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => Fold::To(b' '),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{2043}' | '\u{fe58}' | '\u{fe63}' | '\u{58a}' => Fold::To(b'-'),
        '\u{2e3a}' | '\u{2e3b}' | '\u{2500}' | '\u{2501}' => Fold::To(b'-'),
        '\u{b7}' | '\u{2022}' | '\u{2219}' | '\u{22c5}' | '\u{30fb}' | '\u{2024}' | '\u{66b}' => Fold::To(b'.'),
        '\u{2044}' | '\u{2215}' => Fold::To(b'/'),
        '\u{ff01}'..='\u{ff5e}' => Fold::To((c as u32 - 0xff01 + 0x21) as u8),
        'À'..='ʯ' | 'Ͱ'..='ՙ' | 'ぁ'..='鿿' | '가'..='힣' => Fold::Keep,
        _ => digit(c).map_or(Fold::Keep, |digit| Fold::To(b'0' + digit)),
    }
}

fn digit(c: char) -> Option<u8> {
    let code = c as u32;
    let zero = ZEROS.partition_point(|zero| *zero <= code).checked_sub(1).map(|i| ZEROS[i]);
    let decimal = zero.map(|zero| code - zero).filter(|digit| *digit < 10);
    let enclosed = || ENCLOSED.iter().find(|(first, last, _)| (*first..=*last).contains(&code));
    decimal.or_else(|| enclosed().map(|(first, _, digit)| code - first + digit)).map(|digit| digit as u8)
}

/// The zeros of all decimal digits, general category Nd of Unicode 16 (DerivedGeneralCategory.txt); nine digits follow each.
const ZEROS: [u32; 71] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0,
    0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620,
    0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x10d40, 0x11066, 0x110f0, 0x11136,
    0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x116d0, 0x116da, 0x11730, 0x118e0, 0x11950, 0x11bf0,
    0x11c50, 0x11d50, 0x11da0, 0x11f50, 0x16a60, 0x16ac0, 0x16b50, 0x16d70, 0x1ccf0, 0x1d7ce, 0x1d7d8, 0x1d7e2,
    0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0,
];

/// Digits that are no Nd: first, last, and the value of the first (UnicodeData.txt, field 7).
const ENCLOSED: [(u32, u32, u32); 16] = [
    (0xb2, 0xb3, 2),
    (0xb9, 0xb9, 1),
    (0x2070, 0x2070, 0),
    (0x2074, 0x2079, 4),
    (0x2080, 0x2089, 0),
    (0x2460, 0x2468, 1),
    (0x2474, 0x247c, 1),
    (0x24ea, 0x24ea, 0),
    (0x24f5, 0x24fd, 1),
    (0x24ff, 0x24ff, 0),
    (0x2776, 0x277e, 1),
    (0x2780, 0x2788, 1),
    (0x278a, 0x2792, 1),
    (0x1e4f0, 0x1e4f9, 0),
    (0x1e950, 0x1e959, 0),
    (0x1fbf0, 0x1fbf9, 0),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_sorted_for_the_search() {
        assert!(ZEROS.is_sorted());
    }
}
