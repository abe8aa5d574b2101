//! Telling what a machine made at random from what has words in it.

use super::secret::{check, distinct};

/// A value that a machine made: many different characters, and less than half of them in words.
pub(super) fn random(text: &str) -> Option<usize> {
    let (digits, letters) = (count(text, u8::is_ascii_digit), count(text, u8::is_ascii_alphabetic));
    let long = if letters == 0 { digits >= LEAST_DIGITS } else { digits > 0 || letters >= LEAST_LETTERS };
    let words = 2 * in_words(text) > letters + digits;
    let path = text.contains('/') && text.contains('.') || text.contains("//") || text.contains(':') && digits == 0;
    check(text).filter(|_| {
        long && !path && !is_small_number(text) && (is_uuid(text) || !words && entropy(text) >= LEAST_ENTROPY)
    })
}

/// A token of a vendor's own format: not the same few characters in place of one, nor numbers alone behind its prefix.
pub(super) fn token(text: &str) -> Option<usize> {
    let tail = text.split_once('-').map_or(text, |(_, tail)| tail);
    let random = entropy(text) >= LEAST_ENTROPY && longest_run(text) < LONGEST_RUN;
    check(text).filter(|_| random && count(tail, u8::is_ascii_alphabetic) > 0)
}

/// The same character in a row more often than that is no accident.
const LONGEST_RUN: usize = 7;

/// How often the same character stands in a row at most; `A` is left out, it is nought in base 64.
fn longest_run(text: &str) -> usize {
    let runs = text.as_bytes().chunk_by(|a, b| a == b && *a != b'A');
    runs.map(<[u8]>::len).max().unwrap_or(0)
}

/// Whether `text` is a number of 64 bits at most as programs write it: an address, or the number of a session.
fn is_small_number(text: &str) -> bool {
    text.strip_prefix("0x").is_some_and(|hex| hex.len() <= 16 && count(hex, u8::is_ascii_hexdigit) == hex.len())
}

/// More digits than any card, account or article number has.
const LEAST_DIGITS: usize = 24;

/// Letters without a single digit are seldom as many, and random ones without a digit seldom fewer.
const LEAST_LETTERS: usize = 16;

/// Bits per character: eight different ones in equal parts have three.
const LEAST_ENTROPY: f64 = 2.9;

/// How many characters of `text` stand in words, or in the small numbers between them.
fn in_words(text: &str) -> usize {
    let words = |part: &str| letters(part).flat_map(humps).filter(|run| is_word(run)).map(str::len).sum();
    let parts = text.split(|c: char| !c.is_ascii_alphanumeric());
    parts.map(|part| if is_short(part) { part.len() } else { words(part) }).sum()
}

/// Whether a part between separators is a year, a number or a word such as `of`.
fn is_short(part: &str) -> bool {
    let only = |kind: fn(&u8) -> bool| count(part, kind) == part.len();
    part.len() <= 4 && only(u8::is_ascii_digit) || part.len() <= 2 && only(u8::is_ascii_alphabetic)
}

fn letters(part: &str) -> impl Iterator<Item = &str> {
    part.split(|c: char| !c.is_ascii_alphabetic())
}

/// The parts of `someHTTPWord`, each beginning with a capital; capitals in a row stay together.
fn humps(run: &str) -> impl Iterator<Item = &str> {
    let bytes = run.as_bytes();
    let before_small = |at: usize| bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase);
    let border =
        |at: &usize| bytes[*at].is_ascii_uppercase() && (bytes[at - 1].is_ascii_lowercase() || before_small(*at));
    let borders: Vec<usize> = std::iter::once(0).chain((1..run.len()).filter(border)).chain([run.len()]).collect();
    (1..borders.len()).map(move |i| &run[borders[i - 1]..borders[i]]).collect::<Vec<_>>().into_iter()
}

/// Whether `run` could be a word: at least half of its pairs of letters are pairs that words are made of.
fn is_word(run: &str) -> bool {
    let follows = |pair: &&[u8]| {
        let followers = FOLLOWERS[usize::from(pair[0].to_ascii_lowercase() - b'a')];
        followers.contains(char::from(pair[1].to_ascii_lowercase()))
    };
    let pairs = run.len().saturating_sub(1);
    pairs > 1 && 2 * run.as_bytes().windows(2).filter(follows).count() >= pairs
}

/// The letters that often follow each letter from a to z: nine in ten words of prose and of code have half of their pairs
/// here, one in three hundred random strings of sixteen letters and digits has half of its characters in such words.
const FOLLOWERS: [&str; 26] = [
    "bcdgilmnprst",
    "aeiloru",
    "aehiklort",
    "aeio",
    "acdefglmnprstvx",
    "fioru",
    "aehior",
    "aeio",
    "acdefglmnoprstvz",
    "o",
    "eis",
    "adeiloy",
    "aeiop",
    "acdefgiost",
    "cdlmnprstuw",
    "aehiloprt",
    "u",
    "adeimost",
    "acehiopstu",
    "aehiorstuy",
    "lmnprst",
    "aei",
    "aehio",
    "it",
    "e",
    "e",
];

/// Whether `text` is laid out like a UUID, in groups of 8, 4, 4, 4 and 12 letters or digits.
fn is_uuid(text: &str) -> bool {
    let groups =
        text.split('-').map(|group| group.len() * usize::from(group.bytes().all(|b| b.is_ascii_alphanumeric())));
    groups.eq([8, 4, 4, 4, 12]) && distinct(text) > 4
}

fn count(text: &str, kind: impl Fn(&u8) -> bool) -> usize {
    text.bytes().filter(kind).count()
}

/// Shannon's entropy in bits per character.
fn entropy(text: &str) -> f64 {
    let mut counts = [0u16; 256];
    text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let share = |count: &u16| f64::from(*count) / text.len() as f64;
    -counts.iter().filter(|count| **count > 0).map(|count| share(count) * share(count).log2()).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_write_no_words() {
        let cases = [
            ("53e2ca67b12b98e25e01946ab4669911", true),
            ("12345678-ABCD-ABCD-ABCD-1234567890AB", true),
            ("abcd1234abcd1234abcd1234abcd1234", true),
            ("byl2nhrv34zaclukjhvomlvjabkujf", true),
            ("abcdef12-1234-abcd-5678-abcdef123456", true),
            ("bvcxzlkjhgfdsapoiuytrewq", true),
            ("SalesResults-1.2", false),
            ("access_token_type_2", false),
            ("internationalization", false),
            ("getAccessTokenFromRequest", false),
            ("sm02915.int.contoso.com", false),
            ("uploads/2021/9f86d081884c.png", false),
            ("1111111111111111aaaaaaaaaaa", false),
            ("12345678901234567890", false),
            ("0x14f05578bd80001", false),
            ("0x7f3a9c1e5b8d2460af1c3e5d7b902846", true),
            ("atLOI:ofKind:lqm:isFaulty", false),
        ];
        for (text, good) in cases {
            assert_eq!(random(text).is_some(), good, "{text}");
        }
    }

    #[test]
    fn a_token_is_more_than_its_prefix_and_numbers() {
        for (text, good) in [
            ("xoxb-572370529330-573807301142", false),
            ("xoxb-572370529330-q7Zt9Lm2Xv", true),
            ("sgp_5555555dAAAAA7777777CcccCFaaaaaaaaaaaaaa", false),
        ] {
            assert_eq!(token(text).is_some(), good, "{text}");
        }
    }
}
