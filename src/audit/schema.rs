//! The tables of a segment, and the guards that make them append-only.
//!
//! [`Table`] lists every column in the order in which the chain covers it; `schema.sql` says the same to SQLite, and a test
//! holds the two together. Other kinds of entry need a table here and there, nothing else.

use std::collections::BTreeSet;

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, Result};

/// `BLOT` in the header of each file.
pub const APPLICATION_ID: i64 = 0x424c_4f54;

/// What a file is made of. A file keeps the format that it was made in: a newer program reads it and goes on in a new file, so
/// no file is ever rewritten. A format whose tables differ gets its own list of them here.
pub struct Format {
    /// Stands in the header of each file.
    pub version: i64,
    /// The tables whose rows an entry is made of, in the order in which the chain covers them.
    pub parts: &'static [&'static Table],
    /// Its tables, indexes, views and triggers; the guards of every table come on top.
    statements: &'static [&'static str],
}

/// All formats that are read, oldest first.
pub const FORMATS: [Format; 4] = [
    Format { version: 1, parts: &PARTS, statements: &[SCHEMA] },
    Format { version: 2, parts: &PARTS, statements: &[SCHEMA, VIEWS] },
    Format { version: 3, parts: &PARTS, statements: &[SCHEMA, VIEWS, INDEXES] },
    Format { version: 4, parts: &PARTS, statements: &[SCHEMA, VIEWS, INDEXES, OUTCOMES] },
];

const SCHEMA: &str = include_str!("schema.sql");
const VIEWS: &str = include_str!("views.sql");
const INDEXES: &str = include_str!("indexes.sql");
const OUTCOMES: &str = "CREATE INDEX closed_otherwise ON closed(outcome) WHERE outcome <> 'complete';";
/// The format in which new files are made.
pub const NEWEST: &Format = &FORMATS[FORMATS.len() - 1];

/// One table whose rows belong to an entry by its `seq`.
pub struct Table {
    pub name: &'static str,
    /// All columns after `seq`.
    pub columns: &'static [&'static str],
    /// Inserts one row.
    pub insert: &'static str,
    /// Selects the rows of the entries from `?1` to `?2`, in order.
    pub select: &'static str,
}

macro_rules! table {
    ($name:literal: $($column:literal),+) => {
        Table {
            name: $name,
            columns: &[$($column),+],
            insert: concat!("INSERT OR FAIL INTO ", $name, "(seq", $(", ", $column,)+ ") VALUES (?", $(table!(@value $column),)+ ")"),
            select: concat!("SELECT seq", $(", ", $column,)+ " FROM ", $name, " WHERE seq BETWEEN ?1 AND ?2 ORDER BY 1, 2"),
        }
    };
    (@value $column:literal) => { ", ?" };
}

/// The chain itself; `hash` comes last and is the one column that no hash covers.
pub const ENTRY: Table = table!("entry": "at_us", "kind", "hash");
/// Which file came before.
pub const SEGMENT: Table = table!("segment": "name", "previous", "last", "head");
/// What was about to leave.
pub const OPENED: Table = table!("opened": "exchange", "caller", "subject", "conversation", "route", "provider", "method",
    "path", "model", "streaming", "ruleset", "strings", "bytes", "opaque", "exemptions");
/// What it was said to be for.
pub const DECLARED: Table = table!("declared": "purpose", "consent");
/// How it ended.
pub const CLOSED: Table = table!("closed": "opened", "outcome", "reason", "status", "input", "output", "cached", "redact_us",
    "commit_us", "first_byte_us", "total_us", "restored", "unrestored", "truncated");
/// What happened to the log itself.
pub const EVENT: Table = table!("event": "name", "detail");
/// What was found.
pub const FINDING: Table = table!("finding": "place", "entity", "pattern", "action", "count");
/// The particulars of what was looked at.
pub const COVERAGE: Table = table!("coverage": "counts");
/// The redacted texts.
pub const PAYLOAD: Table = table!("payload": "codec", "subject", "day", "bytes");

/// The tables whose rows an entry is made of, in the order in which the chain covers them.
pub const PARTS: [&Table; 8] = [&SEGMENT, &OPENED, &CLOSED, &EVENT, &FINDING, &COVERAGE, &PAYLOAD, &DECLARED];

impl Format {
    /// The format of a version, if it is known.
    pub fn of(version: i64) -> Option<&'static Self> {
        FORMATS.iter().find(|format| format.version == version)
    }

    /// The format of an open file.
    pub fn of_file(connection: &Connection) -> Result<&'static Self> {
        let version = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        Self::of(version).ok_or(rusqlite::Error::QueryReturnedNoRows)
    }

    /// All statements that make an empty file a segment.
    pub fn create(&self) -> String {
        let mut sql = self.statements.concat();
        for table in self.parts.iter().chain([&&ENTRY]) {
            sql.push_str(&never_changed(table.name));
        }
        for table in &self.parts[1..] {
            sql.push_str(&comes_before_its_entry(table.name));
        }
        sql.push_str(&format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {};", self.version));
        sql
    }
}

/// The names of what was added to a file's schema, changed in it or dropped from it.
pub fn differences(connection: &Connection) -> Result<BTreeSet<String>> {
    let reference = Connection::open_in_memory()?;
    reference.execute_batch(&Format::of_file(connection)?.create())?;
    let differing = &objects(connection)? ^ &objects(&reference)?;
    Ok(differing.into_iter().map(|(name, _)| name).collect())
}

fn objects(connection: &Connection) -> Result<BTreeSet<(String, String)>> {
    let mut statement = connection.prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

fn never_changed(table: &str) -> String {
    format!(
        "CREATE TRIGGER {table}_never_updated BEFORE UPDATE ON {table}
         BEGIN SELECT RAISE(FAIL, 'the log is append-only: `{table}` is never updated'); END;
         CREATE TRIGGER {table}_never_deleted BEFORE DELETE ON {table}
         BEGIN SELECT RAISE(FAIL, 'the log is append-only: `{table}` is never deleted from'); END;"
    )
}

fn comes_before_its_entry(table: &str) -> String {
    format!(
        "CREATE TRIGGER {table}_before_entry BEFORE INSERT ON {table}
         WHEN NEW.seq IS NOT (SELECT max(seq) + 1 FROM entry)
         BEGIN SELECT RAISE(FAIL, 'a row of `{table}` belongs to the next entry'); END;"
    )
}

/// Settings of a connection that writes; the page size and WAL stay with the file.
pub const WRITING: &str =
    "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;
    PRAGMA recursive_triggers = ON; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;";

/// Takes from a connection whatever appending does not need.
pub fn arm(connection: &mut Connection) -> Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.authorizer(Some(|context: AuthContext<'_>| judge(&context.action)))
}

fn judge(action: &AuthAction<'_>) -> Authorization {
    let known = |name: &str| PARTS.into_iter().chain([&ENTRY]).any(|table| table.name == name);
    let allowed = match action {
        AuthAction::Function { function_name } => matches!(*function_name, "coalesce" | "length" | "max"),
        AuthAction::Insert { table_name } => known(table_name),
        AuthAction::Read { .. } | AuthAction::Select | AuthAction::Transaction { .. } => true,
        _ => false,
    };
    if allowed { Authorization::Allow } else { Authorization::Deny }
}
