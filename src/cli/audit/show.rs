//! `blotter audit show`: one exchange, whole.

use std::io::Write;

use serde_json::Value;

use super::super::{ConfigFile, Outcome, print};
use super::note;
use crate::audit::{AuditError, Closed, Counts, EventKind, Opened, Reader, Record, Tally, Texts};
use crate::wire::json::{Document, Kind, NodeId};

/// Shows the exchange with this id.
pub(super) fn run(config: &ConfigFile, id: &str, json: bool) -> anyhow::Result<Outcome> {
    let place = config.log()?;
    let folder = &place.settings.folder;
    let reader = match Reader::open(folder)?.unlock(&place.audit_key.read_ring()?) {
        Err(AuditError::NoKeys { .. }) => Reader::open(folder)?,
        unlocked => unlocked?,
    };
    let record = reader.show(id)?.ok_or_else(|| anyhow::anyhow!("no exchange `{id}`: see `blotter audit list`"))?;
    if record.texts != Texts::Locked {
        note(&place, EventKind::Viewed, format!("{{\"exchange\":\"{}\"}}", record.opened.exchange))?;
    }
    let mut out = std::io::stdout().lock();
    match json {
        true => writeln!(out, "{}", serde_json::to_string(&record)?)?,
        false => write!(out, "{}", describe(&record))?,
    }
    Ok(Outcome::Fine)
}

/// A record as a person reads it.
pub(in crate::cli) fn describe(record: &Record) -> String {
    let Record { opened, closed, texts, .. } = record;
    let mut lines = vec![
        format!("exchange      {}", opened.exchange),
        format!("at            {:.3}", opened.at),
        format!("request       {} /{}{}", opened.method, opened.route, opened.path),
        format!("dialect       {}, model {}", opened.provider, opened.model.as_deref().unwrap_or("-")),
        format!("caller        {}", opened.caller),
        format!("subject       {}", opened.subject.as_deref().unwrap_or("-")),
        format!("conversation  {}", opened.conversation.as_deref().unwrap_or("-")),
        declared("purpose       ", opened.purpose.as_deref()),
        declared("consent       ", opened.consent.as_deref()),
        format!("ruleset       {}", opened.ruleset),
        format!("found         {}", tallies_in_full(&opened.findings)),
        format!(
            "coverage      {} strings, {} bytes scanned; {} values left alone by the provider's table{}",
            opened.coverage.strings,
            opened.coverage.bytes,
            opened.coverage.opaque,
            exemptions(&opened.coverage.exemptions)
        ),
    ];
    lines.retain(|line| !line.is_empty());
    lines.extend(counts("in detail", &opened.coverage.counts));
    match closed {
        None => lines.push("outcome       open".to_owned()),
        Some(closed) => {
            let reason = closed.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
            let status = closed.status.map_or("no status".to_owned(), |status| format!("status {status}"));
            let count = |count: Option<u64>| count.map_or("-".to_owned(), |count| count.to_string());
            let timings = closed.timings;
            lines.push(format!("outcome       {}{reason}, {status}", closed.outcome));
            lines.push(format!("tokens        {} in, {} out", count(closed.usage.input), count(closed.usage.output)));
            lines.push(format!("restored      {} placeholders, {} stayed", closed.restored, closed.unrestored));
            lines.extend(counts("passage", &closed.passage));
            lines.push(format!(
                "time          {} us redacting, {} us until the log was on disk, first byte after {} us, all {} us",
                timings.redact_us,
                timings.commit_us,
                count(timings.first_byte_us),
                timings.total_us
            ));
            lines.push(format!("in the answer {}", tallies_in_full(&closed.findings)));
        }
    }
    match texts {
        Texts::Damaged => {
            lines.push("\nthe texts are not those that were sealed: run `blotter audit verify`".to_owned())
        }
        Texts::Destroyed => lines.push("\nthe texts are gone: their key was destroyed".to_owned()),
        Texts::Locked => lines.push("\nthe texts are sealed, and their keys are not here".to_owned()),
        Texts::Readable => lines.extend(texts_of(opened, closed.as_ref())),
    }
    lines.join("\n") + "\n"
}

