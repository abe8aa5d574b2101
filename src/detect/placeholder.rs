//! Placeholders of our own, such as `[PHONE_7K2Q]`: nothing inside one is ever found, so redacting twice changes nothing.

use std::ops::Range;

/// Longer than any placeholder: an entity, an underscore and the characters of a hash.
const LONGEST: usize = 96;

/// Whether `span` touches a placeholder of `text`.
pub(super) fn touches(text: &[u8], span: &Range<usize>) -> bool {
    let opening = text[span.start.saturating_sub(LONGEST)..span.end].iter().rposition(|byte| *byte == b'[');
    opening.is_some_and(|at| {
        let start = span.start.saturating_sub(LONGEST) + at;
        placeholder(&text[start..]).is_some_and(|len| start + len > span.start)
    })
}

/// The length of the placeholder that `text` begins with.
pub(super) fn placeholder(text: &[u8]) -> Option<usize> {
    let inner = text.strip_prefix(b"[")?;
    let end = inner.iter().take(LONGEST).position(|byte| *byte == b']')?;
    let (entity, hash) = inner[..end].split_at(inner[..end].iter().rposition(|byte| *byte == b'_')?);
    let named = entity.first()?.is_ascii_uppercase()
        && entity.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_');
    (named && hash.len() > 4 && hash[1..].iter().all(crockford)).then_some(end + 2)
}

/// Crockford's base 32 leaves out I, L, O and U.
fn crockford(byte: &u8) -> bool {
    byte.is_ascii_digit() || byte.is_ascii_uppercase() && !b"ILOU".contains(byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, part: &str, expected: bool) {
        let start = text.find(part).unwrap();
        assert_eq!(touches(text.as_bytes(), &(start..start + part.len())), expected, "{text}");
    }

    #[test]
    fn what_is_inside_a_placeholder_is_left_alone() {
        check("call [PHONE_7K2Q55512] now", "55512", true);
        check("call [US_SSN_7K2Q] now", "[US_SSN_7K2Q]", true);
        check("password: [SECRET_7K2Q]", ": [SECRET_7K2Q]", true);
        check("[PHONE_7K2Q] 55512", "55512", false);
        check("[PHONE_7K] 55512", "7K", false);
        check("[phone_7K2Q]", "7K2Q", false);
        check("[PHONE_7K2Q 55512", "55512", false);
    }
}
