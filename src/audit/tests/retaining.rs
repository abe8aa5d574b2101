//! What is older than the log keeps goes, and what is left still holds.

use super::*;
use crate::inquiry::{Archive, Chain};

/// October with one exchange, November with one, December with an event; 30 days for texts, 13 months for files.
fn three_months() -> (TempDir, Journal, Settings) {
    let folder = TempDir::new().unwrap();
    let october = at("2026-10-31T23:59:59Z");
    let mut journal = Journal::open(folder.path(), &keys(), october).unwrap();
    let first =
        [Entry::opened(Opened { at: october, ..opened(1) }), Entry::closed(Closed { at: october, ..closed(1) })];
    commit(&mut journal, &first).unwrap();
    commit(&mut journal, &[opening(2), closing(2)]).unwrap();
    commit(&mut journal, &[event_at(at("2026-12-01T00:00:00Z"))]).unwrap();
    let settings = Settings::of(folder.path());
    (folder, journal, settings)
}

fn retain(journal: &mut Journal, settings: &Settings, now: &str) -> Vec<String> {
    let outlived = journal.expire(settings, at(now)).unwrap();
    for month in &outlived {
        journal.drop_file(*month, at(now), |_| {}).unwrap();
    }
    outlived.iter().map(ToString::to_string).collect()
}

fn texts(folder: &TempDir) -> [Texts; 2] {
    [1, 2].map(|number| reader(folder.path()).show(&id(number).to_string()).unwrap().unwrap().texts)
}

#[test]
fn texts_expire_by_the_day() {
    let (folder, mut journal, settings) = three_months();
    retain(&mut journal, &settings, "2026-11-30T23:59:59Z");
    assert_eq!(texts(&folder), [Texts::Readable, Texts::Readable]);
    retain(&mut journal, &settings, "2026-12-01T00:00:00Z");
    assert_eq!(texts(&folder), [Texts::Destroyed, Texts::Readable]);
    retain(&mut journal, &settings, "2026-12-23T00:00:00Z");
    assert_eq!(texts(&folder), [Texts::Destroyed, Texts::Destroyed]);
    let december = Connection::open(folder.path().join("2026-12.db")).unwrap();
    let expired = "SELECT count(*) FROM event WHERE name = 'expired'";
    assert_eq!(december.query_row(expired, [], |row| row.get::<_, i64>(0)).unwrap(), 2);
    // New texts of a day that is over for others get a key of their own.
    commit(&mut journal, &[Entry::opened(Opened { at: at("2026-12-23T00:00:00Z"), ..opened(3) })]).unwrap();
    assert_eq!(reader(folder.path()).show(&id(3).to_string()).unwrap().unwrap().texts, Texts::Readable);
    drop(journal);
    assert_whole(&folder);
}

#[test]
fn files_go_whole_and_the_rest_holds() {
    let (folder, mut journal, settings) = three_months();
    let none: [&str; 0] = [];
    assert_eq!(retain(&mut journal, &settings, "2027-11-30T23:59:59Z"), none);
    assert_eq!(retain(&mut journal, &settings, "2027-12-01T00:00:00Z"), ["2026-10"]);
    assert!(!folder.path().join("2026-10.db").exists());
    drop(journal);
    assert_whole(&folder);
    let mut journal = Journal::open(folder.path(), &keys(), at("2027-12-02T00:00:00Z")).unwrap();
    assert_eq!(retain(&mut journal, &settings, "2030-01-01T00:00:00Z"), ["2026-11", "2026-12", "2027-11"]);
    drop(journal);
    assert_whole(&folder);
}

#[test]
fn a_file_that_somebody_else_dropped_is_missed() {
    let (folder, journal, _) = three_months();
    drop(journal);
    fs::remove_file(folder.path().join("2026-10.db")).unwrap();
    assert_eq!(problems(&folder).len(), 1);
}

#[test]
fn a_proof_that_goes_on_misses_no_file_but_one_that_went_unsaid() {
    for in_time in [true, false] {
        let (folder, mut journal, settings) = three_months();
        let archive = Archive::new(settings.clone(), &MasterKey::from_hex(MASTER).unwrap(), ring());
        let mut chain = Chain::default();
        let mut look = |now: &str| {
            chain.catch_up(&archive, &archive.reader().unwrap(), at(now)).unwrap();
            (chain.broken, chain.from)
        };
        assert_eq!([look("2026-12-01T00:00:00Z"), look("2026-12-01T00:00:02Z")], [(None, 1), (None, 1)]);
        match in_time {
            true => assert_eq!(retain(&mut journal, &settings, "2027-12-01T00:00:00Z"), ["2026-10"]),
            false => fs::remove_file(folder.path().join("2026-10.db")).unwrap(),
        }
        let [_, seen] = ["2027-12-01T00:00:04Z", "2027-12-01T00:00:06Z"].map(&mut look);
        assert_eq!(seen, if in_time { (None, first_entry(folder.path()).unwrap()) } else { (Some(1), 1) });
    }
}

#[test]
fn a_hold_keeps_texts_and_files() {
    let (folder, mut journal, settings) = three_months();
    let registry = Registry::open(&settings, &ring()).unwrap();
    registry.hold("subject-1", Some("case 4"), november()).unwrap();
    assert!(retain(&mut journal, &settings, "2029-01-01T00:00:00Z").is_empty());
    assert_eq!(texts(&folder), [Texts::Readable, Texts::Readable]);
    assert_eq!(registry.lifetimes().unwrap().iter().map(|file| file.held).collect::<Vec<_>>(), [1, 1, 0, 0]);
    // The newest file is the one that the entry about the expiry began.
    registry.hold("subject-1", None, november()).unwrap();
    assert_eq!(texts(&folder), [Texts::Destroyed, Texts::Destroyed]);
    assert_eq!(retain(&mut journal, &settings, "2029-01-01T00:00:00Z"), ["2026-10", "2026-11", "2026-12"]);
    drop(journal);
    assert_whole(&folder);
}
