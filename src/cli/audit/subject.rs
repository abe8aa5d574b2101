//! `blotter audit subject`, `erase` and `hold`: what a customer may ask for, and a court.

use std::io::Write;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde_json::json;

use super::super::print::Table;
use super::super::{ConfigFile, Outcome};
use super::output::{Output, tallies};
use super::{list, note, settle, show};
use crate::audit::{EventKind, Filter, Reader, Record, Registry, receipt};
use crate::config::LogPlace;
use crate::inquiry::escaped;
use crate::proxy::{Identities, Identity};

#[derive(Args)]
pub(in crate::cli) struct SubjectOptions {
    /// The customer: the id that the bot gives, or a token
    id: String,
    /// All of it with its texts, for the customer; the log says that it was given out
    #[arg(long, value_name = "FORM", conflicts_with_all = ["json", "csv"])]
    export: Option<Form>,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    /// A table for a spreadsheet
    Csv,
    /// A page for a person
    Html,
    /// For programs
    Json,
}

#[derive(Args)]
pub(in crate::cli) struct EraseOptions {
    /// The customer: the id that the bot gives, or a token
    id: String,
    /// Why, for the log; name nobody here
    #[arg(long, required_unless_present = "dry_run")]
    reason: Option<String>,
    /// Say what would be erased, and leave it
    #[arg(long)]
    dry_run: bool,
}

#[derive(Args)]
pub(in crate::cli) struct HoldOptions {
    /// The customer: the id that the bot gives, or a token
    id: String,
    /// Why, for the log; name nobody here
    #[arg(long, required_unless_present = "release")]
    reason: Option<String>,
    /// End the hold
    #[arg(long, conflicts_with = "reason")]
    release: bool,
}

/// Shows or exports all that is held about a customer.
pub(super) fn subject(config: &ConfigFile, options: &SubjectOptions) -> anyhow::Result<Outcome> {
    let place = config.log()?;
    let mut reader = Reader::open(&place.settings.folder)?;
    let subject = asked(&place, &options.id)?;
    // By a token they are found without the keys, too.
    if subject != options.id || options.export.is_some() {
        reader = reader.unlock(&place.audit_key.read_ring()?)?;
    }
    let all = Filter { subject: Some(subject), limit: usize::MAX, ..Filter::default() };
    let Some(form) = options.export else {
        let found = reader.list(&all)?;
        tell_if_nothing(&found);
        list::print(&found, &options.output)?;
        return Ok(Outcome::Fine);
    };
    let mut records = reader.records(&all)?;
    tell_if_nothing(&records);
    records.reverse();
    let subject = records.first().map(|record| &record.opened.subject);
    let detail = json!({ "subject": subject, "exchanges": records.len() });
    note(&place, EventKind::Exported, detail.to_string())?;
    match form {
        Form::Csv => csv(&records)?,
        Form::Html => write!(std::io::stdout(), "{}", html(&records))?,
        Form::Json => writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&records)?)?,
    }
    Ok(Outcome::Fine)
}

/// An empty answer to a customer should be meant.
fn tell_if_nothing<T>(found: &[T]) {
    if found.is_empty() {
        eprintln!("blotter: nothing is held about this customer: no exchange named this id, or it was erased");
    }
}

/// Destroys a customer's key, and prints the receipt.
pub(super) fn erase(config: &ConfigFile, options: &EraseOptions) -> anyhow::Result<Outcome> {
    let place = config.log()?;
    let keys = place.keys()?;
    let registry = Registry::open(&place.settings, &keys.sealing)?;
    let subject = asked(&place, &options.id)?;
    let mut out = std::io::stdout().lock();
    let Some(reason) = options.reason.as_deref().filter(|_| !options.dry_run) else {
        let plan = registry.plan(&subject, "", Timestamp::now())?;
        writeln!(out, "would erase {}: {} exchanges, {} texts", plan.token, plan.exchanges, plan.texts)?;
        return Ok(Outcome::Fine);
    };
    let erasure = registry.erase(&subject, reason, Timestamp::now())?;
    let logged = settle(&place.settings, &keys, &registry)?;
    write!(out, "{}", receipt(&erasure, &place.settings.checkpoints.origin, &keys.signing))?;
    if !logged {
        eprintln!("blotter: the erasure is done; the proxy will write it into its log");
    }
    Ok(Outcome::Fine)
}

/// Keeps a customer from erasure and retention, or ends that.
pub(super) fn hold(config: &ConfigFile, options: &HoldOptions) -> anyhow::Result<Outcome> {
    let place = config.log()?;
    let keys = place.keys()?;
    let registry = Registry::open(&place.settings, &keys.sealing)?;
    let token = registry.hold(&asked(&place, &options.id)?, options.reason.as_deref(), Timestamp::now())?;
    settle(&place.settings, &keys, &registry)?;
    let what = if options.release { "is released" } else { "is on hold: neither erased nor expired" };
    writeln!(std::io::stdout(), "{token} {what}")?;
    Ok(Outcome::Fine)
}

/// What the log's room of keys knows the customer by.
fn asked(place: &LogPlace, id: &str) -> anyhow::Result<String> {
    Ok(Identities::new(&place.key.read()?).asked(Identity::Subject, id))
}

fn csv(records: &[Record]) -> std::io::Result<()> {
    let mut table = Table::new(&["exchange", "at", "model", "outcome", "found", "received", "answered"]);
    for Record { opened, closed, .. } in records {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        table.row(vec![
            opened.exchange.to_string(),
            format!("{:.3}", opened.at),
            opened.model.clone().unwrap_or_default(),
            closed.as_ref().map(|closed| closed.outcome.to_string()).unwrap_or_default(),
            tallies(&opened.findings),
            text(&opened.request),
            closed.as_ref().map(|closed| text(&closed.answer)).unwrap_or_default(),
        ]);
    }
    table.print_csv()
}

fn html(records: &[Record]) -> String {
    const HEAD: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>What is held about you</title>\
        <style>body{font:16px sans-serif;max-width:60em;margin:2em auto}pre{white-space:pre-wrap;background:#eee;padding:1em}</style>\n\
        <h1>What is held about you</h1>\n";
    let count = format!("<p>{} exchanges.</p>\n", records.len());
    let article = |record: &Record| {
        let at = format!("{:.0}", record.opened.at);
        format!("<h2>{}</h2>\n<pre>{}</pre>\n", escaped(&at), escaped(&show::describe(record)))
    };
    [HEAD.to_owned(), count].into_iter().chain(records.iter().map(article)).chain(["</html>\n".to_owned()]).collect()
}
