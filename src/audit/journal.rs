//! The folder and its chain, written by one owner: each batch of entries is one transaction of the newest file.
//!
//! Nothing changes in memory before a batch is committed, so after a failure the same or another batch can be tried.

use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use uuid::Uuid;

use crate::crypto::MacKey;

use super::batch::{Batch, Standing, Unclosed};
use super::chain::Head;
use super::checkpoint::check_not_gone;
use super::entry::{Closed, Entry, Outcome};
use super::error::AuditError;
use super::event::Event;
use super::key_file::{self, KeyFile};
use super::noted::{self, Pending};
use super::replay;
use super::retention;
use super::schema::{Format, NEWEST};
use super::sealer::Sealer;
use super::segment::{self, First, Segment};
use super::settings::{Keys, Settings};
use super::unclosed::unclosed;
use super::unnoted::{self, Moment};
use super::volume::Volume;

/// A log that is open for appending.
pub struct Journal {
    folder: PathBuf,
    key: MacKey,
    segment: Segment,
    sealer: Sealer,
    standing: Standing,
    /// The entry up to which it is noted what texts mention.
    noted: i64,
    /// Whether there may be notes of days that are over.
    to_sweep: bool,
    /// How long a file may become before another follows in the same month.
    volume_bytes: u64,
    _lock: File,
}

impl Journal {
    /// Opens or makes the log in `folder`, closes what a crash left open, and takes up what was noted meanwhile.
    pub fn open(folder: &Path, keys: &Keys, now: Timestamp) -> Result<Self, AuditError> {
        make(folder).map_err(|error| AuditError::creating(folder, &error))?;
        let lock = lock(folder)?;
        let key = keys.chain.clone();
        let volumes = Volume::all_in(folder)?;
        if volumes.is_empty() {
            check_not_gone(folder)?;
        }
        let newest = Newest::find(folder, &volumes, &key)?;
        let previous = newest.as_ref().map(|newest| newest.volume);
        let first =
            First { at: now, key: &key, head: newest.as_ref().map_or(Head::START, |newest| newest.head), previous };
        let segment = Segment::open(folder, volume_for(now, &volumes, newest.as_ref()), &first)?;
        let head = segment.head()?;
        let keys_path = key_file::path_in(folder);
        if previous.is_some() && !keys_path.exists() {
            return Err(AuditError::NoKeys { path: keys_path });
        }
        let sealer = Sealer::new(KeyFile::open(folder, keys.sealing.clone())?.waiting(segment::PATIENCE)?)?;
        let unclosed = unclosed(folder, latest(&volumes))?;
        // They are closed here, without a text: whose they are does not matter.
        let unclosed = unclosed.into_iter().map(|(id, opening)| (id, Unclosed { opening, subject: 0 })).collect();
        let mut journal = Self {
            folder: folder.into(),
            key,
            segment,
            sealer,
            standing: Standing { head, unclosed, mentions: Pending::default() },
            noted: head.seq,
            to_sweep: true,
            volume_bytes: u64::MAX,
            _lock: lock,
        };
        if let Err(error) = unnoted::catch_up(folder, &journal.sealer.file, journal.standing.head.seq, Moment::AtStart)
        {
            tracing::warn!("texts are found by what they mention only slowly, until this can be read: {error}");
            (journal.standing.mentions, journal.noted) = (Pending::not_kept(), 0);
        }
        journal.close_interrupted(now)?;
        journal.take_notes()?;
        Ok(journal)
    }

    /// Begins another file when one is so long.
    pub fn limited(self, volume_bytes: u64) -> Self {
        Self { volume_bytes, ..self }
    }

    /// Appends all of `entries` durably, or none.
    pub fn commit(&mut self, entries: &[&Entry]) -> Result<(), AuditError> {
        self.begin(entries)?.commit()
    }

