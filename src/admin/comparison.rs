//! What one detector finds in texts and another does not. The texts pass by one after another.

use std::ops::Range;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::audit::{Record, Texts};
use crate::detect::Detector;
use crate::eval::{Case, Change, Side, compare};

/// How many differences are told, and how much stands around one.
const TOLD: usize = 500;
const AROUND: usize = 40;

/// What differs in the texts that were added.
pub(super) struct Comparison {
    old: Arc<Detector>,
    new: Arc<Detector>,
    texts: usize,
    found: u64,
    missed: u64,
    changes: Vec<Value>,
}

impl Comparison {
    pub(super) fn of(old: Arc<Detector>, new: Arc<Detector>) -> Self {
        Self { old, new, texts: 0, found: 0, missed: 0, changes: Vec::new() }
    }

    /// Adds the texts of an exchange, if they can be read.
    pub(super) fn add_texts(&mut self, record: &Record) {
        if record.texts != Texts::Readable {
            return;
        }
        let exchange = record.opened.exchange.to_string();
        let answer = record.closed.as_ref().map(|closed| &closed.answer);
        for bytes in [Some(&record.opened.request), answer].into_iter().flatten() {
            let mut strings = Vec::new();
            match serde_json::from_slice(bytes) {
                Ok(value) => collect(&value, &mut strings),
                Err(_) => strings.push(String::from_utf8_lossy(bytes).into_owned()),
            }
            strings.iter().for_each(|text| self.add(&exchange, &Case::unlabelled(text)));
        }
    }

    /// Adds a text under its name.
    pub(super) fn add(&mut self, name: &str, case: &Case) {
        self.texts += 1;
        for change in compare(&self.old, &self.new, case) {
            *(if change.side == Side::New { &mut self.found } else { &mut self.missed }) += 1;
            if self.changes.len() < TOLD {
                self.changes.push(difference(name, case, &change));
            }
        }
    }

    /// For the page.
    pub(super) fn told(self) -> Value {
        let Self { texts, found, missed, changes, .. } = self;
        json!({ "problems": [], "texts": texts, "found": found, "missed": missed, "changes": changes })
    }
}

fn collect(value: &Value, strings: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, strings)),
        Value::Object(members) => members.values().for_each(|member| collect(member, strings)),
        Value::String(text) => strings.push(text.clone()),
        _ => {}
    }
}

fn difference(name: &str, case: &Case, change: &Change) -> Value {
    let (text, Range { start, end }) = (&case.text, change.span.clone());
    let from = text.floor_char_boundary(start.saturating_sub(AROUND));
    let to = text.ceil_char_boundary((end + AROUND).min(text.len()));
    json!({
        "where": name, "side": if change.side == Side::New { "found" } else { "missed" },
        "entity": change.entity, "pattern": change.pattern, "labelled": change.labelled,
        "before": text[from..start], "value": text[start..end], "after": text[end..to],
    })
}
