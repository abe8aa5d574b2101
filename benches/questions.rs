//! How long do questions to a big log take, and how big is it?
//!
//! The log is made by the writer itself: 90 days of exchanges with 500 bytes of request and 250 of answer, a customer for
//! every 140 exchanges, with a telephone number that stands in each of them as its placeholder, a conversation for every 20, 40
//! callers. `BLOTTER_EXCHANGES` says how many, `BLOTTER_LOG_FOLDER` where a
//! log is kept from run to run.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use blotter::audit::{
    By, Closed, Coverage, Filter, Keys, Log, Opened, Outcome, Reader, Settings, Span, Statuses, Tally, Usage,
};
use blotter::crypto::{KeyRing, MasterKey};
use divan::{Bencher, black_box};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use uuid::Uuid;

const DAYS: i64 = 90;
/// Callers of the writer at a time.
const CONCURRENT: u64 = 512;

fn main() {
    println!("{} exchanges, {} MiB", count(), LOG.bytes() >> 20);
    divan::main();
}

#[divan::bench]
fn everything_of_a_customer(bencher: Bencher) {
    ask(bencher, |reader| list(reader, Filter { subject: Some("customer-7".into()), ..Filter::default() }));
}

#[divan::bench]
fn a_conversation(bencher: Bencher) {
    ask(bencher, |reader| list(reader, Filter { conversations: Some(vec!["talk-7".into()]), ..Filter::default() }));
}

#[divan::bench]
fn the_last_50_of_a_caller(bencher: Bencher) {
    ask(bencher, |reader| list(reader, Filter { caller: Some("caller-7".into()), limit: 50, ..Filter::default() }));
}

#[divan::bench]
fn the_last_50_with_a_card(bencher: Bencher) {
    ask(bencher, |reader| list(reader, Filter { entity: Some("CARD".into()), limit: 50, ..Filter::default() }));
}

#[divan::bench]
fn the_last_50_that_failed(bencher: Bencher) {
    let failed: Statuses = "5xx".parse().expect("a status");
    ask(bencher, |reader| list(reader, Filter { status: Some(failed.clone()), limit: 50, ..Filter::default() }));
}

#[divan::bench]
fn the_last_50_with_a_value(bencher: Bencher) {
    let placeholders = [placeholder(count() / 280)];
    ask(bencher, |reader| {
        let found = reader.mentioning(&placeholders, &Filter { limit: 50, ..Filter::default() });
        let found = found.expect("the log can be read").len();
        assert_eq!(found, 50.min(count() as usize / 140));
        found
    });
}

#[divan::bench]
fn a_value_that_nobody_had(bencher: Bencher) {
    let placeholders = ["[PHONE_ZZZZ]".to_owned()];
    ask(bencher, |reader| reader.mentioning(&placeholders, &Filter::default()).expect("the log can be read").len());
}

