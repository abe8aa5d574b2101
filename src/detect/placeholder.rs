//! Placeholders of our own, such as `[PHONE_7K2Q]`: nothing inside one is ever found, so redacting twice changes nothing.

use std::ops::Range;

/// Longer than any placeholder: an entity, an underscore and the characters of a hash.
const LONGEST: usize = 96;

/// The placeholders of `text`, in order.
pub(super) fn all(text: &str) -> impl Iterator<Item = Range<usize>> {
    let openings = memchr::memchr_iter(b'[', text.as_bytes());
    openings.filter_map(|at| placeholder(&text.as_bytes()[at..]).map(|len| at..at + len))
}

/// The length of the placeholder that `text` begins with.
fn placeholder(text: &[u8]) -> Option<usize> {
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

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(all(text).map(|span| &text[span]).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_placeholder_is_an_entity_and_a_hash_in_brackets() {
        check("call [PHONE_7K2Q55512] or [US_SSN_7K2Q]", &["[PHONE_7K2Q55512]", "[US_SSN_7K2Q]"]);
        check("[[PHONE_7K2Q]]", &["[PHONE_7K2Q]"]);
        check("[PHONE_7K] [phone_7K2Q] [PHONE_7K2Q [PHONE_LOUI]", &[]);
    }
}
