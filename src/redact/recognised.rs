//! What recognisers outside the program are asked about a body, and what they said.
//!
//! Redacting is pure and asking is not. So the texts of a body are listed first ([`Texts`]), by the same walk that redacts it;
//! somebody asks; and the redaction looks up what was said ([`Recognised`]). A text is known by its keyed hash.

use std::collections::HashMap;

use zeroize::Zeroizing;

use crate::crypto::{Hash, MacKey};
use crate::detect::Finding;

/// The texts of a body that recognisers are asked about, each once.
pub struct Texts {
    key: MacKey,
    by_hash: HashMap<Hash, Zeroizing<String>>,
}

/// What recognisers said about the texts of a body.
pub struct Recognised {
    key: MacKey,
    by_hash: HashMap<Hash, Vec<Finding>>,
}

/// What recognisers have to do with a redaction.
pub(super) enum Recognisers<'a> {
    /// They are not asked.
    Absent,
    /// They said this.
    Asked(&'a Recognised),
    /// The texts are listed for them, and nothing else is done.
    Listing(Box<Texts>),
}

impl Texts {
    /// No texts yet; they will be known by hashes under `key`.
    pub(super) fn new(key: MacKey) -> Self {
        Self { key, by_hash: HashMap::new() }
    }

    /// Lists `text`, if there is something to ask about it.
    pub(super) fn list(&mut self, text: &str) {
        if is_worth_asking(text) {
            self.by_hash.entry(self.key.mac(&[text.as_bytes()])).or_insert_with(|| Zeroizing::new(text.to_owned()));
        }
    }

    /// Every text and the hash that it is known by.
    pub fn iter(&self) -> impl Iterator<Item = (&Hash, &Zeroizing<String>)> {
        self.by_hash.iter()
    }
}

impl Recognised {
    /// What was said about `texts`: nothing yet.
    pub fn about(texts: &Texts) -> Self {
        Self { key: texts.key.clone(), by_hash: texts.by_hash.keys().map(|hash| (*hash, Vec::new())).collect() }
    }

    /// Adds what was said about the text of this hash.
    pub fn add(&mut self, text: &Hash, said: &[Finding]) {
        if let Some(findings) = self.by_hash.get_mut(text) {
            findings.extend_from_slice(said);
        }
    }

    /// What was said about `text`; `None` when nobody was asked although somebody should have been.
    pub(super) fn said(&self, text: &str) -> Option<Vec<Finding>> {
        if !is_worth_asking(text) {
            return Some(Vec::new());
        }
        self.by_hash.get(&self.key.mac(&[text.as_bytes()])).cloned()
    }
}

/// Whether `text` has a letter: a name and an address have.
fn is_worth_asking(text: &str) -> bool {
    text.contains(char::is_alphabetic)
}
