//! What can go wrong with the log, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use uuid::Uuid;

/// A failure of the log. It can be cloned, because all who wait for one commit hear of it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AuditError {
    /// The tables or guards of a file are not those that were made.
    #[error("the tables or guards of `{}` were changed: run `blotter audit verify` to see what, and restore it from a backup", path.display())]
    Altered {
        /// The file.
        path: PathBuf,
    },
    /// More than one exchange begins with the given id.
    #[error("more than one exchange begins with `{id}`: give more of its digits")]
    Ambiguous {
        /** As it was given. */
        id: String,
    },
    /// The given id cannot be one.
    #[error("`{id}` is no exchange id: give all of it, or at least its first 8 hexadecimal digits")]
    BadId {
        /** As it was given. */
        id: String,
    },
    /// The file is no segment of a log.
    #[error("`{}` is not a segment of this log: move it out of the folder", path.display())]
    Foreign {
        /** The file. */
        path: PathBuf,
    },
    /// Another process writes to the folder.
    #[error("the log `{}` is being written by another process: stop that one, or give this one a folder of its own", folder.display())]
    Locked {
        /** The log's folder. */
        folder: PathBuf,
    },
    /// The files of the log were taken away.
    #[error("the files of the log in `{}` are gone, and its checkpoints say that there were some: run `blotter audit verify`, and restore the log, or move the folder away to begin another", folder.display())]
    Gone {
        /** The folder. */
        folder: PathBuf,
    },
    /// The folder holds no log.
    #[error("there is no log in `{}`: start the proxy, which makes one, or name the folder where one is", folder.display())]
    NoLog {
        /** The folder. */
        folder: PathBuf,
    },
    /// The file is no copy of a log's keys.
    #[error("`{}` is not there, or no copy of a log's keys: give the file that `blotter audit backup --keys` made", path.display())]
    NoKeyCopy {
        /** The file. */
        path: PathBuf,
    },
    /// The keys of the log's texts are not there.
    #[error("`{}` is missing, and with it the keys of all texts and who is who: move the log away, and bring it back with its keys by `blotter audit restore`, or begin another", path.display())]
    NoKeys {
        /** Where it should be. */
        path: PathBuf,
    },
    /// A later version wrote the file.
    #[error("`{}` has version {version} of the log's format and this program knows {known}: use a newer Blotter", path.display())]
    Newer {
        /** The file. */
        path: PathBuf,
        /** Its version. */
        version: i64,
        /** The newest version known here. */
        known: i64,
    },
    /// An exchange is closed that is not open.
    #[error("the exchange {exchange} is not open in the log, so it cannot be closed")]
    NotOpen {
        /** The exchange. */
        exchange: Uuid,
    },
    /// The database's own guards refused an entry.
    #[error("the log's guard refused an entry: {cause}")]
    Refused {
        /** The guard's words. */
        cause: String,
    },
    /// The open file is no longer the one in the folder.
    #[error("`{}` was moved, deleted or replaced while the log was open: put it back, or restart", path.display())]
    Replaced {
        /** The file. */
        path: PathBuf,
    },
    /// The writer thread has ended.
    #[error("the log is closed: restart to go on")]
    Stopped,
    /// Reading failed.
    #[error("the log `{}` cannot be read: {cause}", path.display())]
    Unreadable {
        /** The file or folder. */
        path: PathBuf,
        /** What the system says. */
        cause: String,
    },
    /// Writing failed.
    #[error("the log `{}` cannot be written: {cause}: {remedy}", path.display())]
    Unwritable {
        /** The file or folder. */
        path: PathBuf,
        /** What the system says. */
        cause: String,
        /** What to do. */
        remedy: &'static str,
    },
    /// Something is where a copy should go.
    #[error("`{}` is there already: name a place where nothing is", path.display())]
    Occupied {
        /** The place. */
        path: PathBuf,
    },
    /// There is nobody of that id, or nobody any more.
    #[error(
        "the log knows no customer `{subject}`: give the id that the bot gives, or a token from `blotter audit list`"
    )]
    NoSubject {
        /** As it was given. */
        subject: String,
    },
    /// A customer is held.
    #[error("the customer is on hold ({reason}): release it first with `blotter audit hold --release`")]
    OnHold {
        /** Why. */
        reason: String,
    },
    /// The keys of texts are wrapped by another key.
    #[error("`{}` does not open with the key of `[audit]`: give the one that the log was written with", path.display())]
    WrongSealingKey {
        /** The key file. */
        path: PathBuf,
    },
    /// The newest entry was not written with the given key.
    #[error("the newest entry of `{}` does not match the key: give the key that the log was written with, or run `blotter audit verify` to see what was changed", path.display())]
    WrongKey {
        /** The segment. */
        path: PathBuf,
    },
}

impl AuditError {
    /// Whether one entry is at fault, so that those committed with it may be tried again without it.
    pub const fn is_of_one_entry(&self) -> bool {
        matches!(self, Self::NotOpen { .. } | Self::Refused { .. })
    }

    pub(super) fn reading(path: &Path, cause: impl Cause) -> Self {
        Self::Unreadable { path: path.into(), cause: cause.told() }
    }

    pub(super) fn writing(path: &Path, cause: &rusqlite::Error) -> Self {
        let code = cause.sqlite_error_code();
        if matches!(code, Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig)) {
            return Self::Refused { cause: cause.to_string() };
        }
        let remedy = code.map_or(SEE_CAUSE, remedy);
        Self::Unwritable { path: path.into(), cause: cause.to_string(), remedy }
    }

    pub(super) fn without_wal(path: &Path) -> Self {
        let cause = "its volume keeps no write-ahead log".into();
        Self::Unwritable { path: path.into(), cause, remedy: "move the folder to a local volume" }
    }

    pub(super) fn creating(path: &Path, cause: &io::Error) -> Self {
        let remedy = "make it a folder that this user may write to";
        Self::Unwritable { path: path.into(), cause: cause.to_string(), remedy }
    }
}

/// Why something cannot be read.
pub(super) trait Cause {
    /// What happened and, if that is known, what to do.
    fn told(&self) -> String;
}

impl Cause for io::Error {
    fn told(&self) -> String {
        match self.kind() {
            io::ErrorKind::PermissionDenied => format!("{self}: run this as the proxy's user"),
            _ => self.to_string(),
        }
    }
}

impl Cause for rusqlite::Error {
    fn told(&self) -> String {
        if let Self::FromSqlConversionFailure(_, _, cause) = self {
            return cause.to_string();
        }
        match self.sqlite_error_code().map(remedy) {
            None | Some(SEE_CAUSE) => self.to_string(),
            Some(remedy) => format!("{self}: {remedy}"),
        }
    }
}

const SEE_CAUSE: &str = "see the cause";

const fn remedy(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly => "let this user read and write it",
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => "end the program that holds it",
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
            "restore it from a backup and run `blotter audit verify`"
        }
        ErrorCode::DiskFull => "free space on its volume",
        ErrorCode::SystemIoFailure => "check its volume",
        _ => SEE_CAUSE,
    }
}
