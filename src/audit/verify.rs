//! Proving the log: every entry's hash is computed again from what is stored, across all files.
//!
//! Reads beside the writer and on all cores, in pages (see `page`). After an entry that does not match, the chain is followed on
//! from the hash that is stored, so that one change is one problem.

use std::collections::HashSet;
use std::fmt;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, Row};
use serde::Serialize;
use uuid::Uuid;

use crate::crypto::{Hash, MacKey};

use super::chain::Head;
use super::checkpoint::Checkpoint;
use super::error::AuditError;
use super::page::{self, Page, pages};
use super::retention;
use super::schema::{self, ENTRY, Format};
use super::segment;
use super::unclosed::unclosed;
use super::volume::Volume;

/// What a verification saw.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many entries were read.
    pub entries: u64,
    /// How many files were read.
    pub segments: u64,
    /// How many exchanges were opened.
    pub exchanges: u64,
    /// The exchanges without a closing entry: those in flight while a proxy runs, or at its crash.
    pub open: Vec<Uuid>,
    /// How many checkpoints were held against it.
    pub checkpoints: u64,
    /// The newest entry. Kept elsewhere it shows later whether the log was cut or rewritten; `None` for an empty log.
    pub head: Option<Head>,
    /// What does not hold, in the order of the log; empty for a whole log.
    pub problems: Vec<Problem>,
}

/// Something that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file by its month.
    pub segment: String,
    /// The entry, unless the whole file is meant.
    pub seq: Option<i64>,
    /// What was found.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seq {
            Some(seq) => write!(f, "`{}`, entry {seq}: {}", self.segment, self.what),
            None => write!(f, "`{}`: {}", self.segment, self.what),
        }
    }
}

/// Which part of the log is checked, and what is held against it.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// From the month of this instant on.
    pub since: Option<Timestamp>,
    /// To the month of this instant.
    pub until: Option<Timestamp>,
    /// Checkpoints whose signature was proven.
    pub checkpoints: Vec<Checkpoint>,
}

/// Checks the log in `folder` from its first entry to its last.
pub fn verify(folder: &Path, key: &MacKey) -> Result<Report, AuditError> {
    verify_within(folder, key, &Scope::default())
}

/// Checks the months of the log in `folder` that `scope` names, and that they say what its checkpoints say.
pub fn verify_within(folder: &Path, key: &MacKey, scope: &Scope) -> Result<Report, AuditError> {
    let all = Volume::all_in(folder)?;
    let since = scope.since.map(Volume::of);
    let until = scope.until.map(Volume::of);
    let within = |volume: &Volume| {
        since.is_none_or(|since| *volume >= since) && until.is_none_or(|until| volume.month() <= until)
    };
    let volumes: Vec<Volume> = all.iter().copied().filter(within).collect();
    let dropped = dropped(folder, &all);
    let report = Report::default();
    let earlier = volumes.first() != all.first();
    let mut walk = Walk { folder, key, scope, report, before: None, unread: None, dropped, earlier };
    for volume in &volumes {
        match segment::open_for_reading(folder, *volume) {
            Ok(Some(connection)) => walk.segment(&connection, *volume),
            Ok(None) => {}
            Err(error @ AuditError::Newer { .. }) => return Err(error),
            Err(error) => walk.unread(*volume, error.to_string()),
        }
    }
    // Of a file that cannot be read it is not known where it ends.
    if until.is_none() && walk.unread.is_none_or(|unread| Some(&unread) != all.last()) {
        walk.check_end(walk.before.or_else(|| end(folder, &all)));
    }
    let head = walk.before.map(|(_, head)| head);
    // A file that cannot be read is a problem already.
    let mut open: Vec<Uuid> = unclosed(folder, &volumes).unwrap_or_default().into_keys().collect();
    open.sort_unstable();
    Ok(Report { head, open, ..walk.report })
}

/// The way through the files, oldest first.
struct Walk<'a> {
    folder: &'a Path,
    key: &'a MacKey,
    scope: &'a Scope,
    report: Report,
    /// The file and the entry that come before what is read next.
    before: Option<(Volume, Head)>,
    /// The last file that could not be read to its end, which is a problem already.
    unread: Option<Volume>,
    /// What the log says of files that it dropped.
    dropped: HashSet<String>,
    /// Files before the first one are there, and were left out.
    earlier: bool,
}

