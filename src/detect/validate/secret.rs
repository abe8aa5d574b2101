//! Telling a password or key from the dummy that documentation puts in its place.

/// A value that somebody could use: no placeholder for one, no reference to one, and not the same few characters.
pub(super) fn check(text: &str) -> Option<usize> {
    let lower = text.to_ascii_lowercase();
    let dummy =
        DUMMIES.iter().any(|dummy| lower.contains(dummy)) || REFERENCES.iter().any(|start| text.starts_with(start));
    (!dummy && distinct(&lower) > 3).then_some(text.len())
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
    "example",
    "changeme",
    "change_me",
    "placeholder",
    "redacted",
    "dummy",
    "sample",
    "insert",
    "<",
    "${",
    "{{",
    "null",
    "none",
    "undefined",
    "true",
    "false",
    "required",
    "password",
    "secret",
    "token",
    "string",
    "todo",
];

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
            ("process.env.KEY", false),
            ("aaaaaaaa", false),
        ] {
            assert_eq!(check(text).is_some(), good, "{text}");
        }
    }
}
