//! How many exchanges a second does the log take, beside plain SQLite with the same rows; how long does one of them wait; how
//! fast is it verified; how big does it become?
//!
//! An exchange is 2 KB of request with three findings and 1 KB of answer, in two entries, each durable before the next. The
//! log compresses, seals, chains and guards them, and each caller waits for its own. Plain SQLite has the same tables, indexes,
//! settings and bytes, already compressed and sealed, in transactions of as many rows as there are callers. Both take turns, so
//! that what else the machine does hits both.
//!
//! `cargo bench --bench audit -- 64` asks for 64 callers alone.

use std::path::Path;
use std::time::{Duration, Instant};

use blotter::audit::{Closed, Coverage, Keys, Log, Opened, Outcome, Settings, Tally, verify};
use blotter::crypto::{KeyRing, MasterKey};
use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use uuid::Uuid;

/// Exchanges of one turn.
const EXCHANGES: usize = 2048;
/// Turns of each.
const TURNS: usize = 8;

fn main() {
    let asked: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let runtime = Runtime::new().expect("a runtime starts");
    println!("{:>7}  {:>9}  {:>9}  {:>5}  {:>9}  {:>9}", "CALLERS", "LOG/S", "SQLITE/S", "RATIO", "P50", "P99");
    for callers in if asked.is_empty() { vec![1, 16, 64] } else { asked } {
        append(&runtime, callers);
    }
    prove(&runtime);
}

/// Appends to a log and to plain SQLite by turns.
fn append(runtime: &Runtime, callers: usize) {
    let exchanges = if callers == 1 { EXCHANGES / 8 } else { EXCHANGES };
    let (folder, plain) = (folder(), folder());
    let (log, writer) = Log::open(&Settings::of(folder.path()), &keys()).expect("the log opens");
    let mut plain = Plain::open(plain.path());
    let (mut log_took, mut plain_took, mut waits) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let entries: Vec<_> = (0..exchanges).map(|_| entries(Uuid::now_v7())).collect();
        let begun = Instant::now();
        waits.extend(runtime.block_on(append_all(&log, entries, callers)));
        log_took.push(begun.elapsed());
        let begun = Instant::now();
        (0..exchanges / callers).for_each(|_| plain.append(callers));
        plain_took.push(begun.elapsed());
    }
    writer.close().expect("the log closes");
    let [log_rate, plain_rate] = [log_took, plain_took].map(|took| exchanges as f64 / median(took).as_secs_f64());
    waits.sort_unstable();
    let [p50, p99] = [50, 99].map(|percent| waits[waits.len() * percent / 100].as_secs_f64() * 1e3);
    let ratio = log_rate / plain_rate;
    println!("{callers:>7}  {log_rate:>9.0}  {plain_rate:>9.0}  {ratio:>5.2}  {p50:>6.2} ms  {p99:>6.2} ms");
}

/// Verifies a log, and weighs it.
fn prove(runtime: &Runtime) {
    let folder = folder();
    let (log, writer) = Log::open(&Settings::of(folder.path()), &keys()).expect("the log opens");
    for _ in 0..TURNS {
        let entries = (0..2 * EXCHANGES).map(|_| entries(Uuid::now_v7())).collect();
        runtime.block_on(append_all(&log, entries, 256));
    }
    writer.close().expect("the log closes");
    let files = folder.path().read_dir().expect("a folder").flatten();
    let bytes: u64 = files.map(|file| file.metadata().map_or(0, |metadata| metadata.len())).sum();
    let took = (0..TURNS).map(|_| {
        let begun = Instant::now();
        let report = verify(folder.path(), &keys().chain).expect("the log can be read");
        assert!(report.problems.is_empty());
        (begun.elapsed(), report.entries)
    });
    let (took, entries): (Vec<_>, Vec<_>) = took.unzip();
    let fastest = entries[0] as f64 / took.iter().min().expect("there are turns").as_secs_f64();
    println!("verified: {:.0} entries/s, at best {fastest:.0}", entries[0] as f64 / median(took).as_secs_f64());
    println!("a million exchanges: {:.2} GB", bytes as f64 / (2 * EXCHANGES * TURNS) as f64 / 1e3);
}

fn median(mut took: Vec<Duration>) -> Duration {
    took.sort_unstable();
    took[took.len() / 2]
}

fn folder() -> TempDir {
    TempDir::new().expect("a folder can be made")
}

/// Appends all, and tells how long each entry was waited for.
async fn append_all(log: &Log, entries: Vec<(Opened, Closed)>, callers: usize) -> Vec<Duration> {
    let mut entries = entries.into_iter();
    let share = entries.len() / callers;
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let (log, entries): (_, Vec<_>) = (log.clone(), entries.by_ref().take(share).collect());
        tasks.spawn(async move {
            let mut waits = Vec::with_capacity(2 * entries.len());
            for (opened, closed) in entries {
                let begun = Instant::now();
                log.opened(opened).await.expect("the log can be written");
                waits.push(begun.elapsed());
                let begun = Instant::now();
                log.closed(closed).await.expect("the log can be written");
                waits.push(begun.elapsed());
            }
            waits
        });
    }
    tasks.join_all().await.concat()
}

fn entries(exchange: Uuid) -> (Opened, Closed) {
    (opened(exchange), closed(exchange))
}

/// The tables and indexes of a log without its guards, and the rows of one exchange to append again and again.
struct Plain {
    connection: Connection,
    opening: Vec<(String, Vec<Value>)>,
    closing: Vec<(String, Vec<Value>)>,
    seq: i64,
}

