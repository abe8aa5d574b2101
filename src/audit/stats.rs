//! Sums over many exchanges: how many, by whom, for which model, what was found, how they ended.
//!
//! An exchange counts when it was opened. One whose end is in a later file is looked up there.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};
use serde::Serialize;

use super::error::AuditError;
use super::query::{Reach, Reader};
use super::time::Stored;

/// What exchanges, or findings, are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Who asked.
    Caller,
    /// The day (UTC).
    Day,
    /// What was found.
    Entity,
    /// The model asked for.
    Model,
    /// How they ended.
    Outcome,
    /// How it was found.
    Pattern,
    /// Where they went.
    Route,
}

/// From when to when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Then or after; from the beginning without one.
    pub since: Option<Timestamp>,
    /// Before then; to the end without one.
    pub until: Option<Timestamp>,
}

/// A line of sums.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stat {
    /// What the sums are of.
    pub key: String,
    /// Exchanges; of an entity or a pattern: texts that held one.
    pub exchanges: u64,
    /// Findings, in requests alone unless they are counted by what was found.
    pub found: u64,
    /// Exchanges of which nothing was forwarded.
    pub refused: u64,
    /// Exchanges that broke off, or that the provider answered with an error.
    pub failed: u64,
    /// Tokens of the requests.
    pub input: u64,
    /// Tokens of the answers.
    pub output: u64,
}

/// How much of all requests was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Covered {
    /// Strings and numbers scanned.
    pub strings: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Values left alone because a provider's table lists them.
    pub opaque: u64,
    /// How many exchanges used each configured exemption.
    pub exemptions: BTreeMap<String, u64>,
}

type Stats = BTreeMap<String, Stat>;

/// Whether an exchange that was forwarded ended otherwise than with a good answer.
const FAILED: &str = "(outcome <> 'refused' AND (outcome <> 'complete' OR status >= 400))";

impl Reader {
    /// Sums by one thing, in its order.
    pub fn stats(&self, by: By, span: Span) -> Result<Vec<Stat>, AuditError> {
        let mut stats = Stats::new();
        self.each_file(|file| {
            match by {
                By::Entity => add_findings(&file.here, "entity", span, &mut stats),
                By::Pattern => add_findings(&file.here, "pattern", span, &mut stats),
                _ => add_exchanges(file, [by], span, std::array::from_mut(&mut stats)),
            }?;
            Ok(true)
        })?;
        Ok(in_order(stats))
    }

    /// Sums of the same exchanges by several things, none of them what was found: the log is gone through once for all.
    pub fn stats_by<const N: usize>(&self, by: [By; N], span: Span) -> Result<[Vec<Stat>; N], AuditError> {
        let mut stats = by.map(|_| Stats::new());
        self.each_file(|file| add_exchanges(file, by, span, &mut stats).map(|()| true))?;
        Ok(stats.map(in_order))
    }

    /// How often exchanges ended for each reason other than a good answer, the most frequent first.
    pub fn reasons(&self, span: Span) -> Result<Vec<(String, u64)>, AuditError> {
        let mut reasons = BTreeMap::<String, u64>::new();
        self.each_file(|file| {
            let select = format!(
                "SELECT CASE outcome WHEN 'complete' THEN 'status ' || status ELSE outcome || coalesce(' (' || reason || ')', '') END,
                  count(*)
                FROM closed CROSS JOIN entry ON entry.seq = closed.seq
                WHERE closed.seq BETWEEN ?3 AND ?4 AND (outcome = 'refused' OR {FAILED}) AND at_us >= ?1 AND at_us < ?2
                GROUP BY 1"
            );
            add_counts(&file.here, &select, span, &mut reasons)?;
            Ok(true)
        })?;
        let mut reasons: Vec<_> = reasons.into_iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        Ok(reasons)
    }

