//! A disk as it may be after the power went: rebuilt from what a program wrote, synced, named and removed until then.
//!
//! What counts is what was asked of the system, in its order: bytes survive when their file was synced after them, names when
//! their folder was. All else may survive or not, and the last write to survive may be torn.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One thing that the traced program did.
#[derive(Debug)]
pub enum Did {
    Created(PathBuf),
    MadeFolder(PathBuf),
    Removed(PathBuf),
    Renamed(PathBuf, PathBuf),
    /// Sent over a socket.
    Said(Vec<u8>),
    Synced(PathBuf),
    Truncated(PathBuf, usize),
    /// At a place, or at the end.
    Wrote(PathBuf, Option<usize>, Vec<u8>),
}

/// What happens to all that was not synced.
#[derive(Clone, Copy, Debug)]
pub enum Unsynced {
    /// All of it is lost.
    Lost,
    /// Half of it is lost, by these dice, and some of it torn.
    Mixed(u64),
}

/// The smallest piece that a disk writes whole.
const SECTOR: usize = 512;

#[derive(Default)]
struct File<'t> {
    changes: Vec<Change<'t>>,
    /// How many of them are sure to survive.
    synced: usize,
}

enum Change<'t> {
    Truncate(usize),
    Write(Option<usize>, &'t [u8]),
}

enum Naming {
    Folder(PathBuf),
    Link(PathBuf, usize),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
}

/// The files below `root` after a cut behind `done`; their contents by path.
pub fn after_cut(root: &Path, done: &[Did], unsynced: Unsynced) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files: Vec<File> = Vec::new();
    let mut names: BTreeMap<&Path, usize> = BTreeMap::new();
    let mut namings: Vec<(Naming, bool)> = Vec::new();
    for did in done {
        match did {
            Did::Created(path) => {
                names.insert(path, files.len());
                namings.push((Naming::Link(path.clone(), files.len()), false));
                files.push(File::default());
            }
            Did::MadeFolder(path) => namings.push((Naming::Folder(path.clone()), false)),
            Did::Removed(path) => {
                names.remove(path.as_path());
                namings.push((Naming::Remove(path.clone()), false));
            }
            Did::Renamed(from, to) => {
                if let Some(file) = names.remove(from.as_path()) {
                    names.insert(to, file);
                }
                namings.push((Naming::Rename(from.clone(), to.clone()), false));
            }
            Did::Said(_) => {}
            Did::Synced(path) => match names.get(path.as_path()) {
                Some(file) => files[*file].synced = files[*file].changes.len(),
                None => namings
                    .iter_mut()
                    .filter(|(naming, _)| naming.folder() == Some(path.as_path()))
                    .for_each(|naming| naming.1 = true),
            },
            Did::Truncated(path, length) => files[names[path.as_path()]].changes.push(Change::Truncate(*length)),
            Did::Wrote(path, at, bytes) => files[names[path.as_path()]].changes.push(Change::Write(*at, bytes)),
        }
    }
    let mut dice = match unsynced {
        Unsynced::Lost => None,
        Unsynced::Mixed(seed) => Some(Dice(seed)),
    };
    let contents: Vec<Vec<u8>> = files.iter().map(|file| file.survives(&mut dice)).collect();
    surviving_names(root, &namings, &mut dice).into_iter().map(|(path, file)| (path, contents[file].clone())).collect()
}

/// A folder's sync makes the names in it last, in the order of their making; a name in a folder that is lost is lost with it.
fn surviving_names(root: &Path, namings: &[(Naming, bool)], dice: &mut Option<Dice>) -> BTreeMap<PathBuf, usize> {
    let sure = namings.iter().rposition(|(_, synced)| *synced).map_or(0, |last| last + 1);
    let luck = dice.as_mut().map_or(0, |dice| dice.below(namings.len() - sure + 1));
    let (mut folders, mut names) = (vec![root.to_owned()], BTreeMap::<PathBuf, usize>::new());
    for (place, (naming, synced)) in namings.iter().enumerate() {
        // Before the last sync of any folder, half of what is in others may be lost too.
        let survives =
            *synced || dice.as_mut().is_some_and(|dice| place < sure + luck && (place >= sure || dice.below(2) == 0));
        if !survives || !naming.folder().is_some_and(|folder| folders.iter().any(|known| known == folder)) {
            continue;
        }
        match naming {
            Naming::Folder(path) => folders.push(path.clone()),
            Naming::Link(path, file) => drop(names.insert(path.clone(), *file)),
            Naming::Remove(path) => drop(names.remove(path)),
            Naming::Rename(from, to) => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
        }
    }
    names
}

impl Naming {
    /// The folder whose sync makes it last.
    fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(path) | Self::Link(path, _) | Self::Remove(path) | Self::Rename(path, _) => path.parent(),
        }
    }
}

impl File<'_> {
    fn survives(&self, dice: &mut Option<Dice>) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (place, change) in self.changes.iter().enumerate() {
            let mut torn = None;
            if place >= self.synced {
                let Some(dice) = dice.as_mut() else { break };
                if dice.below(2) == 0 {
                    continue;
                }
                torn = (dice.below(4) == 0).then(|| dice.below(16) * SECTOR);
            }
            match change {
                Change::Truncate(length) => bytes.resize(*length, 0),
                Change::Write(at, written) => {
                    let at = at.unwrap_or(bytes.len());
                    let written = &written[..torn.unwrap_or(written.len()).min(written.len())];
                    bytes.resize(bytes.len().max(at + written.len()), 0);
                    bytes[at..at + written.len()].copy_from_slice(written);
                }
            }
        }
        bytes
    }
}

/// Numbers that look random and are the same in every run.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end.max(1)
    }
}
