//! A labelled line: `{"text": "call 555-0100", "spans": [[5, 13, "PHONE"]]}`.
//!
//! Offsets count characters (code points), and labels may be called otherwise than our entities. What is wrong with a line is
//! told without a word of its text.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;

/// How labels are called here, by what they are called in the file; those that are not named keep their name.
pub type Names = BTreeMap<String, String>;

/// A text and what must be found in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// What is scanned.
    pub text: String,
    /// What must be found, in order and without overlap.
    pub labels: Vec<Label>,
    /// The entity that alone is labelled here: findings of others do not count. `None`: every entity is labelled.
    pub only: Option<String>,
    /// The entities whose findings do not count here.
    pub may: Vec<String>,
}

/// One thing that must be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// What it is.
    pub entity: String,
    /// The bytes of the text where it stands.
    pub span: Range<usize>,
}

/// What is wrong with a line; spans are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCase {
    /// A field that holds something else.
    #[error("`{field}` is not {expected}")]
    Field {
        /// Its name.
        field: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
    /// A line that cannot be read at all.
    #[error("the line is not JSON (column {column})")]
    NotJson {
        /// Where reading ended.
        column: usize,
    },
    /// A line that is JSON but no object.
    #[error("the line is not a JSON object with `text` and `spans`")]
    NotAnObject,
    /// A span that ends behind the text, or before it begins.
    #[error("span {0} does not lie within the text of {1} characters")]
    OutOfRange(usize, usize),
    /// Two spans that share a character.
    #[error("span {0} overlaps another")]
    Overlap(usize),
    /// A span that is not two offsets and perhaps a name.
    #[error("span {0} is not `[start, end, ENTITY]`")]
    Span(usize),
    /// A span that does not say what it is.
    #[error("span {0} names no entity, and the line has no `entity`")]
    Unnamed(usize),
}

impl Case {
    /// Reads a labelled line.
    pub fn parse(line: &str, names: &Names) -> Result<Self, BadCase> {
        let line: Value = serde_json::from_str(line).map_err(|error| BadCase::NotJson { column: error.column() })?;
        let line = line.as_object().ok_or(BadCase::NotAnObject)?;
        let text = match line.get("text") {
            Some(Value::String(text)) => text.clone(),
            _ => return Err(BadCase::Field { field: "text", expected: "a string" }),
        };
        let entity = match line.get("entity") {
            None | Some(Value::Null) => None,
            Some(Value::String(entity)) => Some(called(entity, names)),
            Some(_) => return Err(BadCase::Field { field: "entity", expected: "a string" }),
        };
        let spans = list(line.get("spans"), "spans")?;
        let named = spans.iter().any(|span| span.get(2).is_some());
        let labels = labels(&text, spans, entity.as_deref(), names)?;
        let may = list(line.get("may"), "may")?.iter().map(|name| name.as_str().map(|name| called(name, names)));
        let may = may.collect::<Option<_>>().ok_or(BadCase::Field { field: "may", expected: "a list of strings" })?;
        Ok(Self { text, labels, only: entity.filter(|_| !named), may })
    }

    /// A text of which nothing is known.
    pub fn unlabelled(text: &str) -> Self {
        Self { text: text.to_owned(), labels: Vec::new(), only: None, may: Vec::new() }
    }

    /// The characters that `span` counts in bytes.
    pub fn characters(&self, span: &Range<usize>) -> Range<usize> {
        let count = |text: &str| text.chars().count();
        let start = count(&self.text[..span.start]);
        start..start + count(&self.text[span.clone()])
    }
}

fn called(name: &str, names: &Names) -> String {
    names.get(name).map_or(name, String::as_str).to_owned()
}

fn list<'v>(value: Option<&'v Value>, field: &'static str) -> Result<&'v [Value], BadCase> {
    match value {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(BadCase::Field { field, expected: "a list" }),
    }
}

