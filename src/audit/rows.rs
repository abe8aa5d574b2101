//! Entries to rows and back: the only place that knows which field goes to which column.

use jiff::Timestamp;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Result, Row};
use uuid::Uuid;

use crate::crypto::MacKey;

use super::chain::{Canonical, Head};
use super::entry::{Closed, Counts, Coverage, Opened, Outcome, Tally, Timings, Usage};
use super::event::Event;
use super::schema::{CLOSED, COVERAGE, DECLARED, ENTRY, EVENT, FINDING, OPENED, PAYLOAD, SEGMENT, Table};
use super::sealer::{CODEC, Sealed};
use super::time::Stored;

/// Appends entries inside a transaction that somebody else begins and commits.
pub struct Appender<'a> {
    connection: &'a Connection,
    key: &'a MacKey,
    canonical: Canonical,
    head: Head,
    /// One for each table that was appended to, by its name.
    inserts: Vec<(&'static str, CachedStatement<'a>)>,
}

/// What the log calls whom and what an exchange is about.
pub struct Tokens {
    pub subject: Option<String>,
    pub conversation: Option<String>,
}

impl<'a> Appender<'a> {
    /// Goes on after `head`.
    pub fn new(connection: &'a Connection, key: &'a MacKey, head: Head) -> Self {
        Self { connection, key, canonical: Canonical::default(), head, inserts: Vec::new() }
    }

    /// Where the chain stands with what was appended.
    pub fn head(&self) -> Head {
        self.head
    }

    /// The number of the entry that comes next.
    pub fn next(&self) -> i64 {
        self.head.seq + 1
    }

    /// Begins the file `name`, which comes after the file `previous`.
    pub fn segment(&mut self, at: Timestamp, name: &str, previous: Option<&str>) -> Result<()> {
        let Head { seq, hash } = self.head;
        self.row(&SEGMENT, &[text(name), optional(previous), ValueRef::Integer(seq), ValueRef::Blob(&hash)])?;
        self.entry(at, "segment")
    }

    /// Appends an opening entry with the log's own tokens and its text.
    pub fn opened(&mut self, opened: &Opened, tokens: &Tokens, request: Option<&Sealed>) -> Result<()> {
        let Coverage { strings, bytes, opaque, exemptions, counts } = &opened.coverage;
        let exemptions = serde_json::json!(exemptions).to_string();
        let values = [
            ValueRef::Blob(opened.exchange.as_bytes()),
            text(&opened.caller),
            optional(tokens.subject.as_deref()),
            optional(tokens.conversation.as_deref()),
            text(&opened.route),
            text(&opened.provider),
            text(&opened.method),
            text(&opened.path),
            optional(opened.model.as_deref()),
            number(opened.streaming),
            text(&opened.ruleset),
            count(*strings),
            count(*bytes),
            count(*opaque),
            text(&exemptions),
        ];
        self.row(&OPENED, &values)?;
        self.findings(&opened.findings)?;
        self.counts(counts)?;
        self.payload(request)?;
        if opened.purpose.is_some() || opened.consent.is_some() {
            self.row(&DECLARED, &[optional(opened.purpose.as_deref()), optional(opened.consent.as_deref())])?;
        }
        self.entry(opened.at, "opened")
    }

    /// Appends the closing entry of what the entry `opening` opened, with its text.
    pub fn closed(&mut self, closed: &Closed, opening: i64, answer: Option<&Sealed>) -> Result<()> {
        let values = [
            ValueRef::Integer(opening),
            text(closed.outcome.name()),
            optional(closed.reason.as_deref()),
            closed.status.map_or(ValueRef::Null, number),
            closed.usage.input.map_or(ValueRef::Null, count),
            closed.usage.output.map_or(ValueRef::Null, count),
            closed.usage.cached.map_or(ValueRef::Null, count),
            count(closed.timings.redact_us),
            count(closed.timings.commit_us),
            closed.timings.first_byte_us.map_or(ValueRef::Null, count),
            count(closed.timings.total_us),
            count(closed.restored),
            count(closed.unrestored),
            number(closed.answer_truncated),
        ];
        self.row(&CLOSED, &values)?;
        self.findings(&closed.findings)?;
        self.counts(&closed.passage)?;
        self.payload(answer)?;
        self.entry(closed.at, "closed")
    }

