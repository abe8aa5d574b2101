//! Any bytes as an answer in any dialect: what comes out does not depend on the cuts, no frame is lost, and without placeholders
//! the bytes are the same.
//!
//! The first byte chooses the dialect, the second the framing, the third the cuts. `~` stands for a placeholder, `^` and `` ` `` for its halves.

#![no_main]

use std::sync::{Arc, LazyLock};

use blotter_fuzz::policy::Policy;
use blotter_fuzz::provider::Dialect;
use blotter_fuzz::redact::{AnswerLimits, Media, Restorer, Vault};
use blotter_fuzz::wire::frame::Framing;
use blotter_fuzz::{pieces, redactor};
use libfuzzer_sys::fuzz_target;

const FRAMINGS: [Framing; 5] = [Framing::Elements, Framing::Events, Framing::Lines, Framing::Text, Framing::Whole];
const LIMITS: AnswerLimits =
    AnswerLimits { frame_bytes: 1 << 20, held_bytes: 1 << 20, nesting: 40, logged_bytes: 1 << 12 };

static DIALECTS: LazyLock<Vec<&'static Dialect>> = LazyLock::new(|| Dialect::all().collect());
static PLACEHOLDER: LazyLock<String> = LazyLock::new(|| {
    let body = sent().1;
    let start = body.find('[').expect("a list begins");
    body[start + 1..].trim_end_matches(']').trim_matches('"').to_owned()
});

fuzz_target!(|bytes: &[u8]| {
    let [dialect, framing, seed, answer @ ..] = bytes else { return };
    let dialect = DIALECTS[usize::from(*dialect) % DIALECTS.len()];
    let framing = FRAMINGS[usize::from(*framing) % FRAMINGS.len()];
    let has_placeholders = answer.iter().any(|byte| b"~^`".contains(byte));
    let (half, rest) = PLACEHOLDER.split_at(PLACEHOLDER.len() / 2);
    let answer: Vec<u8> = answer
        .iter()
        .flat_map(|byte| match byte {
            b'~' => PLACEHOLDER.as_bytes().to_vec(),
            b'^' => half.as_bytes().to_vec(),
            b'`' => rest.as_bytes().to_vec(),
            other => vec![*other],
        })
        .collect();
    let whole = restore(dialect, framing, &[&answer]);
    assert_eq!(restore(dialect, framing, &pieces(&answer, *seed)), whole, "{} {framing:?}", dialect.name);
    if !has_placeholders && !answer.windows(4).any(|window| window.eq_ignore_ascii_case(b"ssn_")) {
        assert_eq!(whole, answer);
    }
});

fn restore(dialect: &'static Dialect, framing: Framing, chunks: &[&[u8]]) -> Vec<u8> {
    let mut restorer = Restorer::new(sent().0, Arc::new(Policy::default()), dialect, framing, LIMITS);
    let mut out = Vec::new();
    for chunk in chunks {
        out.extend(restorer.push(chunk).expect("no frame is too long").concat());
    }
    out.extend(restorer.finish().expect("no frame is too long").concat());
    out
}

/// What a caller sent, and the body that left.
fn sent() -> (Vault, String) {
    let mut redaction = redactor().begin();
    let dialect = Dialect::of("/new");
    let redacted = redaction.body("[\"536-90-4399\"]".into(), &Media::Json, dialect).expect("it is JSON");
    (redaction.finish().0, String::from_utf8(redacted.bytes.to_vec()).expect("it is text"))
}
