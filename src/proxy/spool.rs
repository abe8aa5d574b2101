//! Where an upload waits until all of it is redacted and its opening entry is written.
//!
//! While it is short it waits in memory. Then it waits in a file without a name, readable by nobody else, and sealed under a key
//! that is in memory only: what no pattern finds, or leaves unread, lies on no disk in plain either.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;

use super::places::{Crowded, DiskRoom};
use super::refused::Refused;
use crate::crypto::{SealingKey, hex, random};
use crate::wire::{Edit, splice};

/// What waits.
pub(super) struct Spool {
    folder: Arc<Path>,
    /// How much may wait in memory.
    room: usize,
    blocks: Vec<Block>,
    in_memory: usize,
    length: usize,
    disk: Option<Disk>,
    disk_room: DiskRoom,
    /// What changes before it leaves.
    late: Vec<Edit>,
    /// Whether a block could not be read back.
    is_lost: AtomicBool,
}

/// A piece of what waits.
struct Block {
    /// Where in the whole it begins.
    start: usize,
    place: Place,
}

enum Place {
    /// In the file, so many bytes from there on.
    Disk(u64, usize),
    Memory(Bytes),
}

struct Disk {
    file: File,
    key: SealingKey,
    end: u64,
}

/// Why an upload cannot wait.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unkept {
    #[error(transparent)]
    Crowded(#[from] Crowded),
    #[error(transparent)]
    Disk(#[from] io::Error),
}

/// The longest block.
const BLOCK: usize = 256 << 10;

impl Spool {
    /// Keeps up to `room` bytes in memory, and then all of them in `folder`.
    pub(super) fn new(folder: Arc<Path>, room: usize, disk_room: DiskRoom) -> Self {
        let (blocks, late, is_lost) = Default::default();
        Self { folder, room, blocks, in_memory: 0, length: 0, disk: None, disk_room, late, is_lost }
    }

    /// How many bytes are to leave.
    pub(super) fn length(&self) -> usize {
        let grown: usize = self.late.iter().map(|edit| edit.with.len()).sum();
        let gone: usize = self.late.iter().map(|edit| edit.span.len()).sum();
        self.length + grown - gone
    }

    /// How many bytes of memory it takes.
    pub(super) fn weight(&self) -> usize {
        self.in_memory + self.blocks.len() * size_of::<Block>()
    }

    /// Adds `bytes`.
    pub(super) fn write(&mut self, bytes: Vec<u8>) -> Result<(), Unkept> {
        let mut bytes = Bytes::from(bytes);
        self.in_memory += bytes.len();
        while !bytes.is_empty() {
            let block = bytes.split_to(bytes.len().min(BLOCK));
            let (start, length) = (self.length, block.len());
            self.blocks.push(Block { start, place: Place::Memory(block) });
            self.length += length;
        }
        if self.disk.is_some() || self.in_memory > self.room { self.spill() } else { Ok(()) }
    }

    /// Changes what was written before it leaves.
    pub(super) fn change(&mut self, late: Vec<Edit>) {
        self.late = late;
    }

    /// Brings to the disk what waits in memory.
    fn spill(&mut self) -> Result<(), Unkept> {
        let disk = match &mut self.disk {
            Some(disk) => disk,
            none => none.insert(Disk { file: nameless(&self.folder)?, key: SealingKey::generate(), end: 0 }),
        };
        for block in &mut self.blocks {
            let Place::Memory(bytes) = &block.place else { continue };
            let sealed = disk.key.seal(&block.start.to_le_bytes(), bytes);
            self.disk_room.grow(sealed.len())?;
            disk.file.write_all(&sealed)?;
            block.place = Place::Disk(disk.end, sealed.len());
            disk.end += sealed.len() as u64;
        }
        self.in_memory = 0;
        Ok(())
    }

    /// How many blocks there are.
    pub(super) fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Whether a block could not be read back.
    pub(super) fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::Relaxed)
    }

    /// The block of this number, as it leaves.
    pub(super) fn block(&self, number: usize) -> io::Result<Bytes> {
        let Block { start, place } = &self.blocks[number];
        let bytes = match (place, &self.disk) {
            (Place::Memory(bytes), _) => bytes.clone(),
            (Place::Disk(at, length), Some(disk)) => {
                let read = disk.read(*start, *at, *length);
                read.inspect_err(|_| self.is_lost.store(true, Ordering::Relaxed))?.into()
            }
            (Place::Disk(..), None) => unreachable!("what is on the disk has a file"),
        };
        Ok(self.changed(*start, bytes))
    }

    /// A block that begins at `start` with what changes in it.
    fn changed(&self, start: usize, block: Bytes) -> Bytes {
        let end = start + block.len();
        let late: Vec<Edit> = self
            .late
            .iter()
            .filter(|edit| edit.span.start < end && start < edit.span.end)
            .map(|edit| Edit {
                span: edit.span.start.max(start) - start..edit.span.end.min(end) - start,
                with: if edit.span.start < start { String::new() } else { edit.with.clone() },
            })
            .collect();
        if late.is_empty() { block } else { splice(&block, &late).into() }
    }
}

