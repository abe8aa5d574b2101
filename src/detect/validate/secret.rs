//! Telling a password or key from the dummy that documentation puts in its place.

/// A value that somebody could use: no placeholder for one, no reference to one, and not the same few characters.
pub(super) fn check(text: &str) -> Option<usize> {
    let lower = text.to_ascii_lowercase();
    let dummy = DUMMIES.iter().any(|dummy| lower.contains(dummy)) || EMPTY.contains(&lower.as_str());
    let reference = REFERENCES.iter().any(|start| text.starts_with(start));
    (!dummy && !reference && distinct(&lower) > 3).then_some(text.len())
}

/// A value that a machine made: letters and digits, many different ones.
pub(super) fn random(text: &str) -> Option<usize> {
    let mixed = text.bytes().any(|byte| byte.is_ascii_digit()) && text.bytes().any(|byte| byte.is_ascii_alphabetic());
    check(text).filter(|_| mixed && distinct(text) > 9)
}

fn distinct(text: &str) -> u32 {
    let seen = text.bytes().filter(u8::is_ascii).fold(0u128, |seen, byte| seen | 1 << byte);
    seen.count_ones()
}

/// What stands in examples in place of a secret.
const DUMMIES: &[&str] = &[
    "your",
    "xxxx",
    "****",
    "....",
    "####",
    "example",
    "changeme",
    "change_me",
    "placeholder",
    "redacted",
    "dummy",
    "insert_",
    "<",
    "${",
    "{{",
];

/// Words that say there is none.
const EMPTY: &[&str] =
    &["null", "none", "undefined", "true", "false", "required", "optional", "password", "secret", "token", "string"];

/// How a reference to a secret begins.
const REFERENCES: &[&str] = &["$", "%", "env.", "os.", "process.", "@", "{", "[", "(", "/"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dummies_are_no_secrets() {
        for (text, good) in [
            ("hunter2!", true),
            ("tr0ub4dor&3", true),
            ("YOUR_API_KEY", false),
            ("<password>", false),
            ("xxxxxxxx", false),
            ("${DB_PASSWORD}", false),
            ("secret", false),
            ("my-secret-41", true),
            ("process.env.KEY", false),
            ("aaaaaaaa", false),
        ] {
            assert_eq!(check(text).is_some(), good, "{text}");
        }
    }
}
