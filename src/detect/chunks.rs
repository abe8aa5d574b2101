//! Cutting a long text into parts of whole lines that can be scanned each for itself.

/// How long a part is, about: small enough to stay near the processor, and so that what one line asks for is not done for
/// many.
const LONG: usize = 4 << 10;

/// Where the part that begins at `start` ends: behind a line that is none of a number that stands in several.
pub(super) fn end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let Some(rest) = bytes.get(start + LONG..) else { return text.len() };
    let has_digit = |byte: Option<&u8>| byte.is_some_and(|byte| !byte.is_ascii_alphabetic());
    let is_between = |end: usize| {
        has_digit(bytes[start..end].iter().rev().find(|byte| !byte.is_ascii_whitespace()))
            && has_digit(bytes[end..].iter().find(|byte| !byte.is_ascii_whitespace()))
    };
    let mut ends = memchr::memchr_iter(b'\n', rest).map(|i| start + LONG + i);
    ends.find(|end| !is_between(*end)).map_or(text.len(), |end| end + 1)
}

/// Where the line that holds the byte before `at` ends.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    let from = at.saturating_sub(1);
    memchr::memchr(b'\n', &text.as_bytes()[from..]).map_or(text.len(), |i| from + i + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_whole_lines() {
        let text = "A line of talk.\n".repeat(20_000);
        let first = end(&text, 0);
        assert!(first < 5_000 && text[..first].ends_with('\n'));
        assert_eq!(end(&text, text.len() - 100), text.len());
        assert_eq!(line_end("ab\ncd\nef", 5), 6);
        assert_eq!(line_end("ab\ncd\nef", 8), 8);
    }

    #[test]
    fn stacked_numbers_stay_together() {
        let stacked = "4111\n".repeat(20_000);
        assert_eq!(end(&stacked, 0), stacked.len());
    }
}
