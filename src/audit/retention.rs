//! Two clocks: after some days a text's key is destroyed, after some months a whole file goes.
//!
//! No row is ever deleted. A file goes after an entry that says where its chain stood, so that what follows still verifies.
//! Customers on hold keep the keys of their texts, and the files that speak of them.

use std::fs;
use std::path::Path;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use rusqlite::Connection;
use serde::{Serialize, Serializer};
use serde_json::json;

use crate::crypto::hex;

use super::chain::Head;
use super::error::AuditError;
use super::event::{Event, EventKind};
use super::key_file::KeyFile;
use super::segment;
use super::settings::Settings;
use super::time::Stored;
use super::volume::Volume;

/// What a file of the log holds, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lifetime {
    /// The file.
    #[serde(serialize_with = "super::entry::display")]
    pub volume: Volume,
    /// How many entries it has.
    pub entries: u64,
    /// When the first of its texts becomes unreadable, and the last.
    #[serde(serialize_with = "both")]
    pub texts_until: [Timestamp; 2],
    /// When it goes.
    #[serde(serialize_with = "super::entry::display")]
    pub until: Timestamp,
    /// How many customers on hold it speaks of: while there are any, it stays.
    pub held: u64,
}

fn both<S: Serializer>(instants: &[Timestamp; 2], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(instants.iter().map(Timestamp::to_string))
}

/// What is kept until when, oldest file first.
pub fn lifetimes(settings: &Settings, file: &KeyFile) -> Result<Vec<Lifetime>, AuditError> {
    let held = held(file)?;
    let mut lifetimes = Vec::new();
    for volume in Volume::all_in(&settings.folder)? {
        let Some(connection) = segment::open_for_reading(&settings.folder, volume)? else { continue };
        let failed = |error| AuditError::reading(&volume.path_in(&settings.folder), error);
        let span = "SELECT count(*), min(at_us), max(at_us) FROM entry";
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, [row.get(1)?, row.get(2)?]));
        let (entries, ends) = connection.query_row(span, [], read).map_err(failed)?;
        let texts_until = ends.map(|Stored(at)| end_of_text(at, settings));
        let held = speaks_of(&connection, &held).map_err(failed)?;
        let until = end_of_file(volume, settings);
        lifetimes.push(Lifetime { volume, entries: entries.cast_unsigned(), texts_until, until, held });
    }
    Ok(lifetimes)
}

/// Destroys the keys of the days that are over, and notes it; tells whether there were any.
pub fn expire(settings: &Settings, file: &KeyFile, now: Timestamp) -> Result<bool, AuditError> {
    let before = super::sealer::day_of(now) - i64::from(settings.text_days);
    let over = |connection: &Connection| -> rusqlite::Result<Vec<i64>> {
        connection
            .prepare_cached("SELECT day FROM day WHERE day < ?1")?
            .query_map([before], |row| row.get(0))?
            .collect()
    };
    if file.read(over)?.is_empty() {
        return Ok(false);
    }
    file.transact(|file| {
        let days = file.read(over)?;
        for id in held_ids(file)? {
            let Some(subject) = file.subject_of(id)? else { continue };
            for day in &days {
                if let Some(key) = file.day(*day)? {
                    file.keep(&subject, *day, &key)?;
                }
            }
        }
        file.write(|connection| connection.execute("DELETE FROM day WHERE day < ?1", [before]))?;
        let detail = json!({ "days": days.len(), "before": date(before) }).to_string();
        file.note(&Event { at: now, kind: EventKind::Expired, detail })?;
        Ok(true)
    })
}

/// The files that may go: the oldest ones, up to the first that has to stay.
pub fn outlived(settings: &Settings, file: &KeyFile, now: Timestamp) -> Result<Vec<Volume>, AuditError> {
    let volumes = Volume::all_in(&settings.folder)?;
    let old = volumes.iter().take_while(|volume| end_of_file(**volume, settings) <= now).count();
    // The newest file is being written.
    if old.min(volumes.len().saturating_sub(1)) == 0 {
        return Ok(Vec::new());
    }
    let lifetimes = lifetimes(settings, file)?;
    let older = lifetimes.split_last().map_or(&[][..], |(_, older)| older);
    Ok(older.iter().take_while(|file| file.until <= now && file.held == 0).map(|file| file.volume).collect())
}

/// What the log says before a file goes.
pub fn dropping(folder: &Path, volume: Volume, now: Timestamp) -> Result<Option<Event>, AuditError> {
    let Some(connection) = segment::open_for_reading(folder, volume)? else { return Ok(None) };
    let head = segment::head(&connection).map_err(|error| AuditError::reading(&volume.path_in(folder), error))?;
    Ok(Some(Event { at: now, kind: EventKind::Dropped, detail: detail(&volume.to_string(), head) }))
}

/// What the entry of a dropped file says; verifying looks for these very words.
pub fn detail(name: &str, Head { seq, hash }: Head) -> String {
    json!({ "file": name, "head": hex(&hash), "last": seq }).to_string()
}

/// Removes a file.
pub fn remove(folder: &Path, volume: Volume) -> Result<(), AuditError> {
    let path = volume.path_in(folder);
    for suffix in ["-wal", "-shm", ""] {
        let file = segment::beside(&path, suffix);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(AuditError::creating(&file, &error));
            }
            _ => {}
        }
    }
    Ok(())
}

fn end_of_text(at: Timestamp, settings: &Settings) -> Timestamp {
    let day = super::sealer::day_of(at) + 1 + i64::from(settings.text_days);
    Timestamp::from_second(day * 86_400).unwrap_or(Timestamp::MAX)
}

fn end_of_file(volume: Volume, settings: &Settings) -> Timestamp {
    let end = volume.first_day().checked_add((i64::from(settings.months) + 1).months());
    let end = end.and_then(|day| day.to_zoned(TimeZone::UTC));
    end.map_or(Timestamp::MAX, |end| end.timestamp())
}

fn date(day: i64) -> String {
    let at = Timestamp::from_second(day * 86_400).unwrap_or_default();
    at.to_zoned(TimeZone::UTC).date().to_string()
}

fn held(file: &KeyFile) -> Result<Vec<String>, AuditError> {
    file.read(|connection| {
        let select = "SELECT token FROM subject WHERE held IS NOT NULL";
        connection.prepare_cached(select)?.query_map([], |row| row.get(0))?.collect()
    })
}

fn held_ids(file: &KeyFile) -> Result<Vec<i64>, AuditError> {
    file.read(|connection| {
        let select = "SELECT id FROM subject WHERE held IS NOT NULL";
        connection.prepare_cached(select)?.query_map([], |row| row.get(0))?.collect()
    })
}

fn speaks_of(connection: &Connection, held: &[String]) -> rusqlite::Result<u64> {
    let mut speaks = connection.prepare("SELECT 1 FROM opened WHERE subject = ?1 LIMIT 1")?;
    held.iter().try_fold(0, |count, token| Ok(count + u64::from(speaks.exists([token])?)))
}
