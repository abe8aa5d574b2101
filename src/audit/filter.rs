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
    /// Ended for this reason.
    pub reason: Option<String>,
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
            reason: None,
            seqs: None,
            before: None,
            limit: 100,
        }
    }
}

impl Filter {
    /// Whether it asks for more than what the opening entry's own row says.
    pub fn asks_beyond_the_opening(&self) -> bool {
        let Self { since, until, entity, pattern, status, outcome, reason, .. } = self;
        let timed = since.is_some() || until.is_some();
        timed || entity.is_some() || pattern.is_some() || status.is_some() || outcome.is_some() || reason.is_some()
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
    /// And before this one.
    before: Option<i64>,
    /// Whether it is asked of few exchanges, those of the table `few`.
    of_few: bool,
}

impl Question {
    /// Asks a file for exchanges that were opened after the entry `after`; `later` are the files that follow it.
    pub fn of(filter: &Filter, later: &[Connection], after: i64) -> Result<Self> {
        let of_few = filter.seqs.is_some();
        let mut question = Self { conditions: Vec::new(), values: Vec::new(), after, before: filter.before, of_few };
        question.values.extend(filter.seqs.as_ref().map(json));
        question.conditions.push(if of_few { "opened.seq IN few" } else { "TRUE" }.into());
        question.when("opened.seq > ?", Some(after).filter(|after| *after > 0));
        // Not by their index: what is sought is the newest.
        question.when("+entry.at_us >= ?", filter.since.map(Timestamp::as_microsecond));
        question.when("+entry.at_us < ?", filter.until.map(Timestamp::as_microsecond));
        question.when("opened.caller = ?", filter.caller.clone());
        question.when("opened.subject = ?", filter.subject.clone());
        let conversations = filter.conversations.as_ref().map(json);
        question.when("opened.conversation IN (SELECT value FROM json_each(?))", conversations);
        // Their indexes are of use where nothing rarer is asked for.
        let rarer = of_few || filter.conversations.is_some() || filter.subject.is_some() || filter.caller.is_some();
        let by = |rarer: bool, column: &str| format!("{}opened.{column} = ?", if rarer { "+" } else { "" });
        question.when(&by(rarer, "model"), filter.model.clone());
        question.when(&by(rarer || filter.model.is_some(), "route"), filter.route.clone());
        question.when("opened.seq < ?", filter.before);
        for (column, found) in [("entity", &filter.entity), ("pattern", &filter.pattern)] {
            let Some(found) = found.clone() else { continue };
            let select = format!("SELECT seq FROM finding WHERE {column} = ?");
            let or = format!("{select}{}{} UNION ALL ", question.newer(), question.looked_at("seq"));
            let of_few = if of_few { " AND seq IN (SELECT seq FROM closed WHERE opened IN few)" } else { "" };
            let here = format!("seq IN ({select}{}{of_few})", question.newer());
            question.when_closed(&here, &format!("seq IN ({select})"), Some(found.into()), later, &or)?;
        }
        for condition in of_end(filter) {
            question.when_closed(&condition, &condition, None, later, "")?;
        }
        if let Some(reason) = filter.reason.clone() {
            question.when_closed("reason = ?", "reason = ?", Some(reason.into()), later, "")?;
        }
        Ok(question)
    }

    /// Selects the opening entries that are let through, newest first.
    pub fn sql(&self, limit: usize) -> String {
        let few = if self.of_few { "WITH few AS (SELECT value FROM json_each(?1)) " } else { "" };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        format!(
            "{few}SELECT opened.seq FROM opened JOIN entry ON entry.seq = opened.seq
             WHERE {} ORDER BY opened.seq DESC LIMIT {limit}",
            self.conditions.join(" AND ")
        )
    }

    fn when(&mut self, condition: &str, value: Option<impl Into<Value>>) {
        let Some(value) = value else { return };
        self.values.push(value.into());
        self.conditions.push(condition.replace('?', &format!("?{}", self.values.len())));
    }

    /// Asks of the closing entry what `here` says or, in a file that follows, `there`; `or` selects others to let through.
    fn when_closed(
        &mut self,
        here: &str,
        there: &str,
        value: Option<Value>,
        later: &[Connection],
        or: &str,
    ) -> Result<()> {
        let strays = strays(later, there, value.as_ref())?.into_iter().map(|seq| seq.to_string());
        let strays = strays.collect::<Vec<_>>().join(", ");
        // One set, so that SQLite goes through it and not through all exchanges.
        let condition = format!(
            "opened.seq IN ({or}SELECT opened FROM closed WHERE {here}{}{}
             UNION ALL SELECT value FROM json_each('[{strays}]'))",
            self.newer(),
            self.looked_at("opened")
        );
        self.values.extend(value);
        self.conditions.push(condition.replace('?', &format!("?{}", self.values.len())));
        Ok(())
    }

    /// The condition that an entry of an exchange meets which was opened after another.
    fn newer(&self) -> String {
        if self.after > 0 { format!(" AND seq > {}", self.after) } else { String::new() }
    }