    /// Appends an event.
    pub fn event(&mut self, event: &Event) -> Result<()> {
        self.row(&EVENT, &[text(event.kind.name()), text(&event.detail)])?;
        self.entry(event.at, "event")
    }

    fn findings(&mut self, findings: &[Tally]) -> Result<()> {
        (0..).zip(findings).try_for_each(|(place, tally)| {
            let Tally { entity, pattern, action, count: times } = tally;
            let values = [ValueRef::Integer(place), text(entity), text(pattern), text(action), count(*times)];
            self.row(&FINDING, &values)
        })
    }

    fn counts(&mut self, counts: &Counts) -> Result<()> {
        if counts.is_empty() {
            return Ok(());
        }
        self.row(&COVERAGE, &[text(&serde_json::json!(counts).to_string())])
    }

    fn payload(&mut self, sealed: Option<&Sealed>) -> Result<()> {
        let Some(Sealed { subject, day, bytes }) = sealed else { return Ok(()) };
        let values = [text(CODEC), ValueRef::Integer(*subject), ValueRef::Integer(*day), ValueRef::Blob(bytes)];
        self.row(&PAYLOAD, &values)
    }

    /// Adds a row to the entry that comes next.
    fn row(&mut self, table: &Table, values: &[ValueRef<'_>]) -> Result<()> {
        let seq = self.head.seq + 1;
        self.canonical.row(table, seq, values.iter().copied());
        self.insert(table, seq, values)
    }

    /// Links the rows added so far to the chain.
    fn entry(&mut self, at: Timestamp, kind: &str) -> Result<()> {
        let seq = self.head.seq + 1;
        let values = [ValueRef::Integer(at.as_microsecond()), text(kind)];
        self.canonical.row(&ENTRY, seq, values);
        let hash = self.canonical.seal(self.key, &self.head.hash);
        self.insert(&ENTRY, seq, &[values[0], values[1], ValueRef::Blob(&hash)])?;
        self.head = Head { seq, hash };
        Ok(())
    }

    fn insert(&mut self, table: &Table, seq: i64, values: &[ValueRef<'_>]) -> Result<()> {
        let place = match self.inserts.iter().position(|(of, _)| *of == table.name) {
            Some(place) => place,
            None => {
                self.inserts.push((table.name, self.connection.prepare_cached(table.insert)?));
                self.inserts.len() - 1
            }
        };
        let insert = &mut self.inserts[place].1;
        insert.raw_bind_parameter(1, seq)?;
        for (index, value) in (2..).zip(values) {
            insert.raw_bind_parameter(index, ToSqlOutput::Borrowed(*value))?;
        }
        insert.raw_execute().map(drop)
    }
}

fn text(text: &str) -> ValueRef<'_> {
    ValueRef::Text(text.as_bytes())
}

fn optional(option: Option<&str>) -> ValueRef<'_> {
    option.map_or(ValueRef::Null, text)
}

fn number(number: impl Into<i64>) -> ValueRef<'static> {
    ValueRef::Integer(number.into())
}

fn count(count: u64) -> ValueRef<'static> {
    ValueRef::Integer(count.cast_signed())
}

