//! `blotter audit stats`: sums, as a table with bars.

use clap::{Args, ValueEnum};

use super::super::print::{self, Table};
use super::super::{ConfigFile, Outcome};
use super::list::SpanOptions;
use super::output::Output;
use crate::audit::{self, Reader, Stat};

/// The longest bar.
const BAR: usize = 30;

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// What is counted by
    #[arg(long, value_enum, default_value_t = By::Day)]
    by: By,
    #[command(flatten)]
    span: SpanOptions,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, ValueEnum)]
enum By {
    Caller,
    Day,
    Entity,
    Model,
    Outcome,
    Pattern,
    Route,
}

impl By {
    fn of_log(self) -> audit::By {
        match self {
            Self::Caller => audit::By::Caller,
            Self::Day => audit::By::Day,
            Self::Entity => audit::By::Entity,
            Self::Model => audit::By::Model,
            Self::Outcome => audit::By::Outcome,
            Self::Pattern => audit::By::Pattern,
            Self::Route => audit::By::Route,
        }
    }

    /// What a row is of, and what its first number counts.
    fn heading(self) -> [&'static str; 2] {
        match self {
            Self::Caller => ["CALLER", "EXCHANGES"],
            Self::Day => ["DAY", "EXCHANGES"],
            Self::Entity => ["ENTITY", "TEXTS"],
            Self::Model => ["MODEL", "EXCHANGES"],
            Self::Outcome => ["OUTCOME", "EXCHANGES"],
            Self::Pattern => ["PATTERN", "TEXTS"],
            Self::Route => ["ROUTE", "EXCHANGES"],
        }
    }
}

/// Prints the sums of the log of the configuration.
pub(super) fn run(config: &ConfigFile, options: &Options) -> anyhow::Result<Outcome> {
    let place = config.log()?;
    let stats = Reader::open(&place.settings.folder)?.stats(options.by.of_log(), options.span.span())?;
    options.output.print(&table(options.by, &stats, options.output.is_for_people()), &stats)?;
    Ok(Outcome::Fine)
}

fn table(by: By, stats: &[Stat], bars: bool) -> Table {
    let of_findings = matches!(by, By::Entity | By::Pattern);
    let [key, count] = by.heading();
    let mut heading = vec![key, count, "FOUND"];
    heading.extend(if of_findings { &[][..] } else { &["REFUSED", "FAILED", "INPUT", "OUTPUT"] });
    heading.extend(bars.then_some(""));
    let mut table = Table::new(&heading);
    let weight = |stat: &Stat| if of_findings { stat.found } else { stat.exchanges };
    let most = stats.iter().map(weight).max().unwrap_or(0);
    for stat in stats {
        let mut numbers = vec![stat.exchanges, stat.found];
        numbers.extend(if of_findings { vec![] } else { vec![stat.refused, stat.failed, stat.input, stat.output] });
        let mut row = vec![stat.key.clone()];
        row.extend(numbers.iter().map(u64::to_string));
        row.extend(bars.then(|| print::bar(weight(stat), most, BAR)));
        table.row(row);
    }
    table
}
