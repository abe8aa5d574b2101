//! Questions to the log, asked beside the writer on connections that cannot write.
//!
//! A query goes through the files from the newest to the oldest. An exchange that was opened at a file's end may be closed in
//! the next file or the one after, so each file is read beside those that follow it.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, Transaction, params_from_iter};
use serde::Serialize;
use uuid::Uuid;

use crate::crypto::{KeyRing, SealingKey};

use super::checkpoint::check_not_gone;
use super::entry::{Closed, Opened, Outcome, Tally, Timings, Usage};
use super::error::AuditError;
use super::filter::{self, Filter, Question};
use super::key_file::KeyFile;
use super::rows;
use super::sealer::{self, Sealed};
use super::segment;
use super::volume::Volume;

/// How many of a file's newest entries are looked through first for what ended in some way, and how many times as many next.
const FIRST_REACH: i64 = if cfg!(test) { 2 } else { 16_384 };
const FURTHER: i64 = if cfg!(test) { 2 } else { 16 };

/// The last entry before a time. Entries come nearly in the order of time, but not quite: so it is looked for from the newest on
/// downwards, or among all before that time, whichever are fewer.
const LAST_BEFORE: &str = "SELECT CASE
    WHEN (SELECT at_us FROM entry WHERE seq >= ((SELECT min(seq) FROM entry) + (SELECT max(seq) FROM entry)) / 2 LIMIT 1) < ?1
    THEN (SELECT seq FROM entry WHERE +at_us < ?1 ORDER BY seq DESC LIMIT 1)
    ELSE (SELECT max(+seq) FROM entry INDEXED BY entry_at WHERE at_us < ?1) END";

/// How many files after its own an exchange may be closed in: one for a month's end, one for a file that was full soon after.
const LATER: usize = 2;

/// Reads the log in one folder.
pub struct Reader {
    folder: PathBuf,
    keys: Option<KeyFile>,
}

/// An exchange as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "these are the fields of `Opened` and `Closed`, where they are explained")]
pub struct Summary {
    /// The number of its opening entry.
    pub seq: i64,
    #[serde(serialize_with = "super::entry::display")]
    pub exchange: Uuid,
    #[serde(serialize_with = "super::entry::display")]
    pub at: Timestamp,
    pub caller: String,
    pub subject: Option<String>,
    pub conversation: Option<String>,
    pub route: String,
    /// Without values, and without a query; empty where it was refused before it was looked at.
    pub path: String,
    pub model: Option<String>,
    /// What was found in the request.
    pub findings: Vec<Tally>,
    /// `None` while it is open, as are all fields below.
    pub outcome: Option<Outcome>,
    pub reason: Option<String>,
    pub status: Option<u16>,
    pub usage: Option<Usage>,
    pub timings: Option<Timings>,
}

/// All that the log holds of an exchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Record {
    /// The number of its opening entry.
    pub seq: i64,
    /// What left.
    pub opened: Opened,
    /// How it ended; `None` while it is open.
    pub closed: Option<Closed>,
    /// Whether the request and the answer can be read.
    pub texts: Texts,
}

/// Whether the texts of an exchange can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Texts {
    /// A text is not what was sealed: run `blotter audit verify`.
    Damaged,
    /// A key was destroyed: by the customer's erasure, or when the texts' time was over.
    Destroyed,
    /// They were not unlocked.
    Locked,
    /// They are here.
    Readable,
}

impl Reader {
    /// Reads the log in `folder`; fails when there is none.
    pub fn open(folder: &Path) -> Result<Self, AuditError> {
        if Volume::all_in(folder)?.is_empty() {
            check_not_gone(folder)?;
            return Err(AuditError::NoLog { folder: folder.into() });
        }
        Ok(Self { folder: folder.into(), keys: None })
    }

    /// Where the log is.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The keys, if it was unlocked.
    pub(super) fn keys(&self) -> Option<&KeyFile> {
        self.keys.as_ref()
    }

    /// Reads texts too, and knows customers by their hashed ids; fails when the keys are not there.
    pub fn unlock(self, ring: &KeyRing) -> Result<Self, AuditError> {
        let keys = KeyFile::open_for_reading(&self.folder, ring.clone())?;
        Ok(Self { keys: Some(keys), ..self })
    }

