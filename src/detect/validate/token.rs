//! Tokens that carry their own check: GitHub's, Atlassian's and our callers' a CRC-32, JSON web tokens a header that is JSON.

use super::secret;

/// The length of GitHub's prefix, such as `ghp_`.
const PREFIX: usize = 4;

/// The characters that spell a checksum of GitHub's.
const CHECKSUM: usize = 6;

/// A token of GitHub: behind thirty random characters, their CRC-32 in base 62 (GitHub engineering, 2021-04-05).
///
/// One that fails is nobody's token, so it is found only where a name says that it is one. Tokens of other lengths have no
/// published check.
pub(super) fn github(text: &str) -> Option<usize> {
    let body = text.get(PREFIX..)?;
    let (random, checksum) = body.split_at_checked(body.len().checked_sub(CHECKSUM)?)?;
    let good = random.len() != 30 || base62(checksum) == Some(crc32(random.as_bytes()));
    secret::check(text).filter(|_| good)
}

/// What a caller's key begins with.
const CALLER: &str = "blotter_";

/// How many random characters a caller's key has.
pub(crate) const CALLER_RANDOM: usize = 30;

/// A caller's key for Blotter itself, in the form of GitHub's tokens: its random characters and their checksum.
pub(super) fn caller(text: &str) -> Option<usize> {
    is_caller_key(text).then_some(text.len())
}

/// Whether a text has the form of a caller's key, its checksum included.
pub(crate) fn is_caller_key(text: &str) -> bool {
    let random = text.strip_prefix(CALLER).and_then(|body| body.get(..CALLER_RANDOM));
    random.is_some_and(|random| caller_key(random) == text)
}

/// The caller's key with these random characters.
pub(crate) fn caller_key(random: &str) -> String {
    let crc = crc32(random.as_bytes());
    let place = |place| char::from(BASE_62[(crc / 62u32.pow(place) % 62) as usize]);
    let checksum: String = (0..CHECKSUM as u32).rev().map(place).collect();
    format!("{CALLER}{random}{checksum}")
}

/// The digits of base 62.
pub(crate) const BASE_62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A token of Atlassian: eight hexadecimal digits at its end are the CRC-32 of all before them.
pub(super) fn atlassian(text: &str) -> Option<usize> {
    let (body, checksum) = text.split_at_checked(text.len().checked_sub(8)?)?;
    (u32::from_str_radix(checksum, 16) == Ok(crc32(body.as_bytes()))).then_some(text.len())
}

/// A JSON web token: its first part is a JSON object in base64url that names an algorithm (RFC 7515 4.1.1).
pub(super) fn jwt(text: &str) -> Option<usize> {
    let header = base64url(text.split('.').next()?)?;
    let named = header.windows(ALGORITHM.len()).any(|bytes| bytes == ALGORITHM);
    (named && header.starts_with(b"{") && header.ends_with(b"}")).then_some(text.len())
}

const ALGORITHM: &[u8] = b"\"alg\"";

/// CRC-32 as in ISO 3309, bit by bit: tokens are short.
fn crc32(bytes: &[u8]) -> u32 {
    let shift = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| shift(crc)))
}

/// A number in base 62: digits, capitals, small letters.
fn base62(text: &str) -> Option<u32> {
    text.bytes().try_fold(0u32, |number, byte| number.checked_mul(62)?.checked_add(digit(byte)?))
}

fn digit(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'0'..=b'9' => byte - b'0',
        b'A'..=b'Z' => byte - b'A' + 10,
        b'a'..=b'z' => byte - b'a' + 36,
        _ => return None,
    }))
}

/// The bytes that `text` spells in base64url without padding (RFC 4648 5).
fn base64url(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut held) = (Vec::with_capacity(text.len()), 0u32, 0);
    for byte in text.bytes() {
        bits = bits << 6 | sextet(byte)?;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    Some(bytes)
}

fn sextet(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'-' => 62,
        b'_' => 63,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_crc_32_is_published() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_mistyped_github_token_is_none() {
        assert!(github("ghp_Zq8vT2mLr5Xw9KpN3bHdYc7Ju4sFg63yMY5p").is_none());
        assert!(github("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").is_some());
    }

    #[test]
    fn a_callers_key_carries_its_checksum() {
        let key = caller_key("Zq8vT2mLr5Xw9KpN3bHdYc7Ju4sFg6");
        assert_eq!(key, "blotter_Zq8vT2mLr5Xw9KpN3bHdYc7Ju4sFg63yMY5o");
        assert!(is_caller_key(&key));
        for other in [&key[..43], "blotter_", "blotter_Zq8vT2mLr5Xw9KpN3bHdYc7Ju4sFg63yMY5p", "blotter_é", ""] {
            assert!(!is_caller_key(other), "{other}");
        }
    }

    #[test]
    fn a_web_token_names_its_algorithm() {
        assert!(jwt("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.Zq8v").is_some());
        assert!(jwt("eyJzdWIiOiI0MiJ9.eyJzdWIiOiI0MiJ9.Zq8v").is_none());
    }
}