    /// Appends `entries` in a batch that may take more until it is committed.
    pub fn begin(&mut self, entries: &[&Entry]) -> Result<Batch<'_>, AuditError> {
        self.check_in_place()?;
        if let Some(newest) = entries.iter().map(|entry| entry.at()).max() {
            self.roll_on(newest)?;
        }
        Batch::begin(&self.segment, &self.key, &mut self.sealer, &mut self.standing, entries)
    }

    /// Fails when the open file is no longer the one in the folder.
    pub fn check_in_place(&self) -> Result<(), AuditError> {
        self.segment.check_in_place()
    }

    /// Appends what was done to the keys by others.
    pub fn take_notes(&mut self) -> Result<(), AuditError> {
        let (notes, last) = self.sealer.file.notes()?;
        if notes.is_empty() {
            return Ok(());
        }
        let notes: Vec<Entry> = notes.into_iter().map(Entry::Event).collect();
        self.commit(&notes.iter().collect::<Vec<_>>())?;
        self.sealer.file.forget_notes(last)
    }

    /// Notes what the texts so far mention, if that are so many placeholders, any number with 0; tells whether there is more.
    pub fn note_mentions(&mut self, least: usize) -> Result<bool, AuditError> {
        let file = &self.sealer.file;
        if self.to_sweep {
            self.to_sweep = file.at_once(|| noted::sweep(file))?;
        }
        if self.noted == self.standing.head.seq || !self.standing.mentions.are(least) {
            return Ok(false);
        }
        let is_all = file.at_once(|| match self.standing.mentions.are_not_kept() {
            true => unnoted::catch_up(&self.folder, file, self.standing.head.seq, Moment::Running),
            false => self.standing.mentions.note(file, self.standing.head.seq).map(|()| true),
        })?;
        if is_all {
            (self.standing.mentions, self.noted) = (Pending::default(), self.standing.head.seq);
        }
        Ok(!is_all)
    }

    /// Where the chain stands.
    pub fn head(&self) -> Head {
        self.standing.head
    }

    /// Has the next one who opens the log append an event that cannot be appended now.
    pub fn leave_note(&self, event: &Event) -> Result<(), AuditError> {
        self.sealer.file.note(event)
    }

    /// Destroys the keys of texts that are older than `settings` keep, and says which files may go.
    pub fn expire(&mut self, settings: &Settings, now: Timestamp) -> Result<Vec<Volume>, AuditError> {
        if retention::expire(settings, &self.sealer.file, now)? {
            self.sealer.forget();
            self.to_sweep = true;
            self.take_notes()?;
        }
        retention::outlived(settings, &self.sealer.file, now)
    }

    /// Says that the file of `month` goes, has `witness` see it, and drops the file.
    pub fn drop_file(&mut self, volume: Volume, now: Timestamp, witness: impl FnOnce(Head)) -> Result<(), AuditError> {
        if let Some(event) = retention::dropping(&self.folder, volume, now)? {
            self.commit(&[&Entry::Event(event)])?;
            witness(self.standing.head);
        }
        retention::remove(&self.folder, volume)
    }

    /// Goes on in a new file when a month has begun or the file is full; a clock that steps back begins none.
    fn roll_on(&mut self, at: Timestamp) -> Result<(), AuditError> {
        if Volume::of(at) <= self.segment.volume && self.segment.bytes() < self.volume_bytes {
            return Ok(());
        }
        let volume = self.segment.volume.after(at);
        let first = First { at, key: &self.key, head: self.standing.head, previous: Some(self.segment.volume) };
        let segment = Segment::open(&self.folder, volume, &first)?;
        let head = segment.head()?;
        if head.seq != self.standing.head.seq + 1 {
            return Err(AuditError::Foreign { path: segment.path().into() });
        }
        self.standing.head = head;
        self.segment = segment;
        Ok(())
    }

    fn close_interrupted(&mut self, now: Timestamp) -> Result<(), AuditError> {
        let close = |exchange: &Uuid| Entry::closed(Closed::new(*exchange, now, Outcome::Interrupted));
        let mut left: Vec<_> =
            self.standing.unclosed.iter().map(|(exchange, left)| (left.opening, close(exchange))).collect();
        if left.is_empty() {
            return Ok(());
        }
        left.sort_unstable_by_key(|(seq, _)| *seq);
        self.commit(&left.iter().map(|(_, entry)| entry).collect::<Vec<_>>())
    }
}

/// Makes a folder that nobody else may look into, and whose name outlasts a power cut.
fn make(folder: &Path) -> io::Result<()> {
    if folder.exists() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

/// Takes the writer's place in the folder; it is given back when the file is dropped, also by a crash.
fn lock(folder: &Path) -> Result<File, AuditError> {
    let path = folder.join("writer.lock");
    let file = File::create(&path).map_err(|error| AuditError::creating(folder, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(AuditError::Locked { folder: folder.into() }),
        Err(TryLockError::Error(error)) => Err(AuditError::creating(&path, &error)),
    }
}

/// The newest file whose making was not cut short.
struct Newest {
    volume: Volume,
    head: Head,
    format: &'static Format,
}

impl Newest {
    /// Looks for it; fails when its newest entry was not written with `key`, for a log that goes on under another would prove
    /// nothing.
    fn find(folder: &Path, volumes: &[Volume], key: &MacKey) -> Result<Option<Self>, AuditError> {
        for volume in volumes.iter().rev() {
            let Some(connection) = segment::open_for_reading(folder, *volume)? else { continue };
            let path = volume.path_in(folder);
            let failed = |error| AuditError::reading(&path, error);
            if !replay::newest_matches(&connection, key).map_err(failed)? {
                return Err(AuditError::WrongKey { path });
            }
            let head = segment::head(&connection).map_err(failed)?;
            let format = Format::of_file(&connection).map_err(failed)?;
            return Ok(Some(Self { volume: *volume, head, format }));
        }
        Ok(None)
    }
}

/// The file that is appended to: the newest one, or one after it where that is of an older format.
fn volume_for(now: Timestamp, volumes: &[Volume], newest: Option<&Newest>) -> Volume {
    let begun = volumes.last().copied();
    match newest {
        Some(newest) if begun == Some(newest.volume) && newest.format.version < NEWEST.version => {
            newest.volume.after(now)
        }
        _ => begun.unwrap_or(Volume::of(now)),
    }
}

/// The files that may hold exchanges without an end: nothing stays open for longer than a month.
fn latest(volumes: &[Volume]) -> &[Volume] {
    let mut months: Vec<Volume> = volumes.iter().map(|volume| volume.month()).collect();
    months.dedup();
    let since = months.len().checked_sub(2).map(|place| months[place]);
    &volumes[volumes.partition_point(|volume| since.is_some_and(|since| *volume < since))..]
}

#[cfg(test)]
impl Journal {
    /// The writer's own connection, for tests that break it.
    pub fn connection(&mut self) -> &mut rusqlite::Connection {
        &mut self.segment.connection
    }

    /// Whether what is not noted yet is kept.
    pub fn keeps_mentions(&self) -> bool {
        !self.standing.mentions.are_not_kept()
    }
}
