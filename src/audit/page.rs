//! A file's entries in pages, each proven by itself, as an entry's hash covers the one that is stored before it. Many can be read at
//! once, each in a short transaction, so that the WAL can be checkpointed meanwhile.

use std::ops::RangeInclusive;

use rusqlite::{Connection, OptionalExtension, Result, Row};

use crate::crypto::MacKey;

use super::chain::Head;
use super::replay::{Link, each_entry};

/// How many entries are read in one transaction: few enough that all cores end together.
const PAGE: i64 = 1000;

/// What was seen in one page of entries.
#[derive(Default)]
pub struct Page {
    pub entries: u64,
    pub exchanges: u64,
    pub problems: Vec<(i64, String)>,
}

impl Page {
    /// Reads the entries of `page`, which come after `before`.
    pub fn read(connection: &Connection, page: &RangeInclusive<i64>, mut before: Head, key: &MacKey) -> Result<Self> {
        let mut seen = Self::default();
        each_entry(connection, *page.start(), *page.end(), |link| before = seen.check(key, before, link))?;
        Ok(seen)
    }

    /// Checks one entry after `before` and tells where the chain stands then.
    fn check(&mut self, key: &MacKey, before: Head, link: Link<'_>) -> Head {
        let Link { seq, kind, hash, canonical } = link;
        let computed = canonical.seal(key, &before.hash);
        self.entries += 1;
        self.exchanges += u64::from(kind == b"opened");
        let problem = match seq.saturating_sub(before.seq) {
            1 if hash == computed => None,
            1 => Some((seq, "does not match its hash: it was changed, moved or forged".into())),
            2 => Some((seq - 1, "is missing".into())),
            _ => Some((seq, format!("follows entry {}: those between are missing", before.seq))),
        };
        self.problems.extend(problem);
        Head { seq, hash }
    }
}

/// The numbers of a file's entries up to `last`, in parts of equal length.
pub fn pages(connection: &Connection, last: i64) -> Result<Vec<RangeInclusive<i64>>> {
    let mut pages = Vec::new();
    let mut next = first_from(connection, i64::MIN)?;
    while let Some(from) = next.filter(|from| *from <= last) {
        let to = last.min(from.saturating_add(PAGE));
        pages.push(from..=to);
        next = if to < last { first_from(connection, to + 1)? } else { None };
    }
    Ok(pages)
}

/// The entry before a page.
pub fn before(connection: &Connection, from: i64) -> Result<Option<Head>> {
    let before = "SELECT seq, hash FROM entry WHERE seq < ?1 ORDER BY seq DESC LIMIT 1";
    let read = |row: &Row<'_>| Ok(Head { seq: row.get(0)?, hash: row.get(1).unwrap_or_default() });
    connection.prepare_cached(before)?.query_row([from], read).optional()
}

fn first_from(connection: &Connection, seq: i64) -> Result<Option<i64>> {
    connection.prepare_cached("SELECT min(seq) FROM entry WHERE seq >= ?1")?.query_row([seq], |row| row.get(0))
}
