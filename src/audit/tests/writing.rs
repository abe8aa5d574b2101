//! What is acknowledged is there, whatever happens before and after.

use std::time::{Duration, Instant};

use super::*;
use crate::crypto;

fn count(folder: &TempDir, condition: &str) -> i64 {
    let query = format!("SELECT count(*) FROM closed WHERE {condition}");
    database(folder).query_row(&query, [], |row| row.get(0)).unwrap()
}

/// Takes the write lock of the folder's one file, as another program could.
fn hold(folder: &TempDir) -> Connection {
    let mut files = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
    let path = files
        .find(|path| path.extension().is_some_and(|extension| extension == "db") && !path.ends_with("keys.db"))
        .unwrap();
    let thief = Connection::open(path).unwrap();
    thief.execute_batch("BEGIN IMMEDIATE").unwrap();
    thief
}

/// Makes the journal's disk full: its file may not grow any more.
fn fill(journal: &mut Journal) {
    limit_pages(journal, "PRAGMA max_page_count = 1");
}

fn make_room(journal: &mut Journal) {
    limit_pages(journal, "PRAGMA max_page_count = 1000000");
}

fn limit_pages(journal: &mut Journal, pragma: &str) {
    let connection = journal.connection();
    connection.authorizer(None::<fn(rusqlite::hooks::AuthContext<'_>) -> rusqlite::hooks::Authorization>).unwrap();
    connection.query_row(pragma, [], |_| Ok(())).unwrap();
    super::super::schema::arm(connection).unwrap();
}

/// An entry whose text nothing makes smaller.
fn big(number: u16) -> Entry {
    let request = (0..1 << 13).flat_map(|block: u32| crypto::sha256(&block.to_le_bytes())).collect();
    Entry::opened(Opened { request, ..opened(number) })
}

#[test]
fn what_a_crash_left_open_is_closed_as_interrupted() {
    let folder = TempDir::new().unwrap();
    commit(&mut journal(folder.path()), &[opening(1), opening(2), closing(1)]).unwrap();
    assert_eq!(verify(folder.path(), &key()).unwrap().open, [id(2)]);
    journal(folder.path());
    assert_eq!(count(&folder, "outcome = 'interrupted' AND opened = 3"), 1);
    assert_eq!(count(&folder, "TRUE"), 2);
    assert!(verify(folder.path(), &key()).unwrap().open.is_empty());
    assert_whole(&folder);
}

#[test]
fn what_was_committed_survives_a_crash() {
    let (folder, crashed) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let mut journal = journal(folder.path());
    commit(&mut journal, &[opening(1), closing(1), opening(2)]).unwrap();
    for name in ["2026-11.db", "2026-11.db-wal", "keys.db"] {
        fs::copy(folder.path().join(name), crashed.path().join(name)).unwrap();
    }
    drop(Journal::open(crashed.path(), &keys(), november()).unwrap());
    let report = verify(crashed.path(), &key()).unwrap();
    assert_eq!((report.entries, report.exchanges, report.open, report.problems), (5, 2, vec![], vec![]));
}

#[test]
fn what_a_crash_left_open_last_month_is_closed_too() {
    let folder = TempDir::new().unwrap();
    let mut journal = journal(folder.path());
    let december = at("2026-12-01T00:00:00Z");
    commit(&mut journal, &[opening(1), opening(2)]).unwrap();
    commit(&mut journal, &[event_at(december)]).unwrap();
    commit(&mut journal, &[Entry::closed(Closed { at: december, ..closed(1) })]).unwrap();
    drop(journal);
    Journal::open(folder.path(), &keys(), december).unwrap();
    let report = verify(folder.path(), &key()).unwrap();
    assert_eq!((report.open, report.problems, report.entries), (vec![], vec![], 7));
}

#[test]
fn a_file_whose_making_was_cut_short_is_completed() {
    let folder = small_log();
    fs::write(folder.path().join("2026-12.db"), b"").unwrap();
    assert_whole(&folder);
    drop(Journal::open(folder.path(), &keys(), at("2026-12-01T00:00:00Z")).unwrap());
    let report = verify(folder.path(), &key()).unwrap();
    assert_eq!((report.segments, report.entries, report.problems), (2, 7, vec![]));
}

#[test]
fn a_clock_that_steps_back_begins_no_file() {
    let folder = small_log();
    commit(&mut journal(folder.path()), &[event_at(at("2026-10-01T00:00:00Z"))]).unwrap();
    let report = verify(folder.path(), &key()).unwrap();
    assert_eq!((report.segments, report.problems), (1, vec![]));
}

#[test]
fn a_second_writer_is_refused() {
    let folder = TempDir::new().unwrap();
    let first = journal(folder.path());
    let error = Journal::open(folder.path(), &keys(), november()).err().unwrap();
    assert!(matches!(&error, AuditError::Locked { folder: named } if named == folder.path()), "{error}");
    drop(first);
    journal(folder.path());
}

#[test]
fn a_newer_format_is_refused() {
    let folder = small_log();
    database(&folder).execute_batch("PRAGMA user_version = 99").unwrap();
    let error = Journal::open(folder.path(), &keys(), november()).err().unwrap();
    assert!(matches!(error, AuditError::Newer { version: 99, known: 4, .. }), "{error}");
    assert!(verify(folder.path(), &key()).is_err());
}

#[test]
fn a_foreign_database_is_refused() {
    let folder = TempDir::new().unwrap();
    database(&folder).execute_batch("CREATE TABLE t(x)").unwrap();
    let error = Journal::open(folder.path(), &keys(), november()).err().unwrap();
    assert!(matches!(error, AuditError::Foreign { .. }), "{error}");
}

#[test]
fn a_folder_that_cannot_be_made_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    let error = Journal::open(&file.join("log"), &keys(), november()).err().unwrap();
    assert!(matches!(error, AuditError::Unwritable { .. }), "{error}");
}

#[test]
fn a_file_that_was_taken_away_fails_the_writer_until_it_is_back() {
    for name in ["2026-11.db", "2026-11.db-wal", "keys.db"] {
        let folder = TempDir::new().unwrap();
        let mut journal = journal(folder.path());
        let (path, away) = (folder.path().join(name), folder.path().join("away"));
        fs::rename(&path, &away).unwrap();
        let error = commit(&mut journal, &[opening(1)]).unwrap_err();
        assert!(matches!(&error, AuditError::Replaced { path: named } if *named == path), "{error}");
        fs::rename(&away, &path).unwrap();
        commit(&mut journal, &[opening(1)]).unwrap();
        drop(journal);
        assert_whole(&folder);
    }
}

#[test]
fn a_full_disk_fails_the_batch_and_the_next_one_succeeds() {
    let folder = TempDir::new().unwrap();
    let mut journal = journal(folder.path());
    commit(&mut journal, &[opening(1)]).unwrap();
    fill(&mut journal);
    let error = commit(&mut journal, &[closing(1), big(2)]).unwrap_err();
    assert!(matches!(error, AuditError::Unwritable { remedy: "free space on its volume", .. }), "{error}");
    make_room(&mut journal);
    commit(&mut journal, &[big(2), closing(1), closing(2)]).unwrap();
    drop(journal);
    let report = verify(folder.path(), &key()).unwrap();
    assert_eq!((report.entries, report.open, report.problems), (5, vec![], vec![]));
}

#[test]
fn an_exchange_is_closed_once_and_only_when_it_is_open() {
    let folder = TempDir::new().unwrap();
    let mut journal = journal(folder.path());
    let error = commit(&mut journal, &[closing(1)]).unwrap_err();
    assert!(matches!(error, AuditError::NotOpen { exchange } if exchange == id(1)), "{error}");
    commit(&mut journal, &[opening(1), closing(1)]).unwrap();
    assert!(commit(&mut journal, &[closing(1)]).is_err());
    assert!(commit(&mut journal, &[opening(2), closing(2), closing(2)]).is_err());
    let error = commit(&mut journal, &[opening(1)]).unwrap_err();
    assert_eq!(error.to_string(), "the log's guard refused an entry: an exchange is opened once");
}

#[test]
fn an_open_batch_takes_what_needs_no_new_key_and_no_new_file() {
    let folder = TempDir::new().unwrap();
    let mut journal = journal(folder.path());
    commit(&mut journal, &[opening(1)]).unwrap();
    let mut batch = journal.begin(&[&opening(2)]).unwrap();
    let (same, other) = (opening(3), Entry::opened(Opened { subject: Some("subject-2".into()), ..opened(4) }));
    let later = Entry::closed(Closed { at: at("2026-12-01T00:00:00Z"), ..closed(1) });
    assert!(batch.takes(&[&same, &closing(1)]) && !batch.takes(&[&same, &other]) && !batch.takes(&[&later]));
    batch.append(&[&same, &closing(1)]).unwrap();
    assert!(batch.append(&[&closing(9)]).is_err());
    drop(batch);
    let batch = journal.begin(&[&same, &other]).unwrap();
    batch.commit().unwrap();
    drop(journal);
    let report = verify(folder.path(), &key()).unwrap();
    assert_eq!((report.entries, report.open, report.problems), (4, vec![id(1), id(3), id(4)], vec![]));
}

#[tokio::test]
async fn concurrent_appends_are_all_there_and_in_order() {
    let folder = TempDir::new().unwrap();
    let (log, writer) = Log::open(&lasting(folder.path()), &keys()).unwrap();
    let exchange = |number: u16| {
        let log = log.clone();
        async move {
            log.opened(opened(number)).await?;
            log.closed(closed(number)).await
        }
    };
    let tasks: Vec<_> = (0..200).map(|number| tokio::spawn(exchange(number))).collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    writer.close().unwrap();
    let report = verify(folder.path(), &key()).unwrap();
    assert_eq!((report.exchanges, report.entries, report.open, report.problems), (200, 401, vec![], vec![]));
    assert!(matches!(log.opened(opened(300)).await, Err(AuditError::Stopped)));
}

#[tokio::test]
async fn an_acknowledged_entry_is_seen_by_others() {
    let folder = TempDir::new().unwrap();
    let (log, _writer) = Log::open(&lasting(folder.path()), &keys()).unwrap();
    let reader = Reader::open(folder.path()).unwrap();
    log.opened(opened(1)).await.unwrap();
    assert_eq!(reader.list(&Filter::default()).unwrap().len(), 1);
    assert_eq!(verify(folder.path(), &key()).unwrap().open, [id(1)]);
}

#[tokio::test]
async fn a_refused_request_has_both_entries() {
    let folder = TempDir::new().unwrap();
    let (log, writer) = Log::open(&lasting(folder.path()), &keys()).unwrap();
    let refusal =
        Closed { reason: Some("json/duplicate-key".into()), ..Closed::new(id(1), november(), Outcome::Refused) };
    log.refused(opened(1), refusal.clone()).await.unwrap();
    writer.close().unwrap();
    let record = Reader::open(folder.path()).unwrap().show(&id(1).to_string()).unwrap().unwrap();
    assert_eq!(record.closed, Some(refusal));
}

#[tokio::test]
async fn a_request_refused_at_midnight_can_be_read() {
    let folder = TempDir::new().unwrap();
    let (log, writer) = Log::open(&lasting(folder.path()), &keys()).unwrap();
    let refusal = Closed::new(id(1), at("2026-11-23T00:00:00Z"), Outcome::Refused);
    log.refused(Opened { at: at("2026-11-22T23:59:59Z"), ..opened(1) }, refusal).await.unwrap();
    writer.close().unwrap();
    assert_eq!(reader(folder.path()).show(&id(1).to_string()).unwrap().unwrap().opened.request, opened(1).request);
}

#[tokio::test]
async fn closing_waits_for_what_nobody_waits_for() {
    let folder = TempDir::new().unwrap();
    let (log, writer) = Log::open(&lasting(folder.path()), &keys()).unwrap();
    log.opened(opened(1)).await.unwrap();
    log.closed_later(closed(1));
    writer.close().unwrap();
    let complete = Filter { outcome: Some(Outcome::Complete), ..Filter::default() };
    assert_eq!(Reader::open(folder.path()).unwrap().list(&complete).unwrap().len(), 1);
}

#[tokio::test]
async fn one_bad_entry_does_not_take_the_others_down() {
    let folder = TempDir::new().unwrap();
    let (log, writer) = Log::open(&lasting(folder.path()), &keys()).unwrap();
    let (first, bad, second) = tokio::join!(log.opened(opened(1)), log.closed(closed(9)), log.opened(opened(2)));
    assert!(first.is_ok() && second.is_ok() && matches!(bad, Err(AuditError::NotOpen { .. })));
    writer.close().unwrap();
}

#[tokio::test]
async fn a_held_file_fails_the_writer_and_the_gap_is_in_the_log() {
    let folder = TempDir::new().unwrap();
    let (log, writer) = Log::open(&lasting(folder.path()), &keys()).unwrap();
    log.opened(Opened { at: Timestamp::now(), ..opened(1) }).await.unwrap();
    let thief = hold(&folder);
    log.closed_later(closed(1));
    let error = log.opened(opened(2)).await.unwrap_err();
    assert!(matches!(error, AuditError::Unwritable { remedy: "end the program that holds it", .. }), "{error}");
    log.opened(opened(4)).await.unwrap_err();
    thief.execute_batch("ROLLBACK").unwrap();
    log.opened(opened(3)).await.unwrap();
    writer.close().unwrap();
    let recovered = "SELECT json_extract(detail, '$.refused') FROM event WHERE name = 'recovered'";
    let refused: i64 = thief.query_row(recovered, [], |row| row.get(0)).unwrap();
    assert_eq!(refused, 2, "the exchange that ended is late, and was not refused");
    let report = verify(folder.path(), &key()).unwrap();
    assert_eq!((report.exchanges, report.open, report.problems), (2, vec![id(3)], vec![]));
}

#[test]
fn a_commit_waits_for_who_holds_the_file_as_long_as_it_should() {
    let folder = TempDir::new().unwrap();
    let mut journal = journal(folder.path());
    let _thief = hold(&folder);
    let begun = Instant::now();
    assert!(matches!(commit(&mut journal, &[opening(1)]), Err(AuditError::Unwritable { .. })));
    // The database's own patience is five seconds; a machine may be busy for a while.
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_log_that_is_to_end_the_process_says_when() {
    for (on_failure, expected) in [(OnFailure::Refuse, false), (OnFailure::Exit, true)] {
        let folder = TempDir::new().unwrap();
        let settings = Settings { on_failure, ..lasting(folder.path()) };
        let (log, writer) = Log::open(&settings, &keys()).unwrap();
        assert!(!log.has_given_up());
        let thief = hold(&folder);
        log.opened(opened(1)).await.unwrap_err();
        assert_eq!(log.has_given_up(), expected);
        if expected {
            log.given_up().await;
        }
        drop(thief);
        writer.close().unwrap();
    }
}

#[tokio::test]
async fn a_log_that_was_taken_away_is_missed_while_nobody_writes() {
    let folder = TempDir::new().unwrap();
    let settings = Settings { on_failure: OnFailure::Exit, ..lasting(folder.path()) };
    let (log, _writer) = Log::open(&settings, &keys()).unwrap();
    for file in fs::read_dir(folder.path()).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    log.given_up().await;
}

#[tokio::test]
async fn closing_tells_what_could_not_be_written() {
    let folder = TempDir::new().unwrap();
    let (log, writer) = Log::open(&lasting(folder.path()), &keys()).unwrap();
    log.opened(opened(1)).await.unwrap();
    let thief = hold(&folder);
    log.closed_later(closed(1));
    assert!(matches!(writer.close(), Err(AuditError::Unwritable { .. })));
    drop(thief);
    let (_, writer) = Log::open(&lasting(folder.path()), &keys()).unwrap();
    writer.close().unwrap();
    let interrupted = Filter { outcome: Some(Outcome::Interrupted), ..Filter::default() };
    assert_eq!(Reader::open(folder.path()).unwrap().list(&interrupted).unwrap().len(), 1);
}
