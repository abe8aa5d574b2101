//! One transaction of the newest file: entries are appended, and committed all together or not at all.
//!
//! It may grow while it is open, so that whoever comes meanwhile need not wait for a transaction of their own.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{Transaction, TransactionBehavior};
use uuid::Uuid;

use crate::crypto::MacKey;

use super::chain::Head;
use super::entry::{Closed, Entry, Opened, Texted};
use super::error::AuditError;
use super::key_file::{NOBODY, Subject};
use super::noted::{Mentioned, Pending};
use super::rows::{Appender, Tokens};
use super::sealer::{self, Needed, Sealed, Sealer};
use super::segment::Segment;
use super::text::Packed;
use super::volume::Volume;

/// What the committed entries leave to be remembered.
pub struct Standing {
    /// Where the chain stands.
    pub head: Head,
    /// The exchanges without a closing entry.
    pub unclosed: HashMap<Uuid, Unclosed>,
    /// What their texts mention and is not noted yet.
    pub mentions: Pending,
}

/// An exchange without a closing entry.
#[derive(Clone, Copy)]
pub struct Unclosed {
    /// Its opening entry.
    pub opening: i64,
    /// Whose it is.
    pub subject: i64,
}

/// Entries that are appended and not committed; those of a batch that is dropped are not in the log.
pub struct Batch<'a> {
    segment: &'a Segment,
    transaction: Transaction<'a>,
    appender: Appender<'a>,
    sealer: &'a mut Sealer,
    standing: &'a mut Standing,
    /// What they open and close.
    staged: HashMap<Uuid, Option<Unclosed>>,
    mentioned: Vec<Mentioned>,
}

impl<'a> Batch<'a> {
    /// Begins one with `entries`, for which keys are made where that is necessary.
    pub fn begin(
        segment: &'a Segment,
        key: &'a MacKey,
        sealer: &'a mut Sealer,
        standing: &'a mut Standing,
        entries: &[&Entry],
    ) -> Result<Self, AuditError> {
        sealer.prepare(&needed(entries, standing))?;
        let transaction = Transaction::new_unchecked(&segment.connection, TransactionBehavior::Immediate);
        let transaction = transaction.map_err(|error| AuditError::writing(segment.path(), &error))?;
        let appender = Appender::new(&segment.connection, key, standing.head);
        let (staged, mentioned) = Default::default();
        let mut batch = Self { segment, transaction, appender, sealer, standing, staged, mentioned };
        batch.append(entries)?;
        Ok(batch)
    }

    /// Whether nothing has to be made for `entries` first: neither a key nor a file.
    pub fn takes(&self, entries: &[&Entry]) -> bool {
        entries.iter().all(|entry| Volume::of(entry.at()) <= self.segment.volume)
            && self.sealer.has(&needed(entries, self.standing))
    }

    /// Appends more.
    pub fn append(&mut self, entries: &[&Entry]) -> Result<(), AuditError> {
        entries.iter().try_for_each(|entry| self.entry(entry))
    }

    /// Makes all durable.
    pub fn commit(self) -> Result<(), AuditError> {
        let Self { segment, transaction, appender, standing, staged, mentioned, .. } = self;
        let head = appender.head();
        drop(appender);
        transaction.commit().map_err(|error| AuditError::writing(segment.path(), &error))?;
        standing.head = head;
        mentioned.into_iter().for_each(|mentioned| standing.mentions.add(mentioned));
        for (exchange, unclosed) in staged {
            match unclosed {
                Some(unclosed) => standing.unclosed.insert(exchange, unclosed),
                None => standing.unclosed.remove(&exchange),
            };
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Entry) -> Result<(), AuditError> {
        match entry {
            Entry::Closed(closed) => {
                let unclosed = self.find(closed.entry.exchange)?;
                self.staged.insert(closed.entry.exchange, None);
                self.closed(closed, unclosed)
            }
            Entry::Event(event) => self.appender.event(event).map_err(|error| self.failed(&error)),
            Entry::Opened(opened) => {
                let unclosed = self.opened(opened)?;
                self.staged.insert(opened.entry.exchange, Some(unclosed));
                Ok(())
            }
            Entry::Refused(pair) => {
                let (opened, closed) = &**pair;
                let unclosed = self.opened(opened)?;
                self.closed(closed, unclosed)
            }
        }
    }

    fn opened(&mut self, Texted { entry: opened, text }: &Texted<Opened>) -> Result<Unclosed, AuditError> {
        let found_by = opened.subject.as_deref();
        let Subject { id: subject, token, .. } = self.sealer.subject(found_by);
        let (subject, token) = (*subject, token.clone());
        let conversation = opened.conversation.as_deref();
        let conversation = conversation.and_then(|id| self.sealer.conversation(found_by, id));
        let tokens = Tokens { subject: token, conversation: conversation.map(str::to_owned) };
        let opening = self.appender.next();
        let request = self.seal(Unclosed { opening, subject }, opened.at, text);
        self.appender.opened(opened, &tokens, request.as_ref()).map_err(|error| self.failed(&error))?;
        Ok(Unclosed { opening, subject })
    }

    fn closed(
        &mut self,
        Texted { entry: closed, text }: &Texted<Closed>,
        unclosed: Unclosed,
    ) -> Result<(), AuditError> {
        let answer = self.seal(unclosed, closed.at, text);
        self.appender.closed(closed, unclosed.opening, answer.as_ref()).map_err(|error| self.failed(&error))
    }

    fn seal(&mut self, of: Unclosed, at: Timestamp, text: &Packed) -> Option<Sealed> {
        let (packed, place, day) = (text.bytes()?, self.appender.next(), sealer::day_of(at));
        let Unclosed { opening, subject } = of;
        self.mentioned.push(Mentioned { day, subject, opening, names: text.mentions().clone() });
        Some(self.sealer.seal(place, subject, day, packed))
    }

    fn find(&self, exchange: Uuid) -> Result<Unclosed, AuditError> {
        let staged = self.staged.get(&exchange).copied();
        let unclosed = staged.unwrap_or_else(|| self.standing.unclosed.get(&exchange).copied());
        unclosed.ok_or(AuditError::NotOpen { exchange })
    }

    fn failed(&self, error: &rusqlite::Error) -> AuditError {
        AuditError::writing(self.segment.path(), error)
    }
}

/// What the texts of `entries` are sealed with.
fn needed<'e>(entries: &[&'e Entry], standing: &Standing) -> Needed<'e> {
    let mut needed = Needed::default();
    for entry in entries {
        if let Some(Texted { entry: opened, text }) = entry.opens() {
            needed.subjects.push((opened.subject.as_deref().unwrap_or(NOBODY), opened.conversation.as_deref()));
            needed.days.extend(text.bytes().map(|_| sealer::day_of(opened.at)));
        }
        if let Some(Texted { entry: closed, text }) = entry.closes()
            && text.bytes().is_some()
        {
            needed.known.extend(standing.unclosed.get(&closed.exchange).map(|unclosed| unclosed.subject));
            needed.days.push(sealer::day_of(closed.at));
        }
    }
    needed.days.dedup();
    needed
}
