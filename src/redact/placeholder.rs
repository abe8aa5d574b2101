//! Reads a placeholder out of a model's text, also when the model spelled it a little differently.
//!
//! Accepted are: any case, `-` or a Markdown-escaped `_`, spaces inside the brackets, a lost bracket. Whatever is read counts
//! only if the exchange's own vault holds it, so text that merely looks like a placeholder stays as it is.

use super::vault::Vault;

/// What stands at the beginning of some text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// No placeholder of this vault.
    No,
    /// All of the text may be the beginning of one.
    Unfinished,
    /// A placeholder of `length` bytes, and its name in the vault.
    Placeholder {
        /// Brackets included.
        length: usize,
        /// As in `PHONE_7K2Q`.
        name: String,
    },
}

/// Whether more text may follow the text that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tail {
    /// The text ends here.
    Closed,
    /// More may come.
    Open,
}

/// The first place at or after `from` where a placeholder might begin; `after_word` tells what stands before the text.
pub(super) fn next_candidate(text: &str, from: usize, after_word: bool, vault: &Vault) -> Option<usize> {
    let bytes = text.as_bytes();
    let starts_word = |at: usize| !at.checked_sub(1).map_or(after_word, |before| is_word(bytes[before]));
    (from..bytes.len()).find(|&at| match bytes[at] {
        b'[' => true,
        b'\\' => matches!(bytes.get(at + 1), None | Some(b'[')),
        byte if byte.is_ascii_alphabetic() && starts_word(at) => {
            vault.has_prefix(char::from(byte.to_ascii_uppercase()).encode_utf8(&mut [0; 4]))
        }
        _ => false,
    })
}

/// Reads what stands at the beginning of `text`.
pub(super) fn read(text: &str, tail: Tail, vault: &Vault) -> Reading {
    let mut reader = Reader { bytes: text.as_bytes(), at: 0, tail };
    match reader.placeholder(vault) {
        Some(name) => Reading::Placeholder { length: reader.at, name },
        None if reader.ran_out() => Reading::Unfinished,
        None => Reading::No,
    }
}

/// How many placeholders in `text` stand for something that this vault does not hold.
pub fn strange(text: &str, vault: &Vault) -> u64 {
    let openings = memchr::memchr_iter(b'[', text.as_bytes());
    openings.filter_map(|at| name(&text[at + 1..])).filter(|name| vault.value(name).is_none()).count() as u64
}

/// The name of a placeholder whose bracket was just opened.
fn name(text: &str) -> Option<&str> {
    const LONGEST: usize = 96;
    let end = text.bytes().take(LONGEST).position(|byte| byte == b']')?;
    let (entity, code) = text[..end].rsplit_once('_')?;
    let is_code = code.len() >= 4
        && code.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase() && !b"ILOU".contains(&byte));
    let is_entity = entity.starts_with(|first: char| first.is_ascii_uppercase())
        && entity.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    (is_code && is_entity).then_some(&text[..end])
}

struct Reader<'t> {
    bytes: &'t [u8],
    at: usize,
    tail: Tail,
}

impl Reader<'_> {
    /// The name of the placeholder here; afterwards `at` is behind it. `None` with `at` at the end: the text was too short.
    fn placeholder(&mut self, vault: &Vault) -> Option<String> {
        let escaped = self.pass(b'\\');
        let opened = self.pass(b'[');
        if escaped && !opened && !self.ran_out() {
            return self.give_up();
        }
        if opened {
            self.pass(b' ');
        }
        let name = self.name(vault, opened)?;
        let end = self.at;
        if opened {
            self.pass(b' ');
        }
        if escaped && !self.pass(b'\\') && !self.ran_out() {
            return self.give_up();
        }
        if self.ran_out() {
            return None;
        }
        if self.pass(b']') {
            return Some(name);
        }
        self.at = end;
        let apart = self.peek().is_none_or(|next| !is_word(next));
        if apart && !escaped { Some(name) } else { self.give_up() }
    }

    /// Reads on while the vault holds a name that begins so.
    fn name(&mut self, vault: &Vault, opened: bool) -> Option<String> {
        let mut name = String::new();
        while let Some(next) = self.peek() {
            let letter = match next {
                b'\\' if matches!(self.bytes.get(self.at + 1), Some(b'_' | b'-') | None) => {
                    self.at += 1;
                    continue;
                }
                b'_' | b'-' => '_',
                b' ' if opened => '_',
                next if next.is_ascii_alphanumeric() => char::from(next.to_ascii_uppercase()),
                _ => break,
            };
            name.push(letter);
            if !vault.has_prefix(&name) {
                name.pop();
                break;
            }
            self.at += 1;
        }
        if vault.value(&name).is_some() {
            return Some(name);
        }
        if self.ran_out() { None } else { self.give_up() }
    }

    fn give_up(&mut self) -> Option<String> {
        self.tail = Tail::Closed;
        None
    }

    /// Whether the decision hangs on text that may still come.
    fn ran_out(&self) -> bool {
        self.tail == Tail::Open && self.at >= self.bytes.len()
    }

    fn pass(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
}

