//! `blotter audit report`: a week or a month on paper, for whoever answers for the data.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::Context;
use clap::Args;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::super::{ConfigFile, Outcome};
use super::paper::{Paper, Part};
use super::verify::Witness;
use crate::audit::{self, By, Configured, EventKind, Happening, Happenings, Reader, Report, Scope, Span, Stat};
use crate::config::Setup;

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// The week (Monday to Sunday, UTC) of this day [default: last week]
    #[arg(long, value_name = "DAY", num_args = 0..=1, conflicts_with = "month")]
    week: Option<Option<Date>>,
    /// The month of this day, or last month
    #[arg(long, value_name = "DAY", num_args = 0..=1)]
    month: Option<Option<Date>>,
    /// As HTML, not as Markdown
    #[arg(long)]
    html: bool,
}

/// The days that a report is about: the first one, and the one after the last.
struct Period {
    name: &'static str,
    first: Date,
    end: Date,
}

/// Writes the report to stdout.
pub(super) fn run(config: &ConfigFile, options: &Options) -> anyhow::Result<Outcome> {
    let setup = config.setup()?;
    let reader = Reader::open(&setup.audit.folder)?;
    let period = period(options)?;
    let span = Span { since: Some(midnight(period.first)?), until: Some(midnight(period.end)?) };
    let happenings =
        reader.happenings(&Happenings { since: span.since, until: span.until, ..Happenings::default() })?;
    let verified = verify(&setup, span)?;
    let mut paper =
        Paper::new(&format!("The log: {} from {} to {}", period.name, period.first, period.end.yesterday()?));
    paper.line(&format!(
        "Log `{}`, written {:.0} by Blotter {}. Days begin at midnight UTC.",
        setup.audit.checkpoints.origin,
        Timestamp::now(),
        env!("CARGO_PKG_VERSION")
    ));
    paper.extend(volumes(&reader, span)?);
    paper.extend(found(&reader, span)?);
    paper.extend(callers(&reader, span)?);
    paper.extend(coverage(&reader, span)?);
    paper.extend(configurations(&happenings));
    paper.extend(events(&happenings));
    paper.extend(verification(&verified));
    let text = if options.html { paper.html() } else { paper.markdown() };
    write!(std::io::stdout(), "{text}")?;
    Ok(if verified.problems.is_empty() { Outcome::Fine } else { Outcome::Found })
}

fn period(options: &Options) -> anyhow::Result<Period> {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    if let Some(day) = options.month {
        let first = day.map_or_else(|| today.first_of_month().checked_sub(1.month()), Ok)?.first_of_month();
        return Ok(Period { name: "month", first, end: first.checked_add(1.month())? });
    }
    let day = options.week.flatten().map_or_else(|| today.checked_sub(1.week()), Ok)?;
    let first = day.checked_sub(i64::from(day.weekday().to_monday_zero_offset()).days())?;
    Ok(Period { name: "week", first, end: first.checked_add(1.week())? })
}

fn midnight(day: Date) -> anyhow::Result<Timestamp> {
    Ok(day.to_zoned(TimeZone::UTC).context("the day is out of range")?.timestamp())
}

fn verify(setup: &Setup, span: Span) -> anyhow::Result<Report> {
    let (checkpoints, unproven) = Witness::default().checkpoints(setup, &setup.audit.folder)?;
    let last = span.until.map(|until| until - 1.second());
    let scope = Scope { since: span.since, until: last, checkpoints };
    let mut report = audit::verify_within(&setup.audit.folder, &setup.keys()?.chain, &scope)?;
    report.problems.extend(unproven);
    Ok(report)
}

fn volumes(reader: &Reader, span: Span) -> anyhow::Result<Vec<Part>> {
    let days = reader.stats(By::Day, span)?;
    let total = days.iter().fold(Stat { key: "all".into(), ..Stat::default() }, |sum, day| Stat {
        key: sum.key,
        exchanges: sum.exchanges + day.exchanges,
        found: sum.found + day.found,
        refused: sum.refused + day.refused,
        failed: sum.failed + day.failed,
        input: sum.input + day.input,
        output: sum.output + day.output,
    });
    let heading = ["day", "exchanges", "found in requests", "refused", "failed", "tokens in", "tokens out"];
    let row = |stat: &Stat| {
        let numbers = [stat.exchanges, stat.found, stat.refused, stat.failed, stat.input, stat.output];
        [stat.key.clone()].into_iter().chain(numbers.map(|number| number.to_string())).collect()
    };
    let ended: Vec<_> =
        reader.reasons(span)?.into_iter().map(|(reason, count)| vec![reason, count.to_string()]).collect();
    Ok(vec![
        Part::heading("Volume"),
        Part::table(&heading, days.iter().chain([&total]).map(row).collect()),
        Part::heading("Exchanges that did not end well, by reason"),
        Part::table(&["reason", "times"], ended),
    ])
}

