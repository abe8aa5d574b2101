//! `blotter audit review`: each distinct system prompt and tool that was sent, so that a new one does not come unseen.

use std::io::Write;

use clap::Args;
use serde_json::json;

use super::super::print::{self, NOTHING, Table};
use super::super::{ConfigFile, Outcome};
use super::list::SpanOptions;
use super::note;
use super::output::Output;
use crate::audit::{EventKind, Filter};
use crate::inquiry::{Archive, Seen, review};

#[derive(Args)]
pub(in crate::cli) struct Options {
    #[command(flatten)]
    span: SpanOptions,
    /// Only what is new since the last sign-off
    #[arg(long)]
    new: bool,
    /// Also print each in full
    #[arg(long, conflicts_with_all = ["json", "csv"])]
    text: bool,
    /// Sign off all that is listed; the note goes into the log, so name nobody whom it should not hold
    #[arg(long, value_name = "NOTE")]
    sign_off: Option<String>,
    #[command(flatten)]
    output: Output,
}

/// Lists what was seen, and signs it off if asked to.
pub(super) fn run(config: &ConfigFile, options: &Options) -> anyhow::Result<Outcome> {
    let place = config.log()?;
    let filter = Filter { limit: usize::MAX, ..options.span.filter() };
    let (mut seen, _) = review(&Archive::of(&place)?, &filter)?;
    seen.retain(|one| one.new || !options.new);
    options.output.print(&table(&seen), &seen)?;
    if options.text {
        print_texts(&seen)?;
    }
    let hashes: Vec<&String> = seen.iter().map(|one| &one.hash).collect();
    let (kind, detail) = match &options.sign_off {
        Some(note) => (EventKind::Reviewed, json!({ "note": note, "seen": hashes })),
        None => (EventKind::Viewed, json!({ "reviewed": hashes.len() })),
    };
    note(&place, kind, detail.to_string())?;
    let open = seen.iter().any(|one| one.new) && options.sign_off.is_none();
    Ok(if open { Outcome::Found } else { Outcome::Fine })
}

fn table(seen: &[Seen]) -> Table {
    let mut table = Table::new(&["KIND", "NAME", "HASH", "FIRST", "LAST", "TIMES", "ARGUMENTS HELD", "NEW"]);
    for one in seen {
        let entities: Vec<&str> = one.entities.iter().map(String::as_str).collect();
        table.row(vec![
            one.kind.to_owned(),
            one.name.clone().unwrap_or_else(|| NOTHING.to_owned()),
            one.hash.clone(),
            format!("{:.0}", one.first),
            format!("{:.0}", one.last),
            one.times.to_string(),
            if entities.is_empty() { NOTHING.to_owned() } else { entities.join(", ") },
            if one.new { "new" } else { NOTHING }.to_owned(),
        ]);
    }
    table
}

fn print_texts(seen: &[Seen]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for Seen { kind, hash, text, .. } in seen {
        writeln!(out, "\n{kind} {hash}:\n{}", print::visible_lines(text))?;
    }
    Ok(())
}
