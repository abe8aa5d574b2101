//! The only door to the crypto library: keyed and plain hashes, sealing, signatures, random bytes, and what TLS uses.
//!
//! One [`MasterKey`] is kept by the operator; every use derives a key of its own from it, so that a placeholder says nothing
//! about the log's chain and the other way round.

mod sealing;
mod signing;

use std::sync::Arc;

use aws_lc_rs::{constant_time, digest, hmac, rand};
use zeroize::Zeroizing;

pub use sealing::{KeyRing, SealingKey, Wrapped};
pub use signing::{PublicKey, SIGNATURE_LEN, SigningKey, base64, from_base64};

/// Bytes of a hash, a keyed hash and a key.
pub const HASH_LEN: usize = 32;

/// A SHA-256 or HMAC-SHA-256 value.
pub type Hash = [u8; HASH_LEN];

/// The one secret of an installation: 32 random bytes, wiped when dropped and never printed.
pub struct MasterKey(Zeroizing<[u8; HASH_LEN]>);

impl MasterKey {
    /// Makes a fresh key from the operating system's random source.
    pub fn generate() -> Self {
        Self(Zeroizing::new(random()))
    }

    /// Reads a key from its 64 hexadecimal digits; `None` when it is anything else.
    pub fn from_hex(text: &str) -> Option<Self> {
        Some(Self(Zeroizing::new(from_hex(text.trim())?)))
    }

    /// Spells the key as 64 hexadecimal digits, for the key file.
    pub fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(hex(&*self.0))
    }

    /// Derives the key for one `purpose`; equal purposes give equal keys.
    pub fn derive(&self, purpose: Purpose) -> MacKey {
        MacKey(hmac::Key::new(hmac::HMAC_SHA256, &*self.derived(purpose.label())))
    }

    /// Derives the key that signs the log's checkpoints and receipts.
    pub fn signing_key(&self) -> SigningKey {
        SigningKey::from_seed(&self.derived(b"blotter/signing/1"))
    }

    fn derived(&self, label: &[u8]) -> Zeroizing<[u8; HASH_LEN]> {
        let master = hmac::Key::new(hmac::HMAC_SHA256, &*self.0);
        Zeroizing::new(fixed(hmac::sign(&master, label).as_ref()))
    }
}

/// What a derived key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The hashes that callers' keys are kept as.
    Caller,
    /// The hash chain over the log's entries.
    Chain,
    /// Whose conversation a provider's id names.
    Conversation,
    /// The tokens that stand for callers, customers and conversations in the log.
    Identity,
    /// The characters of placeholders.
    Placeholder,
    /// The hashes that texts are known by while recogniser services are asked about them.
    Recognised,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Caller => b"blotter/caller/1",
            Self::Chain => b"blotter/chain/1",
            Self::Conversation => b"blotter/conversation/1",
            Self::Identity => b"blotter/identity/1",
            Self::Placeholder => b"blotter/placeholder/1",
            Self::Recognised => b"blotter/recognised/1",
        }
    }
}

/// A key for keyed hashes, derived for one purpose.
#[derive(Clone)]
pub struct MacKey(hmac::Key);

impl MacKey {
    /// Hashes `parts` under the key, each with its length before it: no two lists of parts hash the same bytes.
    pub fn mac(&self, parts: &[&[u8]]) -> Hash {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(&(part.len() as u64).to_le_bytes());
            context.update(part);
        }
        fixed(context.sign().as_ref())
    }
}

/// The cryptography that TLS uses.
pub fn for_tls() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// The HMAC-SHA-256 of `message`, for others who have the key.
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> Hash {
    fixed(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref())
}

/// The SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> Hash {
    fixed(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// Whether two hashes are the same, in a time that does not depend on where they differ.
pub fn same(one: &Hash, other: &Hash) -> bool {
    constant_time::verify_slices_are_equal(one, other).is_ok()
}

/// The SHA-1 of `bytes`, which the WebSocket handshake asks for and which proves nothing.
pub fn sha1(bytes: &[u8]) -> [u8; 20] {
    fixed(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref())
}

/// Fresh random bytes from the operating system.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the operating system's random source answers");
    bytes
}

/// Spells `bytes` as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Reads exactly `2 * N` hexadecimal digits; `None` when `text` is anything else.
pub fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

fn fixed<const N: usize>(hash: &[u8]) -> [u8; N] {
    hash.try_into().expect("SHA-256 gives 32 bytes, SHA-1 20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha256_is_the_published_one() {
        assert_eq!(hex(&sha256(b"abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn parts_do_not_run_together() {
        let key = MasterKey::generate().derive(Purpose::Chain);
        assert_ne!(key.mac(&[b"ab", b"c"]), key.mac(&[b"a", b"bc"]));
    }

    #[test]
    fn purposes_have_keys_of_their_own() {
        let master = MasterKey::generate();
        assert_ne!(master.derive(Purpose::Chain).mac(&[b"x"]), master.derive(Purpose::Identity).mac(&[b"x"]));
    }

    #[test]
    fn a_key_survives_its_spelling() {
        let master = MasterKey::generate();
        let again = MasterKey::from_hex(&master.to_hex()).unwrap();
        assert_eq!(master.derive(Purpose::Chain).mac(&[b"x"]), again.derive(Purpose::Chain).mac(&[b"x"]));
        assert!(MasterKey::from_hex("00").is_none());
        assert!(from_hex::<2>("+1+2").is_none());
    }
}
