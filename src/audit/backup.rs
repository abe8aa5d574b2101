//! Copies of the log and of its keys, made beside the writer, and the way back.
//!
//! The two are copied apart: who holds both, and the key that wraps, can read every text; and a copy of the keys that is kept for
//! long would undo erasures. Copies are as sealed as what they are made of. Each file is copied in one transaction, oldest
//! first, so that what is copied is the log as it was at some moment.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use rusqlite::Connection;

use crate::crypto::KeyRing;

use super::checkpoint::checkpoints_in;
use super::error::AuditError;
use super::key_file::{self, KeyFile};
use super::segment::{self, beside};
use super::volume::Volume;

/// How much was copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Files of the log.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// Copies the log in `folder`, without its keys, to `copy`, a folder that is made or empty.
///
/// Checkpoints are copied first: none of them speaks of more than the copy holds.
pub fn back_up(folder: &Path, copy: &Path) -> Result<Copied, AuditError> {
    let failed = |error: io::Error| AuditError::creating(copy, &error);
    if copy.exists() && fs::read_dir(copy).map_err(failed)?.next().is_some() {
        return Err(AuditError::Occupied { path: copy.into() });
    }
    DirBuilder::new().recursive(true).mode(0o700).create(copy).map_err(failed)?;
    let checkpoints = checkpoints_in(folder);
    if checkpoints.exists() {
        fs::copy(&checkpoints, checkpoints_in(copy)).map_err(failed)?;
        sync(&checkpoints_in(copy))?;
    }
    let mut copied = Copied::default();
    for volume in Volume::all_in(folder)? {
        let Some(connection) = segment::open_for_reading(folder, volume)? else { continue };
        let path = volume.path_in(copy);
        copy_file(&connection, &path)?;
        copied.files += 1;
        copied.bytes += fs::metadata(&path).map_err(failed)?.len();
    }
    sync(copy)?;
    Ok(copied)
}

/// Copies the keys of the log in `folder` to the file `copy`, which must not be there yet; fails when `ring` does not open them.
pub fn back_up_keys(folder: &Path, ring: &KeyRing, copy: &Path) -> Result<(), AuditError> {
    let keys = KeyFile::open_for_reading(folder, ring.clone())?;
    keys.subject(key_file::NOBODY)?;
    // Made here, so that nobody else can read it at any moment.
    let made = OpenOptions::new().write(true).create_new(true).open(copy);
    let made = made.and_then(|file| file.set_permissions(Permissions::from_mode(0o600)));
    made.map_err(|error| AuditError::creating(copy, &error))?;
    keys.read(|connection| into(connection, copy))?;
    // What waits to be logged is for the log that it was noted in.
    let notes =
        Connection::open(copy).and_then(|copy| copy.execute_batch("PRAGMA secure_delete = ON; DELETE FROM note"));
    notes.map_err(|error| AuditError::writing(copy, &error))?;
    sync(copy)
}

/// Fails when `copy` is no copy of a log's keys, or `ring` does not open them.
pub fn check_keys(copy: &Path, ring: &KeyRing) -> Result<(), AuditError> {
    let opened = KeyFile::open_copy(copy.into(), ring.clone()).and_then(|keys| keys.subject(key_file::NOBODY));
    match opened {
        Ok(Some(_)) => Ok(()),
        Err(error @ (AuditError::Newer { .. } | AuditError::WrongSealingKey { .. })) => Err(error),
        _ => Err(AuditError::NoKeyCopy { path: copy.into() }),
    }
}

/// Puts the copy of a log, and of its keys, in the place of `folder`, which must not be there or be empty, in one step.
pub fn put_back(copy: &Path, keys: Option<&Path>, folder: &Path) -> Result<Copied, AuditError> {
    let failed = |error: io::Error| AuditError::creating(folder, &error);
    if folder.exists() && fs::read_dir(folder).map_err(failed)?.next().is_some() {
        return Err(AuditError::Occupied { path: folder.into() });
    }
    let aside = beside(folder, ".restoring");
    if aside.exists() {
        fs::remove_dir_all(&aside).map_err(failed)?;
    }
    let copied = back_up(copy, &aside)?;
    if let Some(keys) = keys {
        let place = key_file::path_in(&aside);
        fs::copy(keys, &place).map_err(|error| AuditError::reading(keys, error))?;
        fs::set_permissions(&place, Permissions::from_mode(0o600)).map_err(failed)?;
        sync(&place)?;
        sync(&aside)?;
    }
    if folder.exists() {
        fs::remove_dir(folder).map_err(failed)?;
    }
    fs::rename(&aside, folder).map_err(failed)?;
    match folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => sync(parent)?,
        None => sync(Path::new("."))?,
    }
    Ok(copied)
}

fn copy_file(connection: &Connection, path: &Path) -> Result<(), AuditError> {
    into(connection, path).map_err(|error| AuditError::writing(path, &error))?;
    sync(path)
}

/// Writes what a connection reads to another file, in one transaction.
fn into(connection: &Connection, path: &Path) -> rusqlite::Result<()> {
    // The file that is read is open for nothing but reading.
    connection.execute_batch("PRAGMA query_only = OFF")?;
    connection.execute("VACUUM INTO ?1", [path.to_string_lossy()]).map(drop)
}

fn sync(path: &Path) -> Result<(), AuditError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| AuditError::creating(path, &error))
}