    /// Every caller and when it first asked.
    pub fn callers(&self) -> Result<BTreeMap<String, Timestamp>, AuditError> {
        let mut callers = BTreeMap::new();
        self.each_file(|file| {
            let select = "SELECT caller, at_us FROM (SELECT caller, min(seq) AS seq FROM opened GROUP BY caller)
                JOIN entry USING (seq)";
            let mut statement = file.here.prepare(select)?;
            let read = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, Stored>(1)?.0));
            for caller in statement.query_map([], read)? {
                // Files come from the newest to the oldest.
                callers.extend([caller?]);
            }
            Ok(true)
        })?;
        Ok(callers)
    }

    /// How much of all requests was looked at.
    pub fn covered(&self, span: Span) -> Result<Covered, AuditError> {
        let (mut covered, mut exemptions) = (Covered::default(), BTreeMap::new());
        self.each_file(|file| {
            let sums = "SELECT coalesce(sum(strings), 0), coalesce(sum(bytes), 0), coalesce(sum(opaque), 0)
                FROM opened CROSS JOIN entry ON entry.seq = opened.seq
                WHERE opened.seq BETWEEN ?3 AND ?4 AND at_us >= ?1 AND at_us < ?2";
            let read = |row: &Row<'_>| Ok((count(row, 0)?, count(row, 1)?, count(row, 2)?));
            let (strings, bytes, opaque) = file.here.query_row(sums, within(&file.here, span)?, read)?;
            covered.strings += strings;
            covered.bytes += bytes;
            covered.opaque += opaque;
            let used = "SELECT value, count(*)
                FROM opened CROSS JOIN entry ON entry.seq = opened.seq, json_each(opened.exemptions)
                WHERE opened.seq BETWEEN ?3 AND ?4 AND exemptions <> '[]' AND at_us >= ?1 AND at_us < ?2 GROUP BY 1";
            add_counts(&file.here, used, span, &mut exemptions)?;
            Ok(true)
        })?;
        Ok(Covered { exemptions, ..covered })
    }
}

fn in_order(stats: Stats) -> Vec<Stat> {
    stats.into_values().filter(|stat| stat.exchanges > 0).collect()
}

fn add_counts(connection: &Connection, select: &str, span: Span, counts: &mut BTreeMap<String, u64>) -> Result<()> {
    let mut statement = connection.prepare(select)?;
    for row in statement.query_map(within(connection, span)?, |row| Ok((row.get(0)?, count(row, 1)?)))? {
        let (key, count) = row?;
        *counts.entry(key).or_default() += count;
    }
    Ok(())
}

fn add_findings(connection: &Connection, column: &str, span: Span, stats: &mut Stats) -> Result<()> {
    let select = format!(
        "SELECT {column}, count(DISTINCT finding.seq), sum(count)
         FROM finding CROSS JOIN entry ON entry.seq = finding.seq
         WHERE finding.seq BETWEEN ?3 AND ?4 AND at_us >= ?1 AND at_us < ?2 GROUP BY 1"
    );
    let mut statement = connection.prepare(&select)?;
    let read = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, count(row, 1)?, count(row, 2)?));
    for row in statement.query_map(within(connection, span)?, read)? {
        let (key, exchanges, found) = row?;
        let stat = stat(stats, key);
        stat.exchanges += exchanges;
        stat.found += found;
    }
    Ok(())
}

fn add_exchanges<const N: usize>(file: &Reach, by: [By; N], span: Span, stats: &mut [Stats; N]) -> Result<()> {
    let keys = by.map(key).join(", ");
    let select = format!(
        "SELECT count(*), coalesce(sum((SELECT sum(count) FROM finding WHERE finding.seq = opened.seq)), 0),
           coalesce(sum(outcome = 'refused'), 0), coalesce(sum({FAILED}), 0),
           coalesce(sum(input), 0), coalesce(sum(output), 0), {keys}
         FROM opened CROSS JOIN entry ON entry.seq = opened.seq LEFT JOIN closed ON closed.opened = opened.seq
         WHERE opened.seq BETWEEN ?3 AND ?4 AND at_us >= ?1 AND at_us < ?2 GROUP BY {keys}"
    );
    let mut statement = file.here.prepare(&select)?;
    let mut rows = statement.query(within(&file.here, span)?)?;
    while let Some(row) = rows.next()? {
        let [exchanges, found, refused, failed, input, output] = [0, 1, 2, 3, 4, 5].map(|column| count(row, column));
        let sums = [exchanges?, found?, refused?, failed?, input?, output?];
        for (place, stats) in stats.iter_mut().enumerate() {
            add(stat(stats, row.get(sums.len() + place)?), sums);
        }
    }
    for (by, stats) in by.into_iter().zip(stats) {
        file.later.iter().try_for_each(|later| add_later(&file.here, later, by, span, stats))?;
    }
    Ok(())
}

