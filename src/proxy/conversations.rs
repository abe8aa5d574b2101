//! The values of conversations that a provider keeps, for those who want them back in a later exchange.
//!
//! With `previous_response_id` and the like an answer holds placeholders whose values an earlier request brought. Here these
//! wait in memory, by the ids that requests and answers name and by whose they are: nobody else finds them, neither another
//! caller on the same route nor the same one on another. Who shows no key is nobody, and nothing is kept for him. Off unless
//! `vault_seconds` says otherwise; what was not used for so long is dropped, and so is the oldest where `vault_bytes` are full.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Gateway, identity::ANONYMOUS};
use crate::config::Limits;
use crate::crypto::{Hash, MacKey};
use crate::provider::Dialect;
use crate::redact::{Bounds, Restorer, Vault, ids_in};

/// An exchange's part in the conversations that its provider keeps.
#[derive(Clone)]
pub(super) struct Part {
    owner: Owner,
    /// What the request goes on with.
    ids: Vec<String>,
}

/// All conversations' values.
pub(super) struct Conversations {
    key: MacKey,
    lifetime: Duration,
    /// The most that is kept, in bytes.
    room: usize,
    store: Mutex<Store>,
}

/// Whose conversations an exchange may see.
#[derive(Clone)]
pub(super) struct Owner {
    route: String,
    caller: Hash,
}

#[derive(Default)]
struct Store {
    kept: HashMap<Hash, Kept>,
    /// By when they were used last, the oldest first.
    uses: BTreeMap<u64, Hash>,
    next_use: u64,
    weight: usize,
}

struct Kept {
    vault: Vault,
    used: Instant,
    last_use: u64,
    weight: usize,
}

impl Conversations {
    /// Nothing is kept yet.
    pub(super) fn new(limits: &Limits, key: MacKey) -> Self {
        let lifetime = Duration::from_secs(limits.vault_seconds);
        Self { key, lifetime, room: limits.vault_bytes, store: Mutex::default() }
    }

    /// How long values are kept; `None` if none are.
    pub(super) fn lifetime(&self) -> Option<Duration> {
        Some(self.lifetime).filter(|lifetime| !lifetime.is_zero())
    }

    /// Whose an exchange of `caller` on `route` is; `None` if nothing is kept for him.
    pub(super) fn owner(&self, route: &str, caller: &str) -> Option<Owner> {
        self.lifetime().filter(|_| caller != ANONYMOUS)?;
        Some(Owner { route: route.to_owned(), caller: self.key.mac(&[b"caller", caller.as_bytes()]) })
    }

    /// Adds to `vault` the values that are kept under these ids.
    pub(super) fn recall(&self, owner: &Owner, ids: &[String], vault: &mut Vault) {
        let mut store = self.store();
        store.expire(self.lifetime);
        for id in ids {
            let key = self.name(owner, id);
            if let Some(kept) = store.kept.get(&key) {
                vault.absorb(&kept.vault);
                store.touch(key);
            }
        }
    }

    /// Keeps the values of `vault` under these ids, with those that are there.
    pub(super) fn keep(&self, owner: &Owner, ids: &[String], vault: &Vault) {
        if vault.is_empty() || ids.is_empty() {
            return;
        }
        let mut store = self.store();
        for id in ids {
            store.keep(self.name(owner, id), vault);
        }
        store.expire(self.lifetime);
        store.shrink(self.room);
    }

    /// Drops what was not used for too long.
    pub(super) fn sweep(&self) {
        self.store().expire(self.lifetime);
    }

