//! Texts are sealed, and nothing but their keys opens them.

use super::*;

/// Every byte of every file of a folder.
pub(super) fn bytes_of(folder: &Path) -> Vec<u8> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.flat_map(|path| fs::read(path).unwrap()).collect()
}

pub(super) fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn no_text_and_no_id_stands_in_any_file() {
    let folder = TempDir::new().unwrap();
    let mut journal = journal(folder.path());
    commit(&mut journal, &[opening(1), closing(1)]).unwrap();
    let kept = bytes_of(folder.path());
    for text in ["call [PHONE_7K2Q]", "I called", "PHONE_7K2Q"] {
        assert!(!contains(&kept, text.as_bytes()), "{text}");
    }
    assert!(!contains(&fs::read(folder.path().join("2026-11.db-wal")).unwrap(), b"subject-1"));
}

#[test]
fn texts_are_locked_without_the_ring() {
    let folder = small_log();
    let record = Reader::open(folder.path()).unwrap().show(&id(1).to_string()).unwrap().unwrap();
    assert_eq!((record.texts, record.opened.request), (Texts::Locked, vec![]));
    let other = Reader::open(folder.path()).unwrap().unlock(&KeyRing::generate()).unwrap();
    assert!(matches!(other.show(&id(1).to_string()), Err(AuditError::WrongSealingKey { .. })));
    let other = Keys { sealing: KeyRing::generate(), ..keys() };
    let error = Journal::open(folder.path(), &other, november()).err().unwrap();
    assert!(matches!(error, AuditError::WrongSealingKey { .. }), "{error}");
}

#[test]
fn a_text_opens_in_its_own_place_only() {
    let folder = small_log();
    let connection = database(&folder);
    connection.execute_batch("DROP TRIGGER payload_never_updated").unwrap();
    let swap = "UPDATE payload SET bytes = (SELECT bytes FROM payload WHERE seq = 4) WHERE seq = 2";
    connection.execute_batch(swap).unwrap();
    let record = reader(folder.path()).show(&id(1).to_string()).unwrap().unwrap();
    assert_eq!((record.texts, record.opened.request), (Texts::Damaged, vec![]));
}

#[test]
fn customers_have_one_token_each_that_is_not_their_hash() {
    let folder = TempDir::new().unwrap();
    let mut journal = journal(folder.path());
    let other = Opened { subject: Some("subject-2".into()), ..opened(2) };
    let nobody = Opened { subject: None, ..opened(3) };
    commit(&mut journal, &[opening(1), Entry::opened(other), Entry::opened(nobody)]).unwrap();
    drop(journal);
    commit(&mut self::journal(folder.path()), &[opening(4)]).unwrap();
    let subjects = reader(folder.path()).list(&Filter::default()).unwrap();
    let subjects: Vec<_> = subjects.into_iter().map(|summary| summary.subject).collect();
    assert_eq!((&subjects[0], &subjects[1]), (&subjects[3], &None));
    assert_ne!(subjects[2], subjects[3]);
    assert!(subjects[0].as_ref().unwrap().starts_with("sub_"));
    let text = reader(folder.path()).show(&id(3).to_string()).unwrap().unwrap();
    assert_eq!(text.opened.request, opened(3).request);
}

#[test]
fn keys_are_wrapped_anew_without_touching_texts() {
    let folder = small_log();
    let before = fs::read(folder.path().join("2026-11.db")).unwrap();
    let both = ring().with_fresh();
    let file = KeyFile::open(folder.path(), both.clone()).unwrap();
    assert_eq!(file.rewrap().unwrap(), 3, "nobody, one customer, one day");
    assert_eq!(file.rewrap().unwrap(), 0);
    drop(file);
    let newest = both.newest_alone();
    let record = Reader::open(folder.path()).unwrap().unlock(&newest).unwrap().show(&id(1).to_string());
    assert_eq!(record.unwrap().unwrap().opened.request, opened(1).request);
    assert!(KeyFile::open(folder.path(), ring()).is_err());
    assert_eq!(fs::read(folder.path().join("2026-11.db")).unwrap(), before);
}

#[test]
fn a_log_without_its_keys_is_not_gone_on_with() {
    let folder = small_log();
    fs::remove_file(folder.path().join("keys.db")).unwrap();
    let error = Journal::open(folder.path(), &keys(), november()).err().unwrap();
    assert!(matches!(error, AuditError::NoKeys { .. }), "{error}");
    assert!(Registry::open(&Settings::of(folder.path()), &ring()).is_err());
}