fn found(reader: &Reader, span: Span) -> anyhow::Result<Vec<Part>> {
    let row = |stat: Stat| vec![stat.key, stat.found.to_string(), stat.exchanges.to_string()];
    let entities = reader.stats(By::Entity, span)?.into_iter().map(row).collect();
    Ok(vec![
        Part::heading("What was found in requests and answers"),
        Part::table(&["entity", "times", "texts"], entities),
    ])
}

fn callers(reader: &Reader, span: Span) -> anyhow::Result<Vec<Part>> {
    let first = reader.callers()?;
    let row = |stat: Stat| {
        let new = first.get(&stat.key).is_some_and(|first| span.since.is_some_and(|since| *first >= since));
        vec![stat.key, stat.exchanges.to_string(), if new { "new" } else { "" }.to_owned()]
    };
    let callers = reader.stats(By::Caller, span)?.into_iter().map(row).collect();
    let models = reader.stats(By::Model, span)?.into_iter().map(|stat| vec![stat.key, stat.exchanges.to_string()]);
    Ok(vec![
        Part::heading("Callers"),
        Part::table(&["caller", "exchanges", "first seen in this period"], callers),
        Part::heading("Models"),
        Part::table(&["model", "exchanges"], models.collect()),
    ])
}

fn coverage(reader: &Reader, span: Span) -> anyhow::Result<Vec<Part>> {
    let covered = reader.covered(span)?;
    let used = covered.exemptions.into_iter().map(|(name, count)| vec![name, count.to_string()]).collect();
    let line = format!(
        "{} strings, {} bytes were scanned; {} values were left alone by the providers' tables.",
        covered.strings, covered.bytes, covered.opaque
    );
    Ok(vec![
        Part::heading("Coverage"),
        Part::Line(line),
        Part::heading("Exemptions that were used"),
        Part::table(&["exemption", "exchanges"], used),
    ])
}

fn configurations(happenings: &[Happening]) -> Vec<Part> {
    let configured = happenings.iter().rev().filter(|happening| happening.name == EventKind::Configured.name());
    let row = |happening: &Happening| {
        let Configured { inventory, changes } = serde_json::from_str(&happening.detail).ok()?;
        let some = |names: Vec<String>| if names.is_empty() { "-".to_owned() } else { names.join(", ") };
        let [came, went, changed] = match changes {
            Some(changes) => [changes.came, changes.went, changes.changed].map(some),
            None => [format!("{} patterns, the first known", inventory.patterns.len()), "-".into(), "-".into()],
        };
        Some(vec![format!("{:.0}", happening.at), inventory.ruleset, came, went, changed])
    };
    vec![
        Part::heading("Changes of configuration and patterns"),
        Part::table(&["at", "version", "came", "went", "changed"], configured.filter_map(row).collect()),
    ]
}

fn events(happenings: &[Happening]) -> Vec<Part> {
    let mut counts = BTreeMap::<&str, u64>::new();
    happenings.iter().for_each(|happening| *counts.entry(&happening.name).or_default() += 1);
    let counts = counts.into_iter().map(|(name, count)| vec![name.to_owned(), count.to_string()]).collect();
    const TOLD: [EventKind; 9] = [
        EventKind::BackedUp,
        EventKind::Dropped,
        EventKind::Erased,
        EventKind::Exported,
        EventKind::Held,
        EventKind::Recovered,
        EventKind::Released,
        EventKind::Restored,
        EventKind::Reviewed,
    ];
    let told = happenings.iter().rev().filter(|happening| TOLD.iter().any(|kind| kind.name() == happening.name));
    let row =
        |happening: &Happening| vec![format!("{:.0}", happening.at), happening.name.clone(), happening.detail.clone()];
    vec![
        Part::heading("What happened to the proxy and the log"),
        Part::table(&["event", "times"], counts),
        Part::heading("Of these"),
        Part::table(&["at", "event", "particulars"], told.map(row).collect()),
    ]
}

fn verification(report: &Report) -> Vec<Part> {
    let verdict = if report.problems.is_empty() { "The chain holds" } else { "THE LOG DOES NOT HOLD" };
    let head = report.head.map(|head| format!(" The newest entry is {head}.")).unwrap_or_default();
    let line = format!(
        "{verdict}: {} entries of the months that the period touches, in {} files, against {} checkpoints.{head}",
        report.entries, report.segments, report.checkpoints
    );
    let problems = report.problems.iter().map(|problem| Part::Line(problem.to_string()));
    [Part::heading("Verification"), Part::Line(line)].into_iter().chain(problems).collect()
}