/// Whether `byte` continues a word that a bare placeholder would have to stand apart from.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{MasterKey, Purpose};

    fn vault() -> (Vault, String) {
        let key = MasterKey::from_hex(&"07".repeat(32)).unwrap().derive(Purpose::Placeholder);
        let mut vault = Vault::default();
        let placeholder = vault.placeholder(&key, &"US_SSN".parse().unwrap(), "1", "1");
        (vault, placeholder.trim_matches(['[', ']']).to_owned())
    }

    #[test]
    fn small_manglings_are_accepted() {
        let (vault, name) = vault();
        let code = &name["US_SSN_".len()..];
        let check = |text: String, rest: &str| {
            let expected = Reading::Placeholder { length: text.len(), name: name.clone() };
            assert_eq!(read(&format!("{text}{rest}"), Tail::Open, &vault), expected, "{text}");
        };
        check(format!("[{name}]"), "");
        check(format!("[{name}]"), "text");
        check(format!("[{}]", name.to_lowercase()), "");
        check(format!("[US-SSN-{code}]"), "");
        check(format!("[US\\_SSN\\_{code}]"), "");
        check(format!("\\[US\\_SSN\\_{code}\\]"), "");
        check(format!("[ us ssn {code} ]"), "");
        check(name.clone(), ".");
        check(name.clone(), " ");
        check(format!("[{name}"), ", ");
        check(format!("{name}]"), "");
    }

    #[test]
    fn a_placeholder_of_another_exchange_is_text() {
        let (vault, name) = vault();
        for text in [&format!("\\{name}")[..], "\\P", "[SSN_0000]", "[US_SSN_", "[US_SSN_]", "[note]", "[", "us ssn "] {
            assert_eq!(read(&format!("{text}!"), Tail::Open, &vault), Reading::No, "{text}");
        }
        assert_eq!(read(&format!("{name}x"), Tail::Open, &vault), Reading::No);
        assert_eq!(read(&format!("\\[{name}]"), Tail::Open, &vault), Reading::No, "the backslash is the caller's own");
        assert_eq!(read(&format!("[{name}x]"), Tail::Open, &vault), Reading::No);
    }

    #[test]
    fn placeholders_of_others_are_counted() {
        let (vault, own) = vault();
        assert_eq!(strange(&format!("[{own}] [US_SSN_0000] [SSN_7K] [a_0000] [PHONE_7K2Q55] ["), &vault), 2);
    }

    #[test]
    fn every_beginning_is_unfinished() {
        let (vault, name) = vault();
        let whole = format!("[{name}]");
        for cut in 1..whole.len() {
            assert_eq!(read(&whole[..cut], Tail::Open, &vault), Reading::Unfinished, "{}", &whole[..cut]);
        }
        assert_eq!(read("[US_SS", Tail::Closed, &vault), Reading::No);
        let bare = Reading::Placeholder { length: name.len(), name: name.clone() };
        assert_eq!(read(&name, Tail::Open, &vault), Reading::Unfinished);
        assert_eq!(read(&name, Tail::Closed, &vault), bare);
    }
}
