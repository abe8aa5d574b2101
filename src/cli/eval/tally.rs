//! Places by what happened there: the most frequent first, and a fair choice of examples.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde_json::{Value, json};

use super::Options;
use crate::cli::print::{NOTHING, Table, visible};

/// A place in a file of cases.
pub(super) struct Place {
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// Where it stands in the text, as labels count.
    pub characters: Range<usize>,
    pub value: String,
    /// Whether a label stands there.
    pub labelled: bool,
}

/// What happened, to what, by which patterns.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Event {
    pub what: &'static str,
    pub entity: String,
    pub patterns: Vec<String>,
}

/// An event, all its places, and those of them that are shown.
pub(super) struct Group<'t> {
    pub event: &'t Event,
    pub places: &'t [Place],
    pub shown: &'t [Place],
}

/// All places by event.
#[derive(Default)]
pub(super) struct Tally {
    groups: BTreeMap<Event, Vec<Place>>,
}

impl Tally {
    /// Adds a place.
    pub(super) fn add(&mut self, what: &'static str, entity: String, patterns: Vec<String>, place: Place) {
        self.groups.entry(Event { what, entity, patterns }).or_default().push(place);
    }

    /// Whether nothing happened.
    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Every event, the most frequent first, with `most` places shown in all: the first of each event, then the second of
    /// each, and so on.
    pub(super) fn ranked(&self, most: usize) -> Vec<Group<'_>> {
        let mut ranked: Vec<_> = self.groups.iter().collect();
        ranked.sort_by_key(|(_, places)| Reverse(places.len()));
        let order =
            ranked.iter().enumerate().flat_map(|(rank, (_, places))| (0..places.len()).map(move |nth| (nth, rank)));
        let mut order: Vec<(usize, usize)> = order.collect();
        order.sort_unstable();
        let mut counts = vec![0; ranked.len()];
        order.iter().take(most).for_each(|(_, rank)| counts[*rank] += 1);
        let groups = ranked.into_iter().zip(counts);
        groups.map(|((event, places), count)| Group { event, places, shown: &places[..count] }).collect()
    }

    /// Prints places, and their values where that is asked for.
    pub(super) fn print_places(&self, options: &Options) -> anyhow::Result<()> {
        let mut heading = vec!["WHERE", "WHAT", "ENTITY", "PATTERN"];
        heading.extend(options.show_values.then_some("VALUE"));
        let mut table = Table::new(&heading);
        for Group { event, shown, .. } in self.ranked(options.places) {
            for place in shown {
                let mut row =
                    vec![place.to_string(), event.what.to_owned(), event.entity.clone(), event.shown_patterns()];
                row.extend(options.show_values.then(|| place.value.clone()));
                table.row(row);
            }
        }
        Ok(table.print()?)
    }

    /// Every event with the places that are shown.
    pub(super) fn json(&self, options: &Options) -> Vec<Value> {
        let event = |group: Group| {
            let Group { event: Event { what, entity, patterns }, places, shown } = group;
            json!({
                "what": what, "entity": entity, "patterns": patterns, "times": places.len(), "labelled": group.labelled(),
                "places": shown.iter().map(|place| place.json(options)).collect::<Vec<_>>(),
            })
        };
        self.ranked(options.places).into_iter().map(event).collect()
    }
}

impl Group<'_> {
    /// At how many of its places a label stands.
    pub(super) fn labelled(&self) -> usize {
        self.places.iter().filter(|place| place.labelled).count()
    }
}

impl Event {
    /// The names of the first patterns, and how many there are if that is not all.
    pub(super) fn shown_patterns(&self) -> String {
        const MOST: usize = 3;
        let names = self.patterns.iter().take(MOST).map(String::as_str).collect::<Vec<_>>().join(", ");
        match self.patterns.len() {
            0 => NOTHING.to_owned(),
            all if all > MOST => format!("{names}, … ({all})"),
            _ => names,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}-{}", self.file, self.line, self.characters.start, self.characters.end)
    }
}

impl Place {
    fn json(&self, options: &Options) -> Value {
        let (start, end) = (self.characters.start, self.characters.end);
        let mut place = json!({"file": self.file, "line": self.line, "start": start, "end": end});
        if options.show_values {
            place["value"] = visible(&self.value).into();
        }
        place
    }
}
