//! Where an exchange stands in the chain, and whether a part of the chain holds.

use rusqlite::{Connection, OptionalExtension, Result};
use serde::{Serialize, Serializer};

use crate::crypto::{Hash, MacKey, hex};

use super::chain::Head;
use super::error::AuditError;
use super::query::Reader;
use super::replay::each_entry;
use super::segment;

/// An entry's place in the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Its number.
    pub seq: i64,
    /// What its hash covers besides itself: that of the entry before.
    #[serde(serialize_with = "spelled")]
    pub before: Hash,
    /// Its hash.
    #[serde(serialize_with = "spelled")]
    pub hash: Hash,
}

/// What was seen of a part of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// How many entries were read.
    pub entries: u64,
    /// The last one.
    pub head: Head,
    /// The first one that is missing or does not match its hash.
    pub broken: Option<i64>,
}

impl Reader {
    /// The places of an exchange's entries: the one that opened it, by its number, and the one that closed it, if it is closed.
    pub fn places(&self, opening: i64) -> Result<Vec<Place>, AuditError> {
        let mut places = Vec::new();
        self.each_file(|file| {
            let Some(opened) = place(&file.here, opening)? else { return Ok(true) };
            places.push(opened);
            if let Some(closing) = file.closing(opening)? {
                places.extend(place(closing.file, closing.seq)?);
            }
            Ok(false)
        })?;
        Ok(places)
    }

    /// Computes the hashes of the entries `from..=to` again, each from the one that is stored before it.
    pub fn prove(&self, key: &MacKey, from: i64, to: i64) -> Result<Proof, AuditError> {
        let mut parts = Vec::new();
        self.each_file(|file| {
            let first: i64 = file.here.query_row("SELECT min(seq) FROM entry", [], |row| row.get(0))?;
            let last = segment::head(&file.here)?.seq;
            if first <= to && last >= from {
                parts.push((first, prove(&file.here, key, from.max(first), to.min(last))?));
            }
            Ok(first > from)
        })?;
        let mut whole = Proof { entries: 0, head: Head { seq: from - 1, hash: [0; 32] }, broken: None };
        let missed = |head: Head, first: i64| (head.seq + 1 < first).then_some(head.seq + 1);
        for (first, part) in parts.into_iter().rev() {
            whole.entries += part.entries;
            whole.broken = whole.broken.or(missed(whole.head, first)).or(part.broken);
            whole.head = part.head;
        }
        whole.broken = whole.broken.or(missed(whole.head, to + 1));
        Ok(whole)
    }
}

fn place(connection: &Connection, seq: i64) -> Result<Option<Place>> {
    let Some(before) = before(connection, seq)? else { return Ok(None) };
    let hash = "SELECT hash FROM entry WHERE seq = ?1";
    let hash = connection.query_row(hash, [seq], |row| row.get(0)).optional()?;
    Ok(hash.map(|hash| Place { seq, before, hash }))
}

/// The hash that is stored before an entry: of the entry before, or where the file began.
fn before(connection: &Connection, seq: i64) -> Result<Option<Hash>> {
    let before = "SELECT hash FROM entry WHERE seq = ?1 - 1 UNION ALL SELECT head FROM segment WHERE seq = ?1";
    connection.query_row(before, [seq], |row| row.get(0)).optional()
}

fn prove(connection: &Connection, key: &MacKey, from: i64, to: i64) -> Result<Proof> {
    let hash = before(connection, from)?.unwrap_or_default();
    let mut proof = Proof { entries: 0, head: Head { seq: from - 1, hash }, broken: None };
    each_entry(connection, from, to, |link| {
        let computed = link.canonical.seal(key, &proof.head.hash);
        let follows = link.seq == proof.head.seq + 1 && link.hash == computed;
        proof.broken = proof.broken.or((!follows).then_some(proof.head.seq + 1));
        proof.entries += 1;
        proof.head = Head { seq: link.seq, hash: link.hash };
    })?;
    Ok(proof)
}

fn spelled<S: Serializer>(hash: &Hash, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex(hash))
}
