//! AES-256-GCM: texts sealed under keys, keys sealed under keys, and the ring of keys that an installation keeps outside.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use super::{HASH_LEN, Hash, MacKey, from_hex, hex, random};

/// A key that seals bytes so that nobody without it can read them or change them unnoticed; wiped when dropped.
#[derive(Clone)]
pub struct SealingKey {
    bytes: Zeroizing<[u8; HASH_LEN]>,
    key: Arc<LessSafeKey>,
}

impl SealingKey {
    /// Makes a fresh key.
    pub fn generate() -> Self {
        Self::new(Zeroizing::new(random()))
    }

    fn new(bytes: Zeroizing<[u8; HASH_LEN]>) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, &*bytes).expect("AES-256 takes 32 bytes");
        Self { bytes, key: Arc::new(LessSafeKey::new(key)) }
    }

    /// Reads a key from its 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        Some(Self::new(Zeroizing::new(from_hex(text)?)))
    }

    /// Spells the key as 64 hexadecimal digits, for a key file.
    pub fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(hex(&*self.bytes))
    }

    /// A name for the key that says nothing about it.
    pub fn id(&self) -> String {
        hex(&self.hash(b"blotter/key-id/1")[..8])
    }

    /// The key that takes this one and `other` to make.
    pub fn with(&self, other: &Self) -> Self {
        Self::new(self.hash(&*other.bytes))
    }

    /// Seals `bytes`, which open in the same `context` only: a fresh nonce, the ciphertext and its tag.
    pub fn seal(&self, context: &[u8], bytes: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = random();
        let mut sealed = Vec::with_capacity(NONCE_LEN + bytes.len() + AES_256_GCM.tag_len());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(bytes);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self.key.seal_in_place_separate_tag(nonce, Aad::from(context), &mut sealed[NONCE_LEN..]);
        sealed.extend_from_slice(tag.expect("a text is shorter than 64 GiB").as_ref());
        sealed
    }

    /// Opens what [`SealingKey::seal`] gave; `None` when the key, the context or a byte is another.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut bytes = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self.key.open_in_place(nonce, Aad::from(context), &mut bytes).ok()?.len();
        bytes.truncate(length);
        Some(bytes)
    }

    /// Hashes `parts` under the key, each with its length before it.
    pub fn mac(&self, parts: &[&[u8]]) -> Hash {
        MacKey(hmac::Key::new(hmac::HMAC_SHA256, &*self.bytes)).mac(parts)
    }

    fn hash(&self, bytes: &[u8]) -> Zeroizing<[u8; HASH_LEN]> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &*self.bytes);
        Zeroizing::new(super::fixed(hmac::sign(&key, bytes).as_ref()))
    }
}

/// The keys under which an installation keeps the keys of its texts: the newest wraps, all unwrap.
#[derive(Clone)]
pub struct KeyRing(Vec<SealingKey>);

/// A key sealed under one of a ring.
pub struct Wrapped {
    /// The id of the key that sealed it.
    pub by: String,
    /// The sealed key.
    pub bytes: Vec<u8>,
}

impl KeyRing {
    /// A ring of one fresh key.
    pub fn generate() -> Self {
        Self(vec![SealingKey::generate()])
    }

    /// Reads a ring from its keys, the newest first, with blanks or line ends between them; `None` when there is none or one
    /// is not 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let keys = text.split_whitespace().map(SealingKey::from_hex).collect::<Option<Vec<_>>>()?;
        (!keys.is_empty()).then_some(Self(keys))
    }

    /// Spells the keys, a line each.
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::new());
        for key in &self.0 {
            text.push_str(&key.to_hex());
            text.push('\n');
        }
        text
    }

    /// This ring with a fresh key before its others.
    pub fn with_fresh(&self) -> Self {
        Self([SealingKey::generate()].into_iter().chain(self.0.iter().cloned()).collect())
    }

    /// The newest key alone.
    pub fn newest_alone(&self) -> Self {
        Self(self.0[..1].to_vec())
    }

    /// The id of the key that wraps.
    pub fn newest(&self) -> String {
        self.0[0].id()
    }

    /// How many keys there are.
    #[expect(clippy::len_without_is_empty, reason = "a ring is never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Seals a key under the newest of the ring.
    pub fn wrap(&self, context: &[u8], key: &SealingKey) -> Wrapped {
        Wrapped { by: self.newest(), bytes: self.0[0].seal(context, &*key.bytes) }
    }

    /// Opens a key; `None` when none of the ring sealed it in this context.
    pub fn unwrap(&self, context: &[u8], wrapped: &Wrapped) -> Option<SealingKey> {
        let outer = self.0.iter().find(|key| key.id() == wrapped.by)?;
        let bytes = Zeroizing::new(outer.open(context, &wrapped.bytes)?);
        Some(SealingKey::new(Zeroizing::new(bytes.as_slice().try_into().ok()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_and_context_alone() {
        let key = SealingKey::generate();
        let sealed = key.seal(b"place", b"text");
        assert_eq!(key.open(b"place", &sealed).unwrap(), b"text");
        assert_eq!(key.open(b"other", &sealed), None);
        assert_eq!(SealingKey::generate().open(b"place", &sealed), None);
        for byte in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[byte] ^= 1;
            assert_eq!(key.open(b"place", &flipped), None, "{byte}");
            assert_eq!(key.open(b"place", &sealed[..byte]), None, "{byte}");
        }
    }

    #[test]
    fn a_ring_wraps_with_its_newest_and_unwraps_with_all() {
        let (old, key) = (KeyRing::generate(), SealingKey::generate());
        let wrapped = old.wrap(b"x", &key);
        let both = old.with_fresh();
        assert_eq!(both.unwrap(b"x", &wrapped).unwrap().id(), key.id());
        assert!(both.newest_alone().unwrap(b"x", &wrapped).is_none());
        let again = KeyRing::parse(&both.to_text()).unwrap();
        assert_eq!((again.len(), again.newest()), (2, both.newest()));
        assert_ne!(both.newest(), old.newest());
        assert!(KeyRing::parse("").is_none() && KeyRing::parse("00").is_none());
    }

    #[test]
    fn a_key_with_another_takes_both() {
        let (one, other) = (SealingKey::generate(), SealingKey::generate());
        assert_eq!(one.with(&other).id(), one.with(&other).id());
        assert_ne!(one.with(&other).id(), other.with(&one).id());
        assert_ne!(one.with(&other).id(), one.id());
    }
}