    /// The log's token for a customer; what is no hashed id is taken for the token itself.
    fn token(&self, subject: &str) -> Result<String, AuditError> {
        let known = self.keys.as_ref().map(|keys| keys.subject(subject)).transpose()?.flatten();
        Ok(known.and_then(|known| known.token).unwrap_or_else(|| subject.into()))
    }

    /// The log's tokens for conversations: each customer's share in one has a token of its own.
    fn conversations(&self, asked: &[String]) -> Result<Vec<String>, AuditError> {
        let mut tokens = asked.to_vec();
        let Some(keys) = &self.keys else { return Ok(tokens) };
        for found_by in asked {
            tokens.extend(keys.conversations(found_by)?);
        }
        Ok(tokens)
    }

    /// The exchanges that `filter` lets through, newest first.
    pub fn list(&self, filter: &Filter) -> Result<Vec<Summary>, AuditError> {
        let mut found = Vec::new();
        let filter = &self.with_tokens(filter)?;
        self.each_file(|file| {
            let _snapshot = file.snapshot()?;
            for seq in file.find(filter, filter.limit - found.len())? {
                let read = file.read(seq)?.map(|(record, _)| Summary::of(seq, record.opened, record.closed));
                found.extend(read);
            }
            Ok(found.len() < filter.limit)
        })?;
        Ok(found)
    }

    /// The exchanges that `filter` lets through, with their texts, newest first.
    pub fn records(&self, filter: &Filter) -> Result<Vec<Record>, AuditError> {
        let mut records = Vec::new();
        self.each_record(filter, |record| records.push(record))?;
        Ok(records)
    }

    /// Visits the exchanges that `filter` lets through, with their texts, newest first.
    pub fn each_record(&self, filter: &Filter, mut visit: impl FnMut(Record)) -> Result<(), AuditError> {
        let filter = &self.with_tokens(filter)?;
        let (mut visited, mut failed, mut last) = (0, None, None);
        self.each_file(|file| {
            for seq in file.find(filter, filter.limit - visited)? {
                let Some((record, texts)) = file.read_whole(seq)? else { continue };
                match self.open_texts(record, texts, &mut last) {
                    Ok(record) => visit(record),
                    Err(error) => {
                        failed = Some(error);
                        return Ok(false);
                    }
                }
                visited += 1;
            }
            Ok(visited < filter.limit)
        })?;
        failed.map_or(Ok(()), Err)
    }

    /// A filter that names customers and conversations as the log does.
    fn with_tokens(&self, filter: &Filter) -> Result<Filter, AuditError> {
        let subject = filter.subject.as_deref().map(|subject| self.token(subject)).transpose()?;
        let conversations = filter.conversations.as_ref().map(|asked| self.conversations(asked)).transpose()?;
        Ok(Filter { subject, conversations, ..filter.clone() })
    }

    /// The one exchange whose id is `id` or begins with it, in at least 8 hexadecimal digits.
    pub fn show(&self, id: &str) -> Result<Option<Record>, AuditError> {
        let ids = ids(id).ok_or_else(|| AuditError::BadId { id: id.into() })?;
        let mut records = Vec::new();
        self.each_file(|file| {
            for seq in file.find_ids(&ids)? {
                records.extend(file.read_whole(seq)?);
            }
            Ok(records.len() < 2)
        })?;
        let record = records.pop();
        if !records.is_empty() {
            return Err(AuditError::Ambiguous { id: id.into() });
        }
        record.map(|(record, texts)| self.open_texts(record, texts, &mut None)).transpose()
    }

    /// Puts the texts into a record that can be read; `last` is the key of the text before, which may fit.
    fn open_texts(
        &self,
        mut record: Record,
        [request, answer]: [Option<Text>; 2],
        last: &mut Option<TextKey>,
    ) -> Result<Record, AuditError> {
        let opened = request.map(|request| self.open_text(request, last)).transpose()?.unwrap_or(Ok(Vec::new()));
        let closed = answer.map(|answer| self.open_text(answer, last)).transpose()?.unwrap_or(Ok(Vec::new()));
        record.texts = opened.as_ref().err().or(closed.as_ref().err()).copied().unwrap_or(Texts::Readable);
        record.opened.request = opened.unwrap_or_default();
        if let Some(entry) = &mut record.closed {
            entry.answer = closed.unwrap_or_default();
        }
        Ok(record)
    }

