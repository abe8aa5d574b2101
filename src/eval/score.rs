//! Counting: what a detector found of what was labelled, and what went wrong.
//!
//! Labels and findings meet by entity. A label is found exactly when a finding has its borders, and overlapped when one shares
//! a character with it. A finding that overlaps no label of its entity is false, unless the line leaves that entity open.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Case, Label};
use crate::detect::{Detector, Finding};

/// How every entity fared in the lines so far.
#[derive(Clone, Debug, Default)]
pub struct Scores {
    /// The lines that are labelled for every entity.
    lines: usize,
    entities: BTreeMap<String, Score>,
}

/// How one entity fared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// Lines that are labelled for it.
    pub lines: usize,
    /// Labels of it.
    pub labels: usize,
    /// Findings of it that count.
    pub found: usize,
    /// Labels that a finding meets exactly.
    pub exact: usize,
    /// Labels that findings overlap.
    pub labels_overlapped: usize,
    /// Findings that overlap labels.
    pub found_overlapping: usize,
}

/// Precision, recall and F1; `None` where there is nothing to divide by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// The share of findings that are right.
    pub precision: Option<f64>,
    /// The share of labels that are found.
    pub recall: Option<f64>,
    /// Their harmonic mean.
    pub f1: Option<f64>,
}

/// A label that was not found as it stands, or a finding where no label is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// What went wrong.
    pub kind: Kind,
    /// The label's entity, or that of a false finding.
    pub entity: String,
    /// The bytes of the label, or of a false finding.
    pub span: Range<usize>,
    /// The patterns that fired there; for a label that nothing met, those that should have.
    pub patterns: Vec<String>,
}

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A label was found with other borders.
    Borders,
    /// A label was not found, though its value is found when it stands alone: what is written around it drops it.
    Dropped,
    /// Something was found where no such label is.
    False,
    /// A label was not found.
    Missed,
    /// A label was taken for another entity.
    Taken,
}

impl Kind {
    /// Its name in one word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Borders => "borders",
            Self::Dropped => "dropped",
            Self::False => "false",
            Self::Missed => "missed",
            Self::Taken => "taken",
        }
    }
}

impl Scores {
    /// Scans a case, counts, and tells what went wrong in it.
    pub fn add(&mut self, detector: &Detector, case: &Case) -> Vec<Miss> {
        match &case.only {
            Some(entity) => self.entity(entity).lines += 1,
            None => self.lines += 1,
        }
        let findings = detector.scan(&case.text, "");
        let labels = case.labels.iter().filter_map(|label| self.label(detector, case, label, &findings));
        let mut misses: Vec<Miss> = labels.collect();
        misses.extend(findings.iter().filter_map(|finding| self.finding(detector, case, finding)));
        misses
    }

    /// How `entity` fared.
    pub fn of(&self, entity: &str) -> Score {
        self.with_lines(self.entities.get(entity).copied().unwrap_or_default())
    }

