//! What a customer may ask for: everything held about them, and that it goes; and what a court may ask for: that it stays.
//!
//! An erasure destroys the customer's key and the only rows that know whose tokens theirs and their conversations' were. What is left are entries about
//! nobody, whose texts no key opens; the chain does not notice. The log hears of it by a note in the same transaction.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use serde::Serialize;
use serde_json::Value;

use crate::crypto::{KeyRing, SigningKey};

use super::error::AuditError;
use super::event::{Event, EventKind};
use super::happening::{Happening, Happenings};
use super::key_file::{self, KeyFile, NOBODY, Subject};
use super::note;
use super::query::Reader;
use super::retention::{self, Lifetime};
use super::segment;
use super::settings::Settings;
use super::volume::Volume;

/// What was erased, or would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Erasure {
    /// What the log called the customer.
    pub token: String,
    /// The exchanges that were about them, which are about nobody now.
    pub exchanges: u64,
    /// Their texts, which no key opens any more.
    pub texts: u64,
    /// When it was done.
    #[serde(serialize_with = "super::entry::display")]
    pub at: Timestamp,
    /// When the last backup of the keys is gone that could bring the texts back.
    #[serde(serialize_with = "super::entry::display")]
    pub complete_after: Timestamp,
    /// Why.
    pub reason: String,
}

/// Where the requests of customers and courts are carried out, beside a proxy that runs or without one.
pub struct Registry<'a> {
    settings: &'a Settings,
    file: KeyFile,
}

impl<'a> Registry<'a> {
    /// Opens the keys of the log.
    pub fn open(settings: &'a Settings, ring: &KeyRing) -> Result<Self, AuditError> {
        if Volume::all_in(&settings.folder)?.is_empty() {
            return Err(AuditError::NoLog { folder: settings.folder.clone() });
        }
        let path = key_file::path_in(&settings.folder);
        if !path.exists() {
            return Err(AuditError::NoKeys { path });
        }
        Ok(Self { settings, file: KeyFile::open(&settings.folder, ring.clone())? })
    }

    /// What an erasure would do to a customer, by the hashed id.
    pub fn plan(&self, found_by: &str, reason: &str, now: Timestamp) -> Result<Erasure, AuditError> {
        self.plan_for(&self.find(found_by)?, reason, now)
    }

    /// Destroys the key of a customer, by the hashed id; fails while they are on hold.
    pub fn erase(&self, found_by: &str, reason: &str, now: Timestamp) -> Result<Erasure, AuditError> {
        self.file.transact(|file| {
            let subject = self.find(found_by)?;
            if let Some(reason) = subject.held {
                return Err(AuditError::OnHold { reason });
            }
            let erasure = self.plan_for(&subject, reason, now)?;
            forget(file, &subject)?;
            file.note(&Event { at: now, kind: EventKind::Erased, detail: detail(&erasure) })?;
            Ok(erasure)
        })
    }

    /// Erases again whom the log says to be erased, and tells how many those were: a backup of the keys may still know them.
    pub fn erase_again(&self) -> Result<usize, AuditError> {
        let asked = Happenings { names: vec![EventKind::Erased.name().into()], ..Happenings::default() };
        let erased = Reader::open(&self.settings.folder)?.happenings(&asked)?;
        let token = |happening: &Happening| {
            serde_json::from_str::<Value>(&happening.detail).ok()?["subject"].as_str().map(str::to_owned)
        };
        self.file.transact(|file| {
            let mut again = 0;
            for token in erased.iter().filter_map(token).filter(|token| !token.is_empty()) {
                if let Some(subject) = file.subject_named(&token)? {
                    forget(file, &subject)?;
                    again += 1;
                }
            }
            Ok(again)
        })
    }

    /// Keeps a customer from erasure and retention, or no longer, without a reason.
    pub fn hold(&self, found_by: &str, reason: Option<&str>, now: Timestamp) -> Result<String, AuditError> {
        self.file.transact(|file| {
            let subject = self.find(found_by)?;
            let token = subject.token.unwrap_or_default();
            file.write(|connection| {
                connection.execute("UPDATE subject SET held = ?1 WHERE id = ?2", (reason, subject.id))?;
                let expired = "DELETE FROM kept WHERE subject = ?1 AND ?2 IS NULL";
                connection.execute(expired, (subject.id, reason))
            })?;
            let kind = if reason.is_some() { EventKind::Held } else { EventKind::Released };
            let detail = serde_json::json!({ "subject": token, "reason": reason }).to_string();
            file.note(&Event { at: now, kind, detail })?;
            Ok(token)
        })
    }

