//! The placeholders that a text holds, known by their form.

use std::collections::BTreeSet;

use memchr::memchr_iter;

/// What a code is made of.
const CODE: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// The characters of a code that tell values apart; more follow where two values of one exchange share them.
const SHORTEST: usize = 4;
/// A longer name is none.
const LONGEST: usize = 256;

/// The placeholders of a text, as `PHONE_7K2Q`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mentions(BTreeSet<Vec<u8>>);

impl Mentions {
    /// Everything that looks like a placeholder in `text`; of a text with very many, only that it has.
    pub fn within(text: &[u8]) -> Self {
        let mut all = BTreeSet::new();
        for name in names(text) {
            all.insert(name.to_vec());
            if all.len() > MOST {
                return Self([VERY_MANY.to_vec()].into());
            }
        }
        Self(all)
    }

    /// Whether one of them stands in `text`.
    pub fn stand_in(&self, text: &[u8]) -> bool {
        names(text).any(|name| self.0.contains(name))
    }

    /// Their names.
    pub fn all(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Vec::as_slice)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// How many placeholders of one text are noted.
const MOST: usize = 1000;
/// Stands for those of a text with more: it is opened whatever is asked for.
pub const VERY_MANY: &[u8] = b"*";

/// Whatever looks like the name of a placeholder in `text`.
fn names(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    memchr_iter(b'[', text).filter_map(|at| name(&text[at + 1..]))
}

/// The name at the beginning of `text`, with the shortest code that it may have.
fn name(text: &[u8]) -> Option<&[u8]> {
    let within = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
    let length = text.iter().take(LONGEST).take_while(|byte| within(byte)).count();
    let code = text[..length].iter().rposition(|byte| *byte == b'_').filter(|entity| *entity > 0)? + 1;
    let coded = length >= code + SHORTEST && text[code..length].iter().all(|byte| CODE.contains(byte));
    coded.then(|| &text[..code + SHORTEST])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_with_very_many_is_noted_as_such_and_opened() {
        let many: String = (0..2 * MOST).map(|number| format!("[A_{number:04}]")).collect();
        assert_eq!(Mentions::within(many.as_bytes()).0, [VERY_MANY.to_vec()].into());
        assert!(Mentions::within(b"[A_0007]").stand_in(many.as_bytes()));
        assert!(!Mentions::within(b"[B_0007]").stand_in(many.as_bytes()));
    }

    #[test]
    fn placeholders_are_known_by_their_form() {
        let names = |text: &str| Mentions::within(text.as_bytes()).0.into_iter().collect::<Vec<_>>().concat();
        for (text, expected) in [
            ("call [PHONE_7K2Q]", "PHONE_7K2Q"),
            ("[PHONE_7K2QXY] and [US_SSN_0000", "PHONE_7K2QUS_SSN_0000"),
            ("[A2_B3_7K2Q][[A2_B3_7K2Q]", "A2_B3_7K2Q"),
            ("[PHONE_7K2] [phone_7k2q] [_7K2Q] [PHONE_7KIQ] PHONE_7K2Q [", ""),
        ] {
            assert_eq!(names(text), expected.as_bytes(), "{text}");
        }
    }
}
