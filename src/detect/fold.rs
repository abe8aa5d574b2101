//! Writing the same thing in ASCII: digits of every script, full-width forms, dashes, spaces; invisible characters go.
//!
//! Only characters that carry numbers, addresses and their separators are folded; letters stay, so that cue words are found
//! as they are written. Every folded byte knows the original bytes it came from. A space stays a space, so no two numbers
//! are joined; only characters of no width vanish.
//!
//! Text may quote JSON: its escapes read as the characters they stand for. A Windows path loses a letter to that: in
//! `C:\new` stands a line end.

use std::{borrow::Cow, ops::Range};

/// A text with its look-alikes folded to ASCII, and the way back to the original offsets.
pub(super) struct Folded<'t> {
    original: &'t str,
    text: Cow<'t, str>,
    /// Where the folded and the original text stop running in step; sorted by both.
    steps: Vec<Step>,
}

/// From `folded` on, folded offsets correspond to original offsets from `original` on, byte by byte.
#[derive(Clone, Copy)]
struct Step {
    folded: usize,
    original: usize,
}

impl<'t> Folded<'t> {
    /// Folds `text`; costs nothing but a look when nothing has to change.
    pub(super) fn new(text: &'t str) -> Self {
        let plain = Self { original: text, text: Cow::Borrowed(text), steps: Vec::new() };
        let unescaped = memchr::memchr(b'\\', text.as_bytes()).is_none();
        let kept = || text.is_ascii() || text.chars().all(|c| fold(c) == Fold::Keep);
        if unescaped && kept() { plain } else { Self::with_steps(text) }
    }

    fn with_steps(original: &'t str) -> Self {
        let (mut text, mut steps) = (String::with_capacity(original.len()), Vec::new());
        let mut at = 0;
        while let Some((c, len)) = spelled(&original[at..]) {
            match fold(c) {
                Fold::Keep => text.push(c),
                Fold::Drop => {}
                Fold::To(ascii) => text.push(char::from(ascii)),
            }
            at += len;
            if text.len() + offset(&steps) != at {
                steps.push(Step { folded: text.len(), original: at });
            }
        }
        Self { original, text: Cow::Owned(text), steps }
    }

    /// The folded text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The original bytes that the folded bytes `span` stand for: whole characters and escapes, with the marks on the last
    /// one.
    pub(super) fn original(&self, span: &Range<usize>) -> Range<usize> {
        let start = self.text.floor_char_boundary(span.start);
        if self.steps.is_empty() {
            return start..self.text.ceil_char_boundary(span.end);
        }
        let mut end = self.origin(self.text.floor_char_boundary(span.end.saturating_sub(1).max(span.start)));
        end += spelled(&self.original[end..]).map_or(0, |(_, len)| len);
        while let Some((_, len)) = spelled(&self.original[end..]).filter(|(c, _)| is_mark(*c)) {
            end += len;
        }
        self.origin(start)..end
    }

    fn origin(&self, folded: usize) -> usize {
        let after = self.steps.partition_point(|step| step.folded <= folded);
        after.checked_sub(1).map_or(folded, |i| self.steps[i].original + folded - self.steps[i].folded)
    }
}

/// How much further the original is than the folded text, after the last step.
fn offset(steps: &[Step]) -> usize {
    steps.last().map_or(0, |step| step.original - step.folded)
}

/// The character that `text` begins with, and how many bytes spell it.
///
/// However many backslashes begin an escape, it is one: each quoting of a quotation doubles them.
fn spelled(text: &str) -> Option<(char, usize)> {
    let first = text.chars().next()?;
    if first != '\\' {
        return Some((first, first.len_utf8()));
    }
    let slashes = text.bytes().take_while(|byte| *byte == b'\\').count();
    let meant = match text.as_bytes().get(slashes) {
        Some(b'"') => '"',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return Some(by_code(text, slashes).unwrap_or(('\\', slashes))),
        _ => return Some(('\\', slashes)),
    };
    Some((meant, slashes + 1))
}

