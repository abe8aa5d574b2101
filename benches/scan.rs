//! How fast is text scanned, beside the union of the same kind of regexes, and what do hostile texts and many patterns cost?
//!
//! Prints MB per second of one core, the best of several passes, and ratios. `SCAN_TEXTS=FOLDER` takes `clean.txt`,
//! `digits.txt` and `dense.txt` from there instead of making them.

use std::{
    fmt::Write,
    hint::black_box,
    path::Path,
    time::{Duration, Instant},
};

use blotter::detect::{BUILT_IN, Detector, Settings, Source};
use regex::bytes::Regex;

fn main() {
    let texts = [("clean", text("clean", clean)), ("digits", text("digits", digits)), ("dense", text("dense", dense))];
    let (all, core, union) = (detector(sources()), detector(core()), union());
    println!("{:<28}{:>12}{:>12}{:>12}", "MB/s", "clean", "digits", "dense");
    let rate = |scan: &dyn Fn(&str)| texts.each_ref().map(|(_, text)| mb_per_second(text, scan));
    let unions = rate(&|text| _ = black_box(union.find_iter(text.as_bytes()).count()));
    row("regex union of core", unions, None);
    let alls = rate(&|text| _ = black_box(all.scan(text, "")));
    row("all patterns", alls, Some(unions));
    row("core patterns", rate(&|text| _ = black_box(core.scan(text, ""))), Some(unions));
    let accented = texts.each_ref().map(|(name, text)| (*name, text.replace(" and ", " — and ").replace('\'', "’")));
    let accents = accented.each_ref().map(|(_, text)| mb_per_second(text, &|text| _ = black_box(all.scan(text, ""))));
    row("  with some non-ASCII", accents, Some(alls));
    let more = detector([sources(), vec![literals(1_000)]].concat());
    row("  1,000 literals more", rate(&|text| _ = black_box(more.scan(text, ""))), Some(alls));
    let words = detector([sources(), words(1_000_000)].concat());
    row("  a million words more", rate(&|text| _ = black_box(words.scan(text, ""))), Some(alls));
    println!("\n{:<28}{:>12}", "2 KB message", "µs");
    let message = clean(2_000);
    println!("{:<28}{:>12.2}", "clean", micros(&message, &all));
    let findings = " Call me on (201) 535-2855 or write to ann@x.org, my card is 4111 1111 1111 1111.";
    println!("{:<28}{:>12.2}", "three findings", micros(&format!("{}{findings}", &message[..1_900]), &all));
    println!("\n{:<28}{:>12}", "hostile, 100 KB", "MB/s");
    for (name, text) in hostile() {
        println!("{name:<28}{:>12.1}", mb_per_second(&text, &|text| _ = black_box(all.scan(text, ""))));
    }
}

fn row(name: &str, rates: [f64; 3], beside: Option<[f64; 3]>) {
    let [clean, digits, dense] = rates;
    print!("{name:<28}{clean:>12.0}{digits:>12.0}{dense:>12.0}");
    if let Some(beside) = beside {
        let [clean, digits, dense] = [0, 1, 2].map(|i| rates[i] / beside[i]);
        print!("   {clean:.2} / {digits:.2} / {dense:.2} times");
    }
    println!();
}

fn mb_per_second(text: &str, scan: &dyn Fn(&str)) -> f64 {
    text.len() as f64 / 1e6 / best(|| scan(black_box(text))).as_secs_f64()
}

fn micros(text: &str, detector: &Detector) -> f64 {
    const TIMES: u32 = 1_000;
    let scan = || (0..TIMES).for_each(|_| _ = black_box(detector.scan(black_box(text), "")));
    best(scan).as_secs_f64() * 1e6 / f64::from(TIMES)
}

/// The shortest of several runs.
fn best(mut run: impl FnMut()) -> Duration {
    let timed = |_| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..7).map(timed).min().unwrap_or_default()
}

fn detector(sources: Vec<Source>) -> Detector {
    let regions = ["US", "GB", "BR", "MX", "DE"].map(str::to_owned).to_vec();
    Detector::compile(&sources, &Settings { regions, ..Settings::default() }).unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}

fn sources() -> Vec<Source> {
    BUILT_IN.iter().map(|(name, text)| Source { name: (*name).into(), text: (*text).into() }).collect()
}

/// Social security numbers, cards, phones and e-mail addresses.
fn core() -> Vec<Source> {
    // The last two for the cue lists that the others name.
    const CORE: [&str; 6] = ["ssn", "card", "phone", "email", "lookalikes", "date_of_birth"];
    let is_core = |source: &Source| CORE.iter().any(|name| source.name == format!("patterns/{name}.toml"));
    sources().into_iter().filter(is_core).collect()
}

/// What a scanner without stages runs: every shape of the core in one regex, no checks.
fn union() -> Regex {
    Regex::new(concat!(
        r"(?-u)\b\d{3}-\d{2}-\d{4}\b|\b(?:\d[ -]?){12,18}\d\b|(?:\+1[ .-]?)?(?:\(\d{3}\)|\b\d{3})[ .-]?\d{3}[ .-]?\d{4}\b",
        r"|\b[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}\b",
    ))
    .expect("the union compiles")
}

/// A pattern with so many literals of its own.
fn literals(count: usize) -> Source {
    let mut text = "[[pattern]]\nname = \"projects\"\nentity = \"PROJECT\"\nsource = \"ours\"\nregex = [\n".to_owned();
    (0..count).for_each(|i| _ = writeln!(text, "  'project-{}-[0-9]{{4}}',", word(i)));
    let _ = writeln!(text, "]\nexamples.match = [\"<<project-{}-0042>>\"]", word(0));
    Source { name: "patterns/projects.toml".into(), text }
}