    fn open_text(&self, (seq, sealed): Text, last: &mut Option<TextKey>) -> Result<Result<Vec<u8>, Texts>, AuditError> {
        let Some(keys) = &self.keys else { return Ok(Err(Texts::Locked)) };
        let Sealed { subject, day, .. } = sealed;
        if last.as_ref().is_none_or(|last| (last.subject, last.day) != (subject, day)) {
            *last = keys.text_key(subject, day)?.map(|key| TextKey { subject, day, key });
        }
        let Some(TextKey { key, .. }) = last else { return Ok(Err(Texts::Destroyed)) };
        Ok(sealer::open(key, seq, &sealed).ok_or(Texts::Damaged))
    }

    /// Visits the files, newest first, until `visit` says `false`.
    pub(super) fn each_file(&self, mut visit: impl FnMut(&Reach) -> Result<bool>) -> Result<(), AuditError> {
        let mut later = Vec::new();
        for volume in Volume::all_in(&self.folder)?.into_iter().rev() {
            let Some(here) = segment::open_for_reading(&self.folder, volume)? else { continue };
            let file = Reach { here, later };
            let more = visit(&file).map_err(|error| AuditError::reading(&volume.path_in(&self.folder), error))?;
            if !more {
                break;
            }
            later = [file.here].into_iter().chain(file.later).take(LATER).collect();
        }
        Ok(())
    }
}

/// The number of the oldest entry that is kept in `folder`.
pub fn first_entry(folder: &Path) -> Result<i64, AuditError> {
    let mut first = 0;
    Reader::open(folder)?.each_file(|file| {
        first = file.here.query_row("SELECT min(seq) FROM entry", [], |row| row.get(0))?;
        Ok(true)
    })?;
    Ok(first)
}

/// The number of the newest entry of the log in `folder`; 0 when there is none.
pub fn last_entry(folder: &Path) -> Result<i64, AuditError> {
    let mut last = 0;
    Reader::open(folder)?.each_file(|file| {
        last = segment::head(&file.here)?.seq;
        Ok(false)
    })?;
    Ok(last)
}

/// A sealed text and the entry that it stands beside.
type Text = (i64, Sealed);

/// The key of a customer's texts of a day.
struct TextKey {
    subject: i64,
    day: i64,
    key: SealingKey,
}

/// A file, and those that follow it.
pub(super) struct Reach {
    pub here: Connection,
    pub later: Vec<Connection>,
}

