//! `blotter audit retention`: what goes when.

use super::super::print::{NOTHING, Table};
use super::super::{ConfigFile, Outcome};
use super::output::Output;
use crate::audit::Registry;

/// Shows what the log keeps until when.
pub(super) fn run(config: &ConfigFile, output: &Output) -> anyhow::Result<Outcome> {
    let place = config.log()?;
    let registry = Registry::open(&place.settings, &place.audit_key.read_ring()?)?;
    let mut table = Table::new(&["FILE", "ENTRIES", "FIRST TEXT UNTIL", "LAST TEXT UNTIL", "FILE UNTIL", "ON HOLD"]);
    let lifetimes = registry.lifetimes()?;
    for lifetime in &lifetimes {
        let [first, last] = lifetime.texts_until.map(|until| format!("{until:.0}"));
        let held = if lifetime.held == 0 { NOTHING.to_owned() } else { format!("{} customers", lifetime.held) };
        let until = format!("{:.0}", lifetime.until);
        table.row(vec![lifetime.volume.to_string(), lifetime.entries.to_string(), first, last, until, held]);
    }
    output.print(&table, &lifetimes)?;
    Ok(Outcome::Fine)
}
