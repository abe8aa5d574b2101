//! Wrapping all keys by a newer one, a few at a time, while the proxy runs.

use std::time::Duration;

use rusqlite::{Row, params};

use super::super::error::AuditError;
use super::{KeyFile, of_day, of_kept, wrapped};

/// How many keys of a table are wrapped anew at a time, and how long the proxy may use the file between.
const WRAPPED: usize = 1000;
const TURN: Duration = Duration::from_millis(20);

impl KeyFile {
    /// Wraps every key that another wrapped with the newest of the ring, and tells how many those were.
    pub fn rewrap(&self) -> Result<usize, AuditError> {
        let mut all = 0;
        loop {
            let some = self.transact(Self::rewrap_some)?;
            if some == 0 {
                return Ok(all);
            }
            all += some;
            // Whoever waits for the file has its turn.
            std::thread::sleep(TURN);
        }
    }

    fn rewrap_some(&self) -> Result<usize, AuditError> {
        let subjects = self.rewrap_table("subject", "id, token", |row| Ok(row.get::<_, String>(1)?.into_bytes()))?;
        let days = self.rewrap_table("day", "day, NULL", |row| Ok(of_day(row.get(0)?)))?;
        let kept = self.rewrap_table("kept", "subject, day", |row| Ok(of_kept(row.get(0)?, row.get(1)?)))?;
        Ok(subjects + days + kept)
    }

    /// `columns` are the two that name a row, the second one only if it is a number.
    fn rewrap_table(
        &self,
        table: &str,
        columns: &str,
        context: impl Fn(&Row<'_>) -> rusqlite::Result<Vec<u8>>,
    ) -> Result<usize, AuditError> {
        let newest = self.ring.newest();
        let rows = self.read(|connection| {
            let select =
                format!("SELECT {columns}, wrapped_by, key FROM {table} WHERE wrapped_by <> ?1 LIMIT {WRAPPED}");
            let mut statement = connection.prepare(&select)?;
            let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get(1).ok(), context(row)?, wrapped(row, 2)?));
            statement.query_map([&newest], read)?.collect::<rusqlite::Result<Vec<(i64, Option<i64>, _, _)>>>()
        })?;
        let (id, other) = columns.split_once(", ").unwrap_or((columns, "NULL"));
        let update =
            format!("UPDATE {table} SET wrapped_by = ?1, key = ?2 WHERE {id} = ?3 AND (?4 IS NULL OR {other} IS ?4)");
        for (id, other, context, wrapped) in &rows {
            let wrapped = self.ring.wrap(context, &self.unwrap(context, wrapped)?);
            self.write(|connection| connection.execute(&update, params![wrapped.by, wrapped.bytes, id, other]))?;
        }
        Ok(rows.len())
    }
}
