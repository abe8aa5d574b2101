//! What passed through lately, as it was written: for sums that go on from where they were, instead of from the beginning.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::entry::{Outcome, Timings};
use super::error::AuditError;
use super::query::Reader;
use super::segment;
use super::time::Stored;

/// Something that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beat {
    /// An exchange ended.
    Ended {
        /// How.
        outcome: Outcome,
        /// Why, if it did not end well.
        reason: Option<String>,
        /// What it was answered with.
        status: Option<u16>,
        /// Where its time went.
        timings: Timings,
    },
    /// Exemptions were used, by name.
    Exempted(Vec<String>),
    /// Something was found, so often.
    Found(String, u64),
}

/// How many entries before the first of a time others of that time may stand: each has the time of its own beginning.
const SLACK: i64 = 10_000;

impl Reader {
    /// Tells what was written after the entry `after` and at `since` or later, each with its time; gives the number of the newest
    /// entry that was read.
    pub fn beats(
        &self,
        after: i64,
        since: Timestamp,
        mut tell: impl FnMut(Timestamp, Beat),
    ) -> Result<i64, AuditError> {
        let mut newest = after;
        self.each_file(|file| {
            let last = segment::head(&file.here)?.seq;
            newest = newest.max(last);
            let from = after.max(first(&file.here, since)?.map_or(last, |first| first - SLACK));
            tell_file(&file.here, from, last, since, &mut tell)?;
            let begins: i64 = file.here.query_row("SELECT min(seq) FROM entry", [], |row| row.get(0))?;
            Ok(begins > from)
        })?;
        Ok(newest)
    }

    /// How many exchanges are in flight, or were cut off by a crash: of those that the newest entries opened.
    pub fn open_now(&self) -> Result<u64, AuditError> {
        const NEWEST: i64 = 100_000;
        let select = "SELECT count(*) FROM opened
            WHERE seq > ?1 AND NOT EXISTS (SELECT 1 FROM closed WHERE closed.opened = opened.seq)";
        let mut open = 0;
        self.each_file(|file| {
            let from = segment::head(&file.here)?.seq - NEWEST;
            open = file.here.query_row(select, [from], |row| count(row, 0))?;
            Ok(false)
        })?;
        Ok(open)
    }
}

/// The first entry of a time.
fn first(connection: &Connection, since: Timestamp) -> Result<Option<i64>> {
    let first = "SELECT seq FROM entry WHERE at_us >= ?1 ORDER BY at_us LIMIT 1";
    connection.query_row(first, [since.as_microsecond()], |row| row.get(0)).optional()
}

fn tell_file(
    connection: &Connection,
    from: i64,
    last: i64,
    since: Timestamp,
    tell: &mut impl FnMut(Timestamp, Beat),
) -> Result<()> {
    let select = |columns: &str, table: &str, more: &str| {
        format!(
            "SELECT at_us, {columns} FROM {table} CROSS JOIN entry ON entry.seq = {table}.seq
             WHERE {table}.seq > ?1 AND {table}.seq <= ?2 AND at_us >= ?3 {more}"
        )
    };
    let mut each = |sql: String, read: fn(&Row<'_>) -> Result<Beat>| -> Result<()> {
        let mut statement = connection.prepare(&sql)?;
        let mut rows = statement.query(params![from, last, since.as_microsecond()])?;
        while let Some(row) = rows.next()? {
            tell(row.get::<_, Stored>(0)?.0, read(row)?);
        }
        Ok(())
    };
    each(select("outcome, reason, status, redact_us, commit_us, first_byte_us, total_us", "closed", ""), ended)?;
    each(select("entity, count", "finding", ""), |row| Ok(Beat::Found(row.get(1)?, count(row, 2)?)))?;
    each(select("exemptions", "opened", "AND exemptions <> '[]'"), |row| {
        Ok(Beat::Exempted(serde_json::from_str(row.get_ref(1)?.as_str()?).unwrap_or_default()))
    })
}

fn ended(row: &Row<'_>) -> Result<Beat> {
    let timings = Timings {
        redact_us: count(row, 4)?,
        commit_us: count(row, 5)?,
        first_byte_us: row.get::<_, Option<i64>>(6)?.map(i64::cast_unsigned),
        total_us: count(row, 7)?,
    };
    Ok(Beat::Ended { outcome: row.get(1)?, reason: row.get(2)?, status: row.get(3)?, timings })
}

fn count(row: &Row<'_>, column: usize) -> Result<u64> {
    row.get(column).map(i64::cast_unsigned)
}
