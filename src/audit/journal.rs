//! The folder and its chain, written by one owner: each batch of entries is one transaction of the newest file.
//!
//! Nothing changes in memory before a batch is committed, so after a failure the same or another batch can be tried.

use std::collections::HashMap;
use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Transaction, TransactionBehavior};
use uuid::Uuid;

use crate::crypto::MacKey;

use super::chain::Head;
use super::entry::{Closed, Entry, Opened, Outcome, Texted};
use super::error::AuditError;
use super::event::Event;
use super::key_file::{self, KeyFile, NOBODY, Subject};
use super::noted::{self, Mentioned, Pending};
use super::replay;
use super::retention;
use super::rows::{Appender, Tokens};
use super::schema::{Format, NEWEST};
use super::sealer::{self, Sealed, Sealer};
use super::segment::{self, First, Segment};
use super::settings::{Keys, Settings};
use super::text::Packed;
use super::unclosed::unclosed;
use super::unnoted::{self, Moment};
use super::volume::Volume;

/// A log that is open for appending.
pub struct Journal {
    folder: PathBuf,
    key: MacKey,
    segment: Segment,
    head: Head,
    sealer: Sealer,
    /// The exchanges without a closing entry.
    unclosed: HashMap<Uuid, Unclosed>,
    /// What the texts up to the newest entry mention and is not noted yet.
    mentions: Pending,
    /// The entry up to which it is noted.
    noted: i64,
    /// Whether there may be notes of days that are over.
    to_sweep: bool,
    /// How long a file may become before another follows in the same month.
    volume_bytes: u64,
    _lock: File,
}

/// An exchange without a closing entry.
#[derive(Clone, Copy)]
struct Unclosed {
    /// Its opening entry.
    opening: i64,
    /// Whose it is.
    subject: i64,
}

impl Journal {
    /// Opens or makes the log in `folder`, closes what a crash left open, and takes up what was noted meanwhile.
    pub fn open(folder: &Path, keys: &Keys, now: Timestamp) -> Result<Self, AuditError> {
        make(folder).map_err(|error| AuditError::creating(folder, &error))?;
        let lock = lock(folder)?;
        let key = keys.chain.clone();
        let volumes = Volume::all_in(folder)?;
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
            head,
            sealer,
            unclosed,
            mentions: Pending::default(),
            noted: head.seq,
            to_sweep: true,
            volume_bytes: u64::MAX,
            _lock: lock,
        };
        if let Err(error) = unnoted::catch_up(folder, &journal.sealer.file, journal.head.seq, Moment::AtStart) {
            tracing::warn!("texts are found by what they mention only slowly, until this can be read: {error}");
            (journal.mentions, journal.noted) = (Pending::not_kept(), 0);
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
        self.check_in_place()?;
        if let Some(newest) = entries.iter().map(|entry| entry.at()).max() {
            self.roll_on(newest)?;
        }
        self.prepare(entries)?;
        let failed = |error| AuditError::writing(self.segment.path(), &error);
        let connection = &self.segment.connection;
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate).map_err(failed)?;
        let mut batch = Batch {
            appender: Appender::new(connection, &self.key, self.head),
            sealer: &mut self.sealer,
            unclosed: &self.unclosed,
            staged: HashMap::new(),
            mentioned: Vec::new(),
        };
        for entry in entries {
            batch.append(entry, &failed)?;
        }
        let (head, staged, mentioned) = batch.finish();
        transaction.commit().map_err(failed)?;
        self.head = head;
        mentioned.into_iter().for_each(|mentioned| self.mentions.add(mentioned));
        self.settle(staged);
        Ok(())
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
        if self.noted == self.head.seq || !self.mentions.are(least) {
            return Ok(false);
        }
        let is_all = file.at_once(|| match self.mentions.are_not_kept() {
            true => unnoted::catch_up(&self.folder, file, self.head.seq, Moment::Running),
            false => self.mentions.note(file, self.head.seq).map(|()| true),
        })?;
        if is_all {
            (self.mentions, self.noted) = (Pending::default(), self.head.seq);
        }
        Ok(!is_all)
    }

    /// Where the chain stands.
    pub fn head(&self) -> Head {
        self.head
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
            witness(self.head);
        }
        retention::remove(&self.folder, volume)
    }

    /// Gets the keys at hand that the texts of `entries` are sealed with.
    fn prepare(&mut self, entries: &[&Entry]) -> Result<(), AuditError> {
        let opened = entries.iter().filter_map(|entry| entry.opens()).map(|opened| &opened.entry);
        let new = opened.map(|opened| (opened.subject.as_deref().unwrap_or(NOBODY), opened.conversation.as_deref()));
        let new: Vec<(&str, Option<&str>)> = new.collect();
        let closed = entries.iter().filter_map(|entry| entry.closes()).filter(|closed| closed.text.bytes().is_some());
        let known = closed.filter_map(|closed| Some(self.unclosed.get(&closed.entry.exchange)?.subject));
        let known: Vec<i64> = known.collect();
        let with_text = |entry: &&&Entry| {
            entry.opens().is_some_and(|opened| opened.text.bytes().is_some())
                || entry.closes().is_some_and(|closed| closed.text.bytes().is_some())
        };
        let mut days: Vec<i64> = entries.iter().filter(with_text).map(|entry| sealer::day_of(entry.at())).collect();
        days.dedup();
        if new.is_empty() && known.is_empty() && days.is_empty() {
            return Ok(());
        }
        self.sealer.prepare(&new, &known, &days)
    }

    /// Goes on in a new file when a month has begun or the file is full; a clock that steps back begins none.
    fn roll_on(&mut self, at: Timestamp) -> Result<(), AuditError> {
        if Volume::of(at) <= self.segment.volume && self.segment.bytes() < self.volume_bytes {
            return Ok(());
        }
        let volume = self.segment.volume.after(at);
        let first = First { at, key: &self.key, head: self.head, previous: Some(self.segment.volume) };
        let segment = Segment::open(&self.folder, volume, &first)?;
        let head = segment.head()?;
        if head.seq != self.head.seq + 1 {
            return Err(AuditError::Foreign { path: segment.path().into() });
        }
        self.head = head;
        self.segment = segment;
        Ok(())
    }

    fn settle(&mut self, staged: HashMap<Uuid, Option<Unclosed>>) {
        for (exchange, unclosed) in staged {
            match unclosed {
                Some(unclosed) => self.unclosed.insert(exchange, unclosed),
                None => self.unclosed.remove(&exchange),
            };
        }
    }

    fn close_interrupted(&mut self, now: Timestamp) -> Result<(), AuditError> {
        let close = |exchange: &Uuid| Entry::closed(Closed::new(*exchange, now, Outcome::Interrupted));
        let mut left: Vec<_> = self.unclosed.iter().map(|(exchange, left)| (left.opening, close(exchange))).collect();
        if left.is_empty() {
            return Ok(());
        }
        left.sort_unstable_by_key(|(seq, _)| *seq);
        self.commit(&left.iter().map(|(_, entry)| entry).collect::<Vec<_>>())
    }
}