/// The character of an escape `\uXXXX` with so many backslashes, two escapes if they are a pair of surrogates.
fn by_code(text: &str, slashes: usize) -> Option<(char, usize)> {
    let len = slashes + "uXXXX".len();
    let unit = |escape: &str| {
        let digits = escape.get(slashes..)?.strip_prefix('u')?.get(..4)?;
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        u16::from_str_radix(digits, 16).ok().filter(|_| is_hex)
    };
    let first = unit(text)?;
    let second = text.get(len..).filter(|rest| rest.starts_with('\\')).and_then(unit);
    let mut units = char::decode_utf16([Some(first), second].into_iter().flatten());
    let c = units.next()?.unwrap_or(char::REPLACEMENT_CHARACTER);
    Some((c, if c.len_utf16() == 2 { 2 * len } else { len }))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fold {
    Drop,
    Keep,
    To(u8),
}

fn fold(c: char) -> Fold {
    match c {
        '\0'..='\u{9f}' => Fold::Keep,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' => Fold::Drop,
        '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{20e3}' => Fold::Drop,
        '\u{300}'..='\u{36f}' | '\u{e0000}'..='\u{e007f}' | '\u{20d0}'..='\u{20e2}' => Fold::Drop,
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

/// Marks that belong to the character before them: variation selectors, the keycap, combining accents.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{20d0}'..='\u{20e3}' | '\u{300}'..='\u{36f}')
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

    fn check(text: &str, folded: &str) {
        assert_eq!(Folded::new(text).text(), folded);
    }

    /// The original text of the part of the folded text that reads `part`.
    fn origin<'t>(text: &'t str, part: &str) -> &'t str {
        let folded = Folded::new(text);
        let start = folded.text().find(part).unwrap();
        &text[folded.original(&(start..start + part.len()))]
    }

    #[test]
    fn digits_dashes_and_spaces_of_every_script_become_ascii() {
        check("plain 12-3", "plain 12-3");
        check("é 电话 Телефон", "é 电话 Телефон");
        check("٤٦٠-२३", "460-23");
        check("４６５９　３８１３", "4659 3813");
        check("②⓪①", "201");
        check("𝟐𝟎𝟏", "201");
        check("1\u{a0}2\u{2009}3", "1 2 3");
        check("1–2−3‑4", "1-2-3-4");
        check("4\u{200b}0\u{ad}3", "403");
        check("5\u{fe0f}\u{20e3}5", "55");
        check("maria＠gmail.com", "maria@gmail.com");
    }

    #[test]
    fn every_folded_part_leads_back_to_what_stood_there() {
        assert_eq!(origin("é：٤٦٠ ende", "460"), "٤٦٠");
        assert_eq!(origin("é 12 ① 7", "7"), "7");
        assert_eq!(origin("x 4\u{200b}0\u{200b}3\u{200b} y", "403"), "4\u{200b}0\u{200b}3");
        assert_eq!(origin("x 5\u{fe0f}\u{20e3}5\u{fe0f}\u{20e3} y", "55"), "5\u{fe0f}\u{20e3}5\u{fe0f}\u{20e3}");
        assert_eq!(origin("\u{202a}ann@x.org\u{202c}", "ann@x.org"), "ann@x.org");
    }

    #[test]
    fn escapes_of_quoted_json_read_as_what_they_stand_for() {
        check(r"Card:\n4111\t\b\f\r.", "Card:\n4111\t\u{8}\u{c}\r.");
        check(r#"{\"a\":\"1\/2\"}"#, r#"{"a":"1/2"}"#);
        check(r"a\u0040x.org \u00e9\u0661\u200b2", "a@x.org é12");
        check(r"\ud83d\ude00 \ud83d5 \ud83d\u0035", "😀 \u{fffd}5 \u{fffd}5");
        check(r"\\n4 \\\\u00354 \\\\", "\n4 54 \\");
        check(r"C:\Users \u12 \uD83 \u+123 \x \", r"C:\Users \u12 \uD83 \u+123 \x \");
    }

    #[test]
    fn escapes_lead_back_whole() {
        assert_eq!(origin(r"a \u0035\u0033\u0036-90 b", "536"), r"\u0035\u0033\u0036");
        assert_eq!(origin(r"x\nann\\u0040x.or\u0067\n", "ann@x.org"), r"ann\\u0040x.or\u0067");
        assert_eq!(origin(r"x jos\u00e9@x.org", "é@x"), r"\u00e9@x");
        assert_eq!(origin(r"x caf\u00e9 y", "café"), r"caf\u00e9");
        assert_eq!(origin(r"x 5\ufe0f\u20e3 y", "5"), r"5\ufe0f\u20e3");
        assert_eq!(origin(r"\ud83d\ude00 y", "😀"), r"\ud83d\ude00");
    }

    #[test]
    fn zeros_are_sorted_for_the_search() {
        assert!(ZEROS.is_sorted());
    }
}