#[divan::bench]
fn one_exchange_with_its_texts(bencher: Bencher) {
    let id = id(count() / 2).to_string();
    ask(bencher, |reader| {
        let record = reader.show(&id).expect("the log can be read").expect("it is there");
        assert!(!record.opened.request.is_empty());
        1
    });
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn the_sums_of_a_week(bencher: Bencher) {
    let until = Timestamp::now();
    let span = Span { since: Some(until - SignedDuration::from_hours(7 * 24)), until: Some(until) };
    ask(bencher, |reader| {
        let all = reader.stats_by([By::Day, By::Caller, By::Model], span).expect("it can be read");
        let entities = reader.stats(By::Entity, span).expect("it can be read");
        let reasons = reader.reasons(span).expect("it can be read");
        all.iter().map(Vec::len).sum::<usize>() + entities.len() + reasons.len()
    });
}

fn list(reader: &Reader, filter: Filter) -> usize {
    let found = reader.list(&filter).expect("the log can be read");
    assert!(!found.is_empty());
    found.len()
}

fn ask(bencher: Bencher, question: impl Fn(&Reader) -> usize + Sync) {
    let reader = Reader::open(LOG.path()).and_then(|reader| reader.unlock(&keys().sealing)).expect("the log opens");
    question(&reader);
    bencher.bench_local(|| black_box(question(&reader)));
}

static LOG: LazyLock<Made> = LazyLock::new(|| match std::env::var_os("BLOTTER_LOG_FOLDER").map(PathBuf::from) {
    Some(folder) if folder.exists() => Made::Kept(folder),
    Some(folder) => {
        make(&folder);
        Made::Kept(folder)
    }
    None => {
        let folder = TempDir::new().expect("a folder can be made");
        make(folder.path());
        Made::Fresh(folder)
    }
});

/// A log, and whether it goes with the bench.
enum Made {
    Fresh(TempDir),
    Kept(PathBuf),
}

impl Made {
    fn path(&self) -> &Path {
        match self {
            Self::Fresh(folder) => folder.path(),
            Self::Kept(folder) => folder,
        }
    }

    fn bytes(&self) -> u64 {
        let files = self.path().read_dir().expect("a folder").flatten();
        files.map(|file| file.metadata().map_or(0, |metadata| metadata.len())).sum()
    }
}

fn count() -> u64 {
    std::env::var("BLOTTER_EXCHANGES").ok().and_then(|count| count.parse().ok()).unwrap_or(20_000)
}

fn make(folder: &Path) {
    let settings = Settings { text_days: 3650, months: 120, ..Settings::of(folder) };
    let (log, writer) = Log::open(&settings, &keys()).expect("the log opens");
    let begun = Timestamp::now() - SignedDuration::from_hours(24 * DAYS);
    Runtime::new().expect("a runtime starts").block_on(async {
        let mut callers = JoinSet::new();
        for caller in 0..CONCURRENT {
            let log = log.clone();
            callers.spawn(async move {
                for number in (caller..count()).step_by(CONCURRENT as usize) {
                    let part = number as f64 / count() as f64;
                    let at = begun + SignedDuration::from_secs_f64(part * 86_400.0 * DAYS as f64);
                    log.opened(opened(number, at)).await.expect("the log can be written");
                    log.closed(closed(number, at)).await.expect("the log can be written");
                }
            });
        }
        callers.join_all().await;
    });
    writer.close().expect("the log closes");
}

fn keys() -> Keys {
    let ring = KeyRing::parse(&"05".repeat(32)).expect("64 digits");
    Keys::new(&MasterKey::from_hex(&"07".repeat(32)).expect("64 digits"), ring)
}

fn id(number: u64) -> Uuid {
    Uuid::from_u64_pair(number << 24, number)
}

fn opened(number: u64, at: Timestamp) -> Opened {
    let entities: &[&str] = match number % 8 {
        0 => &["CARD", "PHONE"],
        1 | 2 => &["PHONE"],
        3 => &["EMAIL"],
        _ => &[],
    };
    let tally =
        |entity: &&str| Tally { entity: (*entity).into(), pattern: "toy".into(), action: "redact".into(), count: 1 };
    Opened {
        exchange: id(number),
        at,
        caller: format!("caller-{}", number % 40),
        subject: Some(format!("customer-{}", number / 140)),
        conversation: Some(format!("talk-{}", number / 20)),
        purpose: None,
        consent: None,
        route: "openai".into(),
        provider: "openai/chat".into(),
        method: "POST".into(),
        path: "/v1/chat/completions".into(),
        model: Some(["small", "large"][(number % 2) as usize].into()),
        streaming: true,
        ruleset: "9d1c4b7a0000".into(),
        findings: entities.iter().map(tally).collect(),
        coverage: Coverage { strings: 9, bytes: 480, opaque: 3, exemptions: Vec::new(), ..Coverage::default() },
        request: [placeholder(number / 140).into_bytes(), text(number, 488)].concat(),
    }
}

fn closed(number: u64, at: Timestamp) -> Closed {
    let failed = number.is_multiple_of(200);
    let outcome = if failed { Outcome::UpstreamFailed } else { Outcome::Complete };
    Closed {
        status: Some(if failed { 502 } else { 200 }),
        usage: Usage { input: Some(120), output: Some(60), cached: None },
        answer: text(number + 1, 250),
        ..Closed::new(id(number), at, outcome)
    }
}

/// What stands for the telephone number of a customer.
fn placeholder(customer: u64) -> String {
    const CODE: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let character = |place: u32| char::from(CODE[(customer >> (5 * place) & 31) as usize]);
    format!("[PHONE_{}]", (0..4).rev().map(character).collect::<String>())
}

/// Words that no two exchanges have in the same order.
fn text(number: u64, length: usize) -> Vec<u8> {
    const WORDS: [&str; 16] = [
        "order", "refund", "never", "arrived", "address", "please", "number", "invoice", "window", "thanks", "basket",
        "label", "driver", "street", "confirm", "evening",
    ];
    let (mut state, mut text) = (number, String::new());
    while text.len() < length {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push_str(&format!("{} {} ", WORDS[(state >> 33) as usize % WORDS.len()], (state >> 50) & 0xfff));
    }
    text.into_bytes()
}
