//! Cutting a long text into parts of whole lines that can be scanned each for itself.

use std::ops::Range;

/// How long a part is, about: small enough to stay near the processor, long enough that its ends do not matter.
const LONG: usize = 32 << 10;

/// How far before the end of a part a block of several lines may begin that ends behind it.
const BLOCK: usize = 8 << 10;

/// The parts of `text`. Where `opens_block` says of the end of a part that a block of lines begins there, it goes on.
pub(super) fn chunks<'t>(
    text: &'t str,
    opens_block: impl Fn(&str) -> bool + 't,
) -> impl Iterator<Item = Range<usize>> + 't {
    let mut start = 0;
    std::iter::from_fn(move || {
        let mut end = line_end(text, start + LONG);
        while end < text.len() && opens_block(&text[text.ceil_char_boundary(end.saturating_sub(BLOCK).max(start))..end])
        {
            end = line_end(text, end + BLOCK);
        }
        let chunk = (start < text.len()).then_some(start..end);
        start = end;
        chunk
    })
}

/// Where the first line ends that does so at `at` or behind it, and is no line of a number that stands in several.
fn line_end(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let is_digit = |byte: Option<&u8>| byte.is_some_and(|byte| !byte.is_ascii_alphabetic());
    let is_between = |end: usize| {
        is_digit(bytes[..end].iter().rev().find(|byte| !byte.is_ascii_whitespace()))
            && is_digit(bytes[end..].iter().find(|byte| !byte.is_ascii_whitespace()))
    };
    let rest = bytes.get(at..).unwrap_or_default();
    let mut ends = memchr::memchr_iter(b'\n', rest).map(|i| at + i);
    ends.find(|end| !is_between(*end)).map_or(text.len(), |end| end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_whole_lines() {
        let text = "A line of talk.\n".repeat(20_000);
        let parts: Vec<_> = chunks(&text, |_| false).collect();
        assert!(parts.len() > 3 && parts.iter().all(|part| text[part.clone()].ends_with('\n')));
        assert_eq!(parts.iter().map(|part| part.len()).sum::<usize>(), text.len());
    }

    #[test]
    fn blocks_and_stacked_numbers_stay_together() {
        let stacked = "4111\n".repeat(20_000);
        assert_eq!(chunks(&stacked, |_| false).collect::<Vec<_>>(), [0..stacked.len()]);
        let text = "A line of talk.\n".repeat(20_000);
        assert_eq!(chunks(&text, |_| true).collect::<Vec<_>>(), [0..text.len()]);
    }
}
