//! `blotter audit`: questions to the log.

mod backup;
mod keys;
mod leaks;
mod list;
mod names;
mod output;
mod report;
mod retention;
mod review;
mod show;
mod stats;
mod subject;
mod tail;
mod verify;

use std::time::Duration;

use clap::Subcommand;
use jiff::Timestamp;

use super::{ConfigFile, Outcome};
use crate::audit::{self, AuditError, Event, EventKind, Keys, Registry, Settings};
use crate::config::LogPlace;

pub(super) use crate::inquiry::age;
pub(super) use show::describe;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Copy the log, or its keys, while the proxy runs, and verify the copy
    Backup(backup::BackupOptions),
    /// Erase a customer: destroy the key of all their texts, and print a signed receipt
    Erase(subject::EraseOptions),
    /// Keep a customer from erasure and retention
    Hold(subject::HoldOptions),
    /// The keys: print the public one, wrap texts' keys anew
    #[command(subcommand)]
    Keys(keys::Command),
    /// Scan stored texts with today's patterns: what did yesterday's miss?
    Leaks(leaks::Options),
    /// List exchanges, or events such as looks and sign-offs, newest first
    List(list::Options),
    /// List each distinct system prompt and tool that was seen, and what is new since the last sign-off
    Review(review::Options),
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
    /// Write a week's or a month's report, to be filed away
    Report(report::Options),
    /// Put a log back from its copies, after verifying them; with `--drill`, only try it
    Restore(backup::RestoreOptions),
    /// Show what the log keeps until when; the proxy lets it go by itself
    Retention {
        #[command(flatten)]
        output: output::Output,
    },
    /// Count exchanges and findings, per day, caller, model and more, with bars
    Stats(stats::Options),
    /// Show what is new in the log, as it comes
    Tail(tail::Options),
    /// Check that nothing in the log was changed, taken out or moved
    Verify(verify::Options),
}

/// Asks the log of the configuration.
pub(super) fn run(config: &ConfigFile, command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::Backup(options) => backup::backup(config, &options),
        Command::Erase(options) => subject::erase(config, &options),
        Command::Hold(options) => subject::hold(config, &options),
        Command::Keys(command) => keys::run(config, &command),
        Command::Leaks(options) => leaks::run(config, &options),
        Command::List(options) => list::run(config, &options),
        Command::Show { id, json } => show::run(config, &id, json),
        Command::Stats(options) => stats::run(config, &options),
        Command::Subject(options) => subject::subject(config, &options),
        Command::Report(options) => report::run(config, &options),
        Command::Restore(options) => backup::restore(config, &options),
        Command::Retention { output } => retention::run(config, &output),
        Command::Review(options) => review::run(config, &options),
        Command::Tail(options) => tail::run(config, &options),
        Command::Verify(options) => verify::run(config, &options),
    }
}

/// Has the log say it, sooner or later.
fn note(place: &LogPlace, kind: EventKind, detail: String) -> anyhow::Result<()> {
    let registry = Registry::open(&place.settings, &place.audit_key.read_ring()?)?;
    Ok(registry.note(&Event { at: Timestamp::now(), kind, detail })?)
}

/// Has what was done to the keys written into the log, by the proxy if one runs; tells whether it is there.
pub(super) fn settle(settings: &Settings, keys: &Keys, registry: &Registry<'_>) -> Result<bool, AuditError> {
    audit::settle(settings, keys, registry, Duration::from_secs(5))
}
