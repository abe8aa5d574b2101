//! Reads the installation's keys and the providers' keys, from files, from the environment and from commands.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use zeroize::Zeroizing;

/// Where a key of the installation is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// Printed by this command: a program and its arguments.
    Command(Vec<String>),
    /// In this environment variable.
    Env(String),
    /// In this file, which is made when it is missing.
    File(PathBuf),
}

impl fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(words) => write!(f, "from the command {}", words[0]),
            Self::Env(name) => write!(f, "from the environment variable {name}"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The command that should print it failed.
    #[error("the command `{command}` printed no key: {why}: have it print 64 hexadecimal digits, and nothing else")]
    Command {
        /// Its first word.
        command: String,
        /// What went wrong; never its output.
        why: String,
    },
    /// The environment does not have it.
    #[error(
        "the environment variable `{name}` holds no key: set it to 64 hexadecimal digits, such as `openssl rand -hex 32` makes, and keep a copy"
    )]
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
    /// The file is not there.
    #[error("{}: there is no key: start the proxy, which makes one, or run this where its proxy.toml is", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("{}: the key cannot be read: {error}: run this as the user that the file belongs to", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
    /// The file cannot be made.
    #[error("{}: the key cannot be made: {error}: make its folder one that this user may write to", path.display())]
    Unwritable {
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

/// Reads a key that `parse` understands.
pub(super) fn read<K>(place: &KeyPlace, parse: impl Fn(&str) -> Option<K>) -> Result<K, KeyError> {
    parse(&text(place)?).ok_or_else(|| match place {
        KeyPlace::Command(words) => {
            KeyError::Command { command: words[0].clone(), why: "it is not 64 hexadecimal digits".to_owned() }
        }
        KeyPlace::Env(name) => KeyError::Env { name: name.clone() },
        KeyPlace::File(path) => KeyError::Malformed { path: path.clone() },
    })
}

/// Writes the key `fresh` where a key's file is missing; tells whether it did.
pub(super) fn make(place: &KeyPlace, fresh: impl FnOnce() -> Zeroizing<String>) -> Result<bool, KeyError> {
    let KeyPlace::File(path) = place else { return Ok(false) };
    match write_new(path, &fresh()) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        made => made.map(|()| true).map_err(|error| KeyError::Unwritable { path: path.clone(), error }),
    }
}

/// Puts `text` in the place of a key's file, in one step.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), KeyError> {
    replace_file(path, text).map_err(|error| KeyError::Unwritable { path: path.to_owned(), error })
}

/// Puts `text` in the place of a file that is its owner's alone, in one step.
pub(super) fn replace_file(path: &Path, text: &str) -> io::Result<()> {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let owner = fs::metadata(path).or_else(|_| fs::metadata(folder_of(path)))?;
    let mut file = create(fresh.as_ref())?;
    // Root gives it to the owner of the file whose place it takes or, where there is none, of the folder: the proxy's user, as a rule.
    // By its handle, as the owner of the folder could put another file under its name.
    if file.metadata()?.uid() == 0 && owner.uid() != 0 {
        fchown(&file, Some(owner.uid()), Some(owner.gid()))?;
    }
    fill(&mut file, text)?;
    fs::rename(&fresh, path)?;
    sync_names(path)
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    fill(&mut create(path)?, text)?;
    sync_names(path)
}

/// A new file that is its owner's alone.
fn create(path: &Path) -> io::Result<fs::File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn fill(file: &mut fs::File, text: &str) -> io::Result<()> {
    writeln!(file, "{}", text.trim_end())?;
    file.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes a file's name outlast a power cut.
fn sync_names(path: &Path) -> io::Result<()> {
    fs::File::open(folder_of(path))?.sync_all()
}

fn text(place: &KeyPlace) -> Result<Zeroizing<String>, KeyError> {
    match place {
        KeyPlace::Command(words) => printed(words),
        KeyPlace::Env(name) => {
            std::env::var(name).map(Zeroizing::new).map_err(|_| KeyError::Env { name: name.clone() })
        }
        KeyPlace::File(path) => read_file(path),
    }
}

fn read_file(path: &Path) -> Result<Zeroizing<String>, KeyError> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => KeyError::Missing { path: path.to_owned() },
        _ => KeyError::Unreadable { path: path.to_owned(), error },
    };
    let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(KeyError::Exposed { path: path.to_owned() });
    }
    fs::read_to_string(path).map(Zeroizing::new).map_err(failed)
}

/// What a command prints; its words are not read by a shell.
fn printed(words: &[String]) -> Result<Zeroizing<String>, KeyError> {
    let failed = |why: String| KeyError::Command { command: words[0].clone(), why };
    let command = Command::new(&words[0]).args(&words[1..]).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = command.map_err(|error| failed(error.to_string()))?;
    let text = String::from_utf8(output.stdout).map(Zeroizing::new);
    if !output.status.success() {
        return Err(failed(output.status.to_string()));
    }
    text.map_err(|_| failed("it is no text".to_owned()))
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
