//! Placeholders and the values they stand for, for one exchange, in memory only.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::crypto::{Hash, MacKey};
use crate::detect::Entity;

/// The characters of a placeholder's code: Crockford's base 32, which leaves out I, L, O and U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// How long a code is when nothing collides; each collision adds as many characters as [`LONGER`] says.
const SHORTEST: usize = 4;
const LONGER: usize = 2;

/// How long the code of a value is that is not kept: long enough that no two values share one.
const UNKEPT: usize = 16;

/// What an exchange's placeholders stand for. Dropped with the exchange, and the values wiped then.
#[derive(Clone, Default)]
pub struct Vault {
    /// By name: `PHONE_7K2Q`, without brackets.
    held: BTreeMap<String, Arc<Held>>,
    /// The keyed hash of entity and canonical value → name.
    names: HashMap<Hash, String>,
    /// The same hashes of values that left as they were.
    left: HashSet<Hash>,
    /// How many bytes the names and values take.
    bytes: usize,
    /// How much it may hold; without it, what comes.
    room: Option<usize>,
}

/// A value that a placeholder stands for.
pub struct Held {
    /// What kind of thing the value is.
    pub entity: Entity,
    /// The value as the caller first wrote it.
    pub value: Zeroizing<String>,
}

impl Vault {
    /// Has it hold about so many bytes and no more: values that come later get a placeholder in whose place nothing comes back.
    pub fn within(self, room: usize) -> Self {
        Self { room: Some(room), ..self }
    }

    /// The placeholder, in brackets, for a value found as `written`; equal canonical values have equal placeholders.
    pub fn placeholder(&mut self, key: &MacKey, entity: &Entity, canonical: &str, written: &str) -> String {
        let hash = hash(key, entity, canonical);
        if let Some(name) = self.names.get(&hash) {
            return format!("[{name}]");
        }
        if self.room.is_some_and(|room| self.weight() >= room) {
            return format!("[{entity}_{}]", &code(hash)[..UNKEPT]);
        }
        let name = self.free_name(entity, hash);
        let held = Held { entity: entity.clone(), value: Zeroizing::new(written.to_owned()) };
        self.bytes += name.len() + held.value.len();
        self.held.insert(name.clone(), Arc::new(held));
        let placeholder = format!("[{name}]");
        self.names.insert(hash, name);
        placeholder
    }

    /// The value behind `name`.
    pub fn value(&self, name: &str) -> Option<&Held> {
        self.held.get(name).map(Arc::as_ref)
    }

    /// Takes in what another vault holds. Where a name means something else there, it keeps its meaning here.
    pub fn absorb(&mut self, other: &Self) {
        for (hash, name) in &other.names {
            let Some(held) = other.held.get(name) else { continue };
            if self.names.contains_key(hash) || self.held.contains_key(name) {
                continue;
            }
            self.bytes += name.len() + held.value.len();
            self.held.insert(name.clone(), Arc::clone(held));
            self.names.insert(*hash, name.clone());
        }
        self.left.extend(&other.left);
    }

    /// How many values it holds.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Every name and the value behind it.
    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &Held)> {
        self.held.iter().map(|(name, held)| (name, held.as_ref()))
    }

    /// Whether some name begins with `prefix`.
    pub fn has_prefix(&self, prefix: &str) -> bool {
        let range = (Bound::Included(prefix), Bound::Unbounded);
        self.held.range::<str, _>(range).next().is_some_and(|(name, _)| name.starts_with(prefix))
    }

    /// How much it holds, in bytes of memory, roughly.
    pub fn weight(&self) -> usize {
        const EACH: usize = 256;
        self.bytes + self.held.len() * EACH + self.left.len() * size_of::<Hash>() * 2
    }

    /// Whether nothing was taken out.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// The placeholder for a value that the caller did not send: nothing comes back in its place.
    pub(super) fn placeholder_for_stranger(&self, key: &MacKey, entity: &Entity, canonical: &str) -> String {
        format!("[{}]", self.free_name(entity, hash(key, entity, canonical)))
    }

    /// Whether the caller sent this value.
    pub(super) fn knows(&self, key: &MacKey, entity: &Entity, canonical: &str) -> bool {
        let hash = hash(key, entity, canonical);
        self.names.contains_key(&hash) || self.left.contains(&hash)
    }

    /// Takes note of the values that left as they were.
    pub(super) fn note_left(&mut self, left: &Self) {
        self.left.extend(left.names.keys());
    }

    fn free_name(&self, entity: &Entity, hash: Hash) -> String {
        let code = code(hash);
        (SHORTEST..code.len())
            .step_by(LONGER)
            .map(|length| format!("{entity}_{}", &code[..length]))
            .find(|name| !self.held.contains_key(name))
            .unwrap_or_else(|| format!("{entity}_{code}"))
    }
}

