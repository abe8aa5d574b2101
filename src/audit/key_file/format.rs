//! The tables of `keys.db`, and the way to them from each version of the format.

use rusqlite::Row;

use super::super::error::AuditError;
use super::KeyFile;

/// What brings a file from each version of its format to the next; the first one makes it.
const MIGRATIONS: [&str; 3] = [
    "CREATE TABLE subject(
       id         INTEGER PRIMARY KEY,
       found_by   TEXT NOT NULL UNIQUE,
       token      TEXT NOT NULL UNIQUE,
       wrapped_by TEXT NOT NULL,
       key        BLOB NOT NULL,
       held       TEXT
     ) STRICT;
     CREATE TABLE day(
       day        INTEGER PRIMARY KEY,
       wrapped_by TEXT NOT NULL,
       key        BLOB NOT NULL
     ) STRICT;
     CREATE TABLE kept(
       subject    INTEGER NOT NULL,
       day        INTEGER NOT NULL,
       wrapped_by TEXT NOT NULL,
       key        BLOB NOT NULL,
       PRIMARY KEY(subject, day)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE note(
       id     INTEGER PRIMARY KEY AUTOINCREMENT,
       at_us  INTEGER NOT NULL,
       name   TEXT NOT NULL,
       detail TEXT NOT NULL
     ) STRICT;
     PRAGMA application_id = 0x424c4f4b;
     PRAGMA user_version = 1;",
    "CREATE TABLE conversation(
       found_by TEXT NOT NULL,
       subject  INTEGER NOT NULL,
       token    TEXT NOT NULL UNIQUE,
       PRIMARY KEY(found_by, subject)
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX conversation_subject ON conversation(subject);
     PRAGMA user_version = 2;",
    "CREATE TABLE mention(
       day     INTEGER NOT NULL,
       token   INTEGER NOT NULL,
       subject INTEGER NOT NULL,
       part    INTEGER NOT NULL,
       entries BLOB NOT NULL,
       PRIMARY KEY(day, token, subject, part)
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX mention_subject ON mention(subject) WHERE subject > 1;
     CREATE TABLE mentioned(
       id    INTEGER PRIMARY KEY CHECK(id = 1),
       until INTEGER NOT NULL
     ) STRICT;
     PRAGMA user_version = 3;",
];
/// `BLOK` in the header of the file.
const APPLICATION_ID: i64 = 0x424c_4f4b;
const VERSION: i64 = MIGRATIONS.len() as i64;

impl KeyFile {
    /// Brings the file to the newest version of its format; the tables of an empty file are made.
    pub(super) fn migrate(&self) -> Result<(), AuditError> {
        self.transact(|file| {
            let version = file.check_version()?;
            let mut steps = MIGRATIONS.iter().skip(usize::try_from(version).unwrap_or(usize::MAX));
            steps.try_for_each(|step| file.write(|connection| connection.execute_batch(step)))
        })
    }

    /// The version of the file's format; fails when the file is another's or of a later version.
    pub fn check_version(&self) -> Result<i64, AuditError> {
        let header = "SELECT application_id, user_version, EXISTS(SELECT 1 FROM sqlite_schema)
                      FROM pragma_application_id, pragma_user_version";
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        match self.read(|connection| connection.query_row(header, [], read))? {
            (0, 0, false) => Ok(0),
            (APPLICATION_ID, version, true) if version <= VERSION => Ok(version),
            (APPLICATION_ID, version, true) => {
                Err(AuditError::Newer { path: self.path.clone(), version, known: VERSION })
            }
            _ => Err(AuditError::Foreign { path: self.path.clone() }),
        }
    }
}

#[cfg(test)]
impl KeyFile {
    /// Makes the file as the first version of the program did.
    pub fn make_first_version(folder: &std::path::Path) {
        rusqlite::Connection::open(super::path_in(folder))
            .and_then(|file| file.execute_batch(MIGRATIONS[0]))
            .expect("a new file");
    }
}