    /// Every entity that is labelled or was found.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Score)> {
        let seen = self.entities.iter().filter(|(_, score)| score.labels + score.found > 0);
        seen.map(|(entity, score)| (entity.as_str(), self.with_lines(*score)))
    }

    fn with_lines(&self, score: Score) -> Score {
        Score { lines: score.lines + self.lines, ..score }
    }

    fn entity(&mut self, entity: &str) -> &mut Score {
        self.entities.entry(entity.to_owned()).or_default()
    }

    fn label(&mut self, detector: &Detector, case: &Case, label: &Label, findings: &[Finding]) -> Option<Miss> {
        let there: Vec<&Finding> = findings.iter().filter(|finding| overlap(&finding.span, &label.span)).collect();
        let own: Vec<&Finding> = there.iter().copied().filter(|finding| is_of(finding, label)).collect();
        let exact = own.iter().any(|finding| finding.span == label.span);
        let score = self.entity(&label.entity);
        score.labels += 1;
        score.exact += usize::from(exact);
        score.labels_overlapped += usize::from(!own.is_empty());
        let patterns = |findings: &[&Finding]| findings.iter().map(|finding| fired(detector, finding)).collect();
        let (kind, patterns) = match (exact, &*own, &*there) {
            (true, ..) => return None,
            (_, [], []) => unmet(detector, &case.text[label.span.clone()], &label.entity),
            (_, [], there) => (Kind::Taken, patterns(there)),
            (_, own, _) => (Kind::Borders, patterns(own)),
        };
        Some(Miss { kind, entity: label.entity.clone(), span: label.span.clone(), patterns })
    }

    fn finding(&mut self, detector: &Detector, case: &Case, finding: &Finding) -> Option<Miss> {
        let entity = finding.entity.as_str();
        let overlapping = case.labels.iter().any(|label| is_of(finding, label) && overlap(&finding.span, &label.span));
        let open = case.may.iter().any(|may| may == entity) || case.only.as_deref().is_some_and(|only| only != entity);
        if open && !overlapping {
            return None;
        }
        let score = self.entity(entity);
        score.found += 1;
        score.found_overlapping += usize::from(overlapping);
        let miss = || Miss {
            kind: Kind::False,
            entity: entity.to_owned(),
            span: finding.span.clone(),
            patterns: vec![fired(detector, finding)],
        };
        (!overlapping).then(miss)
    }
}