/// The entries of one transaction, and what they will have opened and closed.
struct Batch<'a> {
    appender: Appender<'a>,
    sealer: &'a mut Sealer,
    unclosed: &'a HashMap<Uuid, Unclosed>,
    staged: HashMap<Uuid, Option<Unclosed>>,
    mentioned: Vec<Mentioned>,
}

impl Batch<'_> {
    /// Where the chain stands, which exchanges are open or closed, and what their texts mention, once this is committed.
    fn finish(self) -> (Head, HashMap<Uuid, Option<Unclosed>>, Vec<Mentioned>) {
        (self.appender.head(), self.staged, self.mentioned)
    }

    fn append(&mut self, entry: &Entry, failed: &impl Fn(rusqlite::Error) -> AuditError) -> Result<(), AuditError> {
        match entry {
            Entry::Closed(closed) => {
                let unclosed = self.find(closed.entry.exchange)?;
                self.staged.insert(closed.entry.exchange, None);
                self.closed(closed, unclosed, failed)
            }
            Entry::Event(event) => self.appender.event(event).map_err(failed),
            Entry::Opened(opened) => {
                let unclosed = self.opened(opened, failed)?;
                self.staged.insert(opened.entry.exchange, Some(unclosed));
                Ok(())
            }
            Entry::Refused(pair) => {
                let (opened, closed) = &**pair;
                let unclosed = self.opened(opened, failed)?;
                self.closed(closed, unclosed, failed)
            }
        }
    }

    fn opened(
        &mut self,
        Texted { entry: opened, text }: &Texted<Opened>,
        failed: &impl Fn(rusqlite::Error) -> AuditError,
    ) -> Result<Unclosed, AuditError> {
        let found_by = opened.subject.as_deref();
        let Subject { id: subject, token, .. } = self.sealer.subject(found_by);
        let (subject, token) = (*subject, token.clone());
        let conversation = opened.conversation.as_deref();
        let conversation = conversation.and_then(|id| self.sealer.conversation(found_by, id));
        let tokens = Tokens { subject: token, conversation: conversation.map(str::to_owned) };
        let opening = self.appender.next();
        let request = self.seal(Unclosed { opening, subject }, opened.at, text);
        self.appender.opened(opened, &tokens, request.as_ref()).map_err(failed)?;
        Ok(Unclosed { opening, subject })
    }

    fn closed(
        &mut self,
        Texted { entry: closed, text }: &Texted<Closed>,
        unclosed: Unclosed,
        failed: &impl Fn(rusqlite::Error) -> AuditError,
    ) -> Result<(), AuditError> {
        let answer = self.seal(unclosed, closed.at, text);
        self.appender.closed(closed, unclosed.opening, answer.as_ref()).map_err(failed)
    }

    fn seal(&mut self, of: Unclosed, at: Timestamp, text: &Packed) -> Option<Sealed> {
        let (packed, place, day) = (text.bytes()?, self.appender.next(), sealer::day_of(at));
        let Unclosed { opening, subject } = of;
        self.mentioned.push(Mentioned { day, subject, opening, names: text.mentions().clone() });
        Some(self.sealer.seal(place, subject, day, packed))
    }

    fn find(&self, exchange: Uuid) -> Result<Unclosed, AuditError> {
        let staged = self.staged.get(&exchange).copied();
        let unclosed = staged.unwrap_or_else(|| self.unclosed.get(&exchange).copied());
        unclosed.ok_or(AuditError::NotOpen { exchange })
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
        !self.mentions.are_not_kept()
    }
}
