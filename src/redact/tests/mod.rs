//! Requests and answers through the whole of redaction, with the built-in patterns.

mod deciding;
mod guarding;
mod properties;
mod redacting;
mod restoring;
mod splitting;

use std::sync::{Arc, LazyLock};

use super::*;
use crate::crypto::{MasterKey, Purpose};
use crate::detect::{BUILT_IN, Finding, Settings, Source};
use crate::policy::{Answers, Restore, Rule, Scope};
use crate::role::Role;
use crate::wire::frame::Framing;
use crate::wire::json::{self, JsonError};

const SSN: &str = "536-90-4399";
const PHONE: &str = "+1 415 555 2671";
const MAIL: &str = "ann@x.org";

pub(super) static DETECTOR: LazyLock<Arc<Detector>> = LazyLock::new(|| {
    let source = |(name, text): &(&str, &str)| Source { name: (*name).to_owned(), text: (*text).to_owned() };
    let sources: Vec<Source> = BUILT_IN.iter().map(source).collect();
    let settings = Settings { regions: vec!["US".to_owned()], ..Settings::default() };
    Arc::new(Detector::compile(&sources, &settings).unwrap())
});

pub(super) static KEY: LazyLock<MacKey> =
    LazyLock::new(|| MasterKey::from_hex(&"07".repeat(32)).unwrap().derive(Purpose::Placeholder));

const LIMITS: AnswerLimits =
    AnswerLimits { frame_bytes: 1 << 20, held_bytes: 1 << 20, nesting: 64, logged_bytes: 1 << 16 };

fn chat() -> &'static Dialect {
    Dialect::of("/chat/completions")
}

fn messages() -> &'static Dialect {
    Dialect::of("/messages")
}

fn redact_with(policy: &Policy, dialect: &Dialect, json: &str) -> Result<(Redacted, Vault, Account), Unfit> {
    let mut redaction = Redactor { detector: &DETECTOR, policy, key: &KEY, bounds: Bounds::of_nesting(64) }.begin();
    let redacted = redaction.body(Bytes::copy_from_slice(json.as_bytes()), &Media::Json, dialect)?;
    let (vault, account) = redaction.finish();
    Ok((redacted, vault, account))
}

/// The code taken out of every placeholder: `[SSN_7K2Q]` reads `[SSN]`.
fn without_codes(bytes: &[u8]) -> String {
    let placeholder = regex::Regex::new(r"\[([A-Z_]+)_[0-9A-Z]{4,}\]").unwrap();
    placeholder.replace_all(std::str::from_utf8(bytes).unwrap(), "[$1]").into_owned()
}

fn check(dialect: &Dialect, json: &str, expected: &str) {
    let (redacted, ..) = redact_with(&Policy::default(), dialect, json).unwrap();
    assert_eq!(without_codes(&redacted.bytes), expected);
}

/// Messages of these roles and contents.
fn turns(turns: &[(&str, &str)]) -> String {
    let turn = |(role, content): &(&str, &str)| format!(r#"{{"role":"{role}","content":"{}"}}"#, json::encode(content));
    format!(r#"{{"messages":[{}]}}"#, turns.iter().map(turn).collect::<Vec<_>>().join(","))
}

fn policy(entity: &str, rule: Rule) -> Policy {
    Policy::new([(entity.parse().unwrap(), rule)].into())
}

/// A vault that holds [`SSN`], [`PHONE`], [`MAIL`] and a value that JSON must escape, and their placeholders.
fn vault() -> (Vault, [String; 4]) {
    let mut vault = Vault::default();
    let mut hold = |entity: &str, value: &str| vault.placeholder(&KEY, &entity.parse().unwrap(), value, value);
    let placeholders = [hold("SSN", SSN), hold("PHONE", PHONE), hold("EMAIL", MAIL), hold("NAME", "Ann \"A\"\\\nFox")];
    (vault, placeholders)
}

fn restore_in(
    policy: Policy,
    dialect: &'static Dialect,
    framing: Framing,
    chunks: &[&[u8]],
) -> (Vec<Vec<Bytes>>, Restored) {
    let (vault, _) = vault();
    let mut restorer = Restorer::new(vault, Arc::new(policy), dialect, framing, LIMITS);
    let mut out: Vec<Vec<Bytes>> = chunks.iter().map(|chunk| restorer.push(chunk).unwrap()).collect();
    out.push(restorer.finish().unwrap());
    (out, restorer.account().placeholders)
}

fn restore(dialect: &'static Dialect, framing: Framing, bytes: &[u8]) -> String {
    let (out, _) = restore_in(Policy::default(), dialect, framing, &[bytes]);
    String::from_utf8(out.concat().concat()).unwrap()
}

fn chunk(delta: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":null}}]}}\n\n")
}

fn content(text: &str) -> String {
    chunk(&format!("{{\"content\":\"{}\"}}", json::encode(text)))
}

fn arguments(source: &str) -> String {
    chunk(&format!("{{\"tool_calls\":[{{\"index\":0,\"function\":{{\"arguments\":\"{}\"}}}}]}}", json::encode(source)))
}

/// The text of all lanes of a chat stream, by field.
fn said(stream: &str, field: &str) -> String {
    let chunks = stream
        .split("\n\n")
        .filter_map(|event| serde_json::from_str::<serde_json::Value>(event.strip_prefix("data: ")?).ok());
    let delta = |chunk: serde_json::Value| chunk["choices"][0]["delta"].clone();
    chunks
        .map(delta)
        .filter_map(|delta| {
            let text =
                if field == "arguments" { &delta["tool_calls"][0]["function"]["arguments"] } else { &delta[field] };
            text.as_str().map(str::to_owned)
        })
        .collect()
}

const STRANGER: &str = "219-09-9999";

/// What the caller sent: [`SSN`] and [`PHONE`], and their placeholders.
fn sent() -> (Vault, [String; 2]) {
    let json = turns(&[("user", SSN), ("user", PHONE)]);
    let (redacted, vault, _) = redact_with(&Policy::default(), chat(), &json).unwrap();
    let sent: serde_json::Value = serde_json::from_slice(&redacted.bytes).unwrap();
    (vault, [0, 1].map(|at: usize| sent["messages"][at]["content"].as_str().unwrap().to_owned()))
}

fn guarded(dialect: &'static Dialect, framing: Framing) -> Restorer {
    let guard = Guard::new(Arc::clone(&DETECTOR), Arc::default(), KEY.clone());
    let everywhere = Rule { tools: Some(vec!["*".to_owned()]), ..Rule::default() };
    Restorer::new(sent().0, Arc::new(policy("SSN", everywhere)), dialect, framing, LIMITS).guarded(guard)
}

fn guard(dialect: &'static Dialect, framing: Framing, chunks: &[&[u8]]) -> String {
    let mut restorer = guarded(dialect, framing);
    let mut out: Vec<Bytes> = chunks.iter().flat_map(|chunk| restorer.push(chunk).unwrap()).collect();
    out.extend(restorer.finish().unwrap());
    String::from_utf8(out.concat()).unwrap()
}
