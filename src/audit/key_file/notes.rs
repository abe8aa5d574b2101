//! What happened to the keys and waits for its place in the log.

use rusqlite::{Row, params};

use super::super::error::AuditError;
use super::super::event::{Event, EventKind};
use super::super::time::Stored;
use super::KeyFile;

impl KeyFile {
    /// Leaves a note of what was done here, for the log.
    pub fn note(&self, event: &Event) -> Result<(), AuditError> {
        let insert = "INSERT INTO note(at_us, name, detail) VALUES (?1, ?2, ?3)";
        let values = params![event.at.as_microsecond(), event.kind.name(), event.detail];
        self.write(|connection| connection.execute(insert, values)).map(drop)
    }

    /// The notes that are not in the log yet, and the number of the last one.
    pub fn notes(&self) -> Result<(Vec<Event>, i64), AuditError> {
        let notes = self.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT id, at_us, name, detail FROM note ORDER BY id")?;
            statement.query_map([], read_note)?.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        let last = notes.last().map_or(0, |(id, _)| *id);
        Ok((notes.into_iter().filter_map(|(_, event)| event).collect(), last))
    }

    /// Removes the notes up to `last`, which are in the log now.
    pub fn forget_notes(&self, last: i64) -> Result<(), AuditError> {
        self.write(|connection| connection.execute("DELETE FROM note WHERE id <= ?1", [last])).map(drop)
    }
}

fn read_note(row: &Row<'_>) -> rusqlite::Result<(i64, Option<Event>)> {
    let Stored(at) = row.get(1)?;
    let kind = row.get_ref(2)?.as_str()?.parse::<EventKind>().ok();
    let detail = row.get(3)?;
    Ok((row.get(0)?, kind.map(|kind| Event { at, kind, detail })))
}
