//! The log's claims, each on a folder of its own.

mod erasing;
mod guards;
mod mentioning;
mod migrating;
mod random_tampering;
mod reading;
mod retaining;
mod sealing;
mod tampering;
mod witnessing;
mod writing;

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use jiff::Timestamp;
use rusqlite::Connection;
use tempfile::TempDir;
use uuid::Uuid;

use crate::crypto::{KeyRing, MacKey, MasterKey, Purpose};

use super::entry::Entry;
use super::journal::Journal;
use super::key_file::KeyFile;
use super::*;

const MASTER: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn key() -> MacKey {
    MasterKey::from_hex(MASTER).unwrap().derive(Purpose::Chain)
}

/// Wraps the keys of texts.
fn ring() -> KeyRing {
    KeyRing::parse(&"05".repeat(32)).unwrap()
}

/// What was written in November stays, in whatever year the tests run.
fn lasting(folder: &Path) -> Settings {
    Settings { text_days: 36_500, months: 1_200, ..Settings::of(folder) }
}

fn keys() -> Keys {
    Keys::new(&MasterKey::from_hex(MASTER).unwrap(), ring())
}

/// What the log calls the customer whom the bot calls `found_by`.
fn token(folder: &Path, found_by: &str) -> String {
    let file = KeyFile::open_for_reading(folder, ring()).unwrap();
    file.subject(found_by).unwrap().unwrap().token.unwrap()
}

fn reader(folder: &Path) -> Reader {
    Reader::open(folder).unwrap().unlock(&ring()).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn november() -> Timestamp {
    at("2026-11-22T12:00:00Z")
}

/// The exchange of a small number; ids sort as the numbers do.
fn id(number: u16) -> Uuid {
    let [high, low] = number.to_be_bytes();
    let mut bytes = [0x01; 16];
    (bytes[2], bytes[3]) = (high, low);
    Uuid::from_bytes(bytes)
}

fn tally(entity: &str) -> Tally {
    Tally { entity: entity.into(), pattern: "toy".into(), action: "redact".into(), count: 1 }
}

fn opened(number: u16) -> Opened {
    Opened {
        exchange: id(number),
        at: november(),
        caller: "bot".into(),
        subject: Some("subject-1".into()),
        conversation: None,
        purpose: Some("support".into()),
        consent: None,
        route: "openai".into(),
        provider: "openai".into(),
        method: "POST".into(),
        path: "/v1/chat/completions".into(),
        model: Some("toy".into()),
        streaming: true,
        ruleset: "v1".into(),
        findings: vec![tally("PHONE"), tally("EMAIL")],
        coverage: Coverage {
            strings: 2,
            bytes: 40,
            opaque: 1,
            exemptions: vec!["logo".into()],
            counts: [("opaque/role".into(), 1)].into(),
        },
        request: b"call [PHONE_7K2Q]".to_vec(),
    }
}

fn closed(number: u16) -> Closed {
    Closed {
        status: Some(200),
        usage: Usage { input: Some(9), output: Some(4), cached: None },
        timings: Timings { redact_us: 30, commit_us: 900, first_byte_us: Some(5000), total_us: 9000 },
        findings: vec![tally("SSN")],
        restored: 1,
        answer: b"I called [PHONE_7K2Q]".to_vec(),
        ..Closed::new(id(number), november(), Outcome::Complete)
    }
}

fn opening(number: u16) -> Entry {
    Entry::opened(opened(number))
}

fn closing(number: u16) -> Entry {
    Entry::closed(closed(number))
}

fn event_at(at: Timestamp) -> Entry {
    Entry::Event(Event { at, kind: EventKind::Started, detail: "toy".into() })
}

fn commit(journal: &mut Journal, entries: &[Entry]) -> Result<(), AuditError> {
    journal.commit(&entries.iter().collect::<Vec<_>>())
}

fn journal(folder: &Path) -> Journal {
    Journal::open(folder, &keys(), november()).unwrap()
}

/// The files of a small log.
const SMALL: [&str; 2] = ["2026-11.db", "keys.db"];

/// A log with the segment entry (1), two exchanges (2 to 5) and an event (6), closed.
fn small_log() -> TempDir {
    static FILES: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
        let folder = TempDir::new().unwrap();
        let entries = [opening(1), closing(1), opening(2), closing(2), event_at(november())];
        commit(&mut journal(folder.path()), &entries).unwrap();
        SMALL.map(|name| fs::read(folder.path().join(name)).unwrap())
    });
    let folder = TempDir::new().unwrap();
    SMALL.iter().zip(&*FILES).for_each(|(name, bytes)| fs::write(folder.path().join(name), bytes).unwrap());
    folder
}

fn database(folder: &TempDir) -> Connection {
    let connection = Connection::open(folder.path().join("2026-11.db")).unwrap();
    connection.execute_batch("PRAGMA synchronous = OFF").unwrap();
    connection
}

/// The problems of a log: the entry where there is one, and what.
fn problems(folder: &TempDir) -> Vec<(Option<i64>, String)> {
    let report = verify(folder.path(), &key()).unwrap();
    report.problems.into_iter().map(|problem| (problem.seq, problem.what)).collect()
}

fn assert_whole(folder: &TempDir) {
    assert_eq!(problems(folder), []);
}
