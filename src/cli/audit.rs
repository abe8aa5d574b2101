//! `blotter audit`: questions to the log.

use std::io::Write;

use clap::{Args, Subcommand};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned, civil};
use serde_json::Value;

use super::print::{self, Table};
use super::{ConfigFile, Outcome};
use crate::audit::{self, Filter, Reader, Record, Statuses, Summary, Tally};
use crate::crypto::Purpose;
use crate::proxy::{Identities, Identity};

#[derive(Subcommand)]
pub(super) enum Command {
    /// List exchanges, newest first
    List(List),
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

#[derive(Args)]
pub(super) struct List {
    /// From this time on: `2026-11-22`, `2026-11-22T10:00:00Z`, or an age such as `90m`, `24h`, `7d`
    #[arg(long, value_parser = time)]
    since: Option<Timestamp>,
    /// Before this time
    #[arg(long, value_parser = time)]
    until: Option<Timestamp>,
    /// With a finding of this entity, such as CARD
    #[arg(long)]
    entity: Option<String>,
    /// From this caller: its token, or the provider key that it shows
    #[arg(long)]
    caller: Option<String>,
    /// About this customer: a token, or the id that the bot gives
    #[arg(long)]
    subject: Option<String>,
    /// Of this conversation: a token, or the id that the bot gives
    #[arg(long)]
    conversation: Option<String>,
    /// Through this route
    #[arg(long)]
    route: Option<String>,
    /// Answered with this status, or with one such as `4xx`
    #[arg(long)]
    status: Option<Statuses>,
    /// Ended so: complete, refused, caller-gone, upstream-failed, timed-out, interrupted
    #[arg(long)]
    outcome: Option<audit::Outcome>,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    limit: usize,
    /// As JSON lines
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// As comma-separated values
    #[arg(long)]
    csv: bool,
}

/// Asks the log of the configuration.
pub(super) fn run(config: &ConfigFile, command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::List(options) => list(config, options),
        Command::Show { id, json } => show(config, &id, json),
        Command::Verify => verify(config),
    }
}

fn list(config: &ConfigFile, options: List) -> anyhow::Result<Outcome> {
    let setup = config.setup()?;
    let reader = Reader::open(&setup.audit)?;
    let asks_for_ids = options.caller.is_some() || options.subject.is_some() || options.conversation.is_some();
    let identities = if asks_for_ids { Some(Identities::new(&setup.key.read()?)) } else { None };
    let token = |identity, id: Option<String>| Some(identities.as_ref()?.token(identity, &id?));
    let (json, csv) = (options.json, options.csv);
    let found = reader.list(&Filter {
        since: options.since,
        until: options.until,
        entity: options.entity,
        caller: token(Identity::Caller, options.caller),
        subject: token(Identity::Subject, options.subject),
        conversation: token(Identity::Conversation, options.conversation),
        route: options.route,
        status: options.status,
        outcome: options.outcome,
        limit: options.limit,
        ..Filter::default()
    })?;
    match (json, csv) {
        (true, _) => print_json(&found)?,
        (_, true) => table(
            &found,
            &[
                "exchange",
                "at",
                "route",
                "model",
                "status",
                "outcome",
                "found",
                "tokens",
                "ms",
                "caller",
                "subject",
                "conversation",
            ],
        )
        .print_csv()?,
        _ => table(
            &found,
            &[
                "EXCHANGE",
                "AT",
                "ROUTE",
                "MODEL",
                "STATUS",
                "OUTCOME",
                "FOUND",
                "TOKENS",
                "MS",
                "CALLER",
                "SUBJECT",
                "CONVERSATION",
            ],
        )
        .print()?,
    }
    Ok(Outcome::Fine)
}

fn print_json(found: &[Summary]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for summary in found {
        writeln!(out, "{}", serde_json::to_string(summary)?)?;
    }
    Ok(())
}

fn table(found: &[Summary], heading: &[&str]) -> Table {
    let mut table = Table::new(heading);
    for summary in found {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let outcome = match (&summary.outcome, &summary.reason) {
            (None, _) => "open".to_owned(),
            (Some(outcome), None) => outcome.to_string(),
            (Some(outcome), Some(reason)) => format!("{outcome} ({reason})"),
        };
        let tokens = summary.usage.and_then(|usage| Some(format!("{}+{}", usage.input?, usage.output?)));
        table.row(vec![
            summary.exchange.to_string(),
            format!("{:.0}", summary.at),
            summary.route.clone(),
            or_dash(summary.model.clone()),
            or_dash(summary.status.map(|status| status.to_string())),
            outcome,
            tallies(&summary.findings),
            or_dash(tokens),
            or_dash(summary.timings.map(|timings| (timings.total_us / 1000).to_string())),
            summary.caller.clone(),
            or_dash(summary.subject.clone()),
            or_dash(summary.conversation.clone()),
        ]);
    }
    table
}

/// As in `2 PHONE, 1 SSN`.
fn tallies(findings: &[Tally]) -> String {
    let mut by_entity = std::collections::BTreeMap::<&str, u64>::new();
    for tally in findings {
        *by_entity.entry(&tally.entity).or_default() += tally.count;
    }
    let parts: Vec<String> = by_entity.iter().map(|(entity, count)| format!("{count} {entity}")).collect();
    if parts.is_empty() { "-".to_owned() } else { parts.join(", ") }
}

