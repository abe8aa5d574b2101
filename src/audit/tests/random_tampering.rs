//! Seven kinds of tampering in random places, each by somebody who gets round every guard of the file; a checkpoint is kept
//! elsewhere. `BLOTTER_TAMPERINGS` says how many places of each kind are tried.

use super::super::checkpoint::Checkpoint;
use super::super::replay;
use super::super::schema::{ENTRY, PARTS};
use super::*;

/// Exchanges in each of the three files.
const EXCHANGES: u16 = 12;

#[test]
fn any_tampering_in_any_place_is_found() {
    let places = std::env::var("BLOTTER_TAMPERINGS").ok().and_then(|places| places.parse().ok()).unwrap_or(15);
    let whole = three_files();
    let kept = Checkpoint { head: verify(whole.path(), &key()).unwrap().head.unwrap(), at: november() };
    assert_eq!(problems_with(whole.path(), kept), []);
    let mut dice = Dice(42);
    for (kind, tamper) in KINDS {
        for place in 0..places {
            let folder = copy_of(&whole);
            let what = tamper(folder.path(), &mut dice);
            assert_ne!(problems_with(folder.path(), kept), [], "{kind}, place {place}: {what}");
        }
    }
    println!("{} kinds, {places} places each: all found", KINDS.len());
}

type Tamper = fn(&Path, &mut Dice) -> String;

const KINDS: [(&str, Tamper); 7] = [
    ("a column is edited", edit_a_column),
    ("a byte of a text is flipped", flip_a_byte),
    ("a row is deleted", delete_a_row),
    ("rows change places", swap_rows),
    ("the end is cut off", cut_the_end),
    ("an entry is edited and the chain computed anew with the key", rewrite_the_chain),
    ("files change places", swap_files),
];

/// Three months with some exchanges each.
fn three_files() -> TempDir {
    let folder = TempDir::new().unwrap();
    let mut journal = Journal::open(folder.path(), &keys(), at("2026-10-01T00:00:00Z")).unwrap();
    let mut number = 0;
    for month in ["2026-10-02T00:00:00Z", "2026-11-02T00:00:00Z", "2026-12-02T00:00:00Z"].map(at) {
        for _ in 0..EXCHANGES {
            number += 1;
            let entries = [
                Entry::opened(Opened { at: month, ..opened(number) }),
                Entry::closed(Closed { at: month, ..closed(number) }),
                event_at(month),
            ];
            commit(&mut journal, &entries).unwrap();
        }
    }
    folder
}

fn copy_of(folder: &TempDir) -> TempDir {
    let copy = TempDir::new().unwrap();
    for file in fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path()) {
        fs::copy(&file, copy.path().join(file.file_name().unwrap())).unwrap();
    }
    copy
}

fn problems_with(folder: &Path, kept: Checkpoint) -> Vec<Problem> {
    verify_within(folder, &key(), &Scope { checkpoints: vec![kept], ..Scope::default() }).unwrap().problems
}

fn edit_a_column(folder: &Path, dice: &mut Dice) -> String {
    without_guards(folder, dice.file(), |file| {
        let tables: Vec<_> = PARTS.into_iter().chain([&ENTRY]).collect();
        let table = tables[dice.below(tables.len())];
        let column = table.columns[dice.below(table.columns.len())];
        let row = dice.row(file, table.name);
        let kind = "SELECT type FROM pragma_table_info(?1) WHERE name = ?2";
        let kind: String = file.query_row(kind, [table.name, column], |row| row.get(0)).unwrap();
        let other = match kind.as_str() {
            "INTEGER" => format!("coalesce({column}, 0) + 100000 + abs(random() % 9)"),
            "TEXT" => format!("coalesce({column}, '') || 'x'"),
            _ => format!("CAST(iif(substr({column}, 1, 1) = x'00', x'01', x'00') || substr({column}, 2) AS BLOB)"),
        };
        format!(
            "UPDATE {0} SET {column} = {other} WHERE (seq, {1}) IN (SELECT seq, {1} FROM {0} LIMIT 1 OFFSET {row})",
            table.name, table.columns[0]
        )
    })
}

