//! Signed checkpoints (C2SP `tlog-checkpoint` text form): how many entries there were, and the hash of the newest.
//!
//! One that is kept elsewhere shows later that the log was cut, or rewritten by somebody who has every key of this machine.
//! The root is the chain's newest hash, which covers every entry before it; there are no proofs of single entries. Each
//! checkpoint goes to the log's folder, to a second file if there is one, and to the program's own log.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use jiff::Timestamp;

use crate::crypto::{SigningKey, base64, from_base64};

use super::chain::Head;
use super::error::AuditError;
use super::note::{self, Verifier};
use super::settings::Checkpoints;

/// The file of checkpoints in a log's folder.
const FILE: &str = "checkpoints";

/// What a signature says of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The newest entry then.
    pub head: Head,
    /// When it was signed.
    pub at: Timestamp,
}

impl Checkpoint {
    fn text(&self, origin: &str) -> String {
        format!("{origin}\n{}\n{}\nat {:.0}\n", self.head.seq, base64(&self.head.hash), self.at)
    }

    /// Reads the text of one; lines after the third may say anything.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().skip(1);
        let seq = lines.next()?.parse().ok()?;
        let hash = from_base64(lines.next()?)?.try_into().ok()?;
        let at = lines.find_map(|line| line.strip_prefix("at ")?.parse().ok());
        Some(Self { head: Head { seq, hash }, at: at.unwrap_or_default() })
    }
}

/// Fails when a folder without a file of a log has its checkpoints.
pub(super) fn check_not_gone(folder: &Path) -> Result<(), AuditError> {
    if checkpoints_in(folder).exists() { Err(AuditError::Gone { folder: folder.into() }) } else { Ok(()) }
}

/// Reads a file of signed checkpoints: those that `verifier` proves, and how many it does not.
pub fn read_checkpoints(path: &Path, verifier: &Verifier) -> Result<(Vec<Checkpoint>, usize), AuditError> {
    let text = fs::read_to_string(path).map_err(|error| AuditError::reading(path, error))?;
    let (mut proven, mut unproven) = (Vec::new(), 0);
    for note in notes(&text) {
        let checkpoint = verifier.open(note).and_then(Checkpoint::parse);
        unproven += usize::from(checkpoint.is_none());
        proven.extend(checkpoint);
    }
    Ok((proven, unproven))
}

/// The first checkpoint of the log in `folder` that covers the entry `seq` and that `verifier` proves; of those before it only the
/// numbers are read.
pub fn checkpoint_at(folder: &Path, verifier: &Verifier, seq: i64) -> Result<Option<Checkpoint>, AuditError> {
    let covers = |note: &&str| Checkpoint::parse(note).is_some_and(|checkpoint| checkpoint.head.seq >= seq);
    let text = own(folder)?;
    Ok(notes(&text).filter(covers).find_map(|note| verifier.open(note).and_then(Checkpoint::parse)))
}

/// The newest checkpoint of the log in `folder`, as it is signed.
pub fn newest_checkpoint(folder: &Path) -> Result<Option<String>, AuditError> {
    Ok(notes(&own(folder)?).last().map(str::to_owned))
}

/// The file of checkpoints of the log in `folder`; nothing, where none was signed yet.
fn own(folder: &Path) -> Result<String, AuditError> {
    let path = checkpoints_in(folder);
    match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read.map_err(|error| AuditError::reading(&path, error)),
    }
}

/// Where the log in `folder` keeps its own.
pub fn checkpoints_in(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

/// Each note of a file: it ends with its line of signature. A torn end is one, too.
fn notes(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let signature = rest.find("\n— ")? + 1;
        let end = rest[signature..].find('\n').map_or(rest.len(), |end| signature + end + 1);
        let (note, after) = rest.split_at(end);
        rest = after;
        Some(note.trim_start_matches('\n'))
    })
}

/// Signs checkpoints when they are due.
pub struct Witness {
    settings: Checkpoints,
    key: SigningKey,
    file: PathBuf,
    last: i64,
    since: Instant,
}

impl Witness {
    /// Looks at the log in `folder`, which has no checkpoint of this process yet.
    pub fn new(folder: &Path, settings: Checkpoints, key: SigningKey) -> Self {
        Self { settings, key, file: checkpoints_in(folder), last: 0, since: Instant::now() }
    }

    /// Signs `head` if a checkpoint is due.
    pub fn look(&mut self, head: Head) {
        let new = head.seq.saturating_sub(self.last);
        let due =
            new.cast_unsigned() >= self.settings.entries || self.since.elapsed().as_secs() >= self.settings.seconds;
        if new > 0 && due {
            self.sign(head);
        }
    }

    /// Signs `head`, unless it is signed.
    pub fn sign(&mut self, head: Head) {
        if head.seq == self.last {
            return;
        }
        let text = Checkpoint { head, at: Timestamp::now() }.text(&self.settings.origin);
        let note = note::sign(&text, &self.settings.origin, &self.key);
        tracing::info!(?note, "checkpoint");
        for path in [&self.file].into_iter().chain(&self.settings.copy) {
            if let Err(error) = append(path, &note) {
                tracing::error!("a checkpoint cannot be written to {}: {error}", path.display());
            }
        }
        (self.last, self.since) = (head.seq, Instant::now());
    }
}

fn append(path: &Path, note: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(format!("{note}\n").as_bytes())?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::MasterKey;

    #[test]
    fn a_file_of_checkpoints_is_read_back() {
        let folder = tempfile::TempDir::new().unwrap();
        let copy = folder.path().join("copy");
        let (key, other) = (MasterKey::generate().signing_key(), MasterKey::generate().signing_key());
        let settings =
            Checkpoints { copy: Some(copy.clone()), ..super::super::Settings::of(folder.path()).checkpoints };
        let verifier = Verifier::new("blotter", key.public());
        let mut witness = Witness::new(folder.path(), settings, key);
        let head = |seq| Head { seq, hash: [7; 32] };
        witness.sign(head(3));
        witness.sign(head(3));
        witness.look(head(4));
        witness.look(head(10_003));
        for path in [copy, checkpoints_in(folder.path())] {
            let (proven, unproven) = read_checkpoints(&path, &verifier).unwrap();
            assert_eq!(
                (proven.iter().map(|one| one.head).collect::<Vec<_>>(), unproven),
                (vec![head(3), head(10_003)], 0)
            );
            let strange = Verifier::new("blotter", other.public());
            assert_eq!(read_checkpoints(&path, &strange).unwrap(), (vec![], 2));
            let edited = fs::read_to_string(&path).unwrap().replace("\n3\n", "\n2\n");
            fs::write(&path, edited).unwrap();
            let (proven, unproven) = read_checkpoints(&path, &verifier).unwrap();
            assert_eq!((proven.len(), unproven), (1, 1));
        }
    }
}
