//! Signed notes (C2SP `signed-note`): a text of lines, a blank line, and a line with the name of the key and its signature.
//!
//! <https://c2sp.org/signed-note>. The signature covers the text with its last line end, not the blank line. A public key is
//! written as `name+key id+key`, the form that other verifiers read too.

use crate::crypto::{self, HASH_LEN, PublicKey, SIGNATURE_LEN, SigningKey, base64, from_base64, hex};

/// Ed25519 among the kinds of signatures.
const ED25519: u8 = 1;
const KEY_ID_LEN: usize = 4;

/// A name and the public key that its notes are signed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier {
    /// The name.
    pub name: String,
    key: PublicKey,
}

impl Verifier {
    /// The one who proves what `key` signs under this name.
    pub fn new(name: &str, key: PublicKey) -> Self {
        Self { name: name.into(), key }
    }

    /// Reads `name+key id+key`; `None` when it is anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().splitn(3, '+');
        let (name, id, key) = (parts.next()?, parts.next()?, from_base64(parts.next()?)?);
        let (&kind, key) = key.split_first()?;
        let key: [u8; HASH_LEN] = key.try_into().ok()?;
        let verifier = Self::new(name, PublicKey(key));
        (kind == ED25519 && hex(&verifier.id()) == id).then_some(verifier)
    }

    /// The text of a signed note; `None` when it is not signed by this key, or was changed.
    pub fn open<'n>(&self, note: &'n str) -> Option<&'n str> {
        let (text, signatures) = note.rsplit_once("\n\n")?;
        let text = &note[..text.len() + 1];
        let signed = |line: &str| {
            let (name, signature) = line.strip_prefix("— ")?.split_once(' ')?;
            let signature = from_base64(signature)?;
            let (id, signature) = signature.split_first_chunk::<KEY_ID_LEN>()?;
            (name == self.name && *id == self.id()).then(|| self.key.proves(text.as_bytes(), signature))
        };
        signatures.lines().find_map(signed)?.then_some(text)
    }

    fn id(&self) -> [u8; KEY_ID_LEN] {
        let named = [self.name.as_bytes(), b"\n", &[ED25519], &self.key.0].concat();
        let hash = crypto::sha256(&named);
        std::array::from_fn(|index| hash[index])
    }
}

impl std::fmt::Display for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let key = [&[ED25519], self.key.0.as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, hex(&self.id()), base64(&key))
    }
}

/// Signs `text`, which ends with a line end and has no blank line, under a name.
pub fn sign(text: &str, name: &str, key: &SigningKey) -> String {
    let id = Verifier::new(name, key.public()).id();
    let signature: Vec<u8> = id.into_iter().chain(key.sign(text.as_bytes())).collect();
    debug_assert_eq!(signature.len(), KEY_ID_LEN + SIGNATURE_LEN);
    format!("{text}\n— {name} {}\n", base64(&signature))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::MasterKey;

    #[test]
    fn a_published_note_is_proven() {
        // The example of the Go module `sumdb/note`.
        let verifier = Verifier::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").unwrap();
        let text =
            "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
        let signature = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
        let note = format!("{text}\n— PeterNeumann {signature}\n");
        assert_eq!(verifier.open(&note), Some(text));
        assert_eq!(verifier.open(&note.replace("think", "hope")), None);
        assert_eq!(verifier.to_string(), "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
    }

    #[test]
    fn what_is_signed_is_proven_by_its_own_key_alone() {
        let (key, other) = (MasterKey::generate().signing_key(), MasterKey::generate().signing_key());
        let note = sign("a\nb\n", "toy", &key);
        let verifier = Verifier::new("toy", key.public());
        assert_eq!(verifier.open(&note), Some("a\nb\n"));
        assert_eq!(Verifier::parse(&verifier.to_string()), Some(verifier));
        assert_eq!(Verifier::new("toy", other.public()).open(&note), None);
        assert_eq!(Verifier::new("other", key.public()).open(&note), None);
        assert!(Verifier::parse("toy+00000000+AAAA").is_none());
    }
}
