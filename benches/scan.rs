//! How fast is a text scanned, beside the union of the same kind of regexes?

use std::{fmt::Write, sync::LazyLock};

use blotter::detect::{BUILT_IN, Detector, Settings, Source};
use divan::{Bencher, counter::BytesCount};
use regex::bytes::Regex;

fn main() {
    LazyLock::force(&DETECTOR);
    LazyLock::force(&UNION);
    divan::main();
}

static DETECTOR: LazyLock<Detector> = LazyLock::new(|| {
    let source = |(name, text): &(&str, &str)| Source { name: (*name).into(), text: (*text).into() };
    let sources: Vec<Source> = BUILT_IN.iter().map(source).collect();
    let regions = ["US", "GB", "BR", "MX", "DE"].map(str::to_owned).to_vec();
    Detector::compile(&sources, &Settings { regions, ..Settings::default() })
        .unwrap_or_else(|_| panic!("the shipped patterns compile"))
});

/// What a scanner without stages runs: every shape in one regex, no checks.
static UNION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?-u)\d{3}[- ]\d{2}[- ]\d{4}|\d(?:[ -]?\d){12,18}|\+?\(?\d(?:[ ()./-]{0,2}\d){7,14}",
        r"|[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,255}\.[A-Za-z]{2,24}|[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}",
        r"|sk-[A-Za-z0-9_-]{20,}|AKIA[A-Z2-7]{16}|gh[pousr]_[A-Za-z0-9]{36}|eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_.-]+",
    ))
    .expect("the union compiles")
});

/// Makes a text to scan.
type Make = fn() -> String;

/// Texts by name.
const TEXTS: [(&str, Make); 8] = [
    ("clean_2k", || clean(2_000)),
    ("three_findings_2k", three_findings),
    ("clean_100k", || clean(100_000)),
    ("cyrillic_100k", || "Здравствуйте, мой заказ ещё не пришёл, помогите пожалуйста. ".repeat(100_000 / 110)),
    ("digits_100k", || "1234567890".repeat(10_000)),
    ("groups_100k", || "123 456 78 ".repeat(100_000 / 11)),
    ("cues_100k", || "phone number card ssn ".repeat(100_000 / 22)),
    ("ats_100k", || "a@b.".repeat(25_000)),
];

fn clean(len: usize) -> String {
    const TALK: &str = "Hello, I ordered the blue jacket last week and it still has not arrived. Could you tell me when \
        it will be here? I paid right away, and the shop said it would take 3 days at most. Thank you so much for your help! ";
    TALK.chars().cycle().take(len).collect()
}

fn three_findings() -> String {
    let mut text = clean(1_900);
    let _ = write!(text, " Call me on (201) 535-2855 or write to ann@x.org, my card is 4111 1111 1111 1111.");
    text
}

#[divan::bench(args = TEXTS.map(|(name, _)| name))]
fn scan(bencher: Bencher, name: &str) {
    let text = text(name);
    bencher.counter(BytesCount::of_str(&text)).bench(|| DETECTOR.scan(divan::black_box(&text), ""));
}

#[divan::bench(args = TEXTS.map(|(name, _)| name))]
fn regex_union(bencher: Bencher, name: &str) {
    let text = text(name);
    bencher.counter(BytesCount::of_str(&text)).bench(|| UNION.find_iter(divan::black_box(text.as_bytes())).count());
}

fn text(name: &str) -> String {
    TEXTS.iter().find(|(known, _)| *known == name).map(|(_, text)| text()).unwrap_or_default()
}
