//! Whoever gets round the guards is found: each test edits the file as its owner could.

use super::super::schema::{ENTRY, PARTS};
use super::*;

/// Runs `sql` after dropping every trigger, and expects the entries of `found` to be named.
fn tampering_is_found(sql: &str, found: &[i64]) {
    let folder = small_log();
    let connection = database(&folder);
    let triggers: Vec<(String, String)> = connection
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    triggers.iter().for_each(|(name, _)| connection.execute_batch(&format!("DROP TRIGGER {name}")).unwrap());
    connection.execute_batch(sql).unwrap();
    triggers.iter().for_each(|(_, sql)| connection.execute_batch(sql).unwrap());
    let named: Vec<i64> = problems(&folder).iter().filter_map(|(seq, _)| *seq).collect();
    assert_eq!(named, found, "{sql}");
}

#[test]
fn a_change_of_any_column_is_found() {
    let log = small_log();
    let connection = database(&log);
    for table in PARTS.into_iter().chain([&ENTRY]) {
        let last = format!("SELECT max(seq) FROM {}", table.name);
        let last: i64 = connection.query_row(&last, [], |row| row.get(0)).unwrap();
        for column in table.columns {
            let kind = "SELECT type FROM pragma_table_info(?1) WHERE name = ?2";
            let kind: String = connection.query_row(kind, [table.name, column], |row| row.get(0)).unwrap();
            let other = match kind.as_str() {
                "INTEGER" => format!("coalesce({column}, 0) + 1"),
                "TEXT" => format!("coalesce({column}, '') || 'x'"),
                _ => format!("CAST(iif(substr({column}, 1, 1) = x'00', x'01', x'00') || substr({column}, 2) AS BLOB)"),
            };
            tampering_is_found(&format!("UPDATE {} SET {column} = {other} WHERE seq = {last}", table.name), &[last]);
        }
    }
}

#[test]
fn an_edited_column_is_found() {
    tampering_is_found("UPDATE opened SET caller = 'other' WHERE seq = 2", &[2]);
    tampering_is_found("UPDATE opened SET conversation = '' WHERE seq = 4", &[4]);
    tampering_is_found("UPDATE closed SET status = 500 WHERE seq = 3", &[3]);
    tampering_is_found("UPDATE closed SET opened = 40 WHERE seq = 3", &[3]);
    tampering_is_found("UPDATE entry SET at_us = at_us + 1 WHERE seq = 4", &[4]);
    tampering_is_found("UPDATE entry SET kind = 'event' WHERE seq = 5", &[5]);
    tampering_is_found("UPDATE event SET detail = '' WHERE seq = 6", &[6]);
}

#[test]
fn an_edited_hash_is_found_with_the_entry_after_it() {
    tampering_is_found("UPDATE entry SET hash = zeroblob(32) WHERE seq = 3", &[3, 4]);
}

#[test]
fn a_flipped_byte_of_a_text_is_found() {
    tampering_is_found("UPDATE payload SET bytes = CAST(x'00' || substr(bytes, 2) AS BLOB) WHERE seq = 2", &[2]);
    tampering_is_found("UPDATE payload SET bytes = CAST(bytes || x'00' AS BLOB) WHERE seq = 5", &[5]);
}

#[test]
fn a_changed_finding_is_found() {
    tampering_is_found("UPDATE finding SET count = 7 WHERE seq = 2 AND place = 1", &[2]);
    tampering_is_found("DELETE FROM finding WHERE seq = 2 AND place = 1", &[2]);
    tampering_is_found("INSERT INTO finding VALUES (6, 0, 'SSN', 'toy', 'redact', 1)", &[6]);
    tampering_is_found("UPDATE finding SET place = 5 - place WHERE seq = 2", &[2]);
}

#[test]
fn a_deleted_row_is_found() {
    tampering_is_found("DELETE FROM entry WHERE seq = 3", &[3]);
    tampering_is_found("DELETE FROM entry WHERE seq = 3; DELETE FROM closed WHERE seq = 3", &[3]);
    tampering_is_found("DELETE FROM entry WHERE seq IN (3, 4)", &[5]);
    tampering_is_found("DELETE FROM payload WHERE seq = 3", &[3]);
    tampering_is_found("DELETE FROM opened WHERE seq = 4", &[4]);
}

#[test]
fn swapped_rows_are_found() {
    tampering_is_found(
        "UPDATE entry SET seq = -3 WHERE seq = 3; UPDATE entry SET seq = 3 WHERE seq = 5; UPDATE entry SET seq = 5 WHERE seq = -3",
        &[3, 4, 5, 6],
    );
    tampering_is_found(
        "UPDATE payload SET seq = -3 WHERE seq = 3; UPDATE payload SET seq = 3 WHERE seq = 5; UPDATE payload SET seq = 5 WHERE seq = -3;
         UPDATE payload SET bytes = x'00' WHERE seq = 3",
        &[3, 5],
    );
}

#[test]
fn rows_without_an_entry_are_found() {
    tampering_is_found("INSERT INTO payload VALUES (7, 'x', 0, 0, x'00')", &[7]);
    tampering_is_found("INSERT INTO event VALUES (-7, 'started', '')", &[-7]);
}

#[test]
fn a_forged_entry_is_found() {
    tampering_is_found(
        "INSERT INTO event VALUES (7, 'started', ''); INSERT INTO entry VALUES (7, 0, 'event', zeroblob(32))",
        &[7],
    );
}

