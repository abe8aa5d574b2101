//! The binary messages of `application/vnd.amazon.eventstream`.
//!
//! Source: the Smithy specification "Amazon Event Stream". A message is its length and the length of its head (4 bytes each,
//! big-endian), the CRC-32 of these, the head, the payload, and the CRC-32 of all before.

use std::ops::Range;

const PRELUDE: usize = 12;
const CHECKSUM: usize = 4;

/// How long the message is that begins `bytes`: `None` while that cannot be told.
///
/// What cannot be a message has no end that could be found: it is as long as can be.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    let prelude = bytes.get(..PRELUDE)?;
    let (length, head) = (number(prelude, 0), number(prelude, 4));
    let holds = head.checked_add(PRELUDE + CHECKSUM).is_some_and(|least| least <= length);
    Some(if holds && crc32(&prelude[..8]) as usize == number(prelude, 8) { length } else { usize::MAX })
}

/// Where the payload of a whole message stands.
pub(super) fn payload(message: &[u8]) -> Option<Range<usize>> {
    (length(message)? == message.len()).then(|| PRELUDE + number(message, 4)..message.len() - CHECKSUM)
}

/// A message whose payload was changed, with the length and the checksums that it now has.
pub(super) fn seal(mut message: Vec<u8>) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("a message that was read is shorter than 4 GiB");
    message[..4].copy_from_slice(&length.to_be_bytes());
    let prelude = crc32(&message[..8]);
    message[8..PRELUDE].copy_from_slice(&prelude.to_be_bytes());
    let body = message.len() - CHECKSUM;
    let all = crc32(&message[..body]);
    message[body..].copy_from_slice(&all.to_be_bytes());
    message
}

fn number(bytes: &[u8], at: usize) -> usize {
    bytes[at..at + 4].iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

/// The CRC-32 of ISO 3309, as in gzip (RFC 1952, section 8).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, byte| (crc >> 8) ^ CRC_TABLE[usize::from(crc as u8 ^ byte)])
}

static CRC_TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let mut crc = at as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
            bit += 1;
        }
        table[at] = crc;
        at += 1;
    }
    table
};

/// A message with these headers, whose values are strings.
pub(super) fn message(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    const STRING: u8 = 7;
    let mut message = vec![0; PRELUDE];
    for (name, value) in headers {
        message.push(u8::try_from(name.len()).expect("a header's name is shorter than 256 bytes"));
        message.extend_from_slice(name.as_bytes());
        message.push(STRING);
        message.extend_from_slice(
            &u16::try_from(value.len()).expect("a header's value is shorter than 64 KiB").to_be_bytes(),
        );
        message.extend_from_slice(value.as_bytes());
    }
    let head = u32::try_from(message.len() - PRELUDE).expect("headers are few");
    message[4..8].copy_from_slice(&head.to_be_bytes());
    message.extend_from_slice(payload);
    message.extend_from_slice(&[0; CHECKSUM]);
    seal(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_message_is_read_and_sealed() {
        let whole = message(&[(":content-type", "application/json")], b"{\"a\":1}");
        assert_eq!(&whole[payload(&whole).unwrap()], b"{\"a\":1}");
        assert_eq!(seal(whole.clone()), whole);
        assert_eq!(length(&whole[..11]), None);
        assert_eq!(length(&whole[..12]), Some(whole.len()));
        assert_eq!(length(b"{\"message\":\"no\"}"), Some(usize::MAX));
        assert_eq!(payload(b"{\"message\":\"no\"}"), None);
    }
}
