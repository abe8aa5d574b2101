//! Packed texts to sealed bytes and back, each under the key of its subject and day and for its place in the log.
//!
//! The writer's [`Sealer`] remembers keys, and forgets them when somebody else has changed the file that they came from.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::crypto::SealingKey;

use super::error::AuditError;
use super::key_file::{KeyFile, NOBODY, Subject};
use super::text::unpack;

/// What texts are made of in the log.
pub const CODEC: &str = "zstd, aes-256-gcm";
/// How many keys are remembered.
const REMEMBERED: usize = 16_384;

/// Seals the texts of a log that is open for appending.
pub struct Sealer {
    pub file: KeyFile,
    version: i64,
    /// By the customer's hashed id.
    subjects: HashMap<String, Known>,
    /// By the subject's number; `None` when it was erased.
    keys: HashMap<i64, Option<SealingKey>>,
    days: HashMap<i64, SealingKey>,
    /// By the subject's number and the day.
    text_keys: HashMap<(i64, i64), SealingKey>,
    /// How many names and keys those are.
    remembered: usize,
}

/// What is remembered of a customer.
struct Known {
    subject: Subject,
    /// What the log calls their conversations, by their hashed ids.
    conversations: HashMap<String, String>,
}

/// What the texts of entries are sealed with.
#[derive(Default)]
pub struct Needed<'a> {
    /// The customers of opening entries, and their conversations.
    pub subjects: Vec<(&'a str, Option<&'a str>)>,
    /// The numbers of those whose exchanges end.
    pub known: Vec<i64>,
    /// The days.
    pub days: Vec<i64>,
}

impl Needed<'_> {
    fn is_empty(&self) -> bool {
        self.subjects.is_empty() && self.known.is_empty() && self.days.is_empty()
    }
}

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
        let (subjects, keys, days, text_keys) = Default::default();
        Ok(Self { file, version, subjects, keys, days, text_keys, remembered: 0 })
    }

    /// Gets the keys at hand that entries need: new ones are on the disk when this returns.
    pub fn prepare(&mut self, needed: &Needed<'_>) -> Result<(), AuditError> {
        if needed.is_empty() {
            return Ok(());
        }
        self.file.check_in_place()?;
        let version = self.file.version()?;
        if version != self.version || self.remembered > REMEMBERED {
            self.forget();
            self.version = version;
        }
        let missing = self.missing(needed);
        if missing.is_empty() {
            return Ok(());
        }
        let Needed { subjects: new, known, days } = missing;
        let (made, loaded, begun) = self.file.transact(|file| {
            let made = new.into_iter().map(|(subject, talk)| {
                let made = file.make_subject(subject)?;
                let token = talk.map(|talk| file.make_conversation(talk, made.id)).transpose()?;
                Ok((String::from(subject), made, talk.map(String::from).zip(token)))
            });
            let made = made.collect::<Result<Vec<_>, AuditError>>()?;
            let loaded = known.into_iter().map(|id| Ok((id, file.subject_of(id)?.map(|subject| subject.key))));
            let loaded = loaded.collect::<Result<Vec<_>, AuditError>>()?;
            let begun = days.into_iter().map(|day| Ok((day, file.make_day(day)?)));
            Ok((made, loaded, begun.collect::<Result<Vec<_>, AuditError>>()?))
        })?;
        self.remembered += made.len() * 2 + loaded.len() + begun.len();
        for (found_by, subject, talk) in made {
            self.keys.insert(subject.id, Some(subject.key.clone()));
            let new = || Known { subject, conversations: HashMap::new() };
            self.subjects.entry(found_by).or_insert_with(new).conversations.extend(talk);
        }
        self.keys.extend(loaded);
        self.days.extend(begun);
        Ok(())
    }

    /// Whether the keys that entries need are at hand.
    pub fn has(&self, needed: &Needed<'_>) -> bool {
        self.missing(needed).is_empty()
    }

    fn missing<'n>(&self, needed: &Needed<'n>) -> Needed<'n> {
        let is_new = |(subject, conversation): &&(&str, Option<&str>)| {
            let known = self.subjects.get(*subject);
            known.is_none_or(|known| conversation.is_some_and(|talk| !known.conversations.contains_key(talk)))
        };
        Needed {
            subjects: needed.subjects.iter().filter(is_new).copied().collect(),
            known: needed.known.iter().filter(|id| !self.keys.contains_key(id)).copied().collect(),
            days: needed.days.iter().filter(|day| !self.days.contains_key(day)).copied().collect(),
        }
    }

    /// A customer for whom [`Sealer::prepare`] got the key.
    pub fn subject(&self, found_by: Option<&str>) -> &Subject {
        &self.subjects[found_by.unwrap_or(NOBODY)].subject
    }

    /// What the log calls a customer's conversation for which [`Sealer::prepare`] got the token.
    pub fn conversation(&self, found_by: Option<&str>, conversation: &str) -> Option<&str> {
        let known = self.subjects.get(found_by.unwrap_or(NOBODY))?;
        known.conversations.get(conversation).map(String::as_str)
    }

    /// Seals a packed text for its place. The text of a customer who was erased meanwhile opens with no key.
    pub fn seal(&mut self, seq: i64, subject: i64, day: i64, packed: &[u8]) -> Sealed {
        let place = place(seq, subject, day);
        let bytes = match (self.keys.get(&subject), self.days.get(&day)) {
            (Some(Some(key)), Some(of_day)) => {
                let remembered = &mut self.remembered;
                let key = self.text_keys.entry((subject, day)).or_insert_with(|| {
                    *remembered += 1;
                    key.with(of_day)
                });
                key.seal(&place, packed)
            }
            _ => SealingKey::generate().seal(&place, packed),
        };
        Sealed { subject, day, bytes }
    }

    /// Forgets all keys, so that they are read again.
    pub fn forget(&mut self) {
        self.subjects.clear();
        self.keys.clear();
        self.days.clear();
        self.text_keys.clear();
        self.remembered = 0;
    }
}

/// Opens the text of the entry `seq`; `None` when its bytes are not those that were sealed there.
pub fn open(key: &SealingKey, seq: i64, sealed: &Sealed) -> Option<Vec<u8>> {
    unpack(&key.open(&place(seq, sealed.subject, sealed.day), &sealed.bytes)?)
}

/// The day (UTC) of an instant, counted from 1970.
pub fn day_of(at: Timestamp) -> i64 {
    at.as_second().div_euclid(86_400)
}

/// What binds a text to its entry.
fn place(seq: i64, subject: i64, day: i64) -> [u8; PLACE.len() + 24] {
    let mut place = [0; PLACE.len() + 24];
    place[..PLACE.len()].copy_from_slice(PLACE);
    place[PLACE.len()..].copy_from_slice([seq, subject, day].map(i64::to_le_bytes).as_flattened());
    place
}

const PLACE: &[u8] = b"blotter/payload/1";
