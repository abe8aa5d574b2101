//! Base64 and base64url (RFC 4648), as files stand in JSON.

/// Bytes, and how they were written.
#[derive(Debug, PartialEq, Eq)]
pub struct Decoded {
    /// What the text stands for.
    pub bytes: Vec<u8>,
    alphabet: &'static [u8; 64],
    padded: bool,
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Reads `text`, with padding or without; line ends in it are passed over. `None` if it is no base64.
pub fn decode(text: &str) -> Option<Decoded> {
    let alphabet = if text.contains(['-', '_']) { URL_SAFE } else { STANDARD };
    let letters = text.trim_end_matches(['=', '\n', '\r']);
    let mut bytes = Vec::with_capacity(letters.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0_u32, 0);
    for letter in letters.bytes().filter(|letter| !matches!(letter, b'\n' | b'\r')) {
        bits = bits << 6 | six_bits(letter, alphabet)?;
        count += 1;
        if count == 4 {
            bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
            (bits, count) = (0, 0);
        }
    }
    match count {
        0 => {}
        2 => bytes.push((bits >> 4) as u8),
        3 => bytes.extend_from_slice(&((bits >> 2) as u16).to_be_bytes()),
        _ => return None,
    }
    Some(Decoded { bytes, alphabet, padded: text.ends_with('=') || count == 0 })
}

impl Decoded {
    /// Writes other bytes as these were written.
    pub fn encode(&self, bytes: &[u8]) -> String {
        let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
        for chunk in bytes.chunks(3) {
            let three: [u8; 3] = std::array::from_fn(|at| chunk.get(at).copied().unwrap_or(0));
            let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
            for at in 0..=chunk.len() {
                text.push(char::from(self.alphabet[(bits >> (18 - 6 * at) & 0x3f) as usize]));
            }
            if self.padded {
                text.extend(std::iter::repeat_n('=', 3 - chunk.len()));
            }
        }
        text
    }
}

fn six_bits(letter: u8, alphabet: &[u8; 64]) -> Option<u32> {
    Some(match letter {
        b'A'..=b'Z' => u32::from(letter - b'A'),
        b'a'..=b'z' => u32::from(letter - b'a') + 26,
        b'0'..=b'9' => u32::from(letter - b'0') + 52,
        letter if letter == alphabet[62] => 62,
        letter if letter == alphabet[63] => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_the_standard_hold() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            let decoded = decode(text).unwrap();
            assert_eq!(decoded.bytes, bytes.as_bytes());
            assert_eq!(decoded.encode(bytes.as_bytes()), text);
        }
        assert_eq!(decode("Zm8").unwrap().encode(b"f"), "Zg");
        assert_eq!(decode("Zm9v\nYmFy\n").unwrap().bytes, b"foobar");
        assert_eq!(decode("-_-_").unwrap().bytes, [0xfb, 0xff, 0xbf]);
        for text in ["Zm9v!", "Z", "Zm9v Zm9v", "-+-+"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            for like in ["Zg==", "_-8"] {
                let text = decode(like).unwrap().encode(&bytes);
                prop_assert_eq!(decode(&text).unwrap().bytes, bytes.clone());
            }
        }
    }
}
