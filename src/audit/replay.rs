//! Entries as they are stored, read back for the chain in the order in which it covers them.

use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;
use rusqlite::{Connection, Result, Rows, Transaction, TransactionBehavior};

use crate::crypto::{Hash, MacKey};

use super::chain::{Canonical, Head};
use super::schema::{ENTRY, Format, Table};
use super::segment;

/// Whether the newest entry of a file was written with `key`.
pub fn newest_matches(connection: &Connection, key: &MacKey) -> Result<bool> {
    let Head { seq, .. } = segment::head(connection)?;
    let before = "SELECT hash FROM entry WHERE seq = ?1 - 1 UNION ALL SELECT head FROM segment WHERE seq = ?1";
    let before: Hash = connection.query_row(before, [seq], |row| row.get(0))?;
    let mut matches = false;
    each_entry(connection, seq, seq, |link| matches = link.canonical.seal(key, &before) == link.hash)?;
    Ok(matches)
}

/// One entry as it is stored.
pub struct Link<'a> {
    pub seq: i64,
    pub kind: &'a [u8],
    pub hash: Hash,
    /// Holds all its columns, ready to be sealed.
    pub canonical: &'a mut Canonical,
}

/// Reads the entries `from..=to` of a file, each with its rows.
pub fn each_entry(connection: &Connection, from: i64, to: i64, mut visit: impl FnMut(Link<'_>)) -> Result<()> {
    let _snapshot = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
    let tables = Format::of_file(connection)?.parts;
    let mut parts: Vec<_> =
        tables.iter().map(|table| connection.prepare_cached(table.select)).collect::<Result<_>>()?;
    let mut parts = tables
        .iter()
        .zip(&mut parts)
        .map(|(table, statement)| Part::begin(table, statement.query([from, to])?))
        .collect::<Result<Vec<_>>>()?;
    let mut entries = connection.prepare_cached(ENTRY.select)?;
    let mut entries = entries.query([from, to])?;
    let mut canonical = Canonical::default();
    while let Some(entry) = entries.next()? {
        let seq = entry.get(0)?;
        parts.iter_mut().try_for_each(|part| part.add_to(&mut canonical, seq))?;
        canonical.row(&ENTRY, seq, [entry.get_ref(1)?, entry.get_ref(2)?]);
        let hash = entry.get_ref(3)?.as_blob().ok().and_then(|hash| hash.try_into().ok()).unwrap_or_default();
        visit(Link { seq, kind: entry.get_ref(2)?.as_bytes().unwrap_or_default(), hash, canonical: &mut canonical });
    }
    Ok(())
}

/// The rows of one table, read in step with the entries.
struct Part<'a> {
    table: &'static Table,
    rows: Rows<'a>,
    /// The entry of the row that comes next.
    next: Option<i64>,
}

impl<'a> Part<'a> {
    fn begin(table: &'static Table, rows: Rows<'a>) -> Result<Self> {
        let mut part = Self { table, rows, next: None };
        part.advance()?;
        Ok(part)
    }

    /// Adds the rows of the entry `seq`; rows before it have no entry, which shows as a missing one.
    fn add_to(&mut self, canonical: &mut Canonical, seq: i64) -> Result<()> {
        while self.next.is_some_and(|next| next <= seq) {
            if let Some(row) = self.rows.get()
                && self.next == Some(seq)
            {
                let values = (1..=self.table.columns.len()).map(|column| row.get_ref_unwrap(column));
                canonical.row(self.table, seq, values);
            }
            self.advance()?;
        }
        Ok(())
    }

    fn advance(&mut self) -> Result<()> {
        self.rows.advance()?;
        self.next = self.rows.get().map(|row| row.get(0)).transpose()?;
        Ok(())
    }
}
