//! `keys.db`: the one file of the folder that changes. It holds the keys of texts, each wrapped by a key that is kept elsewhere.
//!
//! A text opens with its subject's key *and* its day's: destroying the one erases a customer, destroying the other a day. Who
//! a subject is, is known here alone, by a keyed hash of the id; the rest of the log knows a random token. What points into texts
//! is here for the same reason (see `noted`).
//!
//! `secure_delete` and a rollback journal that is removed with every commit see to it that a destroyed key is in no file.
//! What happens here and belongs in the log waits as a note, in the same transaction, until the writer has appended it.

mod format;
mod notes;
mod rewrap;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use crate::crypto::{KeyRing, SealingKey, Wrapped, hex, random};

use super::error::AuditError;
use super::identity::Identity;

/// How long a change waits for another, unless it is a proxy's.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who the texts of an exchange without a customer belong to.
pub const NOBODY: &str = "";

/// The open file, and the keys that unwrap what it holds.
pub struct KeyFile {
    connection: Connection,
    ring: KeyRing,
    path: PathBuf,
    identity: Option<Identity>,
    patience: Duration,
}

/// Whose texts a key opens.
#[derive(Clone)]
pub struct Subject {
    /// Its number, drawn at random; 1 is nobody.
    pub id: i64,
    /// What the log calls it; `None` for nobody.
    pub token: Option<String>,
    /// Half of what opens its texts.
    pub key: SealingKey,
    /// Why it is kept from erasure and retention.
    pub held: Option<String>,
}

impl KeyFile {
    /// Opens or makes the file in `folder`; fails when `ring` does not open what it holds.
    pub fn open(folder: &Path, ring: KeyRing) -> Result<Self, AuditError> {
        let path = path_in(folder);
        let failed = |error| AuditError::writing(&path, &error);
        let connection = Connection::open(&path).map_err(failed)?;
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        connection
            .execute_batch("PRAGMA journal_mode = DELETE; PRAGMA secure_delete = ON; PRAGMA synchronous = EXTRA; PRAGMA fullfsync = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;")
            .map_err(failed)?;
        let identity = Identity::of(&path);
        let file = Self { connection, ring, path, identity, patience: PATIENCE };
        file.migrate()?;
        // Also proves that the ring is the right one.
        file.make_subject(NOBODY)?;
        Ok(file)
    }

    /// Waits for others no longer than `patience`.
    pub fn waiting(self, patience: Duration) -> Result<Self, AuditError> {
        self.wait(patience)?;
        Ok(Self { patience, ..self })
    }

    /// Opens the file beside its writer, to be read; fails when there is none.
    pub fn open_for_reading(folder: &Path, ring: KeyRing) -> Result<Self, AuditError> {
        let path = path_in(folder);
        if !path.exists() {
            return Err(AuditError::NoKeys { path });
        }
        Self::open_copy(path, ring)
    }

    /// Opens a file of keys, wherever it is, to be read.
    pub fn open_copy(path: PathBuf, ring: KeyRing) -> Result<Self, AuditError> {
        let failed = |error| AuditError::reading(&path, error);
        let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(failed)?;
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        let file = Self { connection, ring, path, identity: None, patience: PATIENCE };
        file.check_version()?;
        Ok(file)
    }

    /// Fails when the open file is no longer the one in the folder: keys that are written to it would be lost.
    pub fn check_in_place(&self) -> Result<(), AuditError> {
        match Identity::of(&self.path) == self.identity {
            true => Ok(()),
            false => Err(AuditError::Replaced { path: self.path.clone() }),
        }
    }

