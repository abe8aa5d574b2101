//! Cutting a long text into parts of whole lines that can be scanned each for itself.

use std::ops::Range;

use super::{Finding, shape};

/// How long a part is, about: small enough to stay near the processor, and so that what one line asks for is not done for
/// many.
const LONG: usize = 4 << 10;

/// How long a part is at most: what is looked at in it is all in memory.
const LONGEST: usize = 64 << 10;

/// Where the part that begins at `start` ends: behind a line that is none of a number that stands in several, or within such a
/// line or number that is too long.
pub(super) fn end(text: &str, start: usize) -> usize {
    if start + LONG >= text.len() {
        return text.len();
    }
    let longest = text.floor_char_boundary(start + LONGEST);
    let bytes = &text.as_bytes()[..longest];
    let mut end = start + LONG;
    while let Some(line_end) = memchr::memchr(b'\n', &bytes[end..]).map(|i| end + i + 1) {
        if is_border(text, line_end) {
            return line_end;
        }
        // The blanks behind it were looked at.
        let blanks = bytes[line_end..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        end = line_end + blanks;
    }
    longest
}

/// Whether what stands before `at` and what stands behind it are scanned each for itself: other lines, and not of one number.
pub(super) fn is_border(text: &str, at: usize) -> bool {
    let (before, after) = text.as_bytes().split_at(at);
    let is_there = |byte: &&u8| !byte.is_ascii_whitespace();
    // Digits of other scripts are no ASCII.
    let may_be_digit = |byte: Option<&u8>| byte.is_some_and(|byte| !byte.is_ascii_alphabetic());
    let last = || before.iter().rev().take(shape::WINDOW).find(is_there);
    let next = || after.iter().take(shape::WINDOW).find(is_there);
    before.is_empty() || after.is_empty() || before.ends_with(b"\n") && !(may_be_digit(last()) && may_be_digit(next()))
}

/// A piece of a text, and what its findings may hang on: nothing reaches further.
pub(super) fn around(text: &str, piece: &Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(piece.start.saturating_sub(shape::WINDOW));
    start..text.ceil_char_boundary((piece.end + shape::WINDOW).min(text.len()))
}

/// How far a block of lines goes that may have begun before `at`: to the end of a line, unless that is too long.
pub(super) fn reach(text: &str, at: usize) -> usize {
    let window = text.ceil_char_boundary((at + shape::WINDOW).min(text.len()));
    line_end(text, window).min(text.floor_char_boundary(window + LONGEST))
}

/// Where the line that holds the byte before `at` ends.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    let from = at.saturating_sub(1);
    memchr::memchr(b'\n', &text.as_bytes()[from..]).map_or(text.len(), |i| from + i + 1)
}

/// Whether a part that ends there ends there whatever follows `text`: what is looked at behind it has come.
pub(super) fn is_settled(text: &str, end: usize) -> bool {
    let reach = text.ceil_char_boundary((end + shape::WINDOW).min(text.len()));
    is_border(text, end) && !text[end..].trim_ascii_start().is_empty() && line_end(text, reach) < text.len()
}

/// How long a text that goes on is before it is cut: a list of numbers may have no border from its beginning to its end.
const ENDLESS: usize = 256 << 10;

/// Where such a text is cut: behind a line far from its end, and not within a finding. 0 if it is not.
pub(super) fn cut(text: &str, found: &[Finding]) -> usize {
    let line_before = |at: usize| memchr::memrchr(b'\n', &text.as_bytes()[..at]).map_or(0, |i| i + 1);
    if text.len() < ENDLESS {
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
        assert!(end(&text, 0) <= LONGEST);
    }

    #[test]
    fn stacked_numbers_stay_together_as_far_as_a_part_goes() {
        let stacked = "4111\n".repeat(20_000);
        assert_eq!(end(&stacked, 0), LONGEST);
        assert!(!is_border(&stacked, 5 * 100));
        assert_eq!(end(&stacked[..LONGEST], 0), LONGEST);
    }
}
