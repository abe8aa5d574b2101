//! The folder and its chain, written by one owner: each batch of entries is one transaction of the newest file.
//!
//! Nothing changes in memory before a batch is committed, so after a failure the same or another batch can be tried.

use std::collections::HashMap;
use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Transaction, TransactionBehavior};
use uuid::Uuid;

use crate::crypto::MacKey;

use super::chain::Head;
use super::entry::{Closed, Entry, Outcome};
use super::error::AuditError;
use super::replay;
use super::rows::Appender;
use super::segment::{self, First, Month, Segment};
use super::unclosed::unclosed;

/// A log that is open for appending.
pub struct Journal {
    folder: PathBuf,
    key: MacKey,
    segment: Segment,
    head: Head,
    /// The exchanges without a closing entry, by the number of their opening one.
    unclosed: HashMap<Uuid, i64>,
    _lock: File,
}

impl Journal {
    /// Opens or makes the log in `folder`, and closes what a crash left open.
    pub fn open(folder: &Path, key: MacKey, now: Timestamp) -> Result<Self, AuditError> {
        make(folder).map_err(|error| AuditError::creating(folder, &error))?;
        let lock = lock(folder)?;
        let months = Month::all_in(folder)?;
        let (previous, head) = newest_whole(folder, &months)?;
        let first = First { at: now, key: &key, head, previous };
        let segment = Segment::open(folder, months.last().copied().unwrap_or(Month::of(now)), &first)?;
        let head = segment.head()?;
        check_key(&segment, &key)?;
        // Nothing stays open for longer than a month.
        let unclosed = unclosed(folder, &months[months.len().saturating_sub(2)..])?;
        let mut journal = Self { folder: folder.into(), key, segment, head, unclosed, _lock: lock };
        journal.close_interrupted(now)?;
        Ok(journal)
    }

    /// Appends all of `entries` durably, or none.
    pub fn commit(&mut self, entries: &[&Entry]) -> Result<(), AuditError> {
        self.segment.check_in_place()?;
        if let Some(newest) = entries.iter().map(|entry| entry.at()).max() {
            self.roll_on(newest)?;
        }
        let failed = |error| AuditError::writing(self.segment.path(), &error);
        let connection = &self.segment.connection;
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate).map_err(failed)?;
        let mut batch = Batch {
            appender: Appender::new(connection, &self.key, self.head),
            unclosed: &self.unclosed,
            staged: HashMap::new(),
        };
        for entry in entries {
            batch.append(entry, &failed)?;
        }
        let Batch { appender, staged, .. } = batch;
        let head = appender.head();
        transaction.commit().map_err(failed)?;
        self.head = head;
        self.settle(staged);
        Ok(())
    }

    /// Goes on in a new file when a month has begun; a clock that steps back begins none.
    fn roll_on(&mut self, at: Timestamp) -> Result<(), AuditError> {
        let month = Month::of(at);
        if month <= self.segment.month {
            return Ok(());
        }
        let first = First { at, key: &self.key, head: self.head, previous: Some(self.segment.month) };
        let segment = Segment::open(&self.folder, month, &first)?;
        let head = segment.head()?;
        if head.seq != self.head.seq + 1 {
            return Err(AuditError::Foreign { path: segment.path().into() });
        }
        self.head = head;
        self.segment = segment;
        Ok(())
    }

    fn settle(&mut self, staged: HashMap<Uuid, Option<i64>>) {
        for (exchange, opening) in staged {
            match opening {
                Some(seq) => self.unclosed.insert(exchange, seq),
                None => self.unclosed.remove(&exchange),
            };
        }
    }

    fn close_interrupted(&mut self, now: Timestamp) -> Result<(), AuditError> {
        let close = |exchange: &Uuid| Entry::Closed(Box::new(Closed::new(*exchange, now, Outcome::Interrupted)));
        let mut left: Vec<_> = self.unclosed.iter().map(|(exchange, seq)| (*seq, close(exchange))).collect();
        if left.is_empty() {
            return Ok(());
        }
        left.sort_unstable_by_key(|(seq, _)| *seq);
        self.commit(&left.iter().map(|(_, entry)| entry).collect::<Vec<_>>())
    }
}

/// The entries of one transaction, and what they will have opened and closed.
struct Batch<'a> {
    appender: Appender<'a>,
    unclosed: &'a HashMap<Uuid, i64>,
    staged: HashMap<Uuid, Option<i64>>,
}

impl Batch<'_> {
    fn append(&mut self, entry: &Entry, failed: &impl Fn(rusqlite::Error) -> AuditError) -> Result<(), AuditError> {
        match entry {
            Entry::Closed(closed) => {
                let opening = self.opening(closed.exchange)?;
                self.staged.insert(closed.exchange, None);
                self.appender.closed(closed, opening)
            }
            Entry::Event(event) => self.appender.event(event),
            Entry::Opened(opened) => {
                let appended = self.appender.opened(opened);
                self.staged.insert(opened.exchange, Some(self.appender.head().seq));
                appended
            }
            Entry::Refused(pair) => {
                let (opened, closed) = &**pair;
                let appended = self.appender.opened(opened);
                appended.and_then(|()| self.appender.closed(closed, self.appender.head().seq))
            }
        }
        .map_err(failed)
    }

    fn opening(&self, exchange: Uuid) -> Result<i64, AuditError> {
        let staged = self.staged.get(&exchange).copied();
        let opening = staged.unwrap_or_else(|| self.unclosed.get(&exchange).copied());
        opening.ok_or(AuditError::NotOpen { exchange })
    }
}

/// Makes a folder that nobody else may look into.
fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Takes the writer's place in the folder; it is given back when the file is dropped, also by a crash.
fn lock(folder: &Path) -> Result<File, AuditError> {
    let path = folder.join("writer.lock");
    let file = File::create(&path).map_err(|error| AuditError::creating(folder, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(AuditError::Locked { folder: folder.into() }),
        Err(TryLockError::Error(error)) => Err(AuditError::creating(&path, &error)),
    }
}

/// A log that goes on under another key would prove nothing.
fn check_key(segment: &Segment, key: &MacKey) -> Result<(), AuditError> {
    match replay::newest_matches(&segment.connection, key) {
        Ok(true) => Ok(()),
        Ok(false) => Err(AuditError::WrongKey { path: segment.path().into() }),
        Err(error) => Err(AuditError::reading(segment.path(), error)),
    }
}

/// The file that a new one would follow, and where its chain stands: the newest whose making was not cut short.
fn newest_whole(folder: &Path, months: &[Month]) -> Result<(Option<Month>, Head), AuditError> {
    for month in months.iter().rev() {
        if let Some(connection) = segment::open_for_reading(folder, *month)? {
            let head =
                segment::head(&connection).map_err(|error| AuditError::reading(&month.path_in(folder), error))?;
            return Ok((Some(*month), head));
        }
    }
    Ok((None, Head::START))
}

#[cfg(test)]
impl Journal {
    /// The writer's own connection, for tests that break it.
    pub fn connection(&mut self) -> &mut rusqlite::Connection {
        &mut self.segment.connection
    }
}
