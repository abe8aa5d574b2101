//! `blotter audit keys`: the key that wraps the keys of texts, and the one that signs.

use std::io::Write;

use clap::Subcommand;
use jiff::Timestamp;

use super::super::{ConfigFile, Outcome};
use super::settle;
use crate::audit::{Registry, Verifier};

#[derive(Subcommand)]
pub(in crate::cli) enum Command {
    /// Print the public key that proves checkpoints and receipts, to be kept elsewhere
    Public,
    /// Wrap the keys of all texts with a new key; stop the proxy before
    ///
    /// A key file gets its new key here. With `env` or `command`, let them give the new key before the old one, a blank
    /// between them, run this, and then take the old one away.
    Rotate,
}

/// Does it.
pub(super) fn run(config: &ConfigFile, command: &Command) -> anyhow::Result<Outcome> {
    match command {
        Command::Public => public(config),
        Command::Rotate => rotate(config),
    }
}

fn public(config: &ConfigFile) -> anyhow::Result<Outcome> {
    let place = config.log()?;
    let key = place.key.read()?.signing_key().public();
    writeln!(std::io::stdout(), "{}", Verifier::new(&place.settings.checkpoints.origin, key))?;
    Ok(Outcome::Fine)
}

/// At no moment is a key wrapped by one that is not kept: the file holds both until all are wrapped anew.
fn rotate(config: &ConfigFile) -> anyhow::Result<Outcome> {
    let place = config.log()?;
    let mut keys = place.keys()?;
    // Nobody may wrap a key under the old one meanwhile.
    let (log, writer) = crate::audit::Log::open(&place.settings, &keys)?;
    let fresh = if keys.sealing.len() == 1 { keys.sealing.with_fresh() } else { keys.sealing.clone() };
    let in_file = place.audit_key.replace_ring(&fresh)?;
    let ring = if in_file { fresh } else { keys.sealing.clone() };
    anyhow::ensure!(ring.len() > 1, "there is no new key: give it before the old one, with a blank between them");
    let registry = Registry::open(&place.settings, &ring)?;
    let rewrapped = registry.rotate(Timestamp::now())?;
    drop(log);
    writer.close()?;
    keys.sealing = ring.newest_alone();
    place.audit_key.replace_ring(&keys.sealing)?;
    settle(&place.settings, &keys, &Registry::open(&place.settings, &keys.sealing)?)?;
    let then = if in_file { "" } else { ": take the old key away" };
    writeln!(std::io::stdout(), "{rewrapped} keys are wrapped by the key {}{then}", ring.newest())?;
    Ok(Outcome::Fine)
}