impl Plain {
    fn open(folder: &Path) -> Self {
        let (log, writer) = Log::open(&Settings::of(folder), &keys()).expect("the log opens");
        let exchange = Uuid::now_v7();
        let runtime = Runtime::new().expect("a runtime starts");
        runtime.block_on(log.opened(opened(exchange))).expect("the log can be written");
        runtime.block_on(log.closed(closed(exchange))).expect("the log can be written");
        writer.close().expect("the log closes");
        let mut files = folder.read_dir().expect("the folder can be read").flatten().map(|file| file.path());
        let file = files
            .find(|path| path.extension().is_some_and(|extension| extension == "db") && !path.ends_with("keys.db"));
        let connection = Connection::open(file.expect("the log has a file")).expect("SQLite opens it");
        connection.execute_batch("PRAGMA synchronous = FULL").expect("a setting");
        drop_guards(&connection);
        let [opening, closing] = [2, 3].map(|seq| rows(&connection, seq));
        Self { connection, opening, closing, seq: 3 }
    }

    /// Appends `exchanges` as so many callers would have it: all opened in one transaction, all closed in the next.
    fn append(&mut self, exchanges: usize) {
        let first = self.seq + 1;
        let exchanges = exchanges as i64;
        self.transaction(first..first + exchanges, |plain| &plain.opening, |_| Value::Blob(Uuid::now_v7().into()));
        self.transaction(
            first + exchanges..first + 2 * exchanges,
            |plain| &plain.closing,
            |seq| (seq - exchanges).into(),
        );
        self.seq += 2 * exchanges;
    }

    fn transaction(
        &self,
        seqs: std::ops::Range<i64>,
        rows: impl Fn(&Self) -> &[(String, Vec<Value>)],
        unique: impl Fn(i64) -> Value,
    ) {
        let transaction = self.connection.unchecked_transaction().expect("SQLite begins");
        for seq in seqs {
            let unique = unique(seq);
            for (sql, values) in rows(self) {
                let mut statement = transaction.prepare_cached(sql).expect("SQL");
                let own = [Value::from(seq), unique.clone()];
                let own = &own[..if sql.contains("opened") || sql.contains("closed") { 2 } else { 1 }];
                statement.execute(params_from_iter(own.iter().chain(&values[own.len()..]))).expect("SQLite inserts");
            }
        }
        transaction.commit().expect("SQLite commits");
    }
}

fn drop_guards(connection: &Connection) {
    let mut guards = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").expect("SQL");
    let guards: Vec<String> =
        guards.query_map([], |row| row.get(0)).expect("SQL").flatten().map(|name: String| name).collect();
    guards.iter().for_each(|name| connection.execute_batch(&format!("DROP TRIGGER {name}")).expect("SQL"));
}

/// The statements and values of all rows of an entry.
fn rows(connection: &Connection, seq: i64) -> Vec<(String, Vec<Value>)> {
    let mut all = Vec::new();
    for table in ["opened", "closed", "finding", "coverage", "payload", "entry"] {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table} WHERE seq = ?1")).expect("SQL");
        let columns = statement.column_count();
        let sql = format!("INSERT INTO {table} VALUES (?{})", ", ?".repeat(columns - 1));
        let rows = statement.query_map([seq], |row| (0..columns).map(|column| row.get(column)).collect());
        all.extend(rows.expect("SQL").map(|row| (sql.clone(), row.expect("a row"))));
    }
    all
}

fn keys() -> Keys {
    let ring = KeyRing::parse(&"05".repeat(32)).expect("64 digits");
    Keys::new(&MasterKey::from_hex(&"07".repeat(32)).expect("64 digits"), ring)
}

fn opened(exchange: Uuid) -> Opened {
    let tally =
        |entity: &str| Tally { entity: entity.into(), pattern: "toy".into(), action: "redact".into(), count: 1 };
    Opened {
        exchange,
        at: Timestamp::now(),
        caller: "bot".into(),
        subject: Some("4f9a3c5e1b7d2806".into()),
        conversation: Some("c81d2f6a90e47b35".into()),
        purpose: None,
        consent: None,
        route: "openai".into(),
        provider: "openai".into(),
        method: "POST".into(),
        path: "/v1/chat/completions".into(),
        model: Some("toy-large".into()),
        streaming: true,
        ruleset: "9d1c4b7a".into(),
        findings: ["PHONE", "EMAIL", "CARD"].map(tally).into(),
        coverage: Coverage {
            strings: 9,
            bytes: 1800,
            opaque: 3,
            exemptions: Vec::new(),
            counts: [("opaque/role".into(), 3)].into(),
        },
        request: text(exchange, 2000),
    }
}

/// Words in an order that no two exchanges share, so that they compress like a chat (to some 60 %).
fn text(exchange: Uuid, length: usize) -> Vec<u8> {
    const WORDS: &str = "order refund never arrived address please card number customer tomorrow invoice delivery window thanks \
        shop basket return label parcel driver street payment pending confirm account email phone answer question morning evening";
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let mut state = exchange.as_u128() as u64 ^ (exchange.as_u128() >> 64) as u64;
    let mut text = String::new();
    while text.len() < length {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (word, number) = (words[(state >> 33) as usize % words.len()], (state >> 50) & 0xfff);
        text.push_str(&format!("{word} {number} "));
    }
    text.into_bytes()
}

fn closed(exchange: Uuid) -> Closed {
    let answer = text(exchange, 1000);
    Closed { status: Some(200), restored: 3, answer, ..Closed::new(exchange, Timestamp::now(), Outcome::Complete) }
}
