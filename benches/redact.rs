//! What does the engine cost between the bytes of a request and those that leave, and between an answer's and the caller's?
//!
//! Prints one core's MB per second, the best of several passes, beside reading and writing the same JSON as values, and beside
//! copying the same frames. `cargo bench --bench redact -- [redact|restore]`.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use blotter::crypto::{MacKey, MasterKey, Purpose};
use blotter::detect::{BUILT_IN, Detector, Settings, Source};
use blotter::policy::Policy;
use blotter::provider::Dialect;
use blotter::redact::{AnswerLimits, Bounds, Media, Redactor, Restorer, Vault};
use blotter::wire::frame::Framing;
use bytes::Bytes;

const LIMITS: AnswerLimits =
    AnswerLimits { frame_bytes: 1 << 25, held_bytes: 1 << 18, nesting: 100, logged_bytes: 1 << 20 };

const FINDINGS: [&str; 10] = [
    "my ssn is 536-90-4399",
    "call me at +1 415 555 2671",
    "my card is 4242 4242 4242 4242",
    "write to ann.fox@example.org",
    "or to bob@example.org",
    "my wife's card is 5555 5555 5555 4444",
    "my office is (212) 555-0142",
    "my iban is DE89 3704 0044 0532 0130 00",
    "her ssn is 219-09-9998",
    "or to carol@example.org",
];

fn main() {
    let asked = std::env::args().nth(1).filter(|name| !name.starts_with('-'));
    let asks_for = |name: &str| asked.as_deref().is_none_or(|asked| asked == name);
    let bench = Bench::new();
    if asks_for("redact") {
        redact(&bench);
    }
    if asks_for("restore") {
        restored(&bench);
    }
}

fn redact(bench: &Bench) {
    println!("{:<44}{:>10}{:>10}", "a chat history of 32 KB", "MB/s", "times");
    for (name, findings) in [("redact, 10 findings", 10), ("redact, no finding", 0)] {
        let chat = history(findings);
        let values = mb_per_second(chat.len(), || {
            let value: serde_json::Value = serde_json::from_slice(black_box(&chat)).expect("it is JSON");
            black_box(serde_json::to_vec(&value).expect("it was JSON"));
        });
        let redacted = mb_per_second(chat.len(), || _ = black_box(bench.redact(&chat)));
        println!("{:<44}{values:>10.0}{:>10}", "serde_json::Value, read and written", "");
        println!("{name:<44}{redacted:>10.0}{:>10.2}", redacted / values);
    }
}

fn restored(bench: &Bench) {
    println!(
        "\n{:<44}{:>10}{:>10}{:>10}{:>10}",
        "one-token frames of an event stream", "MB/s", "times", "p50 ns", "p99 ns"
    );
    let (_, vault) = bench.redact(&history(10));
    for (name, answer, vault) in [
        ("restore, the caller sent no value", frames(&[]), Vault::default()),
        ("restore, no placeholder in the answer", frames(&[]), vault.clone()),
        ("restore, a placeholder every 100 frames", frames(&placeholders(bench)), vault),
    ] {
        let length = answer.iter().map(Bytes::len).sum();
        let copied = mb_per_second(length, || {
            for frame in &answer {
                black_box(Bytes::copy_from_slice(black_box(frame)));
            }
        });
        let restored = mb_per_second(length, || restore(&vault, &answer, |_| {}));
        let mut times = Vec::new();
        for _ in 0..20 {
            restore(&vault, &answer, |time| times.push(time));
        }
        times.sort_unstable();
        let quantile = |share: f64| times[(times.len() as f64 * share) as usize].as_nanos();
        let times = restored / copied;
        println!("{name:<44}{restored:>10.0}{times:>10.2}{:>10}{:>10}", quantile(0.5), quantile(0.99));
    }
}

struct Bench {
    detector: Detector,
    policy: Policy,
    key: MacKey,
    chat: &'static Dialect,
}

impl Bench {
    fn new() -> Self {
        let source = |(name, text): &(&str, &str)| Source { name: (*name).to_owned(), text: (*text).to_owned() };
        let sources: Vec<Source> = BUILT_IN.iter().map(source).collect();
        let settings = Settings { regions: vec!["US".to_owned()], ..Settings::default() };
        let detector =
            Detector::compile(&sources, &settings).unwrap_or_else(|_| panic!("the built-in patterns compile"));
        let key = MasterKey::from_hex(&"07".repeat(32)).expect("it is a key").derive(Purpose::Placeholder);
        Self { detector, policy: Policy::default(), key, chat: Dialect::of("/v1/chat/completions") }
    }

