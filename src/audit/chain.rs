//! The keyed hash chain: each entry's hash covers the hash before it and every column of its rows.
//!
//! The bytes that are hashed are canonical: each row is its table's name and its values in order, each value its type, its
//! length and itself; a blob is covered by its SHA-256. Writing and verifying go through the same few lines, so what is
//! stored is what is hashed.

use std::fmt;

use rusqlite::types::ValueRef;

use crate::crypto::{self, HASH_LEN, Hash, MacKey};

use super::schema::Table;

/// Where the chain stands: the newest entry's number and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The entry's number; 0 before the first.
    pub seq: i64,
    /// The entry's hash.
    pub hash: Hash,
}

impl Head {
    pub(super) const START: Self = Self { seq: 0, hash: [0; HASH_LEN] };
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.seq, crypto::hex(&self.hash))
    }
}

/// The canonical bytes of one entry, gathered row by row.
#[derive(Default)]
pub(super) struct Canonical(Vec<u8>);

impl Canonical {
    /// Adds one row; rows count in the order in which they are added.
    pub fn row<'a>(&mut self, table: &Table, seq: i64, values: impl IntoIterator<Item = ValueRef<'a>>) {
        self.value(ValueRef::Text(table.name.as_bytes()));
        self.value(ValueRef::Integer(seq));
        for value in values {
            self.value(value);
        }
    }

    /// Hashes what was gathered after the hash `before`, and begins anew.
    pub fn seal(&mut self, key: &MacKey, before: &Hash) -> Hash {
        let hash = key.mac(&[b"blotter/entry/1", before, &self.0]);
        self.0.clear();
        hash
    }

    fn value(&mut self, value: ValueRef<'_>) {
        match value {
            ValueRef::Null => self.typed(0, &[]),
            ValueRef::Integer(number) => self.typed(1, &number.to_le_bytes()),
            ValueRef::Real(number) => self.typed(2, &number.to_le_bytes()),
            ValueRef::Text(text) => self.typed(3, text),
            ValueRef::Blob(bytes) => self.typed(4, &crypto::sha256(bytes)),
        }
    }

    fn typed(&mut self, kind: u8, bytes: &[u8]) {
        self.0.push(kind);
        self.0.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        self.0.extend_from_slice(bytes);
    }
}
