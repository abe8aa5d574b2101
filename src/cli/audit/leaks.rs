//! `blotter audit leaks`: stored texts, scanned with the patterns of today.
//!
//! What it finds left under the patterns of then. It says where and by which pattern, never the value.

use std::collections::BTreeMap;

use bytes::Bytes;
use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::super::print::Table;
use super::super::{ConfigFile, Outcome};
use super::list::SpanOptions;
use super::note;
use super::output::Output;
use crate::audit::{EventKind, Filter, Reader, Record, Texts};
use crate::config::User;
use crate::crypto::Purpose;
use crate::detect::PatternId;
use crate::policy::Policy;
use crate::provider::Dialect;
use crate::redact::{Bounds, Media, Redactor};

#[derive(Args)]
pub(in crate::cli) struct Options {
    #[command(flatten)]
    span: SpanOptions,
    /// At most so many of the newest exchanges
    #[arg(long, default_value_t = 1_000_000)]
    limit: u32,
    #[command(flatten)]
    output: Output,
}

/// What one pattern finds in stored texts.
#[derive(Serialize)]
struct Leak {
    entity: String,
    pattern: String,
    /// In how many texts that the model received.
    received: u64,
    /// In how many texts that it answered.
    answered: u64,
    /// The exchanges, newest first.
    exchanges: Vec<String>,
}

/// Scans what can be read, and tells what is found.
pub(super) fn run(config: &ConfigFile, options: &Options) -> anyhow::Result<Outcome> {
    let setup = config.setup(User::Command)?;
    let reader = Reader::open(&setup.log.settings.folder)?.unlock(&setup.log.audit_key.read_ring()?)?;
    let key = setup.log.key.read()?.derive(Purpose::Placeholder);
    let policy = Policy::default();
    let detector = &setup.ruleset.detector;
    let redactor =
        Redactor { detector, policy: &policy, key: &key, bounds: Bounds::of_nesting(setup.ruleset.limits.nesting) };
    let filter = Filter { limit: options.limit as usize, ..options.span.filter() };
    let (mut leaks, mut scanned, mut unread) = (BTreeMap::<PatternId, Leak>::new(), 0_u64, 0_u64);
    reader.each_record(&filter, |record| {
        if record.texts != Texts::Readable {
            unread += 1;
            return;
        }
        scanned += 1;
        let [received, answered] = [in_request(redactor, &record), in_answer(redactor, &record)];
        for (patterns, is_answer) in [(received, false), (answered, true)] {
            for id in patterns {
                let pattern = detector.pattern(id);
                let (entity, pattern) = (pattern.entity.to_string(), pattern.name.clone());
                let new = || Leak { entity, pattern, received: 0, answered: 0, exchanges: Vec::new() };
                let leak = leaks.entry(id).or_insert_with(new);
                *(if is_answer { &mut leak.answered } else { &mut leak.received }) += 1;
                let exchange = record.opened.exchange.to_string();
                if leak.exchanges.last() != Some(&exchange) {
                    leak.exchanges.push(exchange);
                }
            }
        }
    })?;
    note(&setup.log, EventKind::Viewed, json!({ "scanned_again": scanned }).to_string())?;
    let leaks: Vec<Leak> = leaks.into_values().collect();
    options.output.print(&table(&leaks), &leaks)?;
    eprintln!("{} found in the texts of {scanned} exchanges; those of {unread} cannot be read", leaks.len());
    Ok(if leaks.is_empty() { Outcome::Fine } else { Outcome::Found })
}

fn table(leaks: &[Leak]) -> Table {
    let mut table = Table::new(&["ENTITY", "PATTERN", "RECEIVED", "ANSWERED", "NEWEST EXCHANGE"]);
    for Leak { entity, pattern, received, answered, exchanges } in leaks {
        let newest = exchanges.first().cloned().unwrap_or_default();
        table.row(vec![entity.clone(), pattern.clone(), received.to_string(), answered.to_string(), newest]);
    }
    table
}

/// The patterns that find something in what the model received.
fn in_request(redactor: Redactor<'_>, record: &Record) -> Vec<PatternId> {
    let mut redaction = redactor.begin();
    let body = Bytes::from(record.opened.request.clone());
    match redaction.body(body, &Media::Json, Dialect::of(&record.opened.path)) {
        Ok(_) => distinct(redaction.finish().1.findings.into_keys().map(|(pattern, _)| pattern)),
        Err(_) => in_text(redactor, &record.opened.request),
    }
}

/// The patterns that find something in what it answered.
fn in_answer(redactor: Redactor<'_>, record: &Record) -> Vec<PatternId> {
    let Some(closed) = &record.closed else { return Vec::new() };
    match redactor.begin().marks_in_json(&closed.answer) {
        Ok(marks) => distinct(marks.into_iter().map(|mark| mark.pattern)),
        Err(_) => in_text(redactor, &closed.answer),
    }
}

fn in_text(redactor: Redactor<'_>, text: &[u8]) -> Vec<PatternId> {
    let marks = redactor.begin().marks_in_text(&String::from_utf8_lossy(text));
    distinct(marks.unwrap_or_default().into_iter().map(|mark| mark.pattern))
}

fn distinct(patterns: impl Iterator<Item = PatternId>) -> Vec<PatternId> {
    let mut patterns: Vec<PatternId> = patterns.collect();
    patterns.sort_unstable();
    patterns.dedup();
    patterns
}
