//! The forms in which every question is answered: a table, JSON lines, comma-separated values.

use std::collections::BTreeMap;
use std::io::Write;

use clap::Args;
use serde::Serialize;

use super::super::print::{NOTHING, Table};
use crate::audit::Tally;

#[derive(Args, Clone, Copy)]
pub(in crate::cli) struct Output {
    /// As JSON lines
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// As comma-separated values
    #[arg(long)]
    pub csv: bool,
}

impl Output {
    /// Prints `rows`, which `table` shows to a person.
    pub(super) fn print<T: Serialize>(&self, table: &Table, rows: &[T]) -> anyhow::Result<()> {
        match (self.json, self.csv) {
            (true, _) => print_json(rows)?,
            (_, true) => table.print_csv()?,
            _ => table.print()?,
        }
        Ok(())
    }

    /// Whether a person reads it.
    pub(super) fn is_for_people(&self) -> bool {
        !self.json && !self.csv
    }
}

/// Prints a line of JSON for each.
pub(super) fn print_json<T: Serialize>(rows: &[T]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for row in rows {
        writeln!(out, "{}", serde_json::to_string(row)?)?;
    }
    Ok(())
}

/// As in `2 PHONE, 1 SSN`.
pub(super) fn tallies(findings: &[Tally]) -> String {
    let mut by_entity = BTreeMap::<&str, u64>::new();
    for tally in findings {
        *by_entity.entry(&tally.entity).or_default() += tally.count;
    }
    let parts: Vec<String> = by_entity.iter().map(|(entity, count)| format!("{count} {entity}")).collect();
    if parts.is_empty() { NOTHING.to_owned() } else { parts.join(", ") }
}
