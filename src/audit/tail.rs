//! What is new in the log: exchanges as they end, and events, in the order in which they were written.

use rusqlite::{Connection, Result};
use serde::Serialize;

use super::error::AuditError;
use super::happening::{self, Happening};
use super::query::{Reader, Summary};
use super::rows;
use super::segment;
use super::volume::Volume;

/// Something new.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum News {
    /// An exchange that has ended.
    Ended(Box<Summary>),
    /// Something that happened to the proxy or the log.
    Happened(Happening),
}

/// How many files back an exchange that ends may have been opened.
const FILES: usize = 3;

impl Reader {
    /// What was written after the entry `seq`, the oldest first, and the number of the newest entry read.
    pub fn news(&self, seq: i64, limit: usize) -> Result<(Vec<News>, i64), AuditError> {
        let volumes = Volume::all_in(self.folder())?;
        let mut files = Vec::new();
        for volume in &volumes[volumes.len().saturating_sub(FILES)..] {
            files.extend(segment::open_for_reading(self.folder(), *volume)?);
        }
        let (mut news, mut last) = (Vec::new(), seq);
        for file in &files {
            let found = entries(file, last, limit - news.len());
            for (seq, kind, opened) in found.map_err(|error| AuditError::reading(self.folder(), error))? {
                last = seq;
                let one = match (kind.as_str(), opened) {
                    ("closed", Some(opened)) => ended(&files, file, seq, opened),
                    ("event", _) => happening::at(file, seq).map(|happening| happening.map(News::Happened)),
                    _ => Ok(None),
                };
                news.extend(one.map_err(|error| AuditError::reading(self.folder(), error))?);
            }
        }
        Ok((news, last))
    }
}

type Entry = (i64, String, Option<i64>);

fn entries(file: &Connection, after: i64, limit: usize) -> Result<Vec<Entry>> {
    let select = "SELECT entry.seq, kind, closed.opened FROM entry LEFT JOIN closed ON closed.seq = entry.seq
        WHERE entry.seq > ?1 AND kind IN ('closed', 'event') ORDER BY entry.seq LIMIT ?2";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    file.prepare_cached(select)?.query_map([after, limit], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
}

fn ended(files: &[Connection], file: &Connection, seq: i64, opening: i64) -> Result<Option<News>> {
    for earlier in files {
        let Some(opened) = rows::read_opened(earlier, opening)? else { continue };
        let closed = rows::read_closed(file, seq, opened.exchange)?;
        return Ok(Some(News::Ended(Box::new(Summary::of(opening, opened, closed)))));
    }
    Ok(None)
}