impl Reach {
    /// Spares each of many small questions its own transaction, for as long as it is kept.
    pub(super) fn snapshot(&self) -> Result<Transaction<'_>> {
        self.here.unchecked_transaction()
    }

    /// The opening entries that `filter` lets through, newest first. What is common is among the newest entries. Else, where one of the
    /// conditions is rare, all others are asked of those few; and where none is, it is looked for in more and more entries.
    fn find(&self, filter: &Filter, limit: usize) -> Result<Vec<i64>> {
        let (mut found, mut filter, mut reach) = (Vec::new(), filter.clone(), FIRST_REACH);
        let newest = if filter.asks_beyond_the_opening() { segment::head(&self.here)?.seq } else { 0 };
        let mut newest = filter.before.map_or(newest, |before| newest.min(before));
        loop {
            let after = newest.saturating_sub(reach).max(0);
            found.extend(self.ask(&filter, after, limit - found.len())?);
            if after == 0 || found.len() == limit {
                return Ok(found);
            }
            // Those after it were looked through.
            filter.before = Some(filter.before.unwrap_or(i64::MAX).min(after + 1));
            if reach == FIRST_REACH && filter.seqs.is_none() {
                filter.seqs = filter::few(&filter, &self.here, &self.later)?;
                if filter.seqs.is_some() {
                    found.extend(self.ask(&filter, 0, limit - found.len())?);
                    return Ok(found);
                }
                newest = newest.min(self.last_before(filter.until)? + 1);
            }
            reach = reach.saturating_mul(FURTHER);
        }
    }

    fn last_before(&self, until: Option<Timestamp>) -> Result<i64> {
        let Some(until) = until else { return Ok(i64::MAX - 1) };
        let last = self.here.query_row(LAST_BEFORE, [until.as_microsecond()], |row| row.get::<_, Option<i64>>(0))?;
        Ok(last.unwrap_or_default())
    }

    fn ask(&self, filter: &Filter, after: i64, limit: usize) -> Result<Vec<i64>> {
        let question = Question::of(filter, &self.later, after)?;
        let mut statement = self.here.prepare(&question.sql(limit))?;
        statement.query_map(params_from_iter(question.values), |row| row.get(0))?.collect()
    }

    /// The opening entries of the exchanges in a range of ids; two are enough to know that it is not one.
    fn find_ids(&self, ids: &RangeInclusive<Uuid>) -> Result<Vec<i64>> {
        let mut statement = self.here.prepare("SELECT seq FROM opened WHERE exchange BETWEEN ?1 AND ?2 LIMIT 2")?;
        statement.query_map([ids.start().as_bytes(), ids.end().as_bytes()], |row| row.get(0))?.collect()
    }

    /// The exchange that the entry `seq` opened, without its texts, and its closing entry.
    fn read(&self, seq: i64) -> Result<Option<(Record, Option<Closing<'_>>)>> {
        let Some(opened) = rows::read_opened(&self.here, seq)? else { return Ok(None) };
        let closing = self.closing(seq)?;
        let closed = match closing {
            Some(Closing { file, seq }) => rows::read_closed(file, seq, opened.exchange)?,
            None => None,
        };
        Ok(Some((Record { seq, opened, closed, texts: Texts::Locked }, closing)))
    }

    /// The exchange that the entry `seq` opened, and its sealed texts.
    fn read_whole(&self, seq: i64) -> Result<Option<(Record, [Option<Text>; 2])>> {
        let _snapshot = self.snapshot()?;
        let Some((record, closing)) = self.read(seq)? else { return Ok(None) };
        let text = |file, seq| -> Result<_> { Ok(rows::read_payload(file, seq)?.map(|sealed| (seq, sealed))) };
        let answer = closing.map(|Closing { file, seq }| text(file, seq)).transpose()?.flatten();
        Ok(Some((record, [text(&self.here, seq)?, answer])))
    }

    pub(super) fn closing(&self, opening: i64) -> Result<Option<Closing<'_>>> {
        for file in [&self.here].into_iter().chain(&self.later) {
            let mut statement = file.prepare_cached("SELECT seq FROM closed WHERE opened = ?1")?;
            if let Some(seq) = statement.query_row([opening], |row| row.get(0)).optional()? {
                return Ok(Some(Closing { file, seq }));
            }
        }
        Ok(None)
    }
}

/// Where a closing entry is.
#[derive(Clone, Copy)]
pub(super) struct Closing<'a> {
    pub file: &'a Connection,
    pub seq: i64,
}

impl Summary {
    /// What is listed of an exchange that the entry `seq` opened.
    pub(super) fn of(seq: i64, opened: Opened, closed: Option<Closed>) -> Self {
        let closed = closed.as_ref();
        Self {
            seq,
            exchange: opened.exchange,
            at: opened.at,
            caller: opened.caller,
            subject: opened.subject,
            conversation: opened.conversation,
            route: opened.route,
            path: opened.path,
            model: opened.model,
            findings: opened.findings,
            outcome: closed.map(|closed| closed.outcome),
            reason: closed.and_then(|closed| closed.reason.clone()),
            status: closed.and_then(|closed| closed.status),
            usage: closed.map(|closed| closed.usage),
            timings: closed.map(|closed| closed.timings),
        }
    }
}

/// The ids that begin with `text`.
fn ids(text: &str) -> Option<RangeInclusive<Uuid>> {
    let digits = text.replace('-', "");
    let whole = digits.bytes().all(|digit| digit.is_ascii_hexdigit()) && (8..=32).contains(&digits.len());
    let padded = |padding: &str| Uuid::try_parse(&format!("{digits}{}", padding.repeat(32 - digits.len()))).ok();
    if whole { Some(padded("0")?..=padded("f")?) } else { None }
}
