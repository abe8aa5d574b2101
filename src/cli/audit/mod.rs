//! `blotter audit`: questions to the log.

mod list;
mod show;

use std::io::Write;

use clap::Subcommand;

use super::{ConfigFile, Outcome, print};
use crate::audit::{self, Reader};
use crate::crypto::Purpose;

pub(super) use show::describe;

#[derive(Subcommand)]
pub(super) enum Command {
    /// List exchanges, newest first
    List(list::Options),
    /// Show what the model received in one exchange, what it answered, and what was found
    Show {
        /// The exchange's id, or enough of its beginning
        id: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Check that nothing in the log was changed, taken out or moved
    Verify,
}

/// Asks the log of the configuration.
pub(super) fn run(config: &ConfigFile, command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::List(options) => list::run(config, options),
        Command::Show { id, json } => show::run(config, &id, json),
        Command::Verify => verify(config),
    }
}

fn verify(config: &ConfigFile) -> anyhow::Result<Outcome> {
    let setup = config.setup()?;
    Reader::open(&setup.audit)?;
    let report = audit::verify(&setup.audit, &setup.key.read()?.derive(Purpose::Chain))?;
    let mut out = std::io::stdout().lock();
    for problem in &report.problems {
        let entry = problem.seq.map(|seq| format!(" entry {seq}")).unwrap_or_default();
        writeln!(out, "{}{entry}: {}", problem.segment, print::visible(&problem.what))?;
    }
    let verdict = if report.problems.is_empty() { "the chain holds" } else { "THE LOG DOES NOT HOLD" };
    writeln!(
        out,
        "{verdict}: {} entries, {} exchanges ({} open), {} segments",
        report.entries,
        report.exchanges,
        report.open.len(),
        report.segments
    )?;
    if let Some(head) = &report.head {
        writeln!(out, "head: entry {} {}", head.seq, crate::crypto::hex(&head.hash))?;
    }
    Ok(if report.problems.is_empty() { Outcome::Fine } else { Outcome::Found })
}
