//! Questions about what happened to the proxy and the log itself.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};
use serde::Serialize;

use super::error::AuditError;
use super::query::Reader;
use super::time::Stored;

/// An event as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Happening {
    /// The number of its entry.
    pub seq: i64,
    /// When it happened.
    #[serde(serialize_with = "super::entry::display")]
    pub at: Timestamp,
    /// What happened, by its name in the log.
    pub name: String,
    /// The particulars.
    pub detail: String,
    /// Whether it is in the file that is being written.
    #[serde(skip)]
    pub in_newest_file: bool,
}

/// Which events to list.
#[derive(Clone, Debug)]
pub struct Happenings {
    /// Of these names; of any when empty.
    pub names: Vec<String>,
    /// Then or after.
    pub since: Option<Timestamp>,
    /// Before then.
    pub until: Option<Timestamp>,
    /// Before the entry of this number: the [`Happening::seq`] of the last one seen gives the next page.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: usize,
}

impl Default for Happenings {
    /// All of them.
    fn default() -> Self {
        Self { names: Vec::new(), since: None, until: None, before: None, limit: usize::MAX }
    }
}

impl Reader {
    /// The events that are asked for, newest first.
    pub fn happenings(&self, asked: &Happenings) -> Result<Vec<Happening>, AuditError> {
        let mut found = Vec::new();
        let mut in_newest_file = true;
        self.each_file(|file| {
            let here = find(&file.here, asked, asked.limit - found.len())?;
            found.extend(here.into_iter().map(|happening| Happening { in_newest_file, ..happening }));
            in_newest_file = false;
            Ok(found.len() < asked.limit)
        })?;
        Ok(found)
    }
}

fn find(connection: &Connection, asked: &Happenings, limit: usize) -> Result<Vec<Happening>> {
    let find = "SELECT event.seq, at_us, name, detail FROM event JOIN entry ON entry.seq = event.seq
        WHERE (?1 = '[]' OR name IN (SELECT value FROM json_each(?1))) AND at_us >= ?2 AND at_us < ?3
          AND event.seq < ?4
        ORDER BY event.seq DESC LIMIT ?5";
    let names = serde_json::json!(asked.names).to_string();
    let since = asked.since.map_or(i64::MIN, Timestamp::as_microsecond);
    let until = asked.until.map_or(i64::MAX, Timestamp::as_microsecond);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    connection
        .prepare(find)?
        .query_map(params![names, since, until, asked.before.unwrap_or(i64::MAX), limit], read)?
        .collect()
}

/// The event that the entry `seq` holds.
pub(super) fn at(connection: &Connection, seq: i64) -> Result<Option<Happening>> {
    let at =
        "SELECT event.seq, at_us, name, detail FROM event JOIN entry ON entry.seq = event.seq WHERE event.seq = ?1";
    connection.prepare_cached(at)?.query_row([seq], read).optional()
}

fn read(row: &Row<'_>) -> Result<Happening> {
    let Stored(at) = row.get(1)?;
    Ok(Happening { seq: row.get(0)?, at, name: row.get(2)?, detail: row.get(3)?, in_newest_file: false })
}