fn labels(text: &str, spans: &[Value], entity: Option<&str>, names: &Names) -> Result<Vec<Label>, BadCase> {
    let borders: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let mut labels = Vec::with_capacity(spans.len());
    for (number, span) in (1..).zip(spans) {
        let (start, end, name) = span_of(span).ok_or(BadCase::Span(number))?;
        if start >= end || end >= borders.len() {
            return Err(BadCase::OutOfRange(number, borders.len() - 1));
        }
        let name = name.map(|name| called(name, names)).or_else(|| entity.map(str::to_owned));
        let entity = name.ok_or(BadCase::Unnamed(number))?;
        labels.push((number, Label { entity, span: borders[start]..borders[end] }));
    }
    labels.sort_by_key(|(_, label)| label.span.start);
    match labels.windows(2).find(|pair| pair[0].1.span.end > pair[1].1.span.start) {
        Some(pair) => Err(BadCase::Overlap(pair[1].0)),
        None => Ok(labels.into_iter().map(|(_, label)| label).collect()),
    }
}

/// Start, end and name of a written span.
fn span_of(span: &Value) -> Option<(usize, usize, Option<&str>)> {
    let offset = |value: &Value| usize::try_from(value.as_u64()?).ok();
    match span.as_array()?.as_slice() {
        [start, end] => Some((offset(start)?, offset(end)?, None)),
        [start, end, name] => Some((offset(start)?, offset(end)?, Some(name.as_str()?))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Result<&[(&str, &str)], BadCase>) {
        let names = Names::from([("TEL".to_owned(), "PHONE".to_owned())]);
        let case = Case::parse(line, &names);
        let labels = case.as_ref().map(|case| {
            case.labels.iter().map(|label| (label.entity.as_str(), &case.text[label.span.clone()])).collect::<Vec<_>>()
        });
        assert_eq!(labels, expected.as_ref().map(|labels| labels.to_vec()), "{line}");
    }

    #[test]
    fn spans_count_characters() {
        check(r#"{"text":"né 12, Å 3","spans":[[3,5,"A"],[7,8,"B"]]}"#, Ok(&[("A", "12"), ("B", "Å")]));
        check(r#"{"text":"12","spans":[[0,2]],"entity":"TEL","more":1}"#, Ok(&[("PHONE", "12")]));
        check(r#"{"text":"12","spans":[[0,2,"TEL"]]}"#, Ok(&[("PHONE", "12")]));
        check(r#"{"text":"12"}"#, Ok(&[]));
    }

    #[test]
    fn a_bad_line_is_told_without_its_text() {
        check(r#"{"text":"#, Err(BadCase::NotJson { column: 8 }));
        check("[]", Err(BadCase::NotAnObject));
        check(r#"{"spans":[]}"#, Err(BadCase::Field { field: "text", expected: "a string" }));
        check(r#"{"text":"12","spans":[[0,3,"A"]]}"#, Err(BadCase::OutOfRange(1, 2)));
        check(r#"{"text":"12","spans":[[1,1,"A"]]}"#, Err(BadCase::OutOfRange(1, 2)));
        check(r#"{"text":"12","spans":[[0,1,"A"],[0,2,"B"]]}"#, Err(BadCase::Overlap(2)));
        check(r#"{"text":"12","spans":[[-1,2,"A"]]}"#, Err(BadCase::Span(1)));
        check(r#"{"text":"12","spans":[[0,2]]}"#, Err(BadCase::Unnamed(1)));
        check(r#"{"text":"12","may":"A"}"#, Err(BadCase::Field { field: "may", expected: "a list" }));
    }

    #[test]
    fn a_line_whose_spans_have_no_names_is_about_one_entity() {
        let only = |line: &str| Case::parse(line, &Names::new()).unwrap().only;
        assert_eq!(only(r#"{"text":"12","entity":"A"}"#).as_deref(), Some("A"));
        assert_eq!(only(r#"{"text":"12","entity":"A","spans":[[0,1]]}"#).as_deref(), Some("A"));
        assert_eq!(only(r#"{"text":"12","entity":"A","spans":[[0,1,"B"]]}"#), None);
        assert_eq!(only(r#"{"text":"12"}"#), None);
    }
}
