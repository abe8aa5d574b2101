//! A redactor with the built-in patterns, and a vault with values to bring back.

use std::sync::{Arc, LazyLock};

use blotter::crypto::{MacKey, MasterKey, Purpose};
use blotter::detect::{BUILT_IN, Detector, Settings, Source};
use blotter::policy::{Policy, Rule};
use blotter::provider::Dialect;
use blotter::redact::{AnswerLimits, Bounds, Media, Redactor, Restorer, Unfit, Vault};
use blotter::wire::frame::Framing;
use bytes::Bytes;

/// A value that is found wherever it stands.
pub const SSN: &str = "536-90-4399";
/// A value that has to be escaped.
pub const NAME: &str = "Ann \"A\" \\ Fox\nJr.";

const LIMITS: AnswerLimits =
    AnswerLimits { frame_bytes: 1 << 22, held_bytes: 1 << 22, nesting: 64, logged_bytes: 1 << 16 };

static DETECTOR: LazyLock<Detector> = LazyLock::new(|| {
    let source = |(name, text): &(&str, &str)| Source { name: (*name).to_owned(), text: (*text).to_owned() };
    let sources: Vec<Source> = BUILT_IN.iter().map(source).collect();
    Detector::compile(&sources, &Settings { regions: vec!["US".to_owned()], ..Settings::default() }).unwrap()
});

static KEY: LazyLock<MacKey> =
    LazyLock::new(|| MasterKey::from_hex(&"07".repeat(32)).unwrap().derive(Purpose::Placeholder));

/// The body as the provider would get it, and how many findings it had.
pub fn redact(dialect: &Dialect, body: &[u8]) -> Result<(Bytes, u64), Unfit> {
    let policy = Policy::default();
    let mut redaction =
        Redactor { detector: &DETECTOR, policy: &policy, key: &KEY, bounds: Bounds::of_nesting(64) }.begin();
    let redacted = redaction.body(Bytes::copy_from_slice(body), &Media::Json, dialect)?;
    Ok((redacted.bytes, redaction.finish().1.findings.values().sum()))
}

/// A vault that holds [`SSN`] and [`NAME`].
fn vault() -> Vault {
    let mut vault = Vault::default();
    vault.placeholder(&KEY, &"SSN".parse().unwrap(), "536904399", SSN);
    vault.placeholder(&KEY, &"NAME".parse().unwrap(), NAME, NAME);
    vault
}

/// The placeholder of [`SSN`].
pub fn ssn() -> String {
    vault().placeholder(&KEY, &"SSN".parse().unwrap(), "536904399", SSN)
}

/// The placeholder of [`NAME`].
pub fn name() -> String {
    vault().placeholder(&KEY, &"NAME".parse().unwrap(), NAME, NAME)
}

/// What the caller gets of an answer that arrives in these chunks.
pub fn restore<'c>(dialect: &'static Dialect, framing: Framing, chunks: impl IntoIterator<Item = &'c [u8]>) -> Vec<u8> {
    let everywhere = Rule { tools: Some(vec!["*".to_owned()]), ..Rule::default() };
    let policy = Policy::new([("SSN".parse().unwrap(), everywhere)].into());
    let mut restorer = Restorer::new(vault(), Arc::new(policy), dialect, framing, LIMITS);
    let mut out: Vec<Bytes> = chunks.into_iter().flat_map(|chunk| restorer.push(chunk).unwrap()).collect();
    out.extend(restorer.finish().unwrap());
    out.concat()
}

/// Checks that the answer is the same wherever it is cut, and gives it. Long answers are cut into equal pieces only.
pub fn restore_cut_anywhere(dialect: &'static Dialect, framing: Framing, bytes: &[u8], what: &str) -> Vec<u8> {
    const SHORT: usize = 2000;
    let whole = restore(dialect, framing, [bytes]);
    for size in [1, 2, 3, 7, 64, 1000] {
        assert!(restore(dialect, framing, bytes.chunks(size)) == whole, "{what}: in pieces of {size}");
    }
    let cuts = if bytes.len() <= SHORT && framing != Framing::Whole { 0..bytes.len() } else { 0..0 };
    for cut in cuts {
        let (left, right) = bytes.split_at(cut);
        assert!(restore(dialect, framing, [left, right]) == whole, "{what}: cut at {cut}");
    }
    whole
}
