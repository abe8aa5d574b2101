//! `blotter audit`: questions to the log.

mod keys;
mod list;
mod show;
mod subject;

use std::io::Write;
use std::time::Duration;

use clap::Subcommand;

use super::{ConfigFile, Outcome, print};
use crate::audit::{self, AuditError, Keys, Reader, Registry, Settings};
use crate::crypto::Purpose;

pub(super) use show::describe;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Erase a customer: destroy the key of all their texts, and print a signed receipt
    Erase(subject::EraseOptions),
    /// Keep a customer from erasure and retention
    Hold(subject::HoldOptions),
    /// The keys: print the public one, wrap texts' keys anew
    #[command(subcommand)]
    Keys(keys::Command),
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
    /// Show everything held about one customer
    Subject(subject::SubjectOptions),
    /// Check that nothing in the log was changed, taken out or moved
    Verify,
}

/// Asks the log of the configuration.
pub(super) fn run(config: &ConfigFile, command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::Erase(options) => subject::erase(config, &options),
        Command::Hold(options) => subject::hold(config, &options),
        Command::Keys(command) => keys::run(config, &command),
        Command::List(options) => list::run(config, options),
        Command::Show { id, json } => show::run(config, &id, json),
        Command::Subject(options) => subject::subject(config, &options),
        Command::Verify => verify(config),
    }
}

/// Has what was done to the keys written into the log, by the proxy if one runs; tells whether it is there.
fn settle(settings: &Settings, keys: &Keys, registry: &Registry<'_>) -> Result<bool, AuditError> {
    audit::settle(settings, keys, registry, Duration::from_secs(5))
}

fn verify(config: &ConfigFile) -> anyhow::Result<Outcome> {
    let setup = config.setup()?;
    Reader::open(&setup.audit.folder)?;
    let report = audit::verify(&setup.audit.folder, &setup.key.read()?.derive(Purpose::Chain))?;
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
