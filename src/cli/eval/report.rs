//! Printing how well every entity is found.

use std::io::Write;

use serde_json::{Value, json};

use super::{Options, Tally, tally::Group};
use crate::cli::print::{NOTHING, Table, visible};
use crate::eval::{Figures, Score, Scores, shown};

/// What there is to say about all cases.
pub(super) struct Report<'a> {
    pub lines: usize,
    pub scores: &'a Scores,
    pub misses: &'a Tally,
    /// The limits that are broken, a sentence each.
    pub broken: &'a [String],
    /// Whether some pattern finds an entity.
    pub is_found: &'a dyn Fn(&str) -> bool,
}

const FIGURES: [&str; 10] = [
    "ENTITY",
    "LABELS",
    "FOUND",
    "EXACT P",
    "EXACT R",
    "EXACT F1",
    "OVERLAP P",
    "OVERLAP R",
    "OVERLAP F1",
    "FALSE/1000",
];

impl Report<'_> {
    /// Prints tables.
    pub(super) fn print(&self, options: &Options) -> anyhow::Result<()> {
        let mut out = std::io::stdout();
        self.print_figures()?;
        let unknown: Vec<String> =
            self.unknown().iter().map(|(label, score)| format!("{label} ({})", score.labels)).collect();
        if !unknown.is_empty() {
            let labels = visible(&unknown.join(", "));
            writeln!(out, "\nno pattern finds these labels, so they are not scored (`--label` maps names): {labels}")?;
        }
        if !self.misses.is_empty() && options.places > 0 {
            writeln!(out, "\nWHAT WENT WRONG")?;
            self.print_misses(options)?;
        }
        if !self.broken.is_empty() {
            writeln!(out, "\n{}", self.broken.join("\n"))?;
        }
        let labels: usize = self.scores.iter().map(|(_, score)| score.labels).sum();
        eprintln!("{} lines, {labels} labels", self.lines);
        Ok(())
    }

    fn print_figures(&self) -> anyhow::Result<()> {
        let mut table = Table::new(&FIGURES);
        for (entity, score) in self.scored() {
            let mut row = vec![entity.to_owned(), score.labels.to_string(), score.found.to_string()];
            for Figures { precision, recall, f1 } in [score.exact(), score.overlapping()] {
                row.extend([precision, recall, f1].map(|figure| figure.map_or(NOTHING.to_owned(), shown)));
            }
            row.push(format!("{:.2}", score.wrong_per_1000()));
            table.row(row);
        }
        Ok(table.print()?)
    }

    fn print_misses(&self, options: &Options) -> anyhow::Result<()> {
        let mut table = Table::new(&["TIMES", "WHAT", "ENTITY", "PATTERN"]);
        for Group { event, places, .. } in self.misses.ranked(0).into_iter().take(options.places) {
            let times = places.len().to_string();
            table.row(vec![times, event.what.to_owned(), event.entity.clone(), event.shown_patterns()]);
        }
        table.print()?;
        writeln!(std::io::stdout())?;
        self.misses.print_places(options)
    }

    /// Prints one JSON object.
    pub(super) fn print_json(&self, options: &Options) -> anyhow::Result<()> {
        let unknown = |(label, score): &(&str, Score)| json!({"label": label, "labels": score.labels});
        let report = json!({
            "lines": self.lines,
            "entities": self.scored().iter().map(|(entity, score)| entity_json(entity, score)).collect::<Vec<_>>(),
            "not_scored": self.unknown().iter().map(unknown).collect::<Vec<_>>(),
            "wrong": self.misses.json(options),
            "broken": self.broken,
        });
        Ok(writeln!(std::io::stdout(), "{report}")?)
    }

    /// The entities that some pattern finds.
    fn scored(&self) -> Vec<(&str, Score)> {
        self.scores.iter().filter(|(entity, _)| (self.is_found)(entity)).collect()
    }

    /// The labels that no pattern finds.
    fn unknown(&self) -> Vec<(&str, Score)> {
        self.scores.iter().filter(|(entity, _)| !(self.is_found)(entity)).collect()
    }
}

fn entity_json(entity: &str, score: &Score) -> Value {
    let figures = |Figures { precision, recall, f1 }| json!({"precision": precision, "recall": recall, "f1": f1});
    json!({
        "entity": entity, "lines": score.lines, "labels": score.labels, "found": score.found,
        "exact": figures(score.exact()), "overlapping": figures(score.overlapping()),
        "false": score.wrong(), "false_per_1000": score.wrong_per_1000(),
    })
}
