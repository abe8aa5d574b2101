//! Texts to sealed bytes and back: compressed one by one, then sealed under the key of their subject and day.
//!
//! The writer's [`Sealer`] remembers keys, and forgets them when somebody else has changed the file that they came from.

use std::collections::HashMap;

use jiff::Timestamp;
use zstd::bulk::Compressor;

use crate::crypto::SealingKey;

use super::error::AuditError;
use super::key_file::{KeyFile, NOBODY, Subject};

/// What texts are made of in the log.
pub const CODEC: &str = "zstd, aes-256-gcm";
/// How many keys are remembered.
const REMEMBERED: usize = 16_384;
/// The library's own default.
const LEVEL: i32 = 3;

/// Seals the texts of a log that is open for appending.
pub struct Sealer {
    pub file: KeyFile,
    version: i64,
    subjects: HashMap<String, Subject>,
    /// What the log calls a customer's conversations, by the hashed ids of both.
    conversations: HashMap<Talk, String>,
    /// By the subject's number; `None` when it was erased.
    keys: HashMap<i64, Option<SealingKey>>,
    days: HashMap<i64, SealingKey>,
    /// By the subject's number and the day.
    text_keys: HashMap<(i64, i64), SealingKey>,
    compressor: Compressor<'static>,
}

/// The hashed ids of a customer and of a conversation that they take part in.
type Talk = (String, String);

/// A text as the log holds it.
pub struct Sealed {
    pub subject: i64,
    pub day: i64,
    pub bytes: Vec<u8>,
}

impl Sealer {
    /// Seals with the keys of `file`.
    pub fn new(file: KeyFile) -> Result<Self, AuditError> {
        let version = file.version()?;
        let compressor = Compressor::new(LEVEL).map_err(|error| AuditError::reading("zstd".as_ref(), error))?;
        let (subjects, conversations, keys, days, text_keys) = Default::default();
        Ok(Self { file, version, subjects, conversations, keys, days, text_keys, compressor })
    }

    /// Gets the keys at hand that entries will need: new ones are on the disk when this returns.
    ///
    /// `new` are the customers of opening entries and their conversations, `known` the numbers of those whose exchanges end.
    pub fn prepare(&mut self, new: &[(&str, Option<&str>)], known: &[i64], days: &[i64]) -> Result<(), AuditError> {
        self.file.check_in_place()?;
        let version = self.file.version()?;
        if version != self.version || self.subjects.len() + self.conversations.len() + self.text_keys.len() > REMEMBERED
        {
            self.forget();
            self.version = version;
        }
        let is_new = |(subject, conversation): &&(&str, Option<&str>)| {
            !self.subjects.contains_key(*subject)
                || conversation.is_some_and(|conversation| self.conversation(subject, conversation).is_none())
        };
        let new: Vec<_> = new.iter().filter(is_new).collect();
        let known: Vec<_> = known.iter().filter(|id| !self.keys.contains_key(*id)).collect();
        let days: Vec<_> = days.iter().filter(|day| !self.days.contains_key(*day)).collect();
        if new.is_empty() && known.is_empty() && days.is_empty() {
            return Ok(());
        }
        let (made, loaded, begun) = self.file.transact(|file| {
            let made = new.into_iter().map(|(subject, conversation)| {
                let made = file.make_subject(subject)?;
                let token =
                    conversation.map(|conversation| file.make_conversation(conversation, made.id)).transpose()?;
                let talk = conversation.map(|conversation| talk(subject, conversation)).zip(token);
                Ok((String::from(*subject), made, talk))
            });
            let made = made.collect::<Result<Vec<_>, AuditError>>()?;
            let loaded = known.into_iter().map(|id| Ok((*id, file.subject_of(*id)?.map(|subject| subject.key))));
            let loaded = loaded.collect::<Result<Vec<_>, AuditError>>()?;
            let begun = days.into_iter().map(|day| Ok((*day, file.make_day(*day)?)));
            Ok((made, loaded, begun.collect::<Result<Vec<_>, AuditError>>()?))
        })?;
        for (found_by, subject, talk) in made {
            self.keys.insert(subject.id, Some(subject.key.clone()));
            self.subjects.insert(found_by, subject);
            self.conversations.extend(talk);
        }
        self.keys.extend(loaded);
        self.days.extend(begun);
        Ok(())
    }

    /// A customer for whom [`Sealer::prepare`] got the key.
    pub fn subject(&self, found_by: Option<&str>) -> &Subject {
        &self.subjects[found_by.unwrap_or(NOBODY)]
    }

    /// What the log calls a conversation for which [`Sealer::prepare`] got the token.
    pub fn conversation(&self, subject: &str, conversation: &str) -> Option<&str> {
        self.conversations.get(&talk(subject, conversation)).map(String::as_str)
    }

    /// Seals a text for its place. The text of a customer who was erased meanwhile opens with no key.
    pub fn seal(&mut self, seq: i64, subject: i64, day: i64, text: &[u8]) -> Result<Sealed, AuditError> {
        let key = match (self.keys.get(&subject), self.days.get(&day)) {
            (Some(Some(key)), Some(of_day)) => {
                self.text_keys.entry((subject, day)).or_insert_with(|| key.with(of_day)).clone()
            }
            _ => SealingKey::generate(),
        };
        let packed = self.compressor.compress(text);
        let packed = packed.map_err(|error| AuditError::Refused { cause: error.to_string() })?;
        Ok(Sealed { subject, day, bytes: key.seal(&place(seq, subject, day), &packed) })
    }

    /// Forgets all keys, so that they are read again.
    pub fn forget(&mut self) {
        self.subjects.clear();
        self.conversations.clear();
        self.keys.clear();
        self.days.clear();
        self.text_keys.clear();
    }
}

/// Opens the text of the entry `seq`; `None` when its bytes are not those that were sealed there.
pub fn open(key: &SealingKey, seq: i64, sealed: &Sealed) -> Option<Vec<u8>> {
    let packed = key.open(&place(seq, sealed.subject, sealed.day), &sealed.bytes)?;
    zstd::stream::decode_all(packed.as_slice()).ok()
}

fn talk(subject: &str, conversation: &str) -> Talk {
    (subject.to_owned(), conversation.to_owned())
}

/// The day (UTC) of an instant, counted from 1970.
pub fn day_of(at: Timestamp) -> i64 {
    at.as_second().div_euclid(86_400)
}

/// What binds a text to its entry.
fn place(seq: i64, subject: i64, day: i64) -> Vec<u8> {
    let numbers = [seq, subject, day].map(i64::to_le_bytes);
    [b"blotter/payload/1".as_slice(), numbers.as_flattened()].concat()
}