fn hash(key: &MacKey, entity: &Entity, canonical: &str) -> Hash {
    key.mac(&[entity.as_str().as_bytes(), canonical.as_bytes()])
}

/// The hash as text: 51 characters of five bits.
fn code(hash: Hash) -> String {
    let byte = |at: usize| hash.get(at).copied().unwrap_or(0);
    let five = |first: usize| u16::from_be_bytes([byte(first / 8), byte(first / 8 + 1)]) >> (11 - first % 8) & 31;
    (0..hash.len() * 8 - 4).step_by(5).map(|first| char::from(ALPHABET[usize::from(five(first))])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{MasterKey, Purpose};

    fn key() -> MacKey {
        MasterKey::from_hex(&"07".repeat(32)).unwrap().derive(Purpose::Placeholder)
    }

    fn entity(name: &str) -> Entity {
        name.parse().unwrap()
    }

    #[test]
    fn a_code_spells_a_hash_five_bits_a_character() {
        let hash = std::array::from_fn(|at| (at * 37 + 11) as u8);
        let bits: String = hash.iter().map(|byte: &u8| format!("{byte:08b}")).collect();
        let fives = bits.as_bytes().chunks_exact(5).map(|five| std::str::from_utf8(five).unwrap());
        let expected: String =
            fives.map(|five| char::from(ALPHABET[usize::from_str_radix(five, 2).unwrap()])).collect();
        assert_eq!(code(hash), expected);
    }

    #[test]
    fn a_value_has_the_same_placeholder_in_every_exchange() {
        let mut placeholders = (0..2).map(|_| Vault::default().placeholder(&key(), &entity("SSN"), "1", "1"));
        let first = placeholders.next().unwrap();
        assert_eq!(placeholders.next().unwrap(), first);
        assert_eq!(first.len(), "[SSN_7K2Q]".len());
    }

    #[test]
    fn spellings_share_a_placeholder_and_entities_do_not() {
        let mut vault = Vault::default();
        let dashed = vault.placeholder(&key(), &entity("SSN"), "536904399", "536-90-4399");
        assert_eq!(vault.placeholder(&key(), &entity("SSN"), "536904399", "536904399"), dashed);
        assert_ne!(vault.placeholder(&key(), &entity("PHONE"), "536904399", "536904399"), dashed);
        assert_eq!(*vault.value(dashed.trim_matches(['[', ']'])).unwrap().value, "536-90-4399");
    }

    #[test]
    fn a_vault_takes_in_another_and_keeps_its_own_meanings() {
        let (mut vault, mut other) = (Vault::default(), Vault::default());
        let own = vault.placeholder(&key(), &entity("SSN"), "1", "1");
        let both = [
            other.placeholder(&key(), &entity("SSN"), "1", "one"),
            other.placeholder(&key(), &entity("SSN"), "2", "2"),
        ];
        vault.absorb(&other);
        assert_eq!(both[0], own);
        let value = |placeholder: &str| vault.value(placeholder.trim_matches(['[', ']'])).unwrap().value.to_string();
        assert_eq!([value(&both[0]), value(&both[1])], ["1", "2"]);
        assert_eq!(vault.len(), 2);
    }

    #[test]
    fn what_a_vault_has_no_room_for_has_a_name_of_its_own() {
        let placeholders = |vault: &mut Vault| {
            ["1", "2", "1", "3", "2"].map(|value| vault.placeholder(&key(), &entity("SSN"), value, value))
        };
        let mut vault = Vault::default().within(1);
        let [first, second, again, third, second_again] = placeholders(&mut vault);
        assert_eq!((vault.len(), &first, &second), (1, &again, &second_again));
        assert!(second != third && second.len() == "[SSN_]".len() + UNKEPT);
        assert_eq!(&second[..9], &placeholders(&mut Vault::default())[1][..9], "the log finds it by its beginning");
    }

    #[test]
    fn values_that_collide_get_longer_codes() {
        let mut vault = Vault::default();
        let placeholders: std::collections::HashSet<String> =
            (0..5_000).map(|n| vault.placeholder(&key(), &entity("SSN"), &n.to_string(), "x")).collect();
        assert_eq!(placeholders.len(), 5_000);
        assert!(placeholders.iter().any(|placeholder| placeholder.len() > "[SSN_7K2Q]".len()));
    }
}