#[test]
fn a_changed_guard_is_found_and_the_writer_refuses_the_file() {
    for (sql, name) in [
        ("DROP TRIGGER entry_never_deleted", "entry_never_deleted"),
        ("CREATE TRIGGER skip BEFORE INSERT ON payload BEGIN SELECT RAISE(IGNORE); END", "skip"),
    ] {
        let folder = small_log();
        database(&folder).execute_batch(sql).unwrap();
        assert_eq!(problems(&folder), [(None, format!("`{name}` was added to its schema, changed or dropped"))]);
        let error = Journal::open(folder.path(), &keys(), november()).err().unwrap();
        assert!(matches!(error, AuditError::Altered { .. }), "{error}");
    }
}

#[test]
fn numbers_at_the_end_of_the_range_do_not_stop_the_walk() {
    let far = "INSERT INTO entry VALUES (9223372036854775807, 0, 'event', zeroblob(32))";
    tampering_is_found(far, &[i64::MAX]);
    tampering_is_found("UPDATE segment SET last = 9223372036854775807", &[1]);
}

#[test]
fn another_key_is_found() {
    let folder = small_log();
    let other = Keys::new(&MasterKey::generate(), ring());
    assert_eq!(verify(folder.path(), &other.chain).unwrap().problems.len(), 6);
    let error = Journal::open(folder.path(), &other, november()).err().unwrap();
    assert!(matches!(error, AuditError::WrongKey { .. }), "{error}");
}

#[test]
fn a_damaged_file_is_found() {
    let folder = small_log();
    let path = folder.path().join("2026-11.db");
    let mut bytes = fs::read(&path).unwrap();
    let pages = bytes.len() / 4096;
    (1..pages).for_each(|page| bytes[page * 4096] = 0xff);
    fs::write(&path, bytes).unwrap();
    assert!(!problems(&folder).is_empty());
}

#[test]
fn a_file_that_is_none_is_one_problem() {
    for month in ["2026-10", "2026-11", "2026-12"] {
        let folder = three_months();
        let checkpoint = Checkpoint { head: verify(folder.path(), &key()).unwrap().head.unwrap(), at: november() };
        fs::write(
            folder.path().join(format!("{month}.db")),
            "no database, but text as long as a header of one would be",
        )
        .unwrap();
        let scope = Scope { checkpoints: vec![checkpoint], ..Scope::default() };
        let problems = verify_within(folder.path(), &key(), &scope).unwrap().problems;
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!((problems[0].segment.as_str(), problems[0].seq), (month, None));
    }
}

/// October with entries 1 and 2, November with 3 and 4, December with 5 and 6.
fn three_months() -> TempDir {
    let folder = TempDir::new().unwrap();
    let october = at("2026-10-31T23:59:59Z");
    let mut journal = Journal::open(folder.path(), &keys(), october).unwrap();
    for at in [october, november(), at("2026-12-01T00:00:00Z")] {
        commit(&mut journal, &[event_at(at)]).unwrap();
    }
    folder
}

#[test]
fn the_chain_runs_across_months() {
    let folder = three_months();
    let report = verify(folder.path(), &key()).unwrap();
    assert_eq!((report.segments, report.entries, report.problems), (3, 6, vec![]));
    assert_eq!(report.head.unwrap().seq, 6);
}

#[test]
fn a_missing_month_is_found() {
    for (month, named) in [("2026-10", "2026-11"), ("2026-11", "2026-12")] {
        let folder = three_months();
        fs::remove_file(folder.path().join(format!("{month}.db"))).unwrap();
        let report = verify(folder.path(), &key()).unwrap();
        let what = format!("the file before it, `{month}`, is missing");
        assert_eq!(report.problems, [Problem { segment: named.into(), seq: None, what }]);
    }
}

#[test]
fn swapped_months_are_found() {
    let folder = three_months();
    let path = |month: &str| folder.path().join(format!("{month}.db"));
    fs::rename(path("2026-10"), path("x")).unwrap();
    fs::rename(path("2026-11"), path("2026-10")).unwrap();
    fs::rename(path("x"), path("2026-11")).unwrap();
    let found = problems(&folder);
    assert!(found.iter().any(|(_, what)| what.starts_with("was begun as `2026-11`")), "{found:?}");
    assert!(found.iter().any(|(_, what)| what.starts_with("was begun as `2026-10`")), "{found:?}");
}

#[test]
fn a_month_whose_end_was_cut_is_found() {
    let folder = three_months();
    let connection = Connection::open(folder.path().join("2026-11.db")).unwrap();
    connection.execute_batch("DROP TRIGGER entry_never_deleted; DROP TRIGGER event_never_deleted").unwrap();
    connection.execute_batch("DELETE FROM entry WHERE seq = 4; DELETE FROM event WHERE seq = 4").unwrap();
    let found = problems(&folder);
    assert!(found.iter().any(|(_, what)| what == "follows entry 4, but the file before it ends with 3"), "{found:?}");
}

#[test]
fn a_time_that_is_none_is_told_and_not_taken_for_1970() {
    let folder = small_log();
    let connection = database(&folder);
    connection.execute_batch("DROP TRIGGER entry_never_updated").unwrap();
    connection.execute_batch("UPDATE entry SET at_us = 9000000000000000000 WHERE seq IN (2, 6)").unwrap();
    let reader = reader(folder.path());
    let told = [reader.list(&Filter::default()).err(), reader.happenings(&Happenings::default()).err()];
    for error in told.map(|error| error.unwrap().to_string()) {
        assert!(error.ends_with("which is none: run `blotter audit verify`, which names it"), "{error}");
    }
    assert_eq!(problems(&folder).iter().filter_map(|(seq, _)| *seq).collect::<Vec<_>>(), [2, 6]);
}