fn show(config: &ConfigFile, id: &str, json: bool) -> anyhow::Result<Outcome> {
    let reader = Reader::open(&config.setup()?.audit)?;
    let record = reader.show(id)?.ok_or_else(|| anyhow::anyhow!("no exchange `{id}`: see `blotter audit list`"))?;
    let mut out = std::io::stdout().lock();
    match json {
        true => writeln!(out, "{}", serde_json::to_string(&record)?)?,
        false => write!(out, "{}", describe(&record))?,
    }
    Ok(Outcome::Fine)
}

/// A record as a person reads it.
pub(super) fn describe(record: &Record) -> String {
    let Record { opened, closed, .. } = record;
    let mut lines = vec![
        format!("exchange      {}", opened.exchange),
        format!("at            {:.3}", opened.at),
        format!("request       {} /{}{}", opened.method, opened.route, opened.path),
        format!("dialect       {}, model {}", opened.provider, opened.model.as_deref().unwrap_or("-")),
        format!("caller        {}", opened.caller),
        format!("subject       {}", opened.subject.as_deref().unwrap_or("-")),
        format!("conversation  {}", opened.conversation.as_deref().unwrap_or("-")),
        format!("ruleset       {}", opened.ruleset),
        format!("found         {}", tallies_in_full(&opened.findings)),
        format!(
            "coverage      {} strings, {} bytes scanned; {} values left alone by the provider's table",
            opened.coverage.strings, opened.coverage.bytes, opened.coverage.opaque
        ),
    ];
    match closed {
        None => lines.push("outcome       open".to_owned()),
        Some(closed) => {
            let reason = closed.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
            let status = closed.status.map_or("no status".to_owned(), |status| format!("status {status}"));
            let count = |count: Option<u64>| count.map_or("-".to_owned(), |count| count.to_string());
            let timings = closed.timings;
            lines.push(format!("outcome       {}{reason}, {status}", closed.outcome));
            lines.push(format!("tokens        {} in, {} out", count(closed.usage.input), count(closed.usage.output)));
            lines.push(format!("restored      {} placeholders, {} stayed", closed.restored, closed.unrestored));
            lines.push(format!(
                "time          {} us redacting, {} us until the log was on disk, first byte after {} us, all {} us",
                timings.redact_us,
                timings.commit_us,
                count(timings.first_byte_us),
                timings.total_us
            ));
            lines.push(format!("in the answer {}", tallies_in_full(&closed.findings)));
        }
    }
    lines.push("\nwhat the model received:".to_owned());
    lines.push(pretty(&opened.request));
    if let Some(closed) = closed {
        let truncated = if closed.answer_truncated { " (the beginning)" } else { "" };
        lines.push(format!("\nwhat it answered{truncated}:"));
        lines.push(answer(&closed.answer));
    }
    lines.join("\n") + "\n"
}

fn tallies_in_full(findings: &[Tally]) -> String {
    let part = |tally: &Tally| format!("{} {} by {} ({})", tally.count, tally.entity, tally.pattern, tally.action);
    if findings.is_empty() { "nothing".to_owned() } else { findings.iter().map(part).collect::<Vec<_>>().join(", ") }
}

/// JSON with line ends, other text as it is.
fn pretty(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let json = serde_json::from_slice::<Value>(bytes).ok().and_then(|value| serde_json::to_string_pretty(&value).ok());
    print::visible_lines(&json.unwrap_or_else(|| text.into_owned()))
}

/// The lanes of an answer, or its body.
fn answer(bytes: &[u8]) -> String {
    let lanes = serde_json::from_slice::<Vec<Value>>(bytes).ok();
    let lane =
        |lane: &Value| Some(format!("{}: {}", lane["field"].as_str()?, print::visible_lines(lane["text"].as_str()?)));
    let lines = lanes.and_then(|lanes| lanes.iter().map(lane).collect::<Option<Vec<_>>>());
    lines.map_or_else(|| pretty(bytes), |lines| lines.join("\n"))
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
    let verdict = if report.problems.is_empty() { "the chain holds" } else { "THE LOG WAS CHANGED" };
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

/// A point in time: an age before now, a day or an instant.
fn time(text: &str) -> Result<Timestamp, String> {
    let complaint =
        || format!("`{text}` is no time: write `2026-11-22`, `2026-11-22T10:00:00Z` or an age such as `24h`");
    if let Some(age) = age(text) {
        return Timestamp::now().checked_sub(age).map_err(|_| complaint());
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant);
    }
    let day: civil::Date = text.parse().map_err(|_| complaint())?;
    let midnight: Zoned = day.to_zoned(TimeZone::system()).map_err(|_| complaint())?;
    Ok(midnight.timestamp())
}

/// `90s`, `90m`, `24h`, `7d`.
fn age(text: &str) -> Option<SignedDuration> {
    let (count, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    Some(SignedDuration::from_secs(count.parse::<i64>().ok()?.checked_mul(seconds)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_an_instant_a_day_or_an_age() {
        assert_eq!(time("2026-11-22T10:00:00Z").unwrap().as_second(), 1_795_341_600);
        assert!(time("24h").unwrap() < Timestamp::now());
        assert!(time("2026-11-22").is_ok());
        for text in ["", "h", "-", "yesterday", "2026-13-01", "99999999999999999999d", "é"] {
            assert!(time(text).is_err(), "{text}");
        }
    }
}
