//! Reads the installation's key and the providers' keys, from files and from the environment.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::KeyPlace;
use crate::crypto::MasterKey;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The environment does not have it.
    #[error("the environment variable `{name}` does not hold a key: set it to 64 hexadecimal digits")]
    Env {
        /// The variable.
        name: String,
    },
    /// The file can be read by others.
    #[error("{}: others can read the key: run `chmod 600 {}`", path.display(), path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read or made.
    #[error("{}: the key cannot be read or made: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
    /// The file holds something else.
    #[error("{}: this is no key: it should hold 64 hexadecimal digits; restore it from your backup", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
}

/// Reads the installation's key.
pub(super) fn read(place: &KeyPlace) -> Result<MasterKey, KeyError> {
    match place {
        KeyPlace::Env(name) => {
            let text = std::env::var(name).map(Zeroizing::new).ok();
            text.and_then(|text| MasterKey::from_hex(&text)).ok_or_else(|| KeyError::Env { name: name.clone() })
        }
        KeyPlace::File(path) => read_file(path),
    }
}

/// Reads the installation's key, or makes one where its file is missing.
pub(super) fn read_or_make(place: &KeyPlace) -> Result<MasterKey, KeyError> {
    let KeyPlace::File(path) = place else { return read(place) };
    match make(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read_file(path),
        made => made.map_err(|error| KeyError::Io { path: path.clone(), error }),
    }
}

fn make(path: &Path) -> io::Result<MasterKey> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let key = MasterKey::generate();
    writeln!(file, "{}", key.to_hex().as_str())?;
    file.sync_all()?;
    Ok(key)
}

fn read_file(path: &Path) -> Result<MasterKey, KeyError> {
    let io = |error| KeyError::Io { path: path.to_owned(), error };
    let mode = fs::metadata(path).map_err(io)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(KeyError::Exposed { path: path.to_owned() });
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(io)?);
    MasterKey::from_hex(&text).ok_or_else(|| KeyError::Malformed { path: path.to_owned() })
}

/// A provider's key from the environment.
pub(super) fn from_env(name: &str) -> Result<Zeroizing<String>, String> {
    let value = std::env::var(name).map(Zeroizing::new).unwrap_or_default();
    let trimmed = Zeroizing::new(value.trim().to_owned());
    if trimmed.is_empty() { Err(format!("the environment variable `{name}` is empty or not set")) } else { Ok(trimmed) }
}

/// A provider's key from a file.
pub(super) fn from_file(path: &Path) -> Result<Zeroizing<String>, String> {
    let value = fs::read_to_string(path).map(Zeroizing::new);
    let value = value.map_err(|error| format!("the key file {} cannot be read: {error}", path.display()))?;
    let trimmed = Zeroizing::new(value.trim().to_owned());
    if trimmed.is_empty() { Err(format!("the key file {} is empty", path.display())) } else { Ok(trimmed) }
}
