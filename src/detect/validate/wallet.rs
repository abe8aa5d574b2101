//! Addresses of crypto currencies.

/// A Bitcoin, Litecoin or Tron address in base 58: 25 bytes that begin with a known version.
///
/// The last four bytes are a double SHA-256, which is not looked at here: this room names no cryptography.
pub(super) fn base58(text: &str) -> Option<usize> {
    const VERSIONS: [u8; 3] = [0x00, 0x05, 0x41];
    let bytes = from_base58(text)?;
    let mixed =
        text.bytes().any(|byte| byte.is_ascii_lowercase()) && text.bytes().any(|byte| byte.is_ascii_uppercase());
    (mixed && VERSIONS.contains(&bytes[0])).then_some(text.len())
}

/// The 25 bytes that `text` spells; its leading ones stand for leading zeros.
fn from_base58(text: &str) -> Option<[u8; 25]> {
    let mut bytes = [0u8; 25];
    for digit in text.bytes() {
        let mut carry = BASE58.iter().position(|other| *other == digit)?;
        for byte in bytes.iter_mut().rev() {
            carry += usize::from(*byte) * 58;
            *byte = (carry & 0xff) as u8;
            carry >>= 8;
        }
        if carry > 0 {
            return None;
        }
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    (text.bytes().take_while(|byte| *byte == b'1').count() == zeros).then_some(bytes)
}

const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// A SegWit address: bech32 for version 0 (BIP 173), bech32m for later ones (BIP 350), in one case.
pub(super) fn bech32(text: &str) -> Option<usize> {
    const GENERATORS: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let lower = text.to_ascii_lowercase();
    let (prefix, data) = lower.split_once('1')?;
    let data: Option<Vec<u32>> =
        data.bytes().map(|byte| BECH32.iter().position(|other| *other == byte).map(|value| value as u32)).collect();
    let data = data?;
    let high = prefix.bytes().map(|byte| u32::from(byte >> 5));
    let low = prefix.bytes().map(|byte| u32::from(byte & 31));
    let checksum = high.chain([0]).chain(low).chain(data.iter().copied()).fold(1, |sum, value| {
        let shifted = (sum & 0x1ff_ffff) << 5 ^ value;
        (0..5).filter(|bit| sum >> (25 + bit) & 1 == 1).fold(shifted, |sum, bit| sum ^ GENERATORS[bit])
    });
    let expected = if data.first() == Some(&0) { 1 } else { 0x2bc8_30a3 };
    let one_case = text == lower || text == text.to_ascii_uppercase();
    (one_case && checksum == expected).then_some(text.len())
}

const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// An Ethereum address whose capitals are its checksum (EIP-55).
pub(super) fn ethereum(text: &str) -> Option<usize> {
    let digits = text.get(2..).filter(|digits| digits.len() == 40)?;
    let hash = keccak256(digits.to_ascii_lowercase().as_bytes());
    let nibble = |i: usize| hash[i / 2] >> (4 * (1 - i % 2)) & 15;
    let fits = |(i, byte): (usize, u8)| !byte.is_ascii_alphabetic() || byte.is_ascii_uppercase() == (nibble(i) > 7);
    let cased = digits.bytes().any(|byte| byte.is_ascii_alphabetic());
    (cased && digits.bytes().enumerate().all(fits)).then_some(text.len())
}

/// Keccak-256 of less than one block, as Ethereum uses it: FIPS 202 with the padding of the submission.
fn keccak256(bytes: &[u8]) -> [u8; 32] {
    const RATE: usize = 136;
    let mut block = [0u8; RATE];
    block[..bytes.len()].copy_from_slice(bytes);
    block[bytes.len()] ^= 1;
    block[RATE - 1] ^= 0x80;
    let mut lanes = [0u64; 25];
    for (lane, bytes) in lanes.iter_mut().zip(block.chunks_exact(8)) {
        *lane = bytes.iter().rev().fold(0, |lane, byte| lane << 8 | u64::from(*byte));
    }
    ROUNDS.iter().for_each(|round| permute(&mut lanes, *round));
    let mut hash = [0; 32];
    hash.chunks_exact_mut(8).zip(lanes).for_each(|(bytes, lane)| bytes.copy_from_slice(&lane.to_le_bytes()));
    hash
}

/// One round of Keccak-f\[1600\]: theta, rho and pi, chi, iota (FIPS 202 3.2). The lane (x, y) is at `x + 5 * y`.
fn permute(lanes: &mut [u64; 25], round: u64) {
    let column = |x: usize| (0..5).fold(0, |sum, y| sum ^ lanes[x + 5 * y]);
    let parity: [u64; 5] = std::array::from_fn(|x| column((x + 4) % 5) ^ column((x + 1) % 5).rotate_left(1));
    let mut turned = [lanes[0] ^ parity[0]; 25];
    let (mut x, mut y) = (1, 0);
    for t in 1..=24 {
        let lane = (lanes[x + 5 * y] ^ parity[x]).rotate_left(t * (t + 1) / 2 % 64);
        (x, y) = (y, (2 * x + 3 * y) % 5);
        turned[x + 5 * y] = lane;
    }
    *lanes = std::array::from_fn(|i| {
        let row = |x: usize| turned[x % 5 + i / 5 * 5];
        row(i % 5) ^ (!row(i % 5 + 1) & row(i % 5 + 2))
    });
    lanes[0] ^= round;
}

/// The round constants of FIPS 202 3.2.5.
const ROUNDS: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base58_addresses_have_25_bytes() {
        for (text, good) in [
            ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", true),
            ("3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", true),
            ("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", true),
            ("16Yeky6GMjeNkAiNcBY7ZhrLoMSgg1BoyZ2", false),
            ("1A1zP1eP5QGefi2DMPTfTL5SLmv7Divf", false),
            ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfN0", false),
        ] {
            assert_eq!(base58(text).is_some(), good, "{text}");
        }
    }

    #[test]
    fn bech32_addresses_have_their_checksum() {
        for (text, good) in [
            ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", true),
            ("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", true),
            ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", true),
            ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", false),
            ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3tb", false),
            ("bc1QW508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", false),
        ] {
            assert_eq!(bech32(text).is_some(), good, "{text}");
        }
    }

    #[test]
    fn the_capitals_of_an_ethereum_address_are_its_checksum() {
        for (text, good) in [
            ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", true),
            ("0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359", true),
            ("0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", true),
            ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAee", false),
            ("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", false),
        ] {
            assert_eq!(ethereum(text).is_some(), good, "{text}");
        }
    }
}
