//! Proving the log: every entry's hash is computed again from what is stored, across all files.
//!
//! Reads beside the writer, in pages with a short transaction each, so that the WAL can be checkpointed meanwhile. After an
//! entry that does not match, the chain is followed on from the hash that is stored, so that one change is one problem.

use std::fmt;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Result, Row};
use serde::Serialize;
use uuid::Uuid;

use crate::crypto::MacKey;

use super::chain::Head;
use super::error::AuditError;
use super::replay::{Link, each_entry};
use super::schema::{self, PARTS};
use super::segment::{self, Month};
use super::unclosed::unclosed;

/// How many entries are read in one transaction.
const PAGE: i64 = 10_000;

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

/// Checks the log in `folder` from its first entry to its last.
pub fn verify(folder: &Path, key: &MacKey) -> Result<Report, AuditError> {
    let mut walk = Walk { key, report: Report::default(), before: None };
    let months = Month::all_in(folder)?;
    for month in &months {
        match segment::open_for_reading(folder, *month) {
            Ok(Some(connection)) => walk.segment(&connection, *month),
            Ok(None) => {}
            Err(error @ AuditError::Newer { .. }) => return Err(error),
            Err(error) => walk.problem(*month, None, error.to_string()),
        }
    }
    let head = walk.before.map(|(_, head)| head);
    // A file that cannot be read is a problem already.
    let mut open: Vec<Uuid> = unclosed(folder, &months).unwrap_or_default().into_keys().collect();
    open.sort_unstable();
    Ok(Report { head, open, ..walk.report })
}

/// The way through the files, oldest first.
struct Walk<'a> {
    key: &'a MacKey,
    report: Report,
    /// The file and the entry that come before what is read next.
    before: Option<(Month, Head)>,
}

impl Walk<'_> {
    fn segment(&mut self, connection: &Connection, month: Month) {
        self.report.segments += 1;
        if let Err(error) = self.read(connection, month) {
            self.problem(month, None, format!("the rest cannot be read: {error}"));
        }
    }

    fn read(&mut self, connection: &Connection, month: Month) -> Result<()> {
        self.check_guards(connection, month)?;
        self.check_strays(connection, month)?;
        let mut head = self.check_beginning(connection, month)?;
        let Some(Head { seq: last, .. }) = segment::head(connection).optional()? else {
            self.problem(month, None, "holds no entry".into());
            return Ok(());
        };
        let mut page = first_from(connection, i64::MIN)?;
        while let Some(from) = page.filter(|from| *from <= last) {
            let to = last.min(from.saturating_add(PAGE));
            each_entry(connection, from, to, |link| head = self.check(month, head, link))?;
            page = if to < last { first_from(connection, to + 1)? } else { None };
        }
        self.before = Some((month, head));
        Ok(())
    }

    /// Are the tables, indexes and triggers those that this program makes?
    fn check_guards(&mut self, connection: &Connection, month: Month) -> Result<()> {
        for name in schema::differences(connection)? {
            self.problem(month, None, format!("`{name}` was added to its schema, changed or dropped"));
        }
        Ok(())
    }

    /// Has every row an entry?
    fn check_strays(&mut self, connection: &Connection, month: Month) -> Result<()> {
        for table in PARTS {
            let stray = format!(
                "SELECT seq FROM (SELECT min(seq) AS seq FROM {0} UNION SELECT max(seq) FROM {0})
                 WHERE seq NOT BETWEEN (SELECT min(seq) FROM entry) AND (SELECT max(seq) FROM entry)",
                table.name
            );
            let stray: Option<i64> = connection.query_row(&stray, [], |row| row.get(0)).optional()?;
            if stray.is_some() {
                self.problem(month, stray, format!("a row of `{}` belongs to no entry", table.name));
            }
        }
        Ok(())
    }

    /// Does the file go on where the one before ended? Tells where its chain begins.
    fn check_beginning(&mut self, connection: &Connection, month: Month) -> Result<Head> {
        let before = self.before.map_or(Head::START, |(_, head)| head);
        let Some(first) = connection.query_row(FIRST, [], Beginning::read).optional()? else {
            self.problem(month, None, "does not begin with a segment entry".into());
            return Ok(before);
        };
        if first.name != month.to_string() {
            let what = format!("was begun as `{}`: it was renamed or put in another's place", first.name);
            self.problem(month, None, what);
        }
        match (first.previous, self.before.map(|(month, _)| month.to_string())) {
            (Some(previous), found) if found.as_ref() != Some(&previous) => {
                self.problem(month, None, format!("the file before it, `{previous}`, is missing"));
            }
            (None, Some(found)) => {
                self.problem(month, None, format!("began a log of its own and does not follow `{found}`"))
            }
            _ if first.before != before => {
                let what =
                    format!("follows entry {}, but the file before it ends with {}", first.before.seq, before.seq);
                self.problem(month, None, what);
            }
            _ => {}
        }
        Ok(first.before)
    }

    /// Checks one entry after `before` and tells where the chain stands then.
    fn check(&mut self, month: Month, before: Head, link: Link<'_>) -> Head {
        let Link { seq, kind, hash, canonical } = link;
        let computed = canonical.seal(self.key, &before.hash);
        self.report.entries += 1;
        self.report.exchanges += u64::from(kind == b"opened");
        match seq.saturating_sub(before.seq) {
            1 if hash == computed => {}
            1 => self.problem(month, Some(seq), "does not match its hash: it was changed, moved or forged".into()),
            2 => self.problem(month, Some(seq - 1), "is missing".into()),
            _ => {
                let what = format!("follows entry {}: those between are missing", before.seq);
                self.problem(month, Some(seq), what);
            }
        }
        Head { seq, hash }
    }

    fn problem(&mut self, month: Month, seq: Option<i64>, what: String) {
        self.report.problems.push(Problem { segment: month.to_string(), seq, what });
    }
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

fn first_from(connection: &Connection, seq: i64) -> Result<Option<i64>> {
    connection.prepare_cached("SELECT min(seq) FROM entry WHERE seq >= ?1")?.query_row([seq], |row| row.get(0))
}
