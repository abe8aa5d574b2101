//! International bank account numbers.

use std::borrow::Cow;

/// The account number that `text` begins with: the country's length, then mod-97 (ISO 13616-1, ISO 7064).
pub(super) fn check(text: &str) -> Option<usize> {
    let mut letters = text.bytes().filter(u8::is_ascii_alphanumeric);
    let country = [letters.next()?, letters.next()?].map(|letter| letter.to_ascii_uppercase());
    let length = LENGTHS[LENGTHS.binary_search_by_key(&&country[..], |(code, _)| code.as_bytes()).ok()?].1;
    let end = text.bytes().enumerate().filter(|(_, byte)| byte.is_ascii_alphanumeric()).nth(length - 1)?.0 + 1;
    let whole = !text.as_bytes().get(end).is_some_and(u8::is_ascii_alphanumeric);
    (whole && remainder(&text[..end]) == 1).then_some(end)
}

/// A Polish account number, written without its `PL`.
pub(super) fn polish(text: &str) -> Option<usize> {
    check(&format!("PL{text}")).map(|length| length - 2)
}

/// The number in capitals without its spaces.
pub(super) fn compact(text: &str) -> Cow<'_, str> {
    Cow::Owned(text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect())
}

/// The number mod 97 with its first four characters at the end and letters as 10 to 35.
fn remainder(text: &str) -> u32 {
    let compact = compact(text);
    let (head, tail) = compact.split_at(4);
    let values = tail.chars().chain(head.chars()).filter_map(|c| c.to_digit(36));
    values.fold(0, |sum, value| (sum * if value > 9 { 100 } else { 10 } + value) % 97)
}

/// The length by country, sorted, SWIFT IBAN registry.
const LENGTHS: &[(&str, usize)] = &[
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BI", 27),
    ("BR", 29),
    ("BY", 28),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DJ", 27),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FK", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GL", 18),
    ("GR", 27),
    ("GT", 28),
    ("HN", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IQ", 23),
    ("IS", 26),
    ("IT", 27),
    ("JO", 30),
    ("KW", 30),
    ("KZ", 20),
    ("LB", 28),
    ("LC", 32),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("LY", 25),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MN", 20),
    ("MR", 27),
    ("MT", 31),
    ("MU", 30),
    ("NI", 28),
    ("NL", 18),
    ("NO", 15),
    ("OM", 23),
    ("PK", 24),
    ("PL", 28),
    ("PS", 29),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("RS", 22),
    ("RU", 33),
    ("SA", 24),
    ("SC", 31),
    ("SD", 18),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("SO", 23),
    ("ST", 25),
    ("SV", 28),
    ("TL", 23),
    ("TN", 24),
    ("TR", 26),
    ("UA", 29),
    ("VA", 22),
    ("VG", 24),
    ("XK", 20),
    ("YE", 30),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_stops_at_the_countrys_length() {
        assert!(LENGTHS.is_sorted());
        assert_eq!(check("DE89 3704 0044 0532 0130 00"), Some(27));
        assert_eq!(check("de89 3704 0044 0532 0130 00"), Some(27));
        assert_eq!(check("DE89 3704 0044 0532 0130 00 12 34"), Some(27));
        assert_eq!(check("DE88 3704 0044 0532 0130 00"), None);
        assert_eq!(check("DE89 3704 0044 0532 0130 001"), None);
        assert_eq!(check("XX89 3704 0044 0532 0130 00"), None);
        assert_eq!(polish("61 1090 1014 0000 0712 1981 2874"), Some(32));
    }
}
