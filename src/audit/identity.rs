//! Which file a path leads to, whatever it is called.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A file by its place on its device.
#[derive(PartialEq, Eq)]
pub struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    /// The file at `path`, if there is one.
    pub fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        Some(Self { device: metadata.dev(), inode: metadata.ino() })
    }
}
