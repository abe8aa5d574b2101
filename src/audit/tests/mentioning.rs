//! A value is found by its placeholder, for as long as its texts can be read and no longer.

use super::*;

const PHONE: &str = "[PHONE_7K2Q]";

/// The exchanges in which a value is found.
fn found(folder: &TempDir, placeholder: &str) -> Vec<Uuid> {
    let found = reader(folder.path()).mentioning(&[placeholder.into()], &Filter::default()).unwrap();
    found.into_iter().map(|summary| summary.exchange).collect()
}

/// How many rows `keys.db` notes, and up to which entry.
fn notes(folder: &TempDir) -> (i64, i64) {
    let keys = Connection::open(folder.path().join("keys.db")).unwrap();
    let count = "SELECT count(*), coalesce((SELECT until FROM mentioned), 0) FROM mention";
    keys.query_row(count, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

fn about(number: u16, subject: Option<&str>, request: &str) -> Entry {
    Entry::opened(Opened {
        subject: subject.map(str::to_owned),
        request: request.as_bytes().to_vec(),
        ..opened(number)
    })
}

/// Writes 1,202 texts that mention more than is kept while `keys.db` is held.
fn overflow(folder: &TempDir, journal: &mut Journal) {
    commit(journal, &[opening(1)]).unwrap();
    let holder = Connection::open(folder.path().join("keys.db")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let many: String = (0..200).map(|number| format!("[CARD_{number:04}]")).collect();
    let entries: Vec<Entry> = (2..1203).map(|number| about(number, Some("subject-1"), &many)).collect();
    commit(journal, &entries).unwrap();
    assert!(journal.note_mentions(0).is_err() && !journal.keeps_mentions());
}

#[test]
fn a_value_is_found_before_and_after_it_is_noted() {
    let folder = TempDir::new().unwrap();
    let mut journal = journal(folder.path());
    commit(&mut journal, &[opening(1), about(2, None, "[CARD_0000]"), closing(2), about(3, None, "none")]).unwrap();
    for noted in [false, true, true] {
        assert_eq!(found(&folder, PHONE), [id(2), id(1)], "an answer counts too");
        assert_eq!((found(&folder, "[CARD_0000]"), found(&folder, "[CARD_0001]")), (vec![id(2)], vec![]));
        assert_eq!(notes(&folder).0 > 0, noted);
        journal.note_mentions(0).unwrap();
        assert_eq!(notes(&folder).1, journal.head().seq);
    }
    commit(&mut journal, &[closing(3)]).unwrap();
    assert_eq!(found(&folder, PHONE), [id(3), id(2), id(1)]);
    let one = Filter { limit: 1, ..Filter::default() };
    assert_eq!(reader(folder.path()).mentioning(&[PHONE.into()], &one).unwrap().len(), 1);
    let other = Filter { model: Some("other".into()), ..Filter::default() };
    assert!(reader(folder.path()).mentioning(&[PHONE.into()], &other).unwrap().is_empty());
    let locked = Reader::open(folder.path()).unwrap();
    assert!(locked.mentioning(&[PHONE.into()], &Filter::default()).is_err(), "it cannot tell");
}

#[test]
fn what_a_crash_left_unnoted_is_noted_at_the_next_start() {
    let folder = small_log();
    assert_eq!(notes(&folder), (0, 1));
    let mut journal = journal(folder.path());
    assert_eq!(notes(&folder), (1, 6), "one day, one customer, one placeholder");
    commit(&mut journal, &[opening(3)]).unwrap();
    drop(journal);
    drop(self::journal(folder.path()));
    assert_eq!(found(&folder, PHONE), [id(3), id(2), id(1)]);
    // As if the log, and not its keys, had been put back from an older copy.
    let keys = Connection::open(folder.path().join("keys.db")).unwrap();
    keys.execute_batch("UPDATE mentioned SET until = 99").unwrap();
    let mut journal = self::journal(folder.path());
    commit(&mut journal, &[opening(4)]).unwrap();
    assert_eq!(found(&folder, PHONE)[0], id(4));
}

#[test]
fn while_nothing_can_be_noted_little_is_kept_and_nothing_is_lost() {
    let folder = TempDir::new().unwrap();
    let mut journal = journal(folder.path());
    overflow(&folder, &mut journal);
    let looks = |journal: &mut Journal| {
        assert_eq!((found(&folder, "[CARD_0007]").len(), found(&folder, PHONE)), (100, vec![id(1)]));
        journal.note_mentions(usize::MAX).unwrap();
        notes(&folder).1
    };
    assert_eq!(looks(&mut journal), 1001, "a piece at each look, so that entries do not wait for it");
    assert_eq!(looks(&mut journal), journal.head().seq);
    assert!(journal.keeps_mentions());
    assert_eq!(looks(&mut journal), journal.head().seq);
}

#[test]
fn a_file_that_cannot_be_read_while_notes_are_caught_up_is_tried_again() {
    let folder = TempDir::new().unwrap();
    let mut journal = journal(folder.path());
    overflow(&folder, &mut journal);
    // Goes on in another file, so that the first one is open nowhere.
    commit(&mut journal, &[Entry::opened(Opened { at: at("2026-12-01T00:00:00Z"), ..opened(2000) })]).unwrap();
    let segment = folder.path().join("2026-11.db");
    let bytes = fs::read(&segment).unwrap();
    let spoilt = |from: usize| [&bytes[..from], &vec![b'x'; bytes.len() - from]].concat();
    for (bytes, until, fails) in [
        (&spoilt(0), 1, true),
        (&bytes, 1001, false),
        (&spoilt(0), 1001, true),
        (&spoilt(bytes.len() / 2), 1001, true),
        (&bytes, 1203, false),
    ] {
        fs::write(&segment, bytes).unwrap();
        assert_eq!((journal.note_mentions(0).is_err(), notes(&folder).1), (fails, until));
        assert!(!journal.keeps_mentions());
    }
    fs::write(&segment, spoilt(0)).unwrap();
    journal.note_mentions(0).unwrap();
    assert_eq!(notes(&folder).1, journal.head().seq, "a file whose texts are noted is not needed");
    assert!(journal.keeps_mentions());
    fs::write(&segment, bytes).unwrap();
    assert_eq!((found(&folder, "[CARD_0007]").len(), found(&folder, PHONE)), (100, vec![id(2000), id(1)]));
}

#[test]
fn a_file_that_cannot_be_read_keeps_no_log_from_being_opened() {
    let folder = TempDir::new().unwrap();
    let mut journal = journal(folder.path());
    commit(&mut journal, &[opening(1)]).unwrap();
    for (number, begun) in [(2, "2027-01-01T00:00:00Z"), (3, "2027-03-01T00:00:00Z")] {
        commit(&mut journal, &[Entry::opened(Opened { at: at(begun), ..opened(number) })]).unwrap();
    }
    drop(journal);
    let spoilt = folder.path().join("2026-11.db");
    let bytes = fs::read(&spoilt).unwrap();
    fs::write(&spoilt, vec![b'x'; bytes.len()]).unwrap();
    let mut journal = self::journal(folder.path());
    assert!(journal.note_mentions(0).is_err());
    assert_eq!(notes(&folder).1, 1, "as far as the first start came");
    fs::write(&spoilt, bytes).unwrap();
    assert_eq!(found(&folder, PHONE), [id(3), id(2), id(1)], "texts that are not noted are read");
    while journal.note_mentions(0).unwrap() {}
    assert_eq!(notes(&folder).1, journal.head().seq, "once it can be read its texts are noted");
    assert_eq!(found(&folder, PHONE), [id(3), id(2), id(1)]);
}

#[test]
fn what_is_not_noted_is_read_in_pieces_of_a_few_megabytes() {
    let folder = TempDir::new().unwrap();
    let mut journal = journal(folder.path());
    let noise: Vec<u8> = (0..48 << 10).flat_map(|_| crate::crypto::random::<32>()).collect();
    let entries = (1..6).map(|number| Entry::opened(Opened { request: noise.clone(), ..opened(number) }));
    commit(&mut journal, &entries.collect::<Vec<_>>()).unwrap();
    let mut unnoted = unnoted::Unnoted::of_file(folder.path(), Volume::of(november()), 0);
    let lengths = std::iter::from_fn(|| unnoted.piece().unwrap()).map(|piece| piece.texts());
    assert_eq!(lengths.collect::<Vec<_>>(), [3, 2], "of a megabyte and a half each");
}

#[test]
fn what_is_noted_of_a_customer_goes_with_them() {
    let folder = TempDir::new().unwrap();
    let mut journal = journal(folder.path());
    commit(&mut journal, &[about(1, Some("erased"), PHONE), about(2, Some("kept"), PHONE), about(3, None, PHONE)])
        .unwrap();
    journal.note_mentions(0).unwrap();
    commit(&mut journal, &[closing(1)]).unwrap();
    assert_eq!(notes(&folder).0, 3);
    let settings = Settings::of(folder.path());
    Registry::open(&settings, &ring()).unwrap().erase("erased", "asked to", november()).unwrap();
    assert_eq!(notes(&folder).0, 2, "in the same transaction");
    assert_eq!(found(&folder, PHONE), [id(3), id(2)]);
    // Not noted yet when the customer was erased, and never after.
    journal.note_mentions(0).unwrap();
    assert_eq!(notes(&folder).0, 2);
    drop(journal);
    drop(self::journal(folder.path()));
    assert_eq!((notes(&folder).0, found(&folder, PHONE)), (2, vec![id(3), id(2)]));
}

#[test]
fn what_is_noted_of_a_day_goes_with_its_texts_and_a_hold_keeps_both() {
    let folder = TempDir::new().unwrap();
    let mut journal = journal(folder.path());
    commit(&mut journal, &[about(1, Some("held"), PHONE), about(2, Some("other"), PHONE)]).unwrap();
    commit(&mut journal, &[Entry::opened(Opened { at: at("2026-12-20T00:00:00Z"), ..opened(3) })]).unwrap();
    journal.note_mentions(0).unwrap();
    let settings = Settings::of(folder.path());
    let registry = Registry::open(&settings, &ring()).unwrap();
    registry.hold("held", Some("case 4"), november()).unwrap();
    journal.expire(&settings, at("2026-12-25T00:00:00Z")).unwrap();
    assert_eq!(found(&folder, PHONE), [id(3), id(1)]);
    journal.note_mentions(0).unwrap();
    journal.note_mentions(0).unwrap();
    assert_eq!(notes(&folder).0, 1, "the notes of the day are gone");
    assert_eq!(found(&folder, PHONE), [id(3), id(1)], "what is held is read");
    registry.hold("held", None, november()).unwrap();
    assert_eq!(found(&folder, PHONE), [id(3)]);
}

#[test]
fn notes_say_nothing_without_the_key_that_wraps() {
    let folder = small_log();
    drop(journal(folder.path()));
    let keys = fs::read(folder.path().join("keys.db")).unwrap();
    assert!(!super::sealing::contains(&keys, b"PHONE"));
    // The same placeholder on another day has another hash.
    let mut journal = journal(folder.path());
    commit(&mut journal, &[Entry::opened(Opened { at: at("2026-11-23T00:00:00Z"), ..opened(3) })]).unwrap();
    journal.note_mentions(0).unwrap();
    let keys = Connection::open(folder.path().join("keys.db")).unwrap();
    let distinct = "SELECT count(DISTINCT token), count(*) FROM mention";
    let distinct = keys.query_row(distinct, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)));
    assert_eq!(distinct.unwrap(), (2, 2));
}
