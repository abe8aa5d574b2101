//! Cutting a long text into parts of whole lines that can be scanned each for itself.

use super::{Finding, shape};

/// How long a part is, about: small enough to stay near the processor, and so that what one line asks for is not done for
/// many.
const LONG: usize = 4 << 10;

/// Where the part that begins at `start` ends: behind a line that is none of a number that stands in several.
pub(super) fn end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    if start + LONG >= text.len() {
        return text.len();
    }
    // Digits of other scripts are no ASCII.
    let may_be_digit = |byte: Option<&u8>| byte.is_some_and(|byte| !byte.is_ascii_alphabetic());
    let is_blank = |at: &usize| bytes[*at].is_ascii_whitespace();
    let mut end = start + LONG;
    loop {
        let Some(line_end) = memchr::memchr(b'\n', &bytes[end..]).map(|i| end + i) else { return text.len() };
        let before = (start..line_end).rev().find(|at| !is_blank(at));
        let after = (line_end..text.len()).find(|at| !is_blank(at));
        if !(may_be_digit(before.map(|at| &bytes[at])) && may_be_digit(after.map(|at| &bytes[at]))) {
            return line_end + 1;
        }
        // The blanks behind it were looked at.
        end = after.unwrap_or(text.len());
    }
}

/// Where the line that holds the byte before `at` ends.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    let from = at.saturating_sub(1);
    memchr::memchr(b'\n', &text.as_bytes()[from..]).map_or(text.len(), |i| from + i + 1)
}

/// Whether a part that ends there ends there whatever follows `text`: what is looked at behind it has come.
pub(super) fn is_settled(text: &str, end: usize) -> bool {
    let reach = text.ceil_char_boundary((end + shape::WINDOW).min(text.len()));
    !text[end..].trim_ascii_start().is_empty() && line_end(text, reach) < text.len()
}

/// How long a part of a text that goes on is before it is cut: a list of numbers may be one part from its beginning to its end.
const LONGEST: usize = 256 << 10;

/// Where such a part is cut: behind a line far from its end, and not within a finding. 0 if it is not.
pub(super) fn cut(text: &str, found: &[Finding]) -> usize {
    let line_before = |at: usize| memchr::memrchr(b'\n', &text.as_bytes()[..at]).map_or(0, |i| i + 1);
    if text.len() < LONGEST {
        return 0;
    }
    let mut end = line_before(text.len() - 2 * shape::WINDOW);
    while let Some(around) = found.iter().rfind(|finding| finding.span.start < end && end < finding.span.end) {
        end = line_before(around.span.start);
    }
    end
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
    fn blank_lines_are_looked_at_once() {
        let text = format!("{}5{}5 x", "a".repeat(LONG), "\n".repeat(2_000_000));
        assert_eq!(end(&text, 0), text.len());
    }

    #[test]
    fn stacked_numbers_stay_together() {
        let stacked = "4111\n".repeat(20_000);
        assert_eq!(end(&stacked, 0), stacked.len());
    }
}
