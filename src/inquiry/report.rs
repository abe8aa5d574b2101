//! A week or a month on paper, for whoever answers for the data.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan};
use serde::Serialize;

use super::Archive;
use super::changes::configurations;
use super::looks::looks;
use super::paper::{Paper, Part};
use super::period::Period;
use crate::audit::{
    self, AuditError, By, EventKind, Happening, Happenings, Problem, Reader, Report, Scope, Span, Stat,
};
use crate::caller::{Callers, Role, Standing};

/// Whether a reader learns more of an event than its kind and time: its particulars name customers, addresses and programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Particulars {
    /// All that the log says.
    Told,
    /// Kind and time alone.
    Withheld,
}

impl Particulars {
    /// What a reader in this role is told.
    pub fn for_role(role: Role) -> Self {
        match role {
            Role::Auditor | Role::Operator => Self::Told,
            Role::Reporter => Self::Withheld,
        }
    }
}

/// A report, and what a page draws beside it.
#[derive(Serialize)]
pub struct Filed {
    /// What is filed away.
    #[serde(flatten)]
    pub paper: Paper,
    /// The sums of each day until now.
    pub days: Vec<Stat>,
    /// The sums of each entity.
    pub entities: Vec<Stat>,
    /// Whether the chain holds.
    pub holds: bool,
}

/// Writes the report of a period; `keys` are those of callers and readers.
pub fn report(
    archive: &Archive,
    keys: &Callers,
    period: Period,
    particulars: Particulars,
    now: Timestamp,
) -> Result<Filed, AuditError> {
    let (reader, span) = (archive.reader()?, period.span());
    let happenings =
        reader.happenings(&Happenings { since: span.since, until: span.until, ..Happenings::default() })?;
    let verified = verify(archive, span)?;
    let [days, callers, models] = reader.stats_by([By::Day, By::Caller, By::Model], span)?;
    let entities = reader.stats(By::Entity, span)?;
    let mut paper = Paper::new(&period.title(now));
    paper.line(&format!(
        "Log `{}`, written {now:.0} by Blotter {}. Days begin at midnight UTC.",
        archive.settings.checkpoints.origin,
        env!("CARGO_PKG_VERSION")
    ));
    paper.extend(volumes(&reader, &days, span)?);
    paper.extend(found(&entities));
    paper.extend(self::callers(&reader, span, callers, models)?);
    paper.extend(ages(keys, now));
    paper.extend(coverage(&reader, span)?);
    paper.extend(configurations(&happenings));
    paper.extend(looks(&happenings, particulars));
    paper.extend(events(&happenings, particulars));
    paper.extend(verification(&verified));
    paper.extend(checkpoint(archive)?);
    let days = period.every_day(days, now);
    Ok(Filed { paper, days, entities, holds: verified.problems.is_empty() })
}

fn verify(archive: &Archive, span: Span) -> Result<Report, AuditError> {
    let folder = &archive.settings.folder;
    let own = audit::checkpoints_in(folder);
    let (checkpoints, strange) =
        if own.exists() { audit::read_checkpoints(&own, &archive.verifier())? } else { (Vec::new(), 0) };
    let last = span.until.map(|until| until - 1.second());
    let scope = Scope { since: span.since, until: last, checkpoints };
    let mut report = audit::verify_within(folder, &archive.keys.chain, &scope)?;
    let what = format!("{strange} checkpoints are not signed by this installation, or were changed");
    let unproven = Problem { segment: own.display().to_string(), seq: None, what };
    report.problems.extend((strange > 0).then_some(unproven));
    Ok(report)
}

fn volumes(reader: &Reader, days: &[Stat], span: Span) -> Result<Vec<Part>, AuditError> {
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

fn found(entities: &[Stat]) -> Vec<Part> {
    let row = |stat: &Stat| vec![stat.key.clone(), stat.found.to_string(), stat.exchanges.to_string()];
    vec![
        Part::heading("What was found in requests and answers"),
        Part::table(&["entity", "times", "texts"], entities.iter().map(row).collect()),
    ]
}

fn callers(reader: &Reader, span: Span, callers: Vec<Stat>, models: Vec<Stat>) -> Result<Vec<Part>, AuditError> {
    let first = reader.callers()?;
    let row = |stat: Stat| {
        let new = first.get(&stat.key).is_some_and(|first| span.since.is_some_and(|since| *first >= since));
        vec![stat.key, stat.exchanges.to_string(), if new { "new" } else { "" }.to_owned()]
    };
    let models = models.into_iter().map(|stat| vec![stat.key, stat.exchanges.to_string()]);
    Ok(vec![
        Part::heading("Callers"),
        Part::table(&["caller", "exchanges", "first seen in this period"], callers.into_iter().map(row).collect()),
        Part::heading("Models"),
        Part::table(&["model", "exchanges"], models.collect()),
    ])
}

fn ages(keys: &Callers, now: Timestamp) -> Vec<Part> {
    let row = |key: &crate::caller::Key| {
        let state = match key.standing(now) {
            Standing::Active => "active",
            Standing::Expired => "expired",
            Standing::Expiring(_) => "ends soon",
            Standing::Revoked => "revoked",
        };
        let role = key.grant.role.map_or_else(|| "calling".to_owned(), |role| role.to_string());
        let days = now.duration_since(key.made).as_hours() / 24;
        let end = key.expires.map_or_else(|| "-".to_owned(), |end| format!("{end:.0}"));
        vec![key.name.clone(), key.id(), role, days.to_string(), end, state.to_owned()]
    };
    vec![
        Part::heading("Keys, as they are now"),
        Part::table(&["whose", "key", "for", "days old", "expires", "state"], keys.keys().iter().map(row).collect()),
    ]
}

fn coverage(reader: &Reader, span: Span) -> Result<Vec<Part>, AuditError> {
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

fn events(happenings: &[Happening], particulars: Particulars) -> Vec<Part> {
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
    let columns = if particulars == Particulars::Told { 3 } else { 2 };
    let row = |Happening { at, name, detail, .. }: &Happening| {
        [format!("{at:.0}"), name.clone(), detail.clone()].into_iter().take(columns).collect()
    };
    vec![
        Part::heading("What happened to the proxy and the log"),
        Part::table(&["event", "times"], counts),
        Part::heading("Of these"),
        Part::table(&["at", "event", "particulars"][..columns], told.map(row).collect()),
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

fn checkpoint(archive: &Archive) -> Result<Vec<Part>, AuditError> {
    let newest = audit::newest_checkpoint(&archive.settings.folder)?;
    let note = newest.map_or_else(|| "None was signed yet.".to_owned(), |note| note.trim_end().to_owned());
    Ok(vec![Part::heading("The newest signed checkpoint, to be filed away"), Part::Note(note)])
}