    /// A number that is another one after somebody else has changed the file.
    pub fn version(&self) -> Result<i64, AuditError> {
        self.read(|connection| connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0)))
    }

    /// The subject with the hashed id `found_by`.
    pub fn subject(&self, found_by: &str) -> Result<Option<Subject>, AuditError> {
        self.subject_where("found_by = ?1", params![found_by])
    }

    /// The subject that the log calls `token`.
    pub fn subject_named(&self, token: &str) -> Result<Option<Subject>, AuditError> {
        self.subject_where("token = ?1", params![token])
    }

    /// The subject of a number.
    pub fn subject_of(&self, id: i64) -> Result<Option<Subject>, AuditError> {
        self.subject_where("id = ?1", params![id])
    }

    /// The subject with the hashed id `found_by`, made when it is new.
    pub fn make_subject(&self, found_by: &str) -> Result<Subject, AuditError> {
        if let Some(subject) = self.subject(found_by)? {
            return Ok(subject);
        }
        let key = SealingKey::generate();
        let token = if found_by == NOBODY { String::new() } else { format!("sub_{}", hex(&random::<8>())) };
        // Drawn, not counted: after a restore from a backup no number means somebody else.
        let id = if found_by == NOBODY { 1 } else { i64::from_le_bytes(random()) & i64::MAX | 2 };
        let wrapped = self.ring.wrap(token.as_bytes(), &key);
        self.write(|connection| {
            let insert = "INSERT INTO subject(id, found_by, token, wrapped_by, key) VALUES (?1, ?2, ?3, ?4, ?5)";
            connection.prepare_cached(insert)?.execute(params![id, found_by, token, wrapped.by, wrapped.bytes])
        })?;
        Ok(Subject { id, token: Some(token).filter(|token| !token.is_empty()), key, held: None })
    }

    /// What the log calls a customer's share in the conversation with the hashed id `found_by`; made when it is new.
    ///
    /// Drawn, not derived, and forgotten with the customer: who knows the conversation's id finds nothing after an erasure.
    pub fn make_conversation(&self, found_by: &str, subject: i64) -> Result<String, AuditError> {
        let known = self.read(|connection| {
            let select = "SELECT token FROM conversation WHERE found_by = ?1 AND subject = ?2";
            connection.prepare_cached(select)?.query_row(params![found_by, subject], |row| row.get(0)).optional()
        })?;
        if let Some(token) = known {
            return Ok(token);
        }
        let token = format!("con_{}", hex(&random::<8>()));
        self.write(|connection| {
            let insert = "INSERT INTO conversation(found_by, subject, token) VALUES (?1, ?2, ?3)";
            connection.prepare_cached(insert)?.execute(params![found_by, subject, token])
        })?;
        Ok(token)
    }

    /// What the log calls the conversation with the hashed id `found_by`: a token for each customer.
    pub fn conversations(&self, found_by: &str) -> Result<Vec<String>, AuditError> {
        if self.check_version()? < 2 {
            return Ok(Vec::new());
        }
        self.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT token FROM conversation WHERE found_by = ?1")?;
            statement.query_map([found_by], |row| row.get(0))?.collect()
        })
    }

    /// The key of a day; `None` before its first text and after its end.
    pub fn day(&self, day: i64) -> Result<Option<SealingKey>, AuditError> {
        let found = self.read(|connection| {
            let select = "SELECT wrapped_by, key FROM day WHERE day = ?1";
            connection.prepare_cached(select)?.query_row([day], |row| wrapped(row, 0)).optional()
        })?;
        found.map(|wrapped| self.unwrap(&of_day(day), &wrapped)).transpose()
    }

    /// The days that have a key.
    pub fn days(&self) -> Result<Vec<(i64, SealingKey)>, AuditError> {
        let days = self.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT day, wrapped_by, key FROM day ORDER BY day")?;
            let read = |row: &Row<'_>| Ok((row.get(0)?, wrapped(row, 1)?));
            statement.query_map([], read)?.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        days.into_iter().map(|(day, wrapped)| Ok((day, self.unwrap(&of_day(day), &wrapped)?))).collect()
    }

    /// The key of a day, made when it is new.
    pub fn make_day(&self, day: i64) -> Result<SealingKey, AuditError> {
        if let Some(key) = self.day(day)? {
            return Ok(key);
        }
        let key = SealingKey::generate();
        let wrapped = self.ring.wrap(&of_day(day), &key);
        let insert = "INSERT INTO day(day, wrapped_by, key) VALUES (?1, ?2, ?3)";
        self.write(|connection| connection.execute(insert, params![day, wrapped.by, wrapped.bytes]))?;
        Ok(key)
    }

    /// The key that opens the texts of a subject's day; `None` when a half of it was destroyed.
    pub fn text_key(&self, subject: i64, day: i64) -> Result<Option<SealingKey>, AuditError> {
        if let (Some(subject), Some(day)) = (self.subject_of(subject)?, self.day(day)?) {
            return Ok(Some(subject.key.with(&day)));
        }
        let kept = self.read(|connection| {
            let select = "SELECT wrapped_by, key FROM kept WHERE subject = ?1 AND day = ?2";
            connection.query_row(select, [subject, day], |row| wrapped(row, 0)).optional()
        })?;
        kept.map(|wrapped| self.unwrap(&of_kept(subject, day), &wrapped)).transpose()
    }

    /// What the log calls the customers of whom texts are kept beyond their day.
    pub fn kept(&self) -> Result<Vec<String>, AuditError> {
        self.read(|connection| {
            let select = "SELECT token FROM subject WHERE id IN (SELECT subject FROM kept)";
            connection.prepare_cached(select)?.query_map([], |row| row.get(0))?.collect()
        })
    }

    /// Does what fails rather than wait for another who holds the file.
    pub fn at_once<T>(&self, change: impl FnOnce() -> Result<T, AuditError>) -> Result<T, AuditError> {
        self.wait(Duration::ZERO)?;
        let changed = change();
        self.wait(self.patience)?;
        changed
    }

    fn wait(&self, patience: Duration) -> Result<(), AuditError> {
        self.write(|connection| connection.busy_timeout(patience))
    }

    /// Does all of `change` durably, or nothing.
    pub fn transact<T>(&self, change: impl FnOnce(&Self) -> Result<T, AuditError>) -> Result<T, AuditError> {
        let failed = |error| AuditError::writing(&self.path, &error);
        let behavior = TransactionBehavior::Immediate;
        let transaction = Transaction::new_unchecked(&self.connection, behavior).map_err(failed)?;
        let changed = change(self)?;
        transaction.commit().map_err(failed)?;
        Ok(changed)
    }

    /// Asks the file.
    pub fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, AuditError> {
        read(&self.connection).map_err(|error| AuditError::reading(&self.path, error))
    }

    /// Changes the file inside a transaction that somebody else begins and commits.
    pub fn write<T>(&self, write: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, AuditError> {
        write(&self.connection).map_err(|error| AuditError::writing(&self.path, &error))
    }

    fn subject_where(&self, condition: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Option<Subject>, AuditError> {
        let select = format!("SELECT id, token, held, wrapped_by, key FROM subject WHERE {condition}");
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, String>(1)?, row.get(2)?, wrapped(row, 3)?));
        let found = self.read(|connection| connection.prepare_cached(&select)?.query_row(values, read).optional())?;
        let Some((id, token, held, wrapped)) = found else { return Ok(None) };
        let key = self.unwrap(token.as_bytes(), &wrapped)?;
        Ok(Some(Subject { id, token: Some(token).filter(|token| !token.is_empty()), key, held }))
    }

    fn unwrap(&self, context: &[u8], wrapped: &Wrapped) -> Result<SealingKey, AuditError> {
        let key = self.ring.unwrap(context, wrapped);
        key.ok_or_else(|| AuditError::WrongSealingKey { path: self.path.clone() })
    }

    /// Keeps a held subject's key for a day whose own is about to be destroyed.
    pub fn keep(&self, subject: &Subject, day: i64, key: &SealingKey) -> Result<(), AuditError> {
        let wrapped = self.ring.wrap(&of_kept(subject.id, day), &subject.key.with(key));
        let insert = "INSERT OR IGNORE INTO kept(subject, day, wrapped_by, key) VALUES (?1, ?2, ?3, ?4)";
        let values = params![subject.id, day, wrapped.by, wrapped.bytes];
        self.write(|connection| connection.execute(insert, values)).map(drop)
    }
}

/// Where the file is.
pub fn path_in(folder: &Path) -> PathBuf {
    folder.join("keys.db")
}

fn wrapped(row: &Row<'_>, first: usize) -> rusqlite::Result<Wrapped> {
    Ok(Wrapped { by: row.get(first)?, bytes: row.get(first + 1)? })
}

fn of_day(day: i64) -> Vec<u8> {
    [b"day".as_slice(), &day.to_le_bytes()].concat()
}

fn of_kept(subject: i64, day: i64) -> Vec<u8> {
    [b"kept".as_slice(), &subject.to_le_bytes(), &day.to_le_bytes()].concat()
}
