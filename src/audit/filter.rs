//! Which exchanges a question is about, and how that is said in SQL.

use std::ops::RangeInclusive;
use std::str::FromStr;

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, Result, params_from_iter};

use super::entry::Outcome;

/// Which exchanges to list; `None` means any.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Opened then or after.
    pub since: Option<Timestamp>,
    /// Opened before then.
    pub until: Option<Timestamp>,
    /// With a finding of this entity, in the request or the answer.
    pub entity: Option<String>,
    /// With a finding by this pattern, in the request or the answer.
    pub pattern: Option<String>,
    /// Asked by this caller.
    pub caller: Option<String>,
    /// About this customer.
    pub subject: Option<String>,
    /// Of one of these conversations.
    pub conversations: Option<Vec<String>>,
    /// Through this route.
    pub route: Option<String>,
    /// For this model.
    pub model: Option<String>,
    /// Answered with such a status.
    pub status: Option<Statuses>,
    /// Ended so.
    pub outcome: Option<Outcome>,
    /// Opened by one of these entries.
    pub seqs: Option<Vec<i64>>,
    /// Opened before the entry of this number: the [`Summary::seq`](super::Summary::seq) of the last one seen gives the next page.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: usize,
}

impl Default for Filter {
    /// The newest hundred of all exchanges.
    fn default() -> Self {
        Self {
            since: None,
            until: None,
            entity: None,
            pattern: None,
            caller: None,
            subject: None,
            conversations: None,
            route: None,
            model: None,
            status: None,
            outcome: None,
            seqs: None,
            before: None,
            limit: 100,
        }
    }
}

impl Filter {
    /// Whether it asks for what is known of an exchange once it ended.
    pub fn asks_of_the_end(&self) -> bool {
        let Self { entity, pattern, status, outcome, .. } = self;
        entity.is_some() || pattern.is_some() || status.is_some() || outcome.is_some()
    }
}

/// A status or a hundred of them, written `404` or `4xx`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statuses(RangeInclusive<u16>);

impl FromStr for Statuses {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let range = match text.strip_suffix("xx") {
            Some(hundreds) => {
                hundreds.parse::<u8>().ok().map(|hundreds| u16::from(hundreds) * 100).map(|first| first..=first + 99)
            }
            None => text.parse().ok().map(|status| status..=status),
        };
        let range = range.filter(|range| (100..=599).contains(range.start()));
        range.map(Self).ok_or_else(|| format!("`{text}` is no status: write one such as `404`, or `4xx`"))
    }
}

/// A filter in SQL: conditions on `opened` and `entry`, and the values that they name by number.
pub struct Question {
    conditions: Vec<String>,
    pub values: Vec<Value>,
    /// Only of exchanges that were opened after this entry.
    after: i64,
}

impl Question {
    /// Asks a file for exchanges that were opened after the entry `after`; `later` are the files that follow it.
    pub fn of(filter: &Filter, later: &[Connection], after: i64) -> Result<Self> {
        let mut question = Self { conditions: vec!["TRUE".into()], values: Vec::new(), after };
        question.when("opened.seq > ?", Some(after).filter(|after| *after > 0));
        question.when("entry.at_us >= ?", filter.since.map(Timestamp::as_microsecond));
        question.when("entry.at_us < ?", filter.until.map(Timestamp::as_microsecond));
        question.when("opened.caller = ?", filter.caller.clone());
        question.when("opened.subject = ?", filter.subject.clone());
        let conversations = filter.conversations.as_ref().map(|tokens| serde_json::json!(tokens).to_string());
        question.when("opened.conversation IN (SELECT value FROM json_each(?))", conversations);
        question.when("opened.route = ?", filter.route.clone());
        question.when("opened.model = ?", filter.model.clone());
        question.when("opened.seq < ?", filter.before);
        let seqs = filter.seqs.as_ref().map(|seqs| serde_json::json!(seqs).to_string());
        question.when("opened.seq IN (SELECT value FROM json_each(?))", seqs);
        for (column, found) in [("entity", &filter.entity), ("pattern", &filter.pattern)] {
            let Some(found) = found.clone() else { continue };
            let select = format!("SELECT seq FROM finding WHERE {column} = ?{}", question.newer());
            let or = format!("{select} UNION ALL ");
            question.when_closed(&format!("seq IN ({select})"), Some(found.into()), later, &or)?;
        }
        if let Some(Statuses(range)) = &filter.status {
            // As literals, so that the index of failures can be used.
            question.when_closed(&format!("status BETWEEN {} AND {}", range.start(), range.end()), None, later, "")?;
        }
        if let Some(outcome) = filter.outcome {
            question.when_closed(&format!("outcome = '{outcome}'"), None, later, "")?;
        }
        Ok(question)
    }

    /// Selects the opening entries that are let through, newest first.
    pub fn sql(&self, limit: usize) -> String {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        format!(
            "SELECT opened.seq FROM opened JOIN entry ON entry.seq = opened.seq
             WHERE {} ORDER BY opened.seq DESC LIMIT {limit}",
            self.conditions.join(" AND ")
        )
    }

    fn when(&mut self, condition: &str, value: Option<impl Into<Value>>) {
        let Some(value) = value else { return };
        self.values.push(value.into());
        self.conditions.push(condition.replace('?', &format!("?{}", self.values.len())));
    }

    /// Asks `condition` of the closing entry, here or in a file that follows; `or` selects others to let through.
    fn when_closed(&mut self, condition: &str, value: Option<Value>, later: &[Connection], or: &str) -> Result<()> {
        let strays = later.iter().map(|later| strays(later, condition, value.as_ref())).collect::<Result<Vec<_>>>()?;
        let strays: Vec<String> = strays.iter().flatten().map(i64::to_string).collect();
        let strays = strays.join(", ");
        // One set, so that SQLite goes through it and not through all exchanges.
        let condition = format!(
            "opened.seq IN ({or}SELECT opened FROM closed WHERE {condition}{}
             UNION ALL SELECT value FROM json_each('[{strays}]'))",
            self.newer()
        );
        self.values.extend(value);
        self.conditions.push(condition.replace('?', &format!("?{}", self.values.len())));
        Ok(())
    }

    /// The condition that an entry of an exchange meets which was opened after another.
    fn newer(&self) -> String {
        if self.after > 0 { format!(" AND seq > {}", self.after) } else { String::new() }
    }
}

/// The opening entries that a file closes for those before it and whose closing entry meets `condition`.
fn strays(later: &Connection, condition: &str, value: Option<&Value>) -> Result<Vec<i64>> {
    let sql = format!("SELECT opened FROM closed WHERE opened < (SELECT min(seq) FROM segment) AND {condition}");
    let mut statement = later.prepare(&sql)?;
    statement.query_map(params_from_iter(value), |row| row.get(0))?.collect()
}
