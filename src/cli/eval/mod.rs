//! `blotter eval`: how well do the patterns find what was labelled, and what would other patterns change?

mod compare;
mod report;
mod tally;

use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use clap::Args;

use super::{ConfigFile, Outcome};
use crate::config::{Setup, User};
use crate::detect::Detector;
use crate::eval::{Case, Ceiling, Floor, Kind, Names, Scores};
use tally::{Place, Tally};

/// What stands below the options.
pub(super) const HELP: &str = r#"A labelled line is JSON, with offsets in characters:
  {"text": "call 555-0100", "spans": [[5, 13, "PHONE"]]}
`entity` names the spans that have no third member. A line with `entity` and without named spans is
labelled for that entity alone: what else is found there does not count. Other lines are labelled for
every entity, but for those that they list as `may`: ["IP"].

What can go wrong:
  borders  a label was found with other borders
  dropped  a label was not found, but its value is found alone: what is written around it drops it
  false    something was found where no such label is
  missed   a label was not found; the patterns are those that look for its entity
  taken    a label was taken for another entity

Exit codes: 0 fine, 1 a limit is broken or (with --compare) something changes, 2 could not."#;

#[derive(Args)]
pub(super) struct Options {
    /// Files of labelled lines; with --compare, files that do not end in .jsonl are read as one text a line
    #[arg(required = true, value_name = "CASES")]
    files: Vec<PathBuf>,
    /// What a label is called here, as in `DOB=DATE_OF_BIRTH`; can be given several times
    #[arg(long = "label", value_name = "LABEL=ENTITY", value_parser = name)]
    names: Vec<(String, String)>,
    /// Exit with 1 when exact figures are under `0.99` (F1 of each labelled entity), `CARD=0.99` (F1), `CARD=0.99/0.98`
    /// (precision/recall); can be given several times
    #[arg(long, value_name = "FLOOR")]
    fail_under: Vec<Floor>,
    /// Exit with 1 when false findings per 1,000 lines are over `2` (of any entity), `CARD=2`; can be given several times
    #[arg(long, value_name = "CEILING")]
    fail_over: Vec<Ceiling>,
    /// Tell what a change of pattern files, from one folder to another, would newly find and newly miss
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"], conflicts_with_all = ["fail_under", "fail_over"])]
    compare: Vec<PathBuf>,
    /// How many places to show
    #[arg(long, value_name = "N", default_value_t = 20)]
    places: usize,
    /// Write one JSON object instead of tables
    #[arg(long)]
    json: bool,
    /// Show the values that stand at the places
    #[arg(long)]
    show_values: bool,
}

/// A case and where it was read.
struct Line {
    file: String,
    number: usize,
    case: Case,
}

/// Measures, or compares, and reports.
pub(super) fn run(config: &ConfigFile, options: &Options) -> anyhow::Result<Outcome> {
    let setup = config.setup(User::Command)?;
    match &options.compare[..] {
        [old, new] => compare::run(config, &setup, options, [old, new]),
        _ => measure(&setup, options),
    }
}

fn measure(setup: &Setup, options: &Options) -> anyhow::Result<Outcome> {
    let detector = &setup.ruleset.detector;
    let is_found = |entity: &str| detector.entities().any(|known| known.as_str() == entity);
    if let Some((label, entity)) = options.names.iter().find(|(_, entity)| !is_found(entity)) {
        bail!("`--label {label}={entity}`: no pattern finds `{entity}`");
    }
    let lines = read(options, Reading::Cases)?;
    let (mut scores, mut misses) = (Scores::default(), Tally::default());
    for line in &lines {
        for miss in scores.add(detector, &line.case).into_iter().filter(|miss| is_found(&miss.entity)) {
            let place = line.place(&miss.span, miss.kind != Kind::False);
            misses.add(miss.kind.name(), miss.entity, miss.patterns, place);
        }
    }
    let broken = broken(&scores, detector, options)?;
    let report =
        report::Report { lines: lines.len(), scores: &scores, misses: &misses, broken: &broken, is_found: &is_found };
    if options.json {
        report.print_json(options)?
    } else {
        report.print(options)?
    }
    Ok(if broken.is_empty() { Outcome::Fine } else { Outcome::Found })
}

/// The limits that are broken, a sentence each.
fn broken(scores: &Scores, detector: &Detector, options: &Options) -> anyhow::Result<Vec<String>> {
    let mut broken = Vec::new();
    for floor in &options.fail_under {
        broken.extend(floor.under(scores, detector).context("--fail-under")?);
    }
    for ceiling in &options.fail_over {
        broken.extend(ceiling.over(scores, detector).context("--fail-over")?);
    }
    Ok(broken)
}

/// How files are read.
#[derive(Clone, Copy)]
enum Reading {
    /// All hold cases.
    Cases,
    /// Those that end in `.jsonl` hold cases, others a text a line.
    CasesAndTexts,
}

/// The cases of all files; every line that cannot be read is told.
fn read(options: &Options, reading: Reading) -> anyhow::Result<Vec<Line>> {
    let names: Names = options.names.iter().cloned().collect();
    let (mut lines, mut bad) = (Vec::new(), Vec::new());
    for path in &options.files {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).with_context(|| format!("{file} cannot be read"))?;
        let is_text = matches!(reading, Reading::CasesAndTexts) && !holds_cases(path);
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
            match if is_text { Ok(Case::unlabelled(line)) } else { Case::parse(line, &names) } {
                Ok(case) => lines.push(Line { file: file.clone(), number, case }),
                Err(error) => bad.push(format!("{file}:{number}: {error}")),
            }
        }
    }
    if bad.is_empty() { Ok(lines) } else { Err(unusable(&bad)) }
}

fn unusable(bad: &[String]) -> anyhow::Error {
    const MOST: usize = 20;
    let mut told: Vec<String> = bad.iter().take(MOST).cloned().collect();
    if bad.len() > MOST {
        told.push(format!("and {} more", bad.len() - MOST));
    }
    anyhow!("the cases cannot be used:\n  {}", told.join("\n  "))
}

fn holds_cases(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "jsonl")
}

fn name(written: &str) -> Result<(String, String), &'static str> {
    let names = written.split_once('=').filter(|(label, entity)| !label.is_empty() && !entity.is_empty());
    names.map(|(label, entity)| (label.to_owned(), entity.to_owned())).ok_or("write it as in `DOB=DATE_OF_BIRTH`")
}

impl Line {
    /// The place where `span` stands in this line.
    fn place(&self, span: &Range<usize>, labelled: bool) -> Place {
        let (characters, value) = (self.case.characters(span), self.case.text[span.clone()].to_owned());
        Place { file: self.file.clone(), line: self.number, characters, value, labelled }
    }
}