/// Reads the opening entry `seq` without its request.
pub fn read_opened(connection: &Connection, seq: i64) -> Result<Option<Opened>> {
    let Some((at, findings)) = read_entry(connection, seq)? else { return Ok(None) };
    type Declared = (Option<String>, Option<String>);
    let declared = |row: &Row<'_>| Ok::<Declared, _>((row.get("purpose")?, row.get("consent")?));
    let declared = connection.prepare_cached(DECLARED.select)?.query_row([seq, seq], declared).optional()?;
    let (purpose, consent) = declared.unwrap_or_default();
    let read = |row: &Row<'_>| {
        Ok(Opened {
            exchange: Uuid::from_bytes(row.get("exchange")?),
            at,
            caller: row.get("caller")?,
            subject: row.get("subject")?,
            conversation: row.get("conversation")?,
            purpose: purpose.clone(),
            consent: consent.clone(),
            route: row.get("route")?,
            provider: row.get("provider")?,
            method: row.get("method")?,
            path: row.get("path")?,
            model: row.get("model")?,
            streaming: row.get("streaming")?,
            ruleset: row.get("ruleset")?,
            findings,
            coverage: Coverage {
                strings: read_count(row, "strings")?,
                bytes: read_count(row, "bytes")?,
                opaque: read_count(row, "opaque")?,
                exemptions: serde_json::from_str(row.get_ref("exemptions")?.as_str()?).unwrap_or_default(),
                counts: read_counts(connection, seq)?,
            },
            request: Vec::new(),
        })
    };
    connection.prepare_cached(OPENED.select)?.query_row([seq, seq], read).optional()
}

/// Reads the closing entry `seq`, which ends `exchange`, without its answer.
pub fn read_closed(connection: &Connection, seq: i64, exchange: Uuid) -> Result<Option<Closed>> {
    let Some((at, findings)) = read_entry(connection, seq)? else { return Ok(None) };
    let read = |row: &Row<'_>| {
        Ok(Closed {
            exchange,
            at,
            outcome: row.get("outcome")?,
            reason: row.get("reason")?,
            status: row.get("status")?,
            usage: Usage {
                input: read_optional(row, "input")?,
                output: read_optional(row, "output")?,
                cached: read_optional(row, "cached")?,
            },
            timings: Timings {
                redact_us: read_count(row, "redact_us")?,
                commit_us: read_count(row, "commit_us")?,
                first_byte_us: read_optional(row, "first_byte_us")?,
                total_us: read_count(row, "total_us")?,
            },
            findings,
            restored: read_count(row, "restored")?,
            unrestored: read_count(row, "unrestored")?,
            passage: read_counts(connection, seq)?,
            answer: Vec::new(),
            answer_truncated: row.get("truncated")?,
        })
    };
    connection.prepare_cached(CLOSED.select)?.query_row([seq, seq], read).optional()
}

/// Reads the text beside the entry `seq`, as it is sealed.
pub fn read_payload(connection: &Connection, seq: i64) -> Result<Option<Sealed>> {
    let read =
        |row: &Row<'_>| Ok(Sealed { subject: row.get("subject")?, day: row.get("day")?, bytes: row.get("bytes")? });
    connection.prepare_cached(PAYLOAD.select)?.query_row([seq, seq], read).optional()
}

fn read_entry(connection: &Connection, seq: i64) -> Result<Option<(Timestamp, Vec<Tally>)>> {
    let at = connection.prepare_cached(ENTRY.select)?.query_row([seq, seq], |row| row.get("at_us")).optional()?;
    let Some(Stored(at)) = at else { return Ok(None) };
    let mut statement = connection.prepare_cached(FINDING.select)?;
    let findings = statement.query_map([seq, seq], read_tally)?.collect::<Result<_>>()?;
    Ok(Some((at, findings)))
}

fn read_counts(connection: &Connection, seq: i64) -> Result<Counts> {
    let read = |row: &Row<'_>| Ok(serde_json::from_str(row.get_ref("counts")?.as_str()?).unwrap_or_default());
    Ok(connection.prepare_cached(COVERAGE.select)?.query_row([seq, seq], read).optional()?.unwrap_or_default())
}

fn read_tally(row: &Row<'_>) -> Result<Tally> {
    let count = read_count(row, "count")?;
    Ok(Tally { entity: row.get("entity")?, pattern: row.get("pattern")?, action: row.get("action")?, count })
}

impl FromSql for Outcome {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map_err(|_| FromSqlError::InvalidType)
    }
}

fn read_count(row: &Row<'_>, column: &str) -> Result<u64> {
    row.get(column).map(i64::cast_unsigned)
}

fn read_optional(row: &Row<'_>, column: &str) -> Result<Option<u64>> {
    row.get::<_, Option<i64>>(column).map(|number| number.map(i64::cast_unsigned))
}