    /// Wraps the keys of all texts with the newest key of the ring, and tells how many those were.
    pub fn rotate(&self, now: Timestamp) -> Result<usize, AuditError> {
        let rewrapped = self.file.rewrap()?;
        let detail = serde_json::json!({ "keys": rewrapped }).to_string();
        self.file.note(&Event { at: now, kind: EventKind::Rotated, detail })?;
        Ok(rewrapped)
    }

    /// What is kept until when, oldest file first.
    pub fn lifetimes(&self) -> Result<Vec<Lifetime>, AuditError> {
        retention::lifetimes(self.settings, &self.file)
    }

    /// Has the log say that somebody looked at texts, or took them away.
    pub fn note(&self, event: &Event) -> Result<(), AuditError> {
        self.file.note(event)
    }

    /// Whether everything that was noted is in the log.
    pub fn is_logged(&self) -> Result<bool, AuditError> {
        Ok(self.file.notes()?.0.is_empty())
    }

    /// A customer by the hashed id, or by the log's own token.
    fn find(&self, asked: &str) -> Result<Subject, AuditError> {
        let found =
            if asked == NOBODY { None } else { self.file.subject(asked)?.or(self.file.subject_named(asked)?) };
        found.ok_or_else(|| AuditError::NoSubject { subject: asked.into() })
    }

    fn plan_for(&self, subject: &Subject, reason: &str, now: Timestamp) -> Result<Erasure, AuditError> {
        let token = subject.token.clone().unwrap_or_default();
        let (exchanges, texts) = count(&self.settings.folder, &token, subject.id)?;
        let backups = SignedDuration::from_hours(24 * i64::from(self.settings.backup_days));
        let complete_after = now.saturating_add(backups).unwrap_or(now);
        Ok(Erasure { token, exchanges, texts, at: now, complete_after, reason: reason.into() })
    }
}

/// Destroys what opens a customer's texts, and what they, their conversations and their texts are found by.
fn forget(file: &KeyFile, subject: &Subject) -> Result<(), AuditError> {
    file.write(|connection| {
        connection.execute("DELETE FROM kept WHERE subject = ?1", [subject.id])?;
        connection.execute("DELETE FROM conversation WHERE subject = ?1", [subject.id])?;
        connection.execute("DELETE FROM mention WHERE subject = ?1 AND subject > 1", [subject.id])?;
        connection.execute("DELETE FROM subject WHERE id = ?1", [subject.id]).map(drop)
    })
}

fn detail(erasure: &Erasure) -> String {
    let Erasure { token, exchanges, texts, reason, .. } = erasure;
    serde_json::json!({ "subject": token, "exchanges": exchanges, "texts": texts, "reason": reason }).to_string()
}

/// How many exchanges and texts there are of a customer.
fn count(folder: &Path, token: &str, subject: i64) -> Result<(u64, u64), AuditError> {
    let (mut exchanges, mut texts) = (0, 0);
    for volume in Volume::all_in(folder)? {
        let Some(connection) = segment::open_for_reading(folder, volume)? else { continue };
        let one = |sql: &str, connection: &Connection| -> rusqlite::Result<i64> {
            connection.query_row(sql, (token, subject), |row| row.get(0))
        };
        let opened = "SELECT count(*) FROM opened WHERE subject = ?1 AND ?2 > 0";
        // Answers may be in the file after; `subject` finds them all.
        let sealed = "SELECT count(*) FROM payload WHERE subject = ?2 AND subject > 1 AND ?1 <> ''";
        let counted = one(opened, &connection).and_then(|opened| Ok((opened, one(sealed, &connection)?)));
        let (opened, sealed) = counted.map_err(|error| AuditError::reading(folder, error))?;
        exchanges += opened.cast_unsigned();
        texts += sealed.cast_unsigned();
    }
    Ok((exchanges, texts))
}

/// What a customer is given as proof, signed so that anyone with the log's public key can check it.
///
/// The text is a signed note (C2SP `signed-note`): the facts, a blank line, a signature.
pub fn receipt(erasure: &Erasure, origin: &str, key: &SigningKey) -> String {
    let Erasure { token, exchanges, texts, at, complete_after, reason } = erasure;
    let reason = serde_json::json!(reason);
    note::sign(
        &format!(
            "{origin}/erasure\nerased {token}\nreason {reason}\nexchanges {exchanges}\ntexts {texts}\n\
             at {at:.0}\nbackups expired after {complete_after:.0}\n"
        ),
        origin,
        key,
    )
}