fn overlap(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

fn is_of(finding: &Finding, label: &Label) -> bool {
    finding.entity.as_str() == label.entity
}

/// The name of the pattern that made a finding.
fn fired(detector: &Detector, finding: &Finding) -> String {
    detector.pattern(finding.pattern).name.clone()
}

/// Which patterns should have found a value that nothing met: those that find it alone, else all of its entity.
fn unmet(detector: &Detector, value: &str, entity: &str) -> (Kind, Vec<String>) {
    let whole = |finding: &Finding| finding.entity.as_str() == entity && finding.span == (0..value.len());
    if let Some(finding) = detector.scan(value, "").iter().find(|finding| whole(finding)) {
        return (Kind::Dropped, vec![fired(detector, finding)]);
    }
    let of_entity = detector.patterns().iter().filter(|pattern| pattern.entity.as_str() == entity);
    (Kind::Missed, of_entity.map(|pattern| pattern.name.clone()).collect())
}

impl Score {
    /// The figures when a finding must have a label's very borders.
    pub fn exact(&self) -> Figures {
        self.figures(self.exact, self.exact)
    }

    /// The figures when it is enough that they overlap.
    pub fn overlapping(&self) -> Figures {
        self.figures(self.found_overlapping, self.labels_overlapped)
    }

    /// Findings where no label is.
    pub fn wrong(&self) -> usize {
        self.found - self.found_overlapping
    }

    /// How many of them there are in 1,000 lines that are labelled for the entity.
    pub fn wrong_per_1000(&self) -> f64 {
        ratio(1000 * self.wrong(), self.lines).unwrap_or_default()
    }

    fn figures(&self, right: usize, met: usize) -> Figures {
        let (precision, recall) = (ratio(right, self.found), ratio(met, self.labels));
        let f1 = match (precision, recall) {
            (Some(p), Some(r)) if p + r > 0.0 => Some(2.0 * p * r / (p + r)),
            (None, None) => None,
            _ => Some(0.0),
        };
        Figures { precision, recall, f1 }
    }
}

/// A share as people read it, cut and not rounded: `1.0000` is all, and what is shown reaches what it seems to reach.
pub fn shown(share: f64) -> String {
    let cut = (share * 10_000.0 + 1e-6).floor() / 10_000.0;
    format!("{cut:.4}")
}

fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{Settings, Source};
    use crate::eval::Names;

    const PATTERNS: &str = r#"
[[pattern]]
name = "a_word"
entity = "A"
regex = 'a+'
source = "x"
anti_cues = { en = ["no"] }
examples.match = ["<<aa>>"]

[[pattern]]
name = "b_word"
entity = "B"
regex = 'b+'
source = "x"
examples.match = ["<<bb>>"]
"#;

    /// The score of `A` as labels, found, exact, labels and findings that overlap, and what went wrong.
    fn check(lines: &[&str], expected: [usize; 6], wrong: &[(Kind, &str)]) {
        let source = Source { name: "x.toml".into(), text: PATTERNS.into() };
        let detector = Detector::compile(&[source], &Settings::default()).unwrap();
        let mut scores = Scores::default();
        let cases = lines.iter().map(|line| Case::parse(line, &Names::new()).unwrap());
        let misses: Vec<Miss> = cases.flat_map(|case| scores.add(&detector, &case)).collect();
        let Score { lines: of, labels, found, exact, labels_overlapped, found_overlapping } = scores.of("A");
        assert_eq!([of, labels, found, exact, labels_overlapped, found_overlapping], expected, "{lines:?}");
        let told: Vec<(Kind, String)> = misses.iter().map(|miss| (miss.kind, miss.patterns.join(" "))).collect();
        assert_eq!(told, wrong.iter().map(|(kind, names)| (*kind, (*names).to_owned())).collect::<Vec<_>>());
    }

    #[test]
    fn labels_and_findings_meet_by_entity() {
        check(&[r#"{"text":"aa bb","spans":[[0,2,"A"],[3,5,"B"]]}"#], [1, 1, 1, 1, 1, 1], &[]);
        check(&[r#"{"text":"x aa","spans":[[0,4,"A"]]}"#], [1, 1, 1, 0, 1, 1], &[(Kind::Borders, "a_word")]);
        let taken = [(Kind::Taken, "b_word"), (Kind::False, "b_word")];
        check(&[r#"{"text":"bb","spans":[[0,2,"A"]]}"#], [1, 1, 0, 0, 0, 0], &taken);
        check(&[r#"{"text":"x","spans":[[0,1,"A"]]}"#], [1, 1, 0, 0, 0, 0], &[(Kind::Missed, "a_word")]);
        check(&[r#"{"text":"no aa","spans":[[3,5,"A"]]}"#], [1, 1, 0, 0, 0, 0], &[(Kind::Dropped, "a_word")]);
        check(&[r#"{"text":"x","spans":[[0,1,"C"]]}"#], [1, 0, 0, 0, 0, 0], &[(Kind::Missed, "")]);
    }

    #[test]
    fn only_what_a_line_is_labelled_for_is_false() {
        check(&[r#"{"text":"aa"}"#], [1, 0, 1, 0, 0, 0], &[(Kind::False, "a_word")]);
        check(&[r#"{"text":"aa","entity":"A"}"#], [1, 0, 1, 0, 0, 0], &[(Kind::False, "a_word")]);
        check(&[r#"{"text":"aa","entity":"B"}"#], [0, 0, 0, 0, 0, 0], &[]);
        check(&[r#"{"text":"aa","may":["A"]}"#], [1, 0, 0, 0, 0, 0], &[]);
        check(&[r#"{"text":"aa","may":["A"],"spans":[[0,2,"A"]]}"#], [1, 1, 1, 1, 1, 1], &[]);
    }

    #[test]
    fn figures_are_shares() {
        let score = Score { lines: 200, labels: 4, found: 5, exact: 2, labels_overlapped: 3, found_overlapping: 4 };
        let exact = Figures { precision: Some(0.4), recall: Some(0.5), f1: Some(0.4 / 0.9) };
        assert_eq!((score.exact(), score.wrong_per_1000()), (exact, 5.0));
        assert_eq!(score.overlapping().recall, Some(0.75));
        let nothing = Figures { precision: None, recall: None, f1: None };
        assert_eq!(Score::default().exact(), nothing);
        assert_eq!([shown(1.0), shown(0.99999), shown(0.57)], ["1.0000", "0.9999", "0.5700"]);
        assert_eq!(Score { found: 1, ..Score::default() }.exact().f1, Some(0.0));
    }
}
