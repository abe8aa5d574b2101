//! A bounded memory that forgets what was not asked for lately.

use std::collections::HashMap;
use std::hash::Hash;

/// Keeps values by key in two generations: when the younger is full, the older is forgotten and the younger grows old.
pub(super) struct Memory<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    /// The most in one generation.
    room: usize,
}

impl<K: Eq + Hash + Clone, V: Clone> Memory<K, V> {
    /// Keeps `most` values at most, and half of them at least.
    pub(super) fn new(most: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), room: (most / 2).max(1) }
    }

    /// The value kept for `key`, which is young again.
    pub(super) fn get(&mut self, key: &K) -> Option<V> {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = self.old.remove_entry(key)?;
        self.keep(key, value.clone());
        Some(value)
    }

    /// Keeps a value.
    pub(super) fn keep(&mut self, key: K, value: V) {
        if self.young.len() >= self.room {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays() {
        let mut memory = Memory::new(8);
        memory.keep(0, "zero");
        for key in 1..100 {
            memory.keep(key, "other");
            assert_eq!(memory.get(&0), Some("zero"));
            assert!(memory.young.len() + memory.old.len() <= 8);
        }
        assert_eq!((memory.get(&99), memory.get(&1)), (Some("other"), None));
    }
}
