//! What several checks share: the digits of a match, and the places where it may be cut.

use std::borrow::Cow;

use smallvec::SmallVec;

/// The digits of `text` and nothing else.
pub(super) fn only(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(char::is_ascii_digit).collect())
}

/// Any digits up to the last one, unless all are the same.
pub(super) fn check(text: &str) -> Option<usize> {
    Groups::new(text).longest(|digits| !all_equal(digits))
}

/// The digits of a match and the places where it may be cut: behind a group of digits that no point or dash joins to the next.
pub(super) struct Groups<'t> {
    text: &'t str,
    digits: SmallVec<[u8; 24]>,
    /// After each group: how many digits up to there, and where it ends in the text.
    ends: SmallVec<[(usize, usize); 20]>,
}

impl<'t> Groups<'t> {
    /// Splits `text` into its groups of digits.
    pub(super) fn new(text: &'t str) -> Self {
        let (mut digits, mut ends) = (SmallVec::new(), SmallVec::new());
        for (at, byte) in text.bytes().enumerate() {
            if byte.is_ascii_digit() {
                digits.push(byte - b'0');
                if !text.as_bytes().get(at + 1).is_some_and(u8::is_ascii_digit) {
                    ends.push((digits.len(), at + 1));
                }
            }
        }
        Self { text, digits, ends }
    }

    /// The end of the longest beginning whose digits `good` accepts.
    pub(super) fn longest(&self, good: impl Fn(&[u8]) -> bool) -> Option<usize> {
        self.beginnings().find(|(digits, _)| good(digits)).map(|(_, end)| end)
    }

    /// All beginnings with where they end, longest first.
    pub(super) fn beginnings(&self) -> impl Iterator<Item = (&[u8], usize)> {
        let joined = |end: usize| {
            let next = self.text.as_bytes()[end..].first_chunk::<2>();
            next.is_some_and(|next| matches!(next[0], b'.' | b'-') && next[1].is_ascii_digit())
        };
        let cuts = self.ends.iter().rev().filter(move |(_, end)| !joined(*end));
        cuts.map(|&(count, end)| (&self.digits[..count], end))
    }

    /// The sizes of the groups of the beginning that ends at `end`.
    pub(super) fn sizes(&self, end: usize) -> impl Iterator<Item = usize> {
        let mut before = 0;
        let ends = self.ends.iter().take_while(move |(_, at)| *at <= end);
        ends.map(move |(count, _)| count - std::mem::replace(&mut before, *count))
    }

    /// Whether the groups of the beginning that ends at `end` are all parted in the same way.
    pub(super) fn is_even(&self, end: usize) -> bool {
        let mut gaps = self.text[..end].split(|c: char| c.is_ascii_digit()).filter(|gap| !gap.is_empty());
        let Some(first) = gaps.next() else { return true };
        let single = |gap: &str| gap.bytes().all(|byte| first.bytes().all(|other| other == byte));
        gaps.clone().all(|gap| gap == first) || single(first) && gaps.all(single)
    }
}

/// Whether all digits are the same: such numbers pass checksums and mean nothing.
pub(super) fn all_equal(digits: &[u8]) -> bool {
    digits.windows(2).all(|pair| pair[0] == pair[1])
}

/// The Luhn check, ISO/IEC 7812-1 annex B.
pub(super) fn luhn(digits: &[u8]) -> bool {
    let doubled = |digit: u8| if digit > 4 { 2 * digit - 9 } else { 2 * digit };
    let value = |(i, digit): (usize, &u8)| u32::from(if i % 2 == 1 { doubled(*digit) } else { *digit });
    digits.iter().rev().enumerate().map(value).sum::<u32>() % 10 == 0
}
