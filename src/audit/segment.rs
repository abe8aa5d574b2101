//! One file of the log: its name, how it is opened for writing and for reading, and whether it is still in its place.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};

use crate::crypto::MacKey;

use super::chain::Head;
use super::error::AuditError;
use super::identity::Identity;
use super::rows::Appender;
use super::schema::{self, Format, NEWEST};
use super::volume::Volume;

/// How long a commit waits for whoever holds the file, or that of the keys. An exchange may wait for the batch before it and for
/// its own, and is told within a second.
pub const PATIENCE: Duration = Duration::from_millis(250);
const _: () = assert!(2 * PATIENCE.as_millis() <= 500, "half of the second is left for all else");
/// How long a read waits, as for a file that is being opened after a crash.
const READING: Duration = Duration::from_millis(500);

/// A file that is open for appending.
pub struct Segment {
    pub volume: Volume,
    pub connection: Connection,
    path: PathBuf,
    files: [(PathBuf, Identity); 2],
}

impl Segment {
    /// Opens the file of `month` for appending; its first entry is written when there is none.
    ///
    /// A crash while a file is made leaves one without tables; it is completed here.
    pub fn open(folder: &Path, volume: Volume, first: &First<'_>) -> Result<Self, AuditError> {
        let path = volume.path_in(folder);
        let failed = |error| AuditError::writing(&path, &error);
        let mut connection = Connection::open(&path).map_err(failed)?;
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        let born = check_header(&connection, &path)?.is_some();
        connection.execute_batch(schema::WRITING).map_err(failed)?;
        if !born {
            sync(folder).map_err(|error| AuditError::creating(folder, &error))?;
            first.write(&connection, volume).map_err(failed)?;
        }
        if !schema::differences(&connection).map_err(failed)?.is_empty() {
            return Err(AuditError::Altered { path });
        }
        schema::arm(&mut connection).map_err(failed)?;
        let files =
            [path.clone(), beside(&path, "-wal")].map(|file| Identity::of(&file).map(|identity| (file, identity)));
        let [Some(database), Some(wal)] = files else { return Err(AuditError::without_wal(&path)) };
        Ok(Self { volume, connection, path, files: [database, wal] })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How long the file is, without what still stands in the write-ahead log.
    pub fn bytes(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |metadata| metadata.len())
    }

    /// Where the chain stands.
    pub fn head(&self) -> Result<Head, AuditError> {
        head(&self.connection).map_err(|error| AuditError::reading(&self.path, error))
    }

    /// Fails when the open files are no longer those in the folder: what is written to them would be lost.
    pub fn check_in_place(&self) -> Result<(), AuditError> {
        let moved = self.files.iter().find(|(path, identity)| Identity::of(path).as_ref() != Some(identity));
        moved.map_or(Ok(()), |(path, _)| Err(AuditError::Replaced { path: path.clone() }))
    }
}

/// What a new file begins with.
pub struct First<'a> {
    /// When the file is begun.
    pub at: Timestamp,
    /// Seals its first entry.
    pub key: &'a MacKey,
    /// Where the chain stands.
    pub head: Head,
    /// The file before.
    pub previous: Option<Volume>,
}

impl First<'_> {
    fn write(&self, connection: &Connection, volume: Volume) -> rusqlite::Result<()> {
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        connection.execute_batch(&NEWEST.create())?;
        let previous = self.previous.map(|volume| volume.to_string());
        Appender::new(connection, self.key, self.head).segment(self.at, &volume.to_string(), previous.as_deref())?;
        transaction.commit()
    }
}

/// Opens the file of `month` for reading beside the writer; `None` when its making was cut short.
pub fn open_for_reading(folder: &Path, volume: Volume) -> Result<Option<Connection>, AuditError> {
    let path = volume.path_in(folder);
    let failed = |error| AuditError::reading(&path, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&path, flags).map_err(failed)?;
    connection.busy_timeout(READING).map_err(failed)?;
    connection
        .execute_batch("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;")
        .map_err(failed)?;
    Ok(check_header(&connection, &path)?.map(|_| connection))
}

/// The format of a log's file; `None` when it holds nothing.
fn check_header(connection: &Connection, path: &Path) -> Result<Option<&'static Format>, AuditError> {
    let header = "SELECT application_id, user_version, EXISTS(SELECT 1 FROM sqlite_schema)
                  FROM pragma_application_id, pragma_user_version";
    let header = connection.query_row(header, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional();
    let foreign = || AuditError::Foreign { path: path.into() };
    match header.map_err(|error| AuditError::reading(path, error))? {
        Some((0, 0, false)) => Ok(None),
        Some((schema::APPLICATION_ID, version, true)) if version > NEWEST.version => {
            Err(AuditError::Newer { path: path.into(), version, known: NEWEST.version })
        }
        Some((schema::APPLICATION_ID, version, true)) => Format::of(version).map(Some).ok_or_else(foreign),
        _ => Err(foreign()),
    }
}

/// The newest entry of a file.
pub fn head(connection: &Connection) -> rusqlite::Result<Head> {
    let newest = "SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1";
    connection.query_row(newest, [], |row| Ok(Head { seq: row.get(0)?, hash: row.get(1)? }))
}

/// Makes a new file's name as durable as its bytes.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// A file beside another, such as its write-ahead log.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
