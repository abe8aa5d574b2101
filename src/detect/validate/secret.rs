//! Telling a password or key from the dummy that documentation puts in its place, and from the words around it.

/// A value that somebody could use: no placeholder for one, no reference to one, and not the same few characters.
pub(super) fn check(text: &str) -> Option<usize> {
    let text = without_stop(text);
    let lower = text.to_ascii_lowercase();
    let word = EMPTY.contains(&lower.trim_end_matches('!'));
    (!word && !is_dummy(&lower) && !is_reference(text) && distinct(&lower) > 3).then_some(text.len())
}

/// The value without what ends the sentence or closes the bracket around it.
fn without_stop(text: &str) -> &str {
    let text = text.trim_end_matches(['.', ',', ':', '?', '`']);
    let text = text.strip_suffix("**").unwrap_or(text);
    if text.contains('(') { text } else { text.trim_end_matches(')') }
}

/// A value in a place where only a secret stands, such as between user and host: even `password` is one there.
pub(super) fn placed(text: &str) -> Option<usize> {
    let lower = text.to_ascii_lowercase();
    (!is_dummy(&lower) && !is_reference(text) && distinct(&lower) > 1).then_some(text.len())
}

/// A value that is no plain word: `my password is …` goes on with `wrong` more often than with a password.
pub(super) fn odd(text: &str) -> Option<usize> {
    let capitals = text.bytes().skip(1).any(|byte| byte.is_ascii_uppercase());
    let odd = text.bytes().any(|byte| byte.is_ascii_digit() || b"!@#$%^&*+=_".contains(&byte));
    let mixed = capitals && text.bytes().any(|byte| byte.is_ascii_lowercase());
    check(text).filter(|_| (odd || mixed) && !text.contains("://"))
}

fn is_dummy(lower: &str) -> bool {
    DUMMIES.iter().any(|dummy| lower.contains(dummy))
}

/// Whether `text` names a secret instead of being one: a variable, a call, a member.
fn is_reference(text: &str) -> bool {
    let call = text.split_once('(').is_some_and(|(called, _)| called.split(['.', ':']).all(is_name));
    let member = text.contains('.') && text.split('.').all(is_name);
    let lower = text.to_ascii_lowercase();
    let variable = text.contains('_') && is_name(&lower) && NAMED.iter().any(|word| lower.contains(word));
    call || member || variable || is_expanded(text) || REFERENCES.iter().any(|start| text.starts_with(start))
}

/// Whether `text` is a sign and a name: `$PASSWORD`, `%PASSWORD%`, `@password`, `&str`.
fn is_expanded(text: &str) -> bool {
    let name = |byte: u8| byte.is_ascii_alphabetic() || b"_.>:/#-".contains(&byte);
    text.strip_prefix(['$', '%', '@', '&', '*']).is_some_and(|rest| rest.trim_end_matches('%').bytes().all(name))
}

/// Whether a program could have given this name to something: small letters, with lines between them.
fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// What the names of variables that hold secrets have in them.
const NAMED: &[&str] = &["pass", "pwd", "user", "auth", "secret", "token"];

/// How many different characters `text` has.
pub(super) fn distinct(text: &str) -> u32 {
    let seen = text.bytes().filter(u8::is_ascii).fold(0u128, |seen, byte| seen | 1 << byte);
    seen.count_ones()
}

/// What stands in examples in place of a secret.
const DUMMIES: &[&str] = &[
    "your_",
    "your-",
    "yourapi",
    "yourkey",
    "yourpass",
    "yoursecret",
    "yourtoken",
    "xxxx",
    "****",
    "....",
    "####",
    "example",
    "changeme",
    "change_me",
    "change-me",
    "placeholder",
    "redacted",
    "dummy",
    "insert_",
    "replace_",
    "<",
    "${",
    "{{",
    "}}",
    "$(",
    "#{",
];

/// Words that say there is none.
const EMPTY: &[&str] = &[
    "null",
    "none",
    "undefined",
    "true",
    "false",
    "required",
    "optional",
    "password",
    "passwort",
    "secret",
    "token",
    "string",
    "incorrect",
    "invalid",
    "expired",
    "wrong",
    "please",
    "missing",
    "unknown",
    "username",
    "credentials",
    "protected",
    "disabled",
    "enabled",
    "changed",
    "forgotten",
    "default",
    "hidden",
    "prompt",
    "integer",
    "boolean",
    "passwd",
    "varchar",
    "object",
    "requerido",
    "requerida",
    "obrigatório",
    "incorrecta",
    "incorreta",
    "inválida",
];

/// How a reference to a secret begins.
const REFERENCES: &[&str] =
    &["\\", "env.", "os.", "process.", "{", "[", "(", "/", "self.", "this.", "args.", "config.", "__"];

#[cfg(test)]
mod tests {
    use super::*;

    fn checks(check: fn(&str) -> Option<usize>, cases: &[(&str, bool)]) {
        for (text, good) in cases {
            assert_eq!(check(text).is_some(), *good, "{text}");
        }
    }

    #[test]
    fn dummies_are_no_secrets() {
        let cases = [
            ("hunter2!", true),
            ("$ecret123", true),
            ("$PASSWORD", false),
            ("%DB_PASS%", false),
            ("yourMom22", true),
            ("yourpassword", false),
            ("tr0ub4dor&3", true),
            ("YOUR_API_KEY", false),
            ("<password>", false),
            ("xxxxxxxx", false),
            ("${DB_PASSWORD}", false),
            ("secret", false),
            ("required.", false),
            ("incorrect!", false),
            ("my-secret-41", true),
            ("process.env.KEY", false),
            ("settings.password", false),
            ("get_password()", false),
            ("url_user_password", false),
            ("open_sesame", true),
            ("aaaaaaaa", false),
        ];
        checks(check, &cases);
    }

    #[test]
    fn a_sentence_ends_behind_its_password() {
        for (text, value) in
            [("Hunter22.", "Hunter22"), ("hunter2!", "hunter2!"), ("tr0ub4dor)", "tr0ub4dor"), ("A(b)c1", "A(b)c1")]
        {
            assert_eq!(odd(text), Some(value.len()), "{text}");
        }
    }

    #[test]
    fn a_place_for_a_password_makes_a_word_one() {
        checks(
            placed,
            &[("password", true), ("guest", true), ("****", false), ("$PASSWORD", false), ("{pass}", false)],
        );
    }

    #[test]
    fn a_spoken_password_is_no_plain_word() {
        checks(
            odd,
            &[("hunter2", true), ("Tr0ub4dor", true), ("incorrect", false), ("Missing", false), ("sunShine", true)],
        );
    }
}
