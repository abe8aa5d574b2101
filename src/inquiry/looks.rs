//! What a report says of looks at texts: by whom, how often, and at which.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::paper::Part;
use super::report::Particulars;
use crate::audit::{EventKind, Happening};

/// How many looks are listed one by one.
const LISTED: usize = 200;

/// Who looked at texts, or gave them out: how often, and at which.
pub(super) fn looks(happenings: &[Happening], particulars: Particulars) -> Vec<Part> {
    let looks: Vec<Look> = happenings.iter().filter_map(|one| Look::of(one, particulars)).collect();
    let mut counts = BTreeMap::<(&str, &str), u64>::new();
    looks.iter().for_each(|look| *counts.entry((&look.by, look.what)).or_default() += 1);
    let count = |((by, what), times): ((&str, &str), u64)| vec![by.to_owned(), what.to_owned(), times.to_string()];
    let row = |look: &Look| vec![format!("{:.0}", look.at), look.by.clone(), look.what.to_owned(), look.which.clone()];
    let newest = (looks.len() > LISTED).then(|| format!("Of these {} the newest {LISTED}:", looks.len()));
    let mut parts = vec![
        Part::heading("Who looked at texts"),
        Part::table(&["who", "what", "times"], counts.into_iter().map(count).collect()),
    ];
    if !looks.is_empty() {
        parts.push(Part::Line(newest.unwrap_or_else(|| "One by one:".to_owned())));
        parts.push(Part::table(&["at", "who", "what", "which"], looks.iter().take(LISTED).map(row).collect()));
    }
    parts
}

/// A look at texts.
struct Look<'a> {
    at: Timestamp,
    by: String,
    what: &'a str,
    /// The exchange, or how many it were.
    which: String,
}

impl<'a> Look<'a> {
    fn of(Happening { at, name, detail, .. }: &'a Happening, particulars: Particulars) -> Option<Self> {
        if ![EventKind::Exported, EventKind::Viewed].iter().any(|kind| kind.name() == name) {
            return None;
        }
        let detail: Value = serde_json::from_str(detail).unwrap_or_default();
        let by = detail["by"].as_str().unwrap_or("the command line").to_owned();
        let which = match (detail["exchange"].as_str(), particulars) {
            (Some(exchange), _) => exchange.to_owned(),
            (None, Particulars::Told) => others(&detail),
            (None, Particulars::Withheld) => "-".to_owned(),
        };
        Some(Self { at: *at, by, what: name, which })
    }
}

/// What else is told of a look.
fn others(detail: &Value) -> String {
    let others = detail.as_object().into_iter().flatten().filter(|(name, _)| *name != "by");
    let others: Vec<String> = others.map(|(name, value)| format!("{}: {value}", name.replace('_', " "))).collect();
    others.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_listed_up_to_a_bound_that_is_told() {
        let look = |detail: &str| Happening {
            seq: 1,
            at: "2026-11-30T10:00:00Z".parse().unwrap(),
            name: EventKind::Viewed.name().to_owned(),
            detail: detail.to_owned(),
            in_newest_file: true,
        };
        let [one, many] = [look(r#"{"exchange":"01a2","by":"ann"}"#), look(r#"{"compared":7,"by":"ann"}"#)];
        let rows = |happenings: &[Happening], particulars| match &looks(happenings, particulars)[..] {
            [_, Part::Table(counts), Part::Line(line), Part::Table(rows)] => {
                (counts[1].clone(), line.clone(), rows[1..].to_vec())
            }
            _ => panic!("there are looks"),
        };
        let (counts, _, listed) = rows(&[one.clone(), many.clone()], Particulars::Told);
        assert_eq!(
            (&counts[..], &listed[0][3], &listed[1][3]),
            (&["ann", "viewed", "2"].map(String::from)[..], &"01a2".to_owned(), &"compared: 7".to_owned())
        );
        assert_eq!(rows(&[many], Particulars::Withheld).2[0][3], "-");
        let (_, line, listed) = rows(&vec![one; LISTED + 1], Particulars::Told);
        assert_eq!((&line[..], listed.len()), ("Of these 201 the newest 200:", LISTED));
    }
}
