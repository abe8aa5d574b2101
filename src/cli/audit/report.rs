//! `blotter audit report`: a week or a month on paper.

use std::io::Write;

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;

use super::super::{ConfigFile, Outcome};
use crate::config::User;
use crate::inquiry::{Archive, Particulars, Period, day, report};

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// The week (Monday to Sunday, UTC) of this day [default: last week]
    #[arg(long, value_name = "DAY", value_parser = day, num_args = 0..=1, conflicts_with = "month")]
    week: Option<Option<Date>>,
    /// The month of this day, as in `2026-11` or `2026-11-22`, or last month
    #[arg(long, value_name = "DAY", value_parser = day, num_args = 0..=1)]
    month: Option<Option<Date>>,
    /// As HTML, not as Markdown
    #[arg(long)]
    html: bool,
}

/// Writes the report to stdout.
pub(super) fn run(config: &ConfigFile, options: &Options) -> anyhow::Result<Outcome> {
    let (setup, now) = (config.setup(User::Command)?, Timestamp::now());
    let period = match (options.week, options.month) {
        (_, Some(Some(day))) => Period::month(day),
        (_, Some(None)) => Period::last_month(now),
        (Some(Some(day)), None) => Period::week(day),
        (_, None) => Period::last_week(now),
    }?;
    let filed = report(&Archive::of(&setup.log)?, &setup.ruleset.keys.callers(), period, Particulars::Told, now)?;
    let text = if options.html { filed.paper.html() } else { filed.paper.markdown() };
    write!(std::io::stdout(), "{text}")?;
    Ok(if filed.holds { Outcome::Fine } else { Outcome::Found })
}
