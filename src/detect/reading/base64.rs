//! Text in base64 and base64url (RFC 4648): a token reads as what it holds, and goes as a whole.

use std::ops::{Range, RangeInclusive};

use super::{
    super::glance::{BLOCK, Glance},
    Reading,
    map::Edit,
};

/// How many letters a token has. Shorter ones hold no value, longer ones are files.
const LENGTHS: RangeInclusive<usize> = 15..=4096;

/// How deep a token in a token is read.
const DEPTH: usize = 2;

/// Whether a token that holds text may stand in `text`.
pub(super) fn asks(text: &str, glance: &Glance) -> bool {
    let text = text.as_bytes();
    let mut tried = 0;
    let mut holds = |at: usize| {
        at >= tried && {
            let token = token_around(text, at);
            tried = token.end.max(at + 1);
            decoded(text, &token).is_some()
        }
    };
    // A token begins a block before it is a long word at the earliest.
    glance.long_words.with_near(1, 0).starts().any(|block| {
        let rest = &text[block..];
        let others = match rest.first_chunk() {
            Some(whole) => others(whole),
            None => others(&std::array::from_fn(|i| rest.get(i).copied().unwrap_or(0))),
        };
        let runs = |i: usize| others[i] | others[i + 1] | others[i + 2];
        (0..WORDS).any(|i| runs(i) == 0 && holds(block + i * WORD))
    })
}

const WORD: usize = 4;

/// How many words a block has. A token of fifteen letters covers three whole ones, so that two more count.
const WORDS: usize = BLOCK / WORD;

/// For each word of a block, not zero where a byte is none between `+` and `z`, where the letters of base64 are.
fn others(block: &[u8; BLOCK + 2 * WORD]) -> [u32; WORDS + 2] {
    const EACH: u32 = 0x0101_0101;
    let (words, _) = block.as_chunks::<WORD>();
    std::array::from_fn(|i| {
        let word = u32::from_le_bytes(words[i]);
        let below = word.wrapping_sub(EACH * u32::from(b'+'));
        let above = word.wrapping_add(EACH * u32::from(0x80 - b'z' - 1));
        (word | below | above) & (EACH * 0x80)
    })
}

/// Every token as the text it holds.
pub(super) fn edits(text: &str) -> Vec<Edit> {
    nested(text, DEPTH)
}

fn nested(text: &str, depth: usize) -> Vec<Edit> {
    let (mut edits, mut at) = (Vec::new(), 0);
    while let Some(start) = text.as_bytes()[at..].iter().position(is_letter).map(|next| at + next) {
        let span = token_around(text.as_bytes(), start);
        at = span.end;
        edits.extend(decoded(text.as_bytes(), &span).map(|held| Edit { meant: understood(&held, depth), span }));
    }
    edits
}

/// What a decoded text means: its escapes and look-alikes are read, and the tokens in it.
fn understood(held: &str, depth: usize) -> String {
    let meant = Reading::meant(held);
    let edits = if depth > 1 { nested(meant.text(), depth - 1) } else { Vec::new() };
    if edits.is_empty() { meant.text().to_owned() } else { meant.edited(edits).text().to_owned() }
}

/// The letters of base64 around `at`, its padding included; not more than a token may have, if it starts right there.
fn token_around(text: &[u8], at: usize) -> Range<usize> {
    let before = text[..at].iter().rev().take(LENGTHS.end() + 1).take_while(|byte| is_letter(byte)).count();
    let after = text[at..].iter().take_while(|byte| is_letter(byte)).count();
    let padding = text[at + after..].iter().take(2).take_while(|byte| **byte == b'=').count();
    at - before..at + after + padding
}

/// The text that a token holds, if it holds text.
fn decoded(text: &[u8], token: &Range<usize>) -> Option<String> {
    // Most tokens are no text, and their first bytes say so.
    held(text, token)?.take(4).all(|group| group.is_some()).then_some(())?;
    let mut bytes = Vec::with_capacity(token.len());
    for group in held(text, token)? {
        let (group, len) = group?;
        bytes.extend_from_slice(&group[..len]);
    }
    String::from_utf8(bytes).ok()
}

/// Three bytes at most.
type Group = ([u8; 3], usize);

/// What the letters of a token hold, by fours; `None` where that is no text.
fn held<'t>(text: &'t [u8], token: &Range<usize>) -> Option<impl Iterator<Item = Option<Group>> + use<'t>> {
    let letters = &text[token.clone()];
    let letters = &letters[..letters.len() - letters.iter().rev().take_while(|byte| **byte == b'=').count()];
    let placeholder = token.start > 0 && text[token.start - 1] == b'[' && text.get(token.end) == Some(&b']');
    // Small letters alone are words, digits alone a number.
    let mixed = letters.iter().any(u8::is_ascii_uppercase) && !letters.iter().all(u8::is_ascii_uppercase);
    let fits = LENGTHS.contains(&letters.len()) && letters.len() % 4 != 1 && mixed && !placeholder;
    fits.then(|| letters.chunks(4).map(group))
}

fn group(letters: &[u8]) -> Option<Group> {
    let bits = letters.iter().try_fold(0, |bits, letter| Some(bits << 6 | u32::from(value(*letter)?)))?;
    let [_, bytes @ ..] = (bits << (6 * (4 - letters.len()))).to_be_bytes();
    let len = letters.len() - 1;
    let control = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    (!bytes[..len].iter().any(control)).then_some((bytes, len))
}

fn is_letter(byte: &u8) -> bool {
    VALUES[usize::from(*byte)] != NONE
}

/// The six bits that a letter stands for.
fn value(letter: u8) -> Option<u8> {
    Some(VALUES[usize::from(letter)]).filter(|value| *value != NONE)
}

const NONE: u8 = u8::MAX;

/// The values of the letters of both alphabets.
const VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut i = 0;
    while i < letters.len() {
        values[letters[i] as usize] = i as u8;
        i += 1;
    }
    values[b'-' as usize] = 62;
    values[b'_' as usize] = 63;
    values
};
