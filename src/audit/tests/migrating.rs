//! A newer program goes on where an older one, or a full file, ended.

use super::super::rows::Appender;
use super::super::schema::{FORMATS, Format, NEWEST};
use super::*;

/// A log with a file of `format` that holds one exchange, and keys as the first version made them.
fn old_log(format: &Format) -> TempDir {
    let folder = TempDir::new().unwrap();
    KeyFile::make_first_version(folder.path());
    let file = database(&folder);
    file.execute_batch("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL").unwrap();
    file.execute_batch(&format.create()).unwrap();
    let key = key();
    let mut appender = Appender::new(&file, &key, Head::START);
    let tokens = super::super::rows::Tokens { subject: Some("sub_1".into()), conversation: None };
    appender.segment(november(), "2026-11", None).unwrap();
    appender.opened(&opened(1), &tokens, None).unwrap();
    appender.closed(&closed(1), 2, None).unwrap();
    folder
}

#[test]
fn a_file_of_an_older_format_is_read_and_followed_by_another() {
    for format in &FORMATS[..FORMATS.len() - 1] {
        let folder = old_log(format);
        assert_whole(&folder);
        let before = fs::read(folder.path().join("2026-11.db")).unwrap();
        commit(&mut journal(folder.path()), &[opening(2), closing(2)]).unwrap();
        assert_eq!(fs::read(folder.path().join("2026-11.db")).unwrap(), before, "an old file is left as it is");
        let newer = Connection::open(folder.path().join("2026-11.2.db")).unwrap();
        let version: i64 = newer.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        assert_eq!(version, NEWEST.version);
        assert_whole(&folder);
        let listed = reader(folder.path()).list(&Filter::default()).unwrap();
        assert_eq!(listed.iter().map(|found| found.exchange).collect::<Vec<_>>(), [id(2), id(1)]);
        let other = Keys::new(&MasterKey::generate(), ring());
        assert!(Journal::open(folder.path(), &other, november()).is_err());
    }
}

#[test]
fn an_older_file_of_keys_is_brought_up_to_date_and_a_newer_one_refused() {
    let folder = old_log(NEWEST);
    let keys = KeyFile::open_for_reading(folder.path(), ring()).unwrap();
    assert!(keys.conversations("talk").unwrap().is_empty(), "it can be read as it is");
    let keys = KeyFile::open(folder.path(), ring()).unwrap();
    let token = keys.make_conversation("talk", 1).unwrap();
    assert_eq!(keys.conversations("talk").unwrap(), [token]);
    drop(keys);
    Connection::open(folder.path().join("keys.db")).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    let error = KeyFile::open(folder.path(), ring()).err().unwrap();
    assert!(matches!(error, AuditError::Newer { version: 99, .. }), "{error}");
}

#[test]
fn a_full_file_is_followed_by_another_in_the_same_month() {
    let folder = TempDir::new().unwrap();
    let mut journal = journal(folder.path()).limited(1);
    commit(&mut journal, &[opening(1)]).unwrap();
    commit(&mut journal, &[opening(2)]).unwrap();
    commit(&mut journal, &[closing(1)]).unwrap();
    drop(journal);
    assert_eq!(verify(folder.path(), &key()).unwrap().open, [id(2)]);
    let mut journal = self::journal(folder.path());
    assert!(commit(&mut journal, &[closing(2)]).is_err(), "it was closed as interrupted at the start");
    drop(journal);
    let report = verify(folder.path(), &key()).unwrap();
    assert_eq!((report.segments, report.open, report.problems), (4, vec![], vec![]));
    let outcomes = reader(folder.path()).list(&Filter::default()).unwrap();
    let outcomes: Vec<_> = outcomes.into_iter().map(|found| found.outcome.unwrap()).collect();
    assert_eq!(outcomes, [Outcome::Interrupted, Outcome::Complete]);
    let complete = Filter { outcome: Some(Outcome::Complete), ..Filter::default() };
    assert_eq!(reader(folder.path()).list(&complete).unwrap().len(), 1, "it was closed two files later");
    fs::remove_file(folder.path().join("2026-11.2.db")).unwrap();
    assert!(!problems(&folder).is_empty());
}

#[test]
fn an_inventory_is_logged_when_it_differs() {
    let folder = small_log();
    let settings = Settings::of(folder.path());
    let mut journal = journal(folder.path());
    let inventory = |hash: &str| Inventory {
        ruleset: hash.into(),
        patterns: [("card".to_owned(), hash.to_owned())].into(),
        ..Inventory::default()
    };
    for (hash, changed) in [("1", None), ("2", Some(vec!["card".to_owned()]))] {
        let event = inventory(hash).event(&settings, november()).unwrap().unwrap();
        let configured: Configured = serde_json::from_str(&event.detail).unwrap();
        assert_eq!(
            (&configured.inventory, configured.changes.map(|changes| changes.changed)),
            (&inventory(hash), changed)
        );
        commit(&mut journal, &[Entry::Event(event)]).unwrap();
        assert_eq!(inventory(hash).event(&settings, november()).unwrap(), None);
    }
    commit(&mut journal, &[event_at(at("2026-12-01T00:00:00Z"))]).unwrap();
    assert!(inventory("2").event(&settings, november()).unwrap().is_some(), "a new file says it again");
}
