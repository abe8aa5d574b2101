//! `blotter audit list`: which exchanges there were, and what happened to the proxy and the log.

use std::convert::Infallible;

use clap::Args;
use jiff::Timestamp;

use super::super::print::{NOTHING, Table};
use super::super::{ConfigFile, Outcome};
use super::output::{Output, tallies};
use super::tail::shortened;
use super::{names, note};
use crate::audit::{self, EventKind, Filter, Happening, Happenings, Reader, Span, Statuses, Summary};
use crate::config::{LogPlace, Setup, User};
use crate::inquiry::{self, Archive, value};
use crate::proxy::{Identities, Identity};

#[derive(Args)]
pub(in crate::cli) struct Options {
    #[command(flatten)]
    span: SpanOptions,
    /// With a finding of this entity, such as CARD
    #[arg(long, value_parser = |name: &str| Ok::<_, Infallible>(name.to_ascii_uppercase()))]
    entity: Option<String>,
    /// With a finding by this pattern
    #[arg(long)]
    pattern: Option<String>,
    /// With this very value, such as a number or an address: looked for as what it was replaced by, in texts that can be read
    #[arg(long)]
    value: Option<String>,
    /// From this caller: its name, its token, or the provider key that it shows
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
    /// For this model
    #[arg(long)]
    model: Option<String>,
    /// Answered with this status, or with one such as `4xx`
    #[arg(long)]
    status: Option<Statuses>,
    /// Ended so: complete, refused, caller-gone, upstream-failed, timed-out, interrupted
    #[arg(long)]
    outcome: Option<audit::Outcome>,
    /// Ended for this reason, such as `json/syntax`
    #[arg(long)]
    reason: Option<String>,
    /// Not exchanges, but what happened to the proxy and the log: kinds such as `reviewed,viewed` or `alarm`
    #[arg(long, value_name = "KINDS", value_delimiter = ',', conflicts_with_all = OF_EXCHANGES)]
    event: Vec<EventKind>,
    /// At most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    limit: u32,
    #[command(flatten)]
    output: Output,
}

/// The filters that events know nothing of.
const OF_EXCHANGES: [&str; 11] = [
    "entity",
    "pattern",
    "value",
    "caller",
    "subject",
    "conversation",
    "route",
    "model",
    "status",
    "outcome",
    "reason",
];

/// From when to when.
#[derive(Args, Clone, Copy)]
pub(super) struct SpanOptions {
    /// From this time on: `2026-11-22`, `2026-11-22T10:00:00Z`, or an age such as `90m`, `24h`, `7d`
    #[arg(long, value_parser = time)]
    since: Option<Timestamp>,
    /// Before this time
    #[arg(long, value_parser = time)]
    until: Option<Timestamp>,
}

impl SpanOptions {
    /// All exchanges within.
    pub(super) fn filter(self) -> Filter {
        Filter { since: self.since, until: self.until, ..Filter::default() }
    }

    /// The same for sums.
    pub(super) fn span(self) -> Span {
        Span { since: self.since, until: self.until }
    }
}

/// What the cells of an exchange are.
pub(super) const HEADING: [&str; 12] = [
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
];

/// Lists the exchanges that the filters let through.
pub(super) fn run(config: &ConfigFile, options: &Options) -> anyhow::Result<Outcome> {
    let place = config.log()?;
    let mut reader = Reader::open(&place.settings.folder)?;
    if !options.event.is_empty() {
        return events(&reader, options);
    }
    let filter = filter(options, &place, &reader)?;
    let conversation = filter.conversations.as_ref().and_then(|all| all.first());
    // By a token they are found without the keys, too.
    let by_id = filter.subject != options.subject || conversation != options.conversation.as_ref();
    if by_id || options.value.is_some() {
        reader = reader.unlock(&place.audit_key.read_ring()?)?;
    }
    let found = match &options.value {
        Some(value) => find(config, &reader, value, &filter)?,
        None => reader.list(&filter)?,
    };
    if found.is_empty() {
        names::check(&filter, options.caller.as_deref(), config, &reader)?;
    }
    print(&found, &options.output)?;
    Ok(Outcome::Fine)
}

/// What is asked for, with ids as the log has them.
fn filter(options: &Options, place: &LogPlace, reader: &Reader) -> anyhow::Result<Filter> {
    let Options { caller, subject, conversation, .. } = options;
    let asks_for_ids = caller.is_some() || subject.is_some() || conversation.is_some();
    let identities = if asks_for_ids { Some(Identities::new(&place.key.read()?)) } else { None };
    let token = |identity, id: &Option<String>| Some(identities.as_ref()?.asked(identity, id.as_ref()?));
    Ok(Filter {
        since: options.span.since,
        until: options.span.until,
        entity: options.entity.clone(),
        pattern: options.pattern.clone(),
        caller: match caller {
            Some(name) if !reader.list(&names::of_caller(name))?.is_empty() => Some(name.clone()),
            shown => token(Identity::Caller, shown),
        },
        subject: token(Identity::Subject, subject),
        conversations: token(Identity::Conversation, conversation).map(|id| vec![id]),
        route: options.route.clone(),
        model: options.model.clone(),
        status: options.status.clone(),
        outcome: options.outcome,
        reason: options.reason.clone(),
        limit: options.limit as usize,
        ..Filter::default()
    })
}

/// The exchanges that held a value; the log says that it was asked.
fn find(config: &ConfigFile, reader: &Reader, value: &str, filter: &Filter) -> anyhow::Result<Vec<Summary>> {
    let Setup { ruleset, log, .. } = config.setup(User::Command)?;
    let found = value::find(&ruleset.detector, &Archive::of(&log)?, reader, value, filter)?;
    let detail = serde_json::json!({ "searched_for_a_value": true, "found": found.len() });
    note(&log, EventKind::Viewed, detail.to_string())?;
    Ok(found)
}

/// Lists what happened to the proxy and the log.
fn events(reader: &Reader, Options { span, event, limit, output, .. }: &Options) -> anyhow::Result<Outcome> {
    let names = event.iter().map(|kind| kind.name().to_owned()).collect();
    let Span { since, until } = span.span();
    let asked = Happenings { names, since, until, limit: *limit as usize, ..Happenings::default() };
    let found = reader.happenings(&asked)?;
    let mut table = Table::new(&["AT", "EVENT", "DETAIL"]);
    for Happening { at, name, detail, .. } in &found {
        let detail = if output.is_for_people() { shortened(detail) } else { detail.clone() };
        table.row(vec![format!("{at:.0}"), name.clone(), detail]);
    }
    output.print(&table, &found)?;
    Ok(Outcome::Fine)
}

/// Exchanges in the form that was asked for.
pub(super) fn print(found: &[Summary], output: &Output) -> anyhow::Result<()> {
    output.print(&table(found), found)
}

fn table(found: &[Summary]) -> Table {
    let mut table = Table::new(&HEADING);
    for summary in found {
        table.row(row(summary));
    }
    table
}

/// An exchange in cells.
pub(super) fn row(summary: &Summary) -> Vec<String> {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| NOTHING.to_owned());
    let outcome = match (&summary.outcome, &summary.reason) {
        (None, _) => "open".to_owned(),
        (Some(outcome), None) => outcome.to_string(),
        (Some(outcome), Some(reason)) => format!("{outcome} ({reason})"),
    };
    let tokens = summary.usage.and_then(|usage| Some(format!("{}+{}", usage.input?, usage.output?)));
    vec![
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
    ]
}

/// A point in time, as `blotter audit` takes it.
pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    inquiry::time(text, Timestamp::now())
}
