//! The name of a kind of thing: `SSN`, `CARD`, `PHONE`. A name stands in placeholders and in the log, so it is checked once,
//! here.

use std::{fmt, str::FromStr, sync::Arc};

/// What kind of thing a finding is. Upper-case ASCII letters, digits and single underscores, a letter first.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Entity(Arc<str>);

impl Entity {
    /// The name as it is written in pattern files, policies and placeholders.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Entity {
    type Err = NotAnEntity;

    fn from_str(name: &str) -> Result<Self, NotAnEntity> {
        let allowed = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
        let starts = name.as_bytes().first().is_some_and(u8::is_ascii_uppercase);
        let single = !name.ends_with('_') && !name.contains("__");
        (starts && single && name.bytes().all(|byte| allowed(&byte))).then(|| Self(name.into())).ok_or(NotAnEntity)
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name that no entity can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an entity is upper-case letters, digits and single underscores, a letter first, such as `SSN` or `ORDER_ID`")]
pub struct NotAnEntity;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, good: bool) {
        assert_eq!(name.parse::<Entity>().is_ok(), good, "{name}");
    }

    #[test]
    fn only_upper_case_words_are_entities() {
        check("SSN", true);
        check("US_ITIN", true);
        check("A2_B3", true);
        check("", false);
        check("ssn", false);
        check("2FA", false);
        check("_SSN", false);
        check("SSN_", false);
        check("US__SSN", false);
        check("ÜBER", false);
    }
}