impl Disk {
    fn read(&self, start: usize, at: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut sealed = vec![0; length];
        self.file.read_exact_at(&mut sealed, at)?;
        let opened = self.key.open(&start.to_le_bytes(), &sealed);
        opened.ok_or_else(|| io::Error::other("what was kept on the disk is not what was written there"))
    }
}

/// A file in `folder` that nobody finds, and that is gone with whoever has it open.
fn nameless(folder: &Path) -> io::Result<File> {
    let path = folder.join(format!(".blotter-upload-{}", hex(&random::<16>())));
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

impl From<Unkept> for Refused {
    fn from(unkept: Unkept) -> Self {
        match unkept {
            Unkept::Crowded(crowded) => crowded.into(),
            Unkept::Disk(error) => {
                tracing::error!(%error, "an upload cannot be kept on the disk: look at `upload_folder`");
                let message = "Blotter cannot keep an upload of this length on its disk, so nothing was forwarded. Tell whoever \
                    runs it to look at its own log and at `upload_folder`; then try again.";
                Self::busy("upload/unkept", message)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hyper::Request;

    use super::*;
    use crate::audit::Outcome;
    use crate::config::{Limits, Outbound};
    use crate::policy::Answers;
    use crate::proxy::outgoing::Outgoing;
    use crate::proxy::places::Places;
    use crate::proxy::upstream::{self, Purpose};
    use crate::route::{Route, Upstream};

    fn spool(folder: &Path, room: usize) -> Spool {
        Spool::new(folder.into(), room, Places::default().disk(1 << 20))
    }

    fn left(spool: &Spool) -> Vec<u8> {
        (0..spool.blocks()).flat_map(|number| spool.block(number).unwrap()).collect()
    }

    #[test]
    fn what_was_written_leaves_from_memory_and_from_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let bytes: Vec<u8> = (0..BLOCK as u32 + 100).flat_map(u32::to_le_bytes).take(BLOCK + 100).collect();
        for room in [usize::MAX, 0, 10] {
            let mut spool = spool(folder.path(), room);
            spool.write(bytes[..10].to_vec()).unwrap();
            spool.write(bytes[10..].to_vec()).unwrap();
            let edit = |start: usize, with: &str| Edit { span: start..start + 2, with: with.to_owned() };
            // The second stands in two blocks.
            spool.change(vec![edit(3, "12345"), edit(BLOCK + 9, "6")]);
            let expected = [&bytes[..3], b"12345", &bytes[5..BLOCK + 9], b"6", &bytes[BLOCK + 11..]].concat();
            assert_eq!(left(&spool), expected, "{room}");
            assert_eq!(spool.length(), expected.len(), "{room}");
        }
    }

    #[test]
    fn nothing_of_it_lies_on_the_disk_in_plain() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = spool(folder.path(), 0);
        spool.write(b"call Ann on Tuesday".to_vec()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "it has no name");
        let disk = spool.disk.as_ref().unwrap();
        let mut raw = vec![0; disk.end as usize];
        disk.file.read_exact_at(&mut raw, 0).unwrap();
        assert!(memchr::memmem::find(&raw, b"Ann").is_none());
        assert_eq!(left(&spool), b"call Ann on Tuesday");
        disk.file.write_all_at(b"x", disk.end - 1).unwrap();
        assert!(spool.block(0).is_err(), "what somebody changed does not leave");
    }

    #[tokio::test]
    async fn what_cannot_be_read_back_is_no_fault_of_the_provider() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = spool(folder.path(), 0);
        spool.write(vec![b'a'; 3 * BLOCK]).unwrap();
        spool.disk.as_ref().unwrap().file.set_len(2 * BLOCK as u64).unwrap();
        let provider = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", provider.local_addr().unwrap());
        let _provider = tokio::spawn(async move {
            let (mut stream, _) = provider.accept().await.unwrap();
            tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
        });
        let route = Route {
            name: "files".to_owned(),
            upstream: Upstream::parse(&origin).unwrap(),
            others: Vec::new(),
            credential: None,
            exempt: Vec::new(),
            answers: Answers::Leave,
            require: Vec::new(),
        };
        let limits = Limits::default();
        let client = upstream::client(&limits, &Outbound::default()).unwrap();
        let request = Request::post(origin + "/v1/files").body(Outgoing::of(spool)).unwrap();
        let sent = upstream::send(&client, Purpose::Calls, request, &route, &limits, Duration::from_secs(9)).await;
        let refused = sent.unwrap_err();
        assert_eq!((refused.code, refused.outcome), ("upload/unreadable", Outcome::UpstreamFailed));
    }

    #[test]
    fn the_disk_has_as_much_room_as_it_is_given() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::default();
        let mut spool = Spool::new(folder.path().into(), 0, places.disk(100));
        spool.write(vec![0; 50]).unwrap();
        assert!(matches!(spool.write(vec![0; 50]), Err(Unkept::Crowded(Crowded::Disk))));
        drop(spool);
        let mut spool = Spool::new(folder.path().join("nowhere").into(), 10, places.disk(100));
        spool.write(vec![0; 10]).unwrap();
        assert!(matches!(spool.write(vec![0; 1]), Err(Unkept::Disk(_))));
    }
}
