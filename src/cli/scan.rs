//! `blotter scan`: what would be redacted in a text.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde_json::json;

use super::print::{self, Table};
use super::{ConfigFile, Outcome, input, preview};
use crate::config::{KeyPlace, Setup, User};
use crate::crypto::{MacKey, MasterKey, Purpose};
use crate::policy::Policy;
use crate::redact::{Bounds, Mark, Redactor};
use crate::wire::splice;

#[derive(Args)]
pub(super) struct Options {
    /// The files to read; `-` is standard input, as is no file at all
    files: Vec<PathBuf>,
    /// Read each file as the body of a request to this endpoint, as in `openai/chat`: write what would be forwarded, and what was
    /// scanned and what left alone
    #[arg(long = "as", value_name = "ENDPOINT", conflicts_with_all = ["redacted", "show_values"])]
    endpoint: Option<String>,
    /// With `--as`: the route that the request is for; without it no rule for a route counts
    #[arg(long, requires = "endpoint")]
    route: Option<String>,
    /// With `--as`: the caller whose request it is; without it no rule for a caller counts
    #[arg(long, requires = "endpoint")]
    caller: Option<String>,
    /// Write the redacted bytes instead of a table
    #[arg(long, conflicts_with_all = ["json", "show_values"])]
    redacted: bool,
    /// Write findings as JSON lines
    #[arg(long)]
    json: bool,
    /// Show the values that were found
    #[arg(long)]
    show_values: bool,
}

/// A file and what was found in it.
struct Scanned {
    name: String,
    bytes: Vec<u8>,
    marks: Vec<Mark>,
}

/// Scans every file and reports.
pub(super) fn run(config: &ConfigFile, options: &Options) -> anyhow::Result<Outcome> {
    let setup = config.setup(User::Command)?;
    for service in setup.ruleset.detector.services() {
        eprintln!("blotter: `scan` does not ask the service `{}`: only the proxy does", service.name);
    }
    let key = placeholder_key(&setup.log.key);
    let standard_input = [PathBuf::from("-")];
    let files = if options.files.is_empty() { &standard_input[..] } else { &options.files };
    if let Some(endpoint) = &options.endpoint {
        let ruleset = preview::narrowed(setup.ruleset, options.route.as_deref(), options.caller.as_deref())?;
        return preview::run(&ruleset, &key, endpoint, files, options.json);
    }
    let scanned = files.iter().map(|file| scan(&setup, &key, file)).collect::<anyhow::Result<Vec<_>>>()?;
    match options {
        Options { redacted: true, .. } => write_redacted(&scanned)?,
        Options { json: true, .. } => print_json(&setup, &scanned, options.show_values)?,
        _ => print_table(&setup, &scanned, options.show_values)?,
    }
    let found = scanned.iter().any(|scanned| !scanned.marks.is_empty());
    Ok(if found { Outcome::Found } else { Outcome::Fine })
}

/// The installation's key if there is one, so that placeholders are those of its log; nothing is made for a scan.
fn placeholder_key(place: &KeyPlace) -> MacKey {
    place.read().unwrap_or_else(|_| MasterKey::generate()).derive(Purpose::Placeholder)
}

fn scan(setup: &Setup, key: &MacKey, file: &Path) -> anyhow::Result<Scanned> {
    let name = input::name(file);
    let bytes = input::read(file).with_context(|| format!("{name} cannot be read"))?;
    let policy = Policy::default();
    let bounds = Bounds::of_nesting(setup.ruleset.limits.nesting);
    let redactor = Redactor { detector: &setup.ruleset.detector, policy: &policy, key, bounds };
    let marks = marks(redactor, &bytes).with_context(|| name.clone())?;
    Ok(Scanned { name, bytes, marks })
}

/// What is found in JSON, in JSON lines or, where it is neither, in text.
fn marks(redactor: Redactor, bytes: &[u8]) -> anyhow::Result<Vec<Mark>> {
    let mut redaction = redactor.begin();
    if let Ok(marks) = redaction.marks_in_json(bytes) {
        return Ok(marks);
    }
    if let Some(marks) = marks_in_lines(redactor, bytes) {
        return Ok(marks);
    }
    let text = std::str::from_utf8(bytes).context("it is not UTF-8 text: convert it first")?;
    Ok(redactor.begin().marks_in_text(text)?)
}

/// What is found in JSON lines; `None` when a line is not JSON.
fn marks_in_lines(redactor: Redactor, bytes: &[u8]) -> Option<Vec<Mark>> {
    let mut redaction = redactor.begin();
    let mut found = Vec::new();
    let mut start = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if !line.trim_ascii().is_empty() {
            let mut marks = redaction.marks_in_json(line).ok()?;
            for mark in &mut marks {
                mark.edit.span = mark.edit.span.start + start..mark.edit.span.end + start;
            }
            found.append(&mut marks);
        }
        start += line.len();
    }
    Some(found)
}

fn write_redacted(scanned: &[Scanned]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for Scanned { bytes, marks, .. } in scanned {
        out.write_all(&splice(bytes, marks.iter().map(|mark| &mark.edit)))?;
    }
    Ok(())
}

fn print_table(setup: &Setup, scanned: &[Scanned], show_values: bool) -> anyhow::Result<()> {
    let mut heading = vec!["WHERE", "ENTITY", "PATTERN", "PLACEHOLDER"];
    heading.extend(show_values.then_some("VALUE"));
    let mut table = Table::new(&heading);
    let mut count = 0;
    for file in scanned {
        for (mark, line, column) in file.places() {
            let pattern = setup.ruleset.detector.pattern(mark.pattern);
            let place = format!("{}:{line}:{column}", file.name);
            let mut row = vec![place, pattern.entity.to_string(), pattern.name.clone(), mark.edit.with.clone()];
            row.extend(show_values.then(|| file.value(mark)));
            table.row(row);
            count += 1;
        }
    }
    if count > 0 {
        table.print()?;
    }
    eprintln!("{count} found in {} {}", scanned.len(), if scanned.len() == 1 { "file" } else { "files" });
    Ok(())
}

fn print_json(setup: &Setup, scanned: &[Scanned], show_values: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for file in scanned {
        for (mark, line, column) in file.places() {
            let pattern = setup.ruleset.detector.pattern(mark.pattern);
            let mut found = json!({
                "file": file.name, "line": line, "column": column, "start": mark.edit.span.start, "end": mark.edit.span.end,
                "entity": pattern.entity.as_str(), "pattern": pattern.name, "placeholder": mark.edit.with,
            });
            if show_values {
                found["value"] = file.value(mark).into();
            }
            writeln!(out, "{found}")?;
        }
    }
    Ok(())
}

impl Scanned {
    /// Each mark with its line and column, from 1; columns count characters.
    fn places(&self) -> impl Iterator<Item = (&Mark, usize, usize)> {
        let (mut at, mut line, mut column) = (0, 1, 1);
        self.marks.iter().map(move |mark| {
            let between = &self.bytes[at..mark.edit.span.start];
            at = mark.edit.span.start;
            if let Some(last) = memchr::memrchr(b'\n', between) {
                line += memchr::memchr_iter(b'\n', between).count();
                column = 1 + String::from_utf8_lossy(&between[last + 1..]).chars().count();
            } else {
                column += String::from_utf8_lossy(between).chars().count();
            }
            (mark, line, column)
        })
    }

    fn value(&self, mark: &Mark) -> String {
        print::visible(&String::from_utf8_lossy(&self.bytes[mark.edit.span.clone()]))
    }
}