    /// The condition that `column` names the opening entry of an exchange that is looked at.
    fn looked_at(&self, column: &str) -> String {
        let older = self.before.map(|before| format!(" AND {column} < {before}"));
        let few = self.of_few.then(|| format!(" AND {column} IN few"));
        older.into_iter().chain(few).collect()
    }
}

/// The conditions on the closing entry's own row.
fn of_end(filter: &Filter) -> Vec<String> {
    // With the indexes' own conditions, word by word: SQLite concludes nothing from others.
    let status = filter.status.as_ref().map(|Statuses(range)| {
        let failed = if *range.start() >= 400 { "status >= 400 AND " } else { "" };
        format!("{failed}status BETWEEN {} AND {}", range.start(), range.end())
    });
    let outcome = filter.outcome.map(|outcome| {
        let otherwise = if outcome == Outcome::Complete { "" } else { "outcome <> 'complete' AND " };
        format!("{otherwise}outcome = '{outcome}'")
    });
    status.into_iter().chain(outcome).collect()
}

/// The opening entries that one of the conditions of `filter` lets through by itself, if it is so rare that the others can be asked of
/// each of them. `here` is a file, `later` are those that follow it.
pub fn few(filter: &Filter, here: &Connection, later: &[Connection]) -> Result<Option<Vec<i64>>> {
    for Alone { select, there, value } in alone(filter) {
        let mut statement = here.prepare(&format!("{select} LIMIT {}", FEW + 1))?;
        let found = statement.query_map(params_from_iter(&value), |row| row.get(0))?;
        let mut found = found.collect::<Result<Vec<i64>>>()?;
        if found.len() > FEW {
            continue;
        }
        if let Some(there) = there {
            found.extend(strays(later, &there, value.as_ref())?);
        }
        return Ok(Some(found));
    }
    Ok(None)
}

/// How many exchanges are few.
const FEW: usize = if cfg!(test) { 1 } else { 32_768 };

/// What one condition lets through by itself.
struct Alone {
    select: String,
    /// The condition on closing entries in later files, if it is one on the end.
    there: Option<String>,
    value: Option<Value>,
}

/// What is rare by its nature comes first.
fn alone(filter: &Filter) -> Vec<Alone> {
    let text = |text: &Option<String>| text.clone().map(Value::from);
    let opened = [
        ("conversation IN (SELECT value FROM json_each(?1))", filter.conversations.as_ref().map(json)),
        ("subject = ?1", text(&filter.subject)),
        ("caller = ?1", text(&filter.caller)),
        ("route = ?1", text(&filter.route)),
        ("model = ?1", text(&filter.model)),
    ];
    let at = |time: Option<Timestamp>, otherwise| time.map_or(otherwise, Timestamp::as_microsecond);
    let (since, until) = (at(filter.since, i64::MIN), at(filter.until, i64::MAX));
    let timed = filter.since.or(filter.until).map(|_| Alone {
        select: format!("SELECT seq FROM entry WHERE at_us >= {since} AND at_us < {until}"),
        there: None,
        value: None,
    });
    let opened = opened.into_iter().filter_map(|(condition, value)| {
        let select = format!("SELECT seq FROM opened WHERE {condition}");
        Some(Alone { select, there: None, value: Some(value?) })
    });
    let closed = of_end(filter).into_iter().map(|condition| Alone {
        select: format!("SELECT opened FROM closed WHERE {condition}"),
        there: Some(condition),
        value: None,
    });
    let reason = text(&filter.reason).map(|value| Alone {
        select: "SELECT opened FROM closed WHERE reason = ?1".into(),
        there: Some("reason = ?1".into()),
        value: Some(value),
    });
    let found = [("entity", &filter.entity), ("pattern", &filter.pattern)];
    let found = found.into_iter().filter_map(|(column, value)| {
        let opening = "coalesce((SELECT opened FROM closed WHERE closed.seq = finding.seq), seq)";
        let select = format!("SELECT {opening} FROM finding WHERE {column} = ?1");
        let there = format!("seq IN (SELECT seq FROM finding WHERE {column} = ?1)");
        Some(Alone { select, there: Some(there), value: Some(text(value)?) })
    });
    timed.into_iter().chain(opened).chain(closed).chain(reason).chain(found).collect()
}

/// The opening entries that files close for those before them and whose closing entry meets `condition`.
fn strays(later: &[Connection], condition: &str, value: Option<&Value>) -> Result<Vec<i64>> {
    let sql = format!("SELECT opened FROM closed WHERE opened < (SELECT min(seq) FROM segment) AND {condition}");
    let mut strays = Vec::new();
    for file in later {
        let mut statement = file.prepare(&sql)?;
        for seq in statement.query_map(params_from_iter(value), |row| row.get(0))? {
            strays.push(seq?);
        }
    }
    Ok(strays)
}

fn json(list: &impl serde::Serialize) -> Value {
    serde_json::json!(list).to_string().into()
}