/// Adds the ends that a later file holds of exchanges that were opened here.
fn add_later(here: &Connection, later: &Connection, by: By, span: Span, stats: &mut Stats) -> Result<()> {
    let last: i64 = here.query_row("SELECT coalesce(max(seq), 0) FROM entry", [], |row| row.get(0))?;
    let ends = format!(
        "SELECT opened, outcome, coalesce({FAILED}, 0), coalesce(input, 0), coalesce(output, 0) FROM closed WHERE opened <= ?1"
    );
    let select = format!(
        "SELECT {} FROM opened JOIN entry ON entry.seq = opened.seq LEFT JOIN closed ON FALSE
         WHERE at_us >= ?1 AND at_us < ?2 AND opened.seq = ?3",
        key(by)
    );
    let mut key_of = here.prepare(&select)?;
    let mut ends = later.prepare(&ends)?;
    let read = |row: &Row<'_>| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, count(row, 2)?, count(row, 3)?, count(row, 4)?))
    };
    for end in ends.query_map([last], read)? {
        let (opened, outcome, failed, input, output) = end?;
        let [since, until] = bounds(span);
        let key: Option<String> = key_of.query_row(params![since, until, opened], |row| row.get(0)).optional()?;
        let Some(key) = key else { continue };
        let refused = u64::from(outcome == "refused");
        if by == By::Outcome {
            let open = stat(stats, key);
            open.exchanges = open.exchanges.saturating_sub(1);
            add(stat(stats, outcome), [1, 0, refused, failed, input, output]);
        } else {
            add(stat(stats, key), [0, 0, refused, failed, input, output]);
        }
    }
    Ok(())
}

fn key(by: By) -> &'static str {
    match by {
        By::Caller => "caller",
        By::Day => "strftime('%Y-%m-%d', at_us / 1000000, 'unixepoch')",
        By::Model => "coalesce(model, '-')",
        By::Outcome => "coalesce(outcome, 'open')",
        By::Route => "route",
        By::Entity | By::Pattern => "NULL",
    }
}

fn stat(stats: &mut Stats, key: String) -> &mut Stat {
    stats.entry(key.clone()).or_insert_with(|| Stat { key, ..Stat::default() })
}

fn add(stat: &mut Stat, [exchanges, found, refused, failed, input, output]: [u64; 6]) {
    stat.exchanges += exchanges;
    stat.found += found;
    stat.refused += refused;
    stat.failed += failed;
    stat.input += input;
    stat.output += output;
}

/// From when to when, and from which entry to which: entries come nearly in the order of time, and in their own order a file is read
/// several times as fast.
pub(super) fn within(file: &Connection, span: Span) -> Result<[i64; 4]> {
    let [since, until] = bounds(span);
    if span == Span::default() {
        return Ok([since, until, 0, i64::MAX]);
    }
    let select = "SELECT coalesce(min(seq), 0), coalesce(max(seq), -1) FROM entry
        WHERE at_us >= ?1 AND at_us < ?2 AND seq > (SELECT min(seq) FROM segment)";
    file.query_row(select, [since, until], |row| Ok([since, until, row.get(0)?, row.get(1)?]))
}

fn bounds(Span { since, until }: Span) -> [i64; 2] {
    [since.map_or(i64::MIN, Timestamp::as_microsecond), until.map_or(i64::MAX, Timestamp::as_microsecond)]
}

fn count(row: &Row<'_>, column: usize) -> Result<u64> {
    row.get(column).map(i64::cast_unsigned)
}