    fn redact(&self, body: &Bytes) -> (Bytes, Vault) {
        let Self { detector, policy, key, chat } = self;
        let mut redaction = Redactor { detector, policy, key, bounds: Bounds::of_nesting(100) }.begin();
        let redacted = redaction.body(body.clone(), &Media::Json, chat).expect("nothing is blocked");
        (redacted.bytes, redaction.finish().0)
    }
}

/// A chat of 32 KB, with so many of the findings spread over it.
fn history(findings: usize) -> Bytes {
    const SENTENCES: [&str; 4] = [
        "Thank you for your patience, I have looked into the order and it left our warehouse on Monday morning. ",
        "Could you please tell me which of the two parcels you are asking about, the small one or the large one? ",
        "I\\u2019m afraid that we cannot change the address once a parcel is on its way, but the driver will ring. ",
        "That sounds good, I would like to keep the blue one and send the other back if that is still possible.\\n",
    ];
    let mut messages = vec![r#"{"role":"system","content":"You help the customers of a shop."}"#.to_owned()];
    let turns = 80;
    for turn in 0..turns {
        let role = ["user", "assistant"][turn % 2];
        let text: String = (0..4).map(|at| SENTENCES[(turn + at) % 4]).collect();
        let finding =
            (turn * findings / turns != (turn + 1) * findings / turns).then(|| FINDINGS[turn * findings / turns]);
        messages.push(format!(r#"{{"role":"{role}","content":"{text}{}"}}"#, finding.unwrap_or_default()));
    }
    let mut chat = format!(r#"{{"model":"m","temperature":0.2,"stream":true,"messages":[{}]}}"#, messages.join(","));
    assert!((32_000..37_000).contains(&chat.len()), "{}", chat.len());
    chat.push('\n');
    chat.into()
}

fn placeholders(bench: &Bench) -> Vec<String> {
    let (redacted, _) = bench.redact(&history(10));
    let redacted = String::from_utf8(redacted.into()).expect("it is text");
    let found =
        redacted.match_indices('[').filter_map(|(at, _)| Some(redacted[at..].split_once(']')?.0.to_owned() + "]"));
    found.filter(|found| found.contains('_')).collect()
}

/// The frames of an answer, each with a token of some four characters; now and then one with a placeholder in three.
fn frames(placeholders: &[String]) -> Vec<Bytes> {
    const WORDS: [&str; 8] = [" order", " the", " will", " be", " de", "liver", "ed", ","];
    let mut tokens: Vec<String> = Vec::new();
    for at in 0..2000 {
        tokens.push(WORDS[at % WORDS.len()].to_owned());
        if at % 100 == 50 && !placeholders.is_empty() {
            let placeholder = &placeholders[at / 100 % placeholders.len()];
            tokens.extend([&placeholder[..3], &placeholder[3..6], &placeholder[6..]].map(str::to_owned));
        }
    }
    let frame = |token: &String| {
        let content = serde_json::to_string(token).expect("a text becomes JSON");
        format!(
            "data: {{\"id\":\"chatcmpl-CZx9hVnVt0T5Xq1u7\",\"object\":\"chat.completion.chunk\",\"created\":1763800000,\
            \"model\":\"gpt-5\",\"service_tier\":\"default\",\"system_fingerprint\":null,\"choices\":[{{\"index\":0,\
            \"delta\":{{\"content\":{content}}},\"logprobs\":null,\"finish_reason\":null}}],\"usage\":null,\
            \"obfuscation\":\"x7Qk2\"}}\n\n"
        )
    };
    tokens.iter().map(|token| frame(token).into()).collect()
}

fn restore(vault: &Vault, frames: &[Bytes], mut told: impl FnMut(Duration)) {
    let chat = Dialect::of("/v1/chat/completions");
    let mut restorer = Restorer::new(vault.clone(), Arc::default(), chat, Framing::Events, LIMITS);
    for frame in frames {
        let begun = Instant::now();
        black_box(restorer.push(black_box(frame)).expect("no frame is too long"));
        told(begun.elapsed());
    }
    black_box(restorer.finish().expect("no frame is too long"));
}

/// The best of many passes.
fn mb_per_second(length: usize, pass: impl Fn()) -> f64 {
    let begun = Instant::now();
    let mut best = Duration::MAX;
    while begun.elapsed() < Duration::from_millis(1500) {
        let pass_begun = Instant::now();
        pass();
        best = best.min(pass_begun.elapsed());
    }
    length as f64 / 1e6 / best.as_secs_f64()
}