impl Walk<'_> {
    fn segment(&mut self, connection: &Connection, volume: Volume) {
        self.report.segments += 1;
        if let Err(error) = self.read(connection, volume) {
            self.unread(volume, format!("the rest cannot be read: {error}"));
        }
    }

    fn unread(&mut self, volume: Volume, what: String) {
        self.problem(volume, None, what);
        self.unread = Some(volume);
    }

    fn read(&mut self, connection: &Connection, volume: Volume) -> Result<()> {
        self.check_guards(connection, volume)?;
        self.check_strays(connection, volume)?;
        let head = self.check_beginning(connection, volume)?;
        let Some(last) = segment::head(connection).optional()? else {
            self.problem(volume, None, "holds no entry".into());
            return Ok(());
        };
        for page in self.read_pages(volume, &pages(connection, last.seq)?, head)? {
            self.report.entries += page.entries;
            self.report.exchanges += page.exchanges;
            page.problems.into_iter().for_each(|(seq, what)| self.problem(volume, Some(seq), what));
        }
        self.check_against(connection, volume, last)?;
        self.before = Some((volume, last));
        Ok(())
    }

    /// Reads the pages of a file on all cores: each goes on from the hash that is stored before it.
    fn read_pages(&self, volume: Volume, pages: &[RangeInclusive<i64>], first: Head) -> Result<Vec<Page>> {
        let next = AtomicUsize::new(0);
        let read = || -> Result<Vec<(usize, Page)>> {
            let mut read = Vec::new();
            let mut connection = None;
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(page) = pages.get(index) else { return Ok(read) };
                let connection = match &mut connection {
                    Some(connection) => connection,
                    none => none.insert(self.connect(volume)?),
                };
                let before = if index == 0 { first } else { page::before(connection, *page.start())?.unwrap_or(first) };
                read.push((index, Page::read(connection, page, before, self.key)?));
            }
        };
        let threads = thread::available_parallelism().map_or(1, usize::from).min(pages.len()).max(1);
        let mut read: Vec<(usize, Page)> = thread::scope(|scope| {
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(read)).collect();
            let read = threads.into_iter().map(|thread| thread.join().expect("reading a page does not panic"));
            read.collect::<Result<Vec<_>>>().map(|read| read.into_iter().flatten().collect())
        })?;
        read.sort_unstable_by_key(|(index, _)| *index);
        Ok(read.into_iter().map(|(_, page)| page).collect())
    }

    fn connect(&self, volume: Volume) -> Result<Connection> {
        let opened = segment::open_for_reading(self.folder, volume).ok().flatten();
        opened.ok_or(rusqlite::Error::QueryReturnedNoRows)
    }

    /// Are the tables, indexes and triggers those that this program makes?
    fn check_guards(&mut self, connection: &Connection, volume: Volume) -> Result<()> {
        for name in schema::differences(connection)? {
            self.problem(volume, None, format!("`{name}` was added to its schema, changed or dropped"));
        }
        Ok(())
    }

    /// Has every row an entry?
    fn check_strays(&mut self, connection: &Connection, volume: Volume) -> Result<()> {
        let Some((first, last)) = ends(connection, ENTRY.name)? else { return Ok(()) };
        for table in Format::of_file(connection)?.parts {
            let Some((lowest, highest)) = ends(connection, table.name)? else { continue };
            let stray = [lowest, highest].into_iter().find(|seq| !(first..=last).contains(seq));
            if stray.is_some() {
                self.problem(volume, stray, format!("a row of `{}` belongs to no entry", table.name));
            }
        }
        Ok(())
    }

    /// Does the file go on where the one before ended? Tells where its chain begins.
    fn check_beginning(&mut self, connection: &Connection, volume: Volume) -> Result<Head> {
        let before = self.before.map_or(Head::START, |(_, head)| head);
        let Some(first) = connection.query_row(FIRST, [], Beginning::read).optional()? else {
            self.problem(volume, None, "does not begin with a segment entry".into());
            return Ok(before);
        };
        if first.name != volume.to_string() {
            let what = format!("was begun as `{}`: it was renamed or put in another's place", first.name);
            self.problem(volume, None, what);
        }
        match (first.previous, self.before.map(|(volume, _)| volume.to_string())) {
            (Some(_), None) if self.earlier => {}
            (Some(previous), _) if self.unread.is_some_and(|unread| unread.to_string() == previous) => {}
            (Some(previous), None) if self.dropped.contains(&retention::detail(&previous, first.before)) => {}
            (Some(previous), found) if found.as_ref() != Some(&previous) => {
                self.problem(volume, None, format!("the file before it, `{previous}`, is missing"));
            }
            (None, Some(found)) => {
                self.problem(volume, None, format!("began a log of its own and does not follow `{found}`"))
            }
            _ if first.before != before => {
                let what =
                    format!("follows entry {}, but the file before it ends with {}", first.before.seq, before.seq);
                self.problem(volume, None, what);
            }
            _ => {}
        }
        Ok(first.before)
    }

    /// Does a file say what the checkpoints say that fall into it?
    fn check_against(&mut self, connection: &Connection, volume: Volume, last: Head) -> Result<()> {
        let first: Option<i64> = connection.query_row("SELECT min(seq) FROM entry", [], |row| row.get(0))?;
        let within = first.unwrap_or(i64::MAX)..=last.seq;
        for Checkpoint { head, at } in self.scope.checkpoints.iter().filter(|one| within.contains(&one.head.seq)) {
            let hash = "SELECT hash FROM entry WHERE seq = ?1";
            let hash: Option<Hash> = connection.query_row(hash, [head.seq], |row| row.get(0)).optional()?;
            self.report.checkpoints += 1;
            if hash.is_some_and(|hash| hash != head.hash) {
                let what = format!("is not what was signed at {at:.0}: the log was rewritten up to here");
                self.problem(volume, Some(head.seq), what);
            }
        }
        Ok(())
    }

    /// Does the log, which ends like this, go as far as its newest checkpoint?
    fn check_end(&mut self, end: Option<(Volume, Head)>) {
        let Some(newest) = self.scope.checkpoints.iter().max_by_key(|checkpoint| checkpoint.head.seq) else { return };
        let Checkpoint { head: Head { seq: signed, .. }, at } = newest;
        let Some((volume, Head { seq: last, .. })) = end else {
            let what = format!("no file of the log is here, and it had {signed} entries at {at:.0}");
            return self.report.problems.push(Problem { segment: "checkpoints".to_owned(), seq: None, what });
        };
        if *signed > last {
            let what = format!("the log ends with entry {last}, but had {signed} at {at:.0}: its end was cut off");
            self.problem(volume, Some(last + 1), what);
        }
    }

    fn problem(&mut self, volume: Volume, seq: Option<i64>, what: String) {
        self.report.problems.push(Problem { segment: volume.to_string(), seq, what });
    }
}

