//! `blotter eval --compare`: what a change of pattern files would newly find and newly miss.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use serde_json::json;

use super::{Options, Reading, Tally};
use crate::cli::print::Table;
use crate::cli::{ConfigFile, Outcome, list};
use crate::config::{self, Setup, User};
use crate::detect::{Detector, Source};
use crate::eval::{self, Side};

/// Scans every line with both and reports the differences.
pub(super) fn run(
    config: &ConfigFile,
    setup: &Setup,
    options: &Options,
    [old, new]: [&Path; 2],
) -> anyhow::Result<Outcome> {
    let (old, new) = (detector(config, setup, old)?, detector(config, setup, new)?);
    let lines = super::read(options, Reading::CasesAndTexts)?;
    let mut changes = Tally::default();
    for line in &lines {
        for change in eval::compare(&old, &new, &line.case) {
            let place = line.place(&change.span, change.labelled);
            changes.add(what(change.side), change.entity, vec![change.pattern], place);
        }
    }
    if options.json {
        let report = json!({"lines": lines.len(), "changes": changes.json(options)});
        writeln!(std::io::stdout(), "{report}")?;
    } else {
        print(&changes, options)?;
        eprintln!("{} lines", lines.len());
    }
    Ok(if changes.is_empty() { Outcome::Fine } else { Outcome::Found })
}

fn what(side: Side) -> &'static str {
    match side {
        Side::New => "newly found",
        Side::Old => "newly missed",
    }
}

fn print(changes: &Tally, options: &Options) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    if changes.is_empty() {
        return Ok(writeln!(out, "both find the same")?);
    }
    let mut table = Table::new(&["TIMES", "LABELLED", "WHAT", "ENTITY", "PATTERN"]);
    for group in changes.ranked(0) {
        let (event, times, labelled) = (group.event, group.places.len().to_string(), group.labelled().to_string());
        table.row(vec![times, labelled, event.what.to_owned(), event.entity.clone(), event.shown_patterns()]);
    }
    table.print()?;
    if options.places > 0 {
        writeln!(out)?;
        changes.print_places(options)?;
    }
    Ok(())
}

/// The patterns of a folder under the configuration that is used, without its rules for entities: one of the two folders may
/// not know them all.
fn detector(config: &ConfigFile, setup: &Setup, patterns: &Path) -> anyhow::Result<Arc<Detector>> {
    let [file, ..] = &setup.sources[..] else { return Err(anyhow!("there is no configuration")) };
    let mut table: toml::Table = file.text.parse()?;
    let patterns = std::path::absolute(patterns)?;
    let patterns = patterns.to_str().with_context(|| format!("{} is not UTF-8", patterns.display()))?;
    table.insert("patterns".to_owned(), patterns.into());
    table.remove("entities");
    let source = Source { name: file.name.clone(), text: table.to_string() };
    let folder = config.path().and_then(Path::parent).unwrap_or(Path::new(""));
    let setup = config::from_source(source, folder, User::Command)
        .map_err(|problems| anyhow!("{patterns} cannot be used:{}", list(&problems)))?;
    Ok(setup.ruleset.detector)
}
