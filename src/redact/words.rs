//! What was said before a value, as far as a cue may lie away: the end of the line before it.

use std::ops::Range;

/// The end of the last line of `text` without what was found in it, and without placeholders: the redacted text says the same.
pub(super) fn last_words_besides(text: &str, found: &[Range<usize>]) -> String {
    const ENOUGH: usize = 1024;
    let from = text.ceil_char_boundary(text.len().saturating_sub(ENOUGH));
    let line = memchr::memrchr(b'\n', text[from..].trim_ascii_end().as_bytes()).map_or(0, |line_end| line_end + 1);
    let mut at = from + line;
    let found = &found[found.partition_point(|found| found.end <= at)..];
    if found.is_empty() && memchr::memchr(b'[', &text.as_bytes()[at..]).is_none() {
        return last_words(&text[at..]).to_owned();
    }
    let mut words = String::new();
    for found in found {
        words.push_str(&text[at..found.start.max(at)]);
        at = found.end;
    }
    words.push_str(&text[at..]);
    last_words(&without_placeholders(&words)).to_owned()
}

/// The end of the last line of `text`.
pub(super) fn last_words(text: &str) -> &str {
    const ENOUGH: usize = 160;
    let line = text.trim_ascii_end().rsplit('\n').next().unwrap_or_default();
    &line[line.ceil_char_boundary(line.len().saturating_sub(ENOUGH))..]
}

fn without_placeholders(text: &str) -> String {
    let is_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let mut words = String::new();
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once('[') {
        words.push_str(before);
        let name = inside.bytes().take_while(|byte| is_name(*byte)).count();
        rest = inside[name..].strip_prefix(']').unwrap_or_else(|| {
            words.push('[');
            inside
        });
    }
    words + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_placeholders_are_no_words() {
        let check = |text: &str, found: &[Range<usize>], expected: &str| {
            assert_eq!(last_words_besides(text, found), expected, "{text}");
        };
        check("your phone?", &[], "your phone?");
        check("phone: 123 or 456?\n", &[7..10, 14..17], "phone:  or ?");
        check("phone: [PHONE_7K2Q] or [PHONE_7K2R]?\n", &[], "phone:  or ?");
        check("a 123\nb 456 c", &[2..5, 8..11], "b  c");
        check("12\n3 4", &[0..4, 5..6], "");
        check("see [note] [1] [[SSN_7K2Q]", &[], "see [note]  [");
        check(&format!("phone {}", "é".repeat(1000)), &[], &"é".repeat(80));
    }
}