/// Where the log ends, whichever part of it is checked.
fn end(folder: &Path, all: &[Volume]) -> Option<(Volume, Head)> {
    let volume = *all.last()?;
    let connection = segment::open_for_reading(folder, volume).ok()??;
    Some((volume, segment::head(&connection).ok()?))
}

/// The lowest and the highest number of a table's rows.
fn ends(connection: &Connection, table: &str) -> Result<Option<(i64, i64)>> {
    // Two questions, for only then each is answered by a look at one end.
    let ends = format!("SELECT (SELECT min(seq) FROM {table}), (SELECT max(seq) FROM {table})");
    let (lowest, highest): (Option<i64>, Option<i64>) =
        connection.query_row(&ends, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(lowest.zip(highest))
}

/// What the log says of files that it dropped. An entry that was forged is found by its hash.
fn dropped(folder: &Path, volumes: &[Volume]) -> HashSet<String> {
    let said = |volume: &Volume| -> Option<Vec<String>> {
        let connection = segment::open_for_reading(folder, *volume).ok()??;
        let mut statement = connection.prepare("SELECT detail FROM event WHERE name = 'dropped'").ok()?;
        let details = statement.query_map([], |row| row.get(0)).ok()?.flatten().collect();
        Some(details)
    };
    volumes.iter().filter_map(said).flatten().collect()
}

const FIRST: &str = "SELECT name, previous, last, head FROM segment ORDER BY seq LIMIT 1";

/// What a file says of the one before it.
struct Beginning {
    name: String,
    previous: Option<String>,
    before: Head,
}

impl Beginning {
    fn read(row: &Row<'_>) -> Result<Self> {
        let before = Head { seq: row.get("last")?, hash: row.get("head")? };
        Ok(Self { name: row.get("name")?, previous: row.get("previous")?, before })
    }
}
