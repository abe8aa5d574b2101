//! Which exchanges have no closing entry: those in flight, or those that a crash cut off.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use rusqlite::{Connection, Result};
use uuid::Uuid;

use super::error::AuditError;
use super::segment;
use super::volume::Volume;

/// The exchanges opened in the files of `months` and closed in none of them, with the number of their opening entry.
pub fn unclosed(folder: &Path, volumes: &[Volume]) -> Result<HashMap<Uuid, i64>, AuditError> {
    let mut unclosed = HashMap::new();
    for volume in volumes {
        let failed = |error| AuditError::reading(&volume.path_in(folder), error);
        let Some(connection) = segment::open_for_reading(folder, *volume)? else { continue };
        forget_closed(&connection, &mut unclosed).map_err(failed)?;
        add_opened(&connection, &mut unclosed).map_err(failed)?;
    }
    Ok(unclosed)
}

fn forget_closed(connection: &Connection, unclosed: &mut HashMap<Uuid, i64>) -> Result<()> {
    let mut closing = connection.prepare("SELECT 1 FROM closed WHERE opened = ?1")?;
    let mut closed = HashSet::new();
    for (exchange, seq) in &*unclosed {
        if closing.exists([seq])? {
            closed.insert(*exchange);
        }
    }
    unclosed.retain(|exchange, _| !closed.contains(exchange));
    Ok(())
}

fn add_opened(connection: &Connection, unclosed: &mut HashMap<Uuid, i64>) -> Result<()> {
    let open =
        "SELECT exchange, seq FROM opened WHERE NOT EXISTS(SELECT 1 FROM closed WHERE closed.opened = opened.seq)";
    let mut open = connection.prepare(open)?;
    for row in open.query_map([], |row| Ok((Uuid::from_bytes(row.get(0)?), row.get(1)?)))? {
        unclosed.extend([row?]);
    }
    Ok(())
}