fn flip_a_byte(folder: &Path, dice: &mut Dice) -> String {
    without_guards(folder, dice.file(), |file| {
        let row = dice.row(file, "payload");
        let text = format!("SELECT seq, bytes FROM payload LIMIT 1 OFFSET {row}");
        let (seq, mut bytes): (i64, Vec<u8>) = file.query_row(&text, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let place = dice.below(bytes.len());
        bytes[place] ^= 1 << dice.below(8);
        format!("UPDATE payload SET bytes = x'{}' WHERE seq = {seq}", crate::crypto::hex(&bytes))
    })
}

fn delete_a_row(folder: &Path, dice: &mut Dice) -> String {
    without_guards(folder, dice.file(), |file| {
        let tables: Vec<_> = PARTS.into_iter().chain([&ENTRY]).collect();
        let table = tables[dice.below(tables.len())].name;
        let row = dice.row(file, table);
        // One row alone, or all rows of its entry.
        let columns = if table == "finding" { "seq, place" } else { "seq" };
        if dice.below(2) == 0 {
            return format!(
                "DELETE FROM {table} WHERE ({columns}) IN (SELECT {columns} FROM {table} LIMIT 1 OFFSET {row})"
            );
        }
        let seq = format!("SELECT seq FROM {table} LIMIT 1 OFFSET {row}");
        let seq: i64 = file.query_row(&seq, [], |row| row.get(0)).unwrap();
        PARTS
            .into_iter()
            .chain([&ENTRY])
            .map(|table| format!("DELETE FROM {} WHERE seq = {seq};", table.name))
            .collect()
    })
}

fn swap_rows(folder: &Path, dice: &mut Dice) -> String {
    without_guards(folder, dice.file(), |file| {
        // Only what differs can be swapped: texts, exchanges and entries do.
        let table = ["entry", "opened", "payload"][dice.below(3)];
        let [one, other] = [0, 1].map(|_| dice.row(file, table));
        let other = if one == other { (one + 1) % dice.count(file, table) } else { other };
        let seq = |row: usize| -> i64 {
            file.query_row(&format!("SELECT seq FROM {table} LIMIT 1 OFFSET {row}"), [], |row| row.get(0)).unwrap()
        };
        let (one, other) = (seq(one), seq(other));
        format!(
            "UPDATE {table} SET seq = -1 WHERE seq = {one}; UPDATE {table} SET seq = {one} WHERE seq = {other};
             UPDATE {table} SET seq = {other} WHERE seq = -1"
        )
    })
}

fn cut_the_end(folder: &Path, dice: &mut Dice) -> String {
    let files = dice.below(3);
    for name in &FILES[3 - files..] {
        fs::remove_file(folder.join(name)).unwrap();
    }
    without_guards(folder, FILES[2 - files], |file| {
        let last: i64 = file.query_row("SELECT max(seq) FROM entry", [], |row| row.get(0)).unwrap();
        // The first entry of a file stays: a file without one is found anyway.
        let from = last - i64::try_from(dice.below(3 * usize::from(EXCHANGES))).unwrap();
        let all = PARTS.into_iter().chain([&ENTRY]);
        all.map(|table| format!("DELETE FROM {} WHERE seq >= {from};", table.name)).collect()
    })
}

fn rewrite_the_chain(folder: &Path, dice: &mut Dice) -> String {
    let first = dice.below(3);
    let mut what = without_guards(folder, FILES[first], |file| {
        let row = dice.row(file, "opened");
        format!("UPDATE opened SET caller = 'somebody else' WHERE seq = (SELECT seq FROM opened LIMIT 1 OFFSET {row})")
    });
    let mut head = None;
    for name in &FILES[first..] {
        what += &without_guards(folder, name, |file| {
            let begin = head.map(|Head { seq, hash }| {
                format!("UPDATE segment SET last = {seq}, head = x'{}'", crate::crypto::hex(&hash))
            });
            begin.iter().for_each(|begin| file.execute_batch(begin).unwrap());
            let before = "SELECT last, head FROM segment";
            let mut before =
                file.query_row(before, [], |row| Ok(Head { seq: row.get(0)?, hash: row.get(1)? })).unwrap();
            let mut hashes = Vec::new();
            replay::each_entry(file, 0, i64::MAX, |link| {
                before = Head { seq: link.seq, hash: link.canonical.seal(&key(), &before.hash) };
                hashes.push(before);
            })
            .unwrap();
            head = Some(before);
            let update = |Head { seq, hash }: &Head| {
                format!("UPDATE entry SET hash = x'{}' WHERE seq = {seq};", crate::crypto::hex(hash))
            };
            hashes.iter().map(update).collect()
        });
    }
    what.truncate(100);
    what
}

fn swap_files(folder: &Path, dice: &mut Dice) -> String {
    let one = dice.below(3);
    let other = (one + 1 + dice.below(2)) % 3;
    let [one, other] = [one, other].map(|file| folder.join(FILES[file]));
    let aside = folder.join("aside");
    fs::rename(&one, &aside).unwrap();
    fs::rename(&other, &one).unwrap();
    fs::rename(&aside, &other).unwrap();
    format!("{} and {}", one.display(), other.display())
}

const FILES: [&str; 3] = ["2026-10.db", "2026-11.db", "2026-12.db"];

/// Runs the SQL that `tamper` gives behind the triggers of a file, and puts them back.
fn without_guards(folder: &Path, name: &str, tamper: impl FnOnce(&Connection) -> String) -> String {
    let file = Connection::open(folder.join(name)).unwrap();
    file.execute_batch("PRAGMA synchronous = OFF").unwrap();
    let triggers: Vec<(String, String)> = file
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    triggers.iter().for_each(|(name, _)| file.execute_batch(&format!("DROP TRIGGER {name}")).unwrap());
    let sql = tamper(&file);
    file.execute_batch(&sql).expect(&sql);
    triggers.iter().for_each(|(_, sql)| file.execute_batch(sql).unwrap());
    format!("{name}: {sql}")
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn file(&mut self) -> &'static str {
        FILES[self.below(3)]
    }

    fn row(&mut self, file: &Connection, table: &str) -> usize {
        let count = self.count(file, table);
        self.below(count)
    }

    fn count(&self, file: &Connection, table: &str) -> usize {
        let count: i64 = file.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        usize::try_from(count).unwrap()
    }
}