    fn name(&self, owner: &Owner, id: &str) -> Hash {
        self.key.mac(&[b"conversation", owner.route.as_bytes(), &owner.caller, id.as_bytes()])
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Part {
    /// The part of a request for `target`, whose body is JSON or nothing; `None` if nothing is kept for its caller.
    pub(super) fn of(gateway: &Gateway, route: &str, caller: &str, dialect: &Dialect, target: &str) -> Option<Self> {
        let owner = gateway.conversations.owner(route, caller)?;
        let path = target.split('?').next().unwrap_or_default();
        Some(Self { owner, ids: dialect.ids_in(path).into_iter().map(str::to_owned).collect() })
    }

    /// Adds what a body goes on with, and gives the values.
    pub(super) fn read(&mut self, gateway: &Gateway, dialect: &Dialect, body: &[u8], bounds: Bounds) -> Vault {
        let mut vault = Vault::default();
        self.ids.extend(ids_in(body, dialect.state.asks, bounds));
        gateway.conversations.recall(&self.owner, &self.ids, &mut vault);
        vault
    }

    /// Keeps the values under what the request went on with.
    pub(super) fn keep(&self, gateway: &Gateway, vault: &Vault) {
        gateway.conversations.keep(&self.owner, &self.ids, vault);
    }

    /// Keeps the values of an answer under the ids that it told.
    pub(super) fn keep_told(&self, gateway: &Gateway, restorer: &mut Restorer) {
        let ids = restorer.take_ids();
        gateway.conversations.keep(&self.owner, &ids, restorer.vault());
    }
}

impl Store {
    fn keep(&mut self, key: Hash, vault: &Vault) {
        let (last_use, used) = (self.next_use, Instant::now());
        let mut kept = self.remove(&key).unwrap_or(Kept { vault: Vault::default(), used, last_use, weight: 0 });
        kept.vault.absorb(vault);
        kept.weight = kept.vault.weight();
        self.weight += kept.weight;
        self.kept.insert(key, kept);
        self.touch(key);
    }

    /// Makes this the one that was used last.
    fn touch(&mut self, key: Hash) {
        let Some(kept) = self.kept.get_mut(&key) else { return };
        self.uses.remove(&kept.last_use);
        (kept.last_use, kept.used) = (self.next_use, Instant::now());
        self.uses.insert(self.next_use, key);
        self.next_use += 1;
    }

    fn expire(&mut self, lifetime: Duration) {
        while let Some(oldest) = self.oldest()
            && self.kept.get(&oldest).is_none_or(|kept| kept.used.elapsed() >= lifetime)
        {
            self.remove(&oldest);
        }
    }

    fn shrink(&mut self, room: usize) {
        while self.weight > room
            && let Some(oldest) = self.oldest()
        {
            self.remove(&oldest);
        }
    }

    fn oldest(&self) -> Option<Hash> {
        self.uses.first_key_value().map(|(_, key)| *key)
    }

    fn remove(&mut self, key: &Hash) -> Option<Kept> {
        let kept = self.kept.remove(key)?;
        self.uses.remove(&kept.last_use);
        self.weight -= kept.weight;
        Some(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{MasterKey, Purpose};

    fn key() -> MacKey {
        MasterKey::from_hex(&"07".repeat(32)).unwrap().derive(Purpose::Placeholder)
    }

    fn conversations(seconds: u64, room: usize) -> Conversations {
        Conversations::new(&Limits { vault_seconds: seconds, vault_bytes: room, ..Limits::default() }, key())
    }

    fn vault(values: &[&str]) -> Vault {
        let mut vault = Vault::default();
        for value in values {
            vault.placeholder(&key(), &"SSN".parse().unwrap(), value, value);
        }
        vault
    }

    fn recalled(conversations: &Conversations, owner: &Owner, id: &str) -> usize {
        let mut vault = Vault::default();
        conversations.recall(owner, &[id.to_owned()], &mut vault);
        vault.len()
    }

    #[test]
    fn a_conversation_is_its_callers_on_its_route() {
        let all = conversations(60, 1 << 20);
        let ann = all.owner("openai", "ann").unwrap();
        all.keep(&ann, &["c".to_owned()], &vault(&["1"]));
        all.keep(&ann, &["c".to_owned()], &vault(&["1", "2"]));
        assert_eq!(recalled(&all, &ann, "c"), 2);
        assert_eq!(recalled(&all, &ann, "d"), 0);
        for (route, caller) in [("openai", "bob"), ("azure", "ann")] {
            assert_eq!(recalled(&all, &all.owner(route, caller).unwrap(), "c"), 0);
        }
        assert!(all.owner("openai", ANONYMOUS).is_none());
        assert!(conversations(0, 1).owner("openai", "ann").is_none());
    }

    #[test]
    fn what_was_not_used_lately_goes_first() {
        let room = 3 * vault(&["1"]).weight();
        let all = conversations(60, room);
        let ann = all.owner("openai", "ann").unwrap();
        for id in ["a", "b", "c"] {
            all.keep(&ann, &[id.to_owned()], &vault(&["1"]));
        }
        assert_eq!(recalled(&all, &ann, "a"), 1);
        all.keep(&ann, &["d".to_owned()], &vault(&["1"]));
        assert_eq!(["a", "b", "c", "d"].map(|id| recalled(&all, &ann, id)), [1, 0, 1, 1]);
        assert!(all.store().weight <= room);
    }

    #[test]
    fn time_ends_what_is_kept() {
        let mut all = conversations(60, 1 << 20);
        let ann = all.owner("openai", "ann").unwrap();
        all.keep(&ann, &["a".to_owned()], &vault(&["1"]));
        all.lifetime = Duration::ZERO;
        all.sweep();
        let store = all.store();
        assert_eq!((store.kept.len(), store.uses.len(), store.weight), (0, 0, 0));
    }
}
