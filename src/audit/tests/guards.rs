//! The database itself refuses everything but appending.

use std::path::Path;

use super::super::schema::{self, ENTRY, PARTS};
use super::super::segment::{First, Segment};
use super::super::volume::Volume;
use super::*;

/// Runs `sql` on a plain connection, on which nothing but the file's own triggers guards it.
fn refused_by_the_file(sql: &str, words: &str) {
    let folder = small_log();
    let error = database(&folder).execute_batch(sql).expect_err(sql).to_string();
    assert!(error.contains(words), "{sql}: {error}");
    assert_whole(&folder);
}

/// Runs `sql` on the writer's own connection.
fn refused_by_the_writer(sql: &str) {
    let folder = small_log();
    let segment = segment(folder.path());
    segment.connection.execute_batch(sql).expect_err(sql);
    drop(segment);
    assert_whole(&folder);
}

fn segment(folder: &Path) -> Segment {
    let first = First { at: november(), key: &key(), head: Head::START, previous: None };
    Segment::open(folder, Volume::of(november()), &first).unwrap()
}

#[test]
fn rows_are_never_updated() {
    for table in PARTS.into_iter().chain([&ENTRY]) {
        let (table, column) = (table.name, table.columns[0]);
        refused_by_the_file(&format!("UPDATE {table} SET {column} = {column}"), "append-only");
        refused_by_the_file(&format!("UPDATE OR REPLACE {table} SET seq = seq + 1"), "append-only");
    }
}

#[test]
fn rows_are_never_deleted() {
    for table in PARTS.into_iter().chain([&ENTRY]) {
        refused_by_the_file(&format!("DELETE FROM {}", table.name), "append-only");
    }
}

#[test]
fn rows_are_never_replaced() {
    for table in PARTS {
        refused_by_the_file(&format!("INSERT OR REPLACE INTO {0} SELECT * FROM {0}", table.name), "");
        refused_by_the_file(&format!("REPLACE INTO {0} SELECT * FROM {0} LIMIT 1", table.name), "");
    }
    refused_by_the_file("REPLACE INTO entry SELECT * FROM entry WHERE seq = 6", "the number after the newest");
}

#[test]
fn rows_are_never_replaced_through_another_unique_column() {
    let columns = PARTS[1].columns[1..].join(", ");
    let again = format!("REPLACE INTO opened SELECT 7, exchange, {columns} FROM opened LIMIT 1");
    refused_by_the_file(&again, "an exchange is opened once");
    let columns = PARTS[2].columns[1..].join(", ");
    let again = format!("REPLACE INTO closed SELECT 7, opened, {columns} FROM closed LIMIT 1");
    refused_by_the_file(&again, "an exchange is closed once");
}

#[test]
fn rows_are_never_upserted() {
    let upsert = |row: &str| format!("INSERT INTO entry {row} ON CONFLICT DO UPDATE SET at_us = 0");
    refused_by_the_file(&upsert("SELECT * FROM entry WHERE TRUE"), "the number after the newest");
}

#[test]
fn numbers_have_no_gaps() {
    for seq in [-1, 0, 5, 6, 8, i64::MAX] {
        let insert = format!("INSERT INTO entry VALUES ({seq}, 0, 'event', zeroblob(32))");
        refused_by_the_file(&insert, "the number after the newest");
    }
    refused_by_the_file("INSERT INTO entry VALUES (NULL, 0, 'event', zeroblob(32))", "the number after the newest");
    refused_by_the_file("INSERT INTO entry VALUES (7, 0, 'event', zeroblob(31))", "CHECK");
}

#[test]
fn committed_entries_get_no_further_rows() {
    refused_by_the_file("INSERT INTO finding VALUES (2, 9, 'SSN', 'toy', 'redact', 1)", "belongs to the next entry");
    refused_by_the_file("INSERT INTO payload VALUES (6, 'x', 0, 0, x'00')", "belongs to the next entry");
    refused_by_the_file("INSERT INTO segment VALUES (7, '2026-11', NULL, 6, zeroblob(32))", "one segment entry");
}

#[test]
fn the_writer_can_do_nothing_but_append() {
    for sql in [
        "DROP TRIGGER entry_never_updated",
        "DROP TABLE finding",
        "DROP INDEX entry_at",
        "ALTER TABLE entry ADD COLUMN note TEXT",
        "ALTER TABLE entry RENAME TO entries",
        "CREATE TABLE other(x)",
        "CREATE TEMP TRIGGER t BEFORE INSERT ON entry BEGIN SELECT 1; END",
        "ATTACH ':memory:' AS other",
        "VACUUM",
        "REINDEX",
        "UPDATE entry SET at_us = 0",
        "DELETE FROM entry",
        "INSERT OR REPLACE INTO entry SELECT * FROM entry WHERE seq = 6",
        "DELETE FROM sqlite_schema",
        "INSERT INTO sqlite_schema VALUES ('table', 'x', 'x', 0, NULL)",
        "PRAGMA writable_schema = ON",
        "PRAGMA journal_mode = OFF",
        "PRAGMA recursive_triggers = OFF",
        "PRAGMA user_version = 9",
        "SELECT load_extension('x')",
    ] {
        refused_by_the_writer(sql);
    }
}

#[test]
fn every_column_is_covered_by_the_chain() {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(&schema::NEWEST.create()).unwrap();
    for table in PARTS.into_iter().chain([&ENTRY]) {
        let statement = connection.prepare(&format!("SELECT * FROM {}", table.name)).unwrap();
        let columns: Vec<&str> = statement.column_names().collect();
        assert_eq!((columns[0], &columns[1..]), ("seq", table.columns), "{}", table.name);
    }
    let tables = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let tables: i64 = connection.query_row(tables, [], |row| row.get(0)).unwrap();
    assert_eq!(tables, PARTS.len() as i64 + 1);
}
