//! A checkpoint that is kept elsewhere finds what the chain alone cannot.

use super::*;

fn checkpoint(folder: &TempDir) -> Checkpoint {
    Checkpoint { head: verify(folder.path(), &key()).unwrap().head.unwrap(), at: november() }
}

fn check(folder: &TempDir, checkpoints: Vec<Checkpoint>, expected: &[(i64, &str)]) {
    let report = verify_within(folder.path(), &key(), &Scope { checkpoints, ..Scope::default() }).unwrap();
    let found: Vec<_> = report.problems.iter().map(|problem| (problem.seq.unwrap(), problem.what.as_str())).collect();
    assert_eq!(found, expected);
}

/// Runs `sql` behind the triggers, and puts them back.
fn tamper(folder: &TempDir, sql: &str) {
    let connection = database(folder);
    let triggers = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'";
    let mut statement = connection.prepare(triggers).unwrap();
    let read = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let triggers: Vec<(String, String)> = read.collect::<Result<_, _>>().unwrap();
    triggers.iter().for_each(|(name, _)| connection.execute_batch(&format!("DROP TRIGGER {name}")).unwrap());
    connection.execute_batch(sql).unwrap();
    triggers.iter().for_each(|(_, sql)| connection.execute_batch(sql).unwrap());
}

#[test]
fn a_cut_tail_is_found() {
    let folder = small_log();
    let kept = checkpoint(&folder);
    check(&folder, vec![kept], &[]);
    tamper(&folder, "DELETE FROM entry WHERE seq = 6; DELETE FROM event WHERE seq = 6");
    assert_whole(&folder);
    let what = "the log ends with entry 5, but had 6 at 2026-11-22T12:00:00Z: its end was cut off";
    check(&folder, vec![kept], &[(6, what)]);
}

#[test]
fn a_log_without_a_file_is_found() {
    let folder = small_log();
    let kept = checkpoint(&folder);
    fs::remove_file(folder.path().join("2026-11.db")).unwrap();
    let scope = Scope { checkpoints: vec![kept], ..Scope::default() };
    let what = "no file of the log is here, and it had 6 entries at 2026-11-22T12:00:00Z".to_owned();
    let gone = Problem { segment: "checkpoints".into(), seq: None, what };
    assert_eq!(verify_within(folder.path(), &key(), &scope).unwrap().problems, [gone]);
}

#[test]
fn a_history_that_was_rewritten_with_the_key_is_found() {
    let kept = checkpoint(&small_log());
    let folder = TempDir::new().unwrap();
    let forged = Opened { caller: "somebody else".into(), ..opened(1) };
    let entries =
        [Entry::opened(forged), closing(1), opening(2), closing(2), event_at(november()), event_at(november())];
    commit(&mut journal(folder.path()), &entries).unwrap();
    assert_whole(&folder);
    let what = "is not what was signed at 2026-11-22T12:00:00Z: the log was rewritten up to here";
    check(&folder, vec![kept], &[(6, what)]);
}

#[test]
fn a_log_is_verified_by_months() {
    let folder = TempDir::new().unwrap();
    let october = at("2026-10-31T23:59:59Z");
    let mut journal = Journal::open(folder.path(), &keys(), october).unwrap();
    for at in [october, november(), at("2026-12-01T00:00:00Z")] {
        commit(&mut journal, &[event_at(at)]).unwrap();
    }
    let verified = |since: Option<Timestamp>, until: Option<Timestamp>| {
        let report = verify_within(folder.path(), &key(), &Scope { since, until, checkpoints: Vec::new() }).unwrap();
        assert_eq!(report.problems, []);
        report.entries
    };
    assert_eq!(verified(None, None), 6);
    assert_eq!(verified(Some(november()), None), 4);
    assert_eq!(verified(Some(november()), Some(november())), 2);
    assert_eq!(verified(None, Some(october)), 2);
}

#[test]
fn a_log_that_is_asked_for_later_months_does_not_look_cut() {
    let folder = small_log();
    let checkpoints = vec![checkpoint(&folder)];
    let scope = Scope { since: Some(at("2027-01-01T00:00:00Z")), until: None, checkpoints };
    let problems = || verify_within(folder.path(), &key(), &scope).unwrap().problems;
    assert_eq!(problems(), []);
    tamper(&folder, "DELETE FROM entry WHERE seq = 6; DELETE FROM event WHERE seq = 6");
    assert_eq!(problems().len(), 1, "a cut is found from there, too");
}

#[tokio::test]
async fn a_writer_signs_checkpoints_when_they_are_due_and_at_its_end() {
    let folder = TempDir::new().unwrap();
    let copy = TempDir::new().unwrap();
    let mut settings = lasting(folder.path());
    settings.checkpoints =
        Checkpoints { origin: "toy".into(), entries: 2, seconds: 3600, copy: Some(copy.path().join("checkpoints")) };
    let (log, writer) = Log::open(&settings, &keys()).unwrap();
    log.opened(Opened { at: Timestamp::now(), ..opened(1) }).await.unwrap();
    log.closed(Closed { at: Timestamp::now(), ..closed(1) }).await.unwrap();
    writer.close().unwrap();
    let verifier = Verifier::new("toy", keys().signing.public());
    let (checkpoints, unproven) = read_checkpoints(&copy.path().join("checkpoints"), &verifier).unwrap();
    assert_eq!((checkpoints.iter().map(|one| one.head.seq).collect::<Vec<_>>(), unproven), (vec![2, 3], 0));
    assert_eq!(fs::read(checkpoints_in(folder.path())).unwrap(), fs::read(copy.path().join("checkpoints")).unwrap());
    let report = verify_within(folder.path(), &key(), &Scope { checkpoints, ..Scope::default() }).unwrap();
    assert_eq!((report.checkpoints, report.problems), (2, vec![]));
}