/// A pattern with a word file.
fn words(count: usize) -> Vec<Source> {
    let names: String = (0..count).fold(String::new(), |names, i| names + &word(i) + " " + &word(i / 7 + 3) + "\n");
    let pattern = "[[pattern]]\nname = \"names\"\nentity = \"PERSON\"\nsource = \"ours\"\nwords_file = \"names.txt\"\n";
    let example = format!("examples.match = [\"hi <<{}>>\"]\n", names.lines().next().unwrap_or_default());
    let source = |name: &str, text| Source { name: name.into(), text };
    vec![source("patterns/names.toml", pattern.to_owned() + &example), source("patterns/names.txt", names)]
}

/// A made-up word of its own for each number.
fn word(number: usize) -> String {
    const SYLLABLES: [&str; 16] =
        ["ka", "lo", "mi", "ten", "ru", "sa", "vor", "el", "din", "qua", "ber", "no", "xi", "fa", "gul", "ho"];
    let rests = std::iter::successors(Some(number * 7 + 4_096), |rest| Some(rest / 16)).take_while(|rest| *rest > 0);
    rests.map(|rest| SYLLABLES[rest % 16]).collect()
}

/// A text of a few megabytes, from the folder that the caller names or made here.
fn text(name: &str, make: fn(usize) -> String) -> String {
    let folder = std::env::var("SCAN_TEXTS").ok();
    let read = folder.map(|folder| std::fs::read_to_string(Path::new(&folder).join(format!("{name}.txt"))));
    read.and_then(Result::ok).unwrap_or_else(|| make(4_000_000))
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + self.below(10) as u8)).collect()
    }
}

/// `len` bytes of lines that `line` makes.
fn lines(len: usize, mut line: impl FnMut(&mut Dice) -> String) -> String {
    let (mut text, mut dice) = (String::with_capacity(len + 256), Dice(20_240_229));
    while text.len() < len {
        text += &line(&mut dice);
        text.push('\n');
    }
    text.truncate(len);
    text
}

const TALK: [&str; 8] = [
    "Hello, I ordered the blue jacket last week and it still has not arrived.",
    "Could you tell me when it will be here, and who I should ask about the return?",
    "I paid right away, and the shop said that it would take a few days at most.",
    "Thank you so much for your help, I'm sure that it's only a small mistake.",
    "The colour is lovely and the size is right, but the zip was broken when it came.",
    "Please let me know whether the other one is in stock in a larger size.",
    "We waited at home the whole morning and nobody came to the door.",
    "If that is not possible I would rather have the money back than another voucher.",
];

fn clean(len: usize) -> String {
    lines(len, |dice| format!("{} {}", TALK[dice.below(8)], TALK[dice.below(8)]))
}

fn digits(len: usize) -> String {
    lines(len, |dice| match dice.below(5) {
        0 => format!("Order {}-{} was placed on 2026-0{}-1{} at 14:3{}.", dice.digits(4), dice.digits(3), 4, 2, 7),
        1 => format!("Version 3.{}.{} came {} days after 3.4.", dice.below(9), dice.below(40), dice.below(400)),
        2 => format!("The batch ran from 17{} to 17{} in {}.{} s.", dice.digits(8), dice.digits(8), 7, dice.digits(2)),
        3 => format!("Parcel ZX{} weighs {}.{} kg and costs {} euros.", dice.digits(6), 4, 2, dice.below(900)),
        _ => TALK[dice.below(8)].to_owned(),
    })
}

fn dense(len: usize) -> String {
    lines(len, |dice| match dice.below(4) {
        0 => format!(
            "My social security number is 5{}-4{}-1{}, keep it safe.",
            dice.digits(2),
            dice.digits(1),
            dice.digits(3)
        ),
        1 => format!("You can charge my card {} for it.", card(dice)),
        2 => format!("If anything is unclear, call me on (212) 4{}-{} after lunch.", dice.digits(2), dice.digits(4)),
        _ => format!(
            "The signed copy should go to ann.fox{}@example.org as well. {}",
            dice.below(99),
            TALK[dice.below(8)]
        ),
    })
}

/// A card number whose last digit is right.
fn card(dice: &mut Dice) -> String {
    let body = format!("4{}", dice.digits(14));
    let doubled = |(i, digit): (usize, u32)| if i % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { digit };
    let sum: u32 = body.chars().rev().filter_map(|c| c.to_digit(10)).enumerate().map(doubled).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

fn hostile() -> Vec<(&'static str, String)> {
    const LEN: usize = 100_000;
    let repeated = |piece: &str| piece.repeat(LEN / piece.len());
    vec![
        ("all digits", repeated("1234567890")),
        ("short groups", repeated("123 456 78 ")),
        ("single digits", repeated("1 2 3 4 5 6 7 8 9 0 ")),
        ("separators", repeated("-.-/ _")),
        ("cues", repeated("phone number card ssn ")),
        ("cues and digits", repeated("phone 12345678 card 4111111 ")),
        ("addresses", repeated("a@b.")),
        ("Cyrillic", repeated("Здравствуйте, мой заказ ещё не пришёл, помогите пожалуйста. ")),
        ("Chinese", repeated("你好我的订单还没有到请帮我看一下谢谢")),
        ("full-width digits", repeated("４１１１ １１１１ ")),
        ("backslashes", repeated("\\\\n\\u0034")),
    ]
}