fn texts_of(opened: &Opened, closed: Option<&Closed>) -> Vec<String> {
    let mut lines = vec!["\nwhat the model received:".to_owned(), pretty(&opened.request)];
    if let Some(closed) = closed {
        let truncated = if closed.answer_truncated { " (the beginning)" } else { "" };
        lines.push(format!("\nwhat it answered{truncated}:"));
        lines.push(answer(&closed.answer));
    }
    lines
}

fn tallies_in_full(findings: &[Tally]) -> String {
    let part = |tally: &Tally| format!("{} {} by {} ({})", tally.count, tally.entity, tally.pattern, tally.action);
    if findings.is_empty() { "nothing".to_owned() } else { findings.iter().map(part).collect::<Vec<_>>().join(", ") }
}

/// What the caller declared, if anything.
fn declared(name: &str, id: Option<&str>) -> String {
    id.map(|id| format!("{name}{id}")).unwrap_or_default()
}

/// Counts by name, such as `3 opaque/role, 1 exempt/images`.
fn counts(title: &str, counts: &Counts) -> Option<String> {
    let all: Vec<String> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
    (!all.is_empty()).then(|| format!("{title:<14}{}", all.join(", ")))
}

fn exemptions(used: &[String]) -> String {
    if used.is_empty() { String::new() } else { format!("; passed without {}", used.join(", ")) }
}

/// JSON with its members on lines of their own and every value as it was spelled; other text as it is.
fn pretty(bytes: &[u8]) -> String {
    const DEEPEST: usize = 200;
    match Document::parse(bytes, DEEPEST) {
        Ok(document) => print::visible_lines(&spread(&document, document.root(), "\n")),
        Err(_) => print::visible_lines(&String::from_utf8_lossy(bytes)),
    }
}

/// The value at `id`, its parts after `line`: a line end and the blanks that the value is moved in by.
fn spread(document: &Document, id: NodeId, line: &str) -> String {
    let inner = format!("{line}  ");
    let parts: Vec<String> = match document.kind(id) {
        Kind::Array => document.items(id).map(|item| inner.clone() + &spread(document, item, &inner)).collect(),
        Kind::Object => document
            .members(id)
            .map(|(key, value)| format!("{inner}{}: {}", document.source(key), spread(document, value, &inner)))
            .collect(),
        Kind::Literal | Kind::Number | Kind::String => return document.source(id).to_owned(),
    };
    let (open, close) = if document.kind(id) == Kind::Array { ('[', ']') } else { ('{', '}') };
    if parts.is_empty() { format!("{open}{close}") } else { format!("{open}{}{line}{close}", parts.join(",")) }
}

/// The lanes of an answer, or its body.
fn answer(bytes: &[u8]) -> String {
    let lanes = serde_json::from_slice::<Vec<Value>>(bytes).ok();
    let lane =
        |lane: &Value| Some(format!("{}: {}", lane["field"].as_str()?, print::visible_lines(lane["text"].as_str()?)));
    let lines = lanes.and_then(|lanes| lanes.iter().map(lane).collect::<Option<Vec<_>>>());
    lines.map_or_else(|| pretty(bytes), |lines| lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_spread_out_and_every_value_stays_as_it_was() {
        let spread = pretty(br#"{"b":[1.0e0,{}],"a":"\u00e9\n","c":[]}"#);
        assert_eq!(spread, "{\n  \"b\": [\n    1.0e0,\n    {}\n  ],\n  \"a\": \"\\u00e9\\n\",\n  \"c\": []\n}");
        assert_eq!(pretty(b"<html>\x1b"), "<html>\\u{1b}");
    }

    #[test]
    fn an_answer_is_told_by_its_lanes() {
        let lanes = br#"[{"at":[0],"field":"content","kind":"text","text":"hi"},{"at":[0,0],"field":"arguments","kind":"arguments","text":"{}"}]"#;
        assert_eq!(answer(lanes), "content: hi\narguments: {}");
        assert_eq!(answer(b"{}"), "{}");
    }
}
