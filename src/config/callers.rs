//! The `[callers]` section, and the file that keeps the keys of callers and of readers: read again when it changes, written in
//! one step. Without the section the file may be there all the same, for the readers of the admin listener.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use toml::Spanned;

use super::key;
use super::sections::Sections;
use crate::caller::{Callers, Rate};
use crate::detect::{Problem, Source};

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct CallersSection {
    file: Spanned<PathBuf>,
    rate: Spanned<String>,
    exchanges: Spanned<i64>,
}

impl Default for CallersSection {
    fn default() -> Self {
        Self {
            file: Spanned::new(0..0, "callers.toml".into()),
            rate: Spanned::new(0..0, "600/min".to_owned()),
            exchanges: Spanned::new(0..0, 64),
        }
    }
}

/// The file that keeps the callers' keys. One that is missing has none.
pub struct CallerFile {
    path: PathBuf,
    kept: Mutex<Kept>,
    /// How many requests a caller may make whose key says nothing else.
    pub rate: Rate,
    /// How many exchanges of a caller may be under way.
    pub exchanges: usize,
}

struct Kept {
    stamp: Stamp,
    callers: Arc<Callers>,
    /// Why what the file says now is not used.
    trouble: Option<String>,
}

/// What changes when a file does; `None` for one that is not there.
type Stamp = Option<[i64; 7]>;

/// Why the file of callers cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CallerFileError {
    /// The operating system says no.
    #[error("{}: the callers cannot be read or written: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        error: io::Error,
    },
    /// Others than its owner may write to it.
    #[error("{}: others can write to the file of callers: run `chmod 600 {}`", path.display(), path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// It says what it cannot mean.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  "))]
    Wrong(Vec<Problem>),
}

/// Whether callers have to show a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// Anybody may call; keys are for readers of the admin listener alone.
    Nobody,
    /// There is a section, so every request needs a key.
    Everybody,
}

/// Takes the section, or what stands in for a missing one; what is wrong is told.
pub(super) fn read(sections: &mut Sections, folder: &Path) -> (CallerFile, Asks) {
    let section = sections.take::<CallersSection>("callers");
    let asks = if section.is_some() { Asks::Everybody } else { Asks::Nobody };
    let CallersSection { file, rate, exchanges } = section.unwrap_or_default();
    let rate_at = rate.span();
    let rate = rate.into_inner().parse().unwrap_or_else(|error| {
        sections.problem(rate_at, format!("{error}"), "it counts for every key without a rate of its own".to_owned());
        Rate(1)
    });
    let exchanges = sections.bounded("exchanges", exchanges, 1..=1_000_000).map_or(1, |number| number as usize);
    let at = file.span();
    let (callers, opened) = CallerFile::open(folder.join(file.into_inner()), rate, exchanges);
    match opened {
        Ok(()) => {}
        Err(CallerFileError::Wrong(problems)) => sections.problems.extend(problems),
        Err(error) => sections.problem(at, error.to_string(), "nobody could be let in".to_owned()),
    }
    (callers, asks)
}

impl CallerFile {
    /// Opens the file; with an error it has no callers.
    fn open(path: PathBuf, rate: Rate, exchanges: usize) -> (Self, Result<(), CallerFileError>) {
        let stamp = stamp(&path);
        let (callers, opened) = match read_file(&path) {
            Ok(callers) => (callers, Ok(())),
            Err(error) => (Callers::default(), Err(error)),
        };
        let kept = Kept { stamp, callers: Arc::new(callers), trouble: None };
        (Self { path, kept: Mutex::new(kept), rate, exchanges }, opened)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The callers as they were read last.
    pub fn callers(&self) -> Arc<Callers> {
        Arc::clone(&self.kept().callers)
    }

    /// Reads the file again if it was changed. If it cannot be read the callers stay, and that is told once.
    pub fn refresh(&self) -> Result<(), CallerFileError> {
        let stamp = stamp(&self.path);
        let mut kept = self.kept();
        if kept.stamp == stamp {
            return Ok(());
        }
        kept.stamp = stamp;
        let read = match stamp {
            Some(_) => read_file(&self.path),
            None => {
                let error = io::Error::new(io::ErrorKind::NotFound, "it is not there any more");
                Err(CallerFileError::Io { path: self.path.clone(), error })
            }
        };
        kept.trouble = read.as_ref().err().map(ToString::to_string);
        kept.callers = Arc::new(read?);
        Ok(())
    }

    /// Why what the file says now is not used, if it is not.
    pub fn trouble(&self) -> Option<String> {
        self.kept().trouble.clone()
    }

    /// Changes the callers and writes them, one writer at a time. Nothing is written if `change` fails.
    pub fn edit<T, E: From<CallerFileError>>(&self, change: impl FnOnce(&mut Callers) -> Result<T, E>) -> Result<T, E> {
        let io = |error| CallerFileError::Io { path: self.path.clone(), error };
        let _lock = lock(&self.path).map_err(io)?;
        let mut callers = read_file(&self.path)?;
        let changed = change(&mut callers)?;
        key::replace_file(&self.path, &callers.to_text()).map_err(io)?;
        Ok(changed)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        // What is kept is whole at any moment.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until nobody else writes the file. The lock is beside it, for the file itself is replaced.
fn lock(path: &Path) -> io::Result<File> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".lock");
    let file = File::create(beside)?;
    file.lock()?;
    Ok(file)
}

fn stamp(path: &Path) -> Stamp {
    let file = fs::metadata(path).ok()?;
    // The time of its inode changes with its owner and mode, too.
    let times = [file.mtime(), file.mtime_nsec(), file.ctime(), file.ctime_nsec()];
    let [written, written_part, changed, changed_part] = times;
    let (inode, size) = (file.ino().cast_signed(), file.size().cast_signed());
    Some([inode, size, written, written_part, changed, changed_part, file.mode().into()])
}

fn read_file(path: &Path) -> Result<Callers, CallerFileError> {
    let io = |error| CallerFileError::Io { path: path.to_owned(), error };
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Callers::default()),
        Err(error) => return Err(io(error)),
        Ok(file) if file.mode() & 0o022 != 0 => return Err(CallerFileError::Exposed { path: path.to_owned() }),
        Ok(_) => {}
    }
    let text = fs::read_to_string(path).map_err(io)?;
    Callers::parse(&Source { name: path.display().to_string(), text }).map_err(CallerFileError::Wrong)
}
