//! `blotter audit verify`: does the log hold?

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use jiff::Timestamp;

use super::super::print::{NOTHING, Table};
use super::super::{ConfigFile, Outcome, print};
use super::list::time;
use super::output::Output;
use crate::audit::{self, Checkpoint, Problem, Reader, Report, Scope, Verifier};
use crate::config::LogPlace;
use crate::crypto::Purpose;

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// From the month of this time on: `2026-11-22`, or an age such as `7d`
    #[arg(long, value_parser = time)]
    since: Option<Timestamp>,
    /// To the month of this time
    #[arg(long, value_parser = time)]
    until: Option<Timestamp>,
    #[command(flatten)]
    witness: Witness,
    #[command(flatten)]
    output: Output,
}

#[derive(Args, Default)]
pub(super) struct Witness {
    /// Also hold these signed checkpoints against it, which were kept elsewhere
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// The public key that they are proven with, as `blotter audit keys public` printed it [default: this installation's]
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
}

/// Checks the log of the configuration.
pub(super) fn run(config: &ConfigFile, options: &Options) -> anyhow::Result<Outcome> {
    let place = config.log()?;
    let (checkpoints, unproven) = options.witness.checkpoints(&place, &place.settings.folder)?;
    if checkpoints.is_empty() && unproven.is_empty() {
        // Where there are some they tell of a log, be it gone.
        Reader::open(&place.settings.folder)?;
    }
    let scope = Scope { since: options.since, until: options.until, checkpoints };
    let mut report = audit::verify_within(&place.settings.folder, &place.key.read()?.derive(Purpose::Chain), &scope)?;
    report.problems.extend(unproven);
    if report.segments == 0 && report.problems.is_empty() {
        anyhow::bail!("the log has no file of these months, so nothing was proven: see `blotter audit retention`");
    }
    match options.output {
        Output { json: true, .. } => writeln!(std::io::stdout(), "{}", json(&report))?,
        Output { csv: true, .. } => table(&report.problems).print_csv()?,
        _ => print(&report)?,
    }
    Ok(if report.problems.is_empty() { Outcome::Fine } else { Outcome::Found })
}

impl Witness {
    /// This file of checkpoints.
    pub(super) fn of(file: PathBuf) -> Self {
        Self { checkpoint: vec![file], public_key: None }
    }

    /// The checkpoints of the log in `folder` and those that were kept elsewhere, and what nobody signed.
    pub(super) fn checkpoints(
        &self,
        place: &LogPlace,
        folder: &Path,
    ) -> anyhow::Result<(Vec<Checkpoint>, Vec<Problem>)> {
        let verifier = match &self.public_key {
            Some(path) => {
                let text = fs::read_to_string(path).with_context(|| format!("`{}` cannot be read", path.display()))?;
                Verifier::parse(&text).with_context(|| format!("`{}` holds no public key of a log", path.display()))?
            }
            None => Verifier::new(&place.settings.checkpoints.origin, place.key.read()?.signing_key().public()),
        };
        let own = Some(audit::checkpoints_in(folder)).filter(|path| path.exists());
        let (mut checkpoints, mut unproven) = (Vec::new(), Vec::new());
        for path in own.iter().chain(&self.checkpoint) {
            let (proven, strange) = audit::read_checkpoints(path, &verifier)?;
            let what = format!("{strange} checkpoints are not signed by `{}`, or were changed", verifier.name);
            let problem = Problem { segment: path.display().to_string(), seq: None, what };
            unproven.extend((strange > 0).then_some(problem));
            if proven.is_empty() && strange == 0 && Some(path) != own.as_ref() {
                anyhow::bail!("`{}` holds no checkpoint", path.display());
            }
            checkpoints.extend(proven);
        }
        Ok((checkpoints, unproven))
    }
}

fn json(report: &Report) -> serde_json::Value {
    let head = report.head.map(|head| serde_json::json!({ "seq": head.seq, "hash": crate::crypto::hex(&head.hash) }));
    serde_json::json!({
        "holds": report.problems.is_empty(), "entries": report.entries, "exchanges": report.exchanges, "open": report.open.len(),
        "segments": report.segments, "checkpoints": report.checkpoints, "head": head, "problems": report.problems,
    })
}

/// What does not hold; how it all ended is the exit code.
fn table(problems: &[Problem]) -> Table {
    let mut table = Table::new(&["SEGMENT", "ENTRY", "WHAT"]);
    for Problem { segment, seq, what } in problems {
        let entry = seq.map_or_else(|| NOTHING.to_owned(), |seq| seq.to_string());
        table.row(vec![segment.clone(), entry, what.clone()]);
    }
    table
}

/// Prints what a verification saw.
pub(super) fn print(report: &Report) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for problem in &report.problems {
        let entry = problem.seq.map(|seq| format!(" entry {seq}")).unwrap_or_default();
        writeln!(out, "{}{entry}: {}", print::visible(&problem.segment), print::visible(&problem.what))?;
    }
    let verdict = if report.problems.is_empty() { "the chain holds" } else { "THE LOG DOES NOT HOLD" };
    writeln!(
        out,
        "{verdict}: {} entries, {} exchanges ({} open), {} segments, {} checkpoints",
        report.entries,
        report.exchanges,
        report.open.len(),
        report.segments,
        report.checkpoints
    )?;
    if let Some(head) = &report.head {
        writeln!(out, "head: entry {} {}", head.seq, crate::crypto::hex(&head.hash))?;
    }
    Ok(())
}
