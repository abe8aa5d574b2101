//! What one detector finds in a text and another does not.

use std::ops::Range;

use super::{Case, Label};
use crate::detect::Detector;

/// A finding of one detector alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which of the two has it.
    pub side: Side,
    /// What it is.
    pub entity: String,
    /// The pattern that found it.
    pub pattern: String,
    /// The bytes of the text where it stands.
    pub span: Range<usize>,
    /// Whether it is labelled, border for border.
    pub labelled: bool,
}

/// Which of the two detectors finds something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The new one alone.
    New,
    /// The old one alone.
    Old,
}

/// What changes in a case from `old` to `new`, in the order of the text. The pattern alone is no difference.
pub fn compare(old: &Detector, new: &Detector, case: &Case) -> Vec<Change> {
    let (before, after) = (findings(old, case, Side::Old), findings(new, case, Side::New));
    let alone = |change: &&Change, others: &[Change]| {
        !others.iter().any(|other| other.span == change.span && other.entity == change.entity)
    };
    let gone = before.iter().filter(|change| alone(change, &after));
    let mut changes: Vec<Change> = gone.chain(after.iter().filter(|change| alone(change, &before))).cloned().collect();
    changes.sort_by_key(|change| (change.span.start, change.side));
    changes
}

fn findings(detector: &Detector, case: &Case, side: Side) -> Vec<Change> {
    let findings = detector.scan(&case.text, "").into_iter().map(|finding| {
        let entity = finding.entity.to_string();
        let labelled = case.labels.contains(&Label { entity: entity.clone(), span: finding.span.clone() });
        Change { side, entity, pattern: detector.pattern(finding.pattern).name.clone(), span: finding.span, labelled }
    });
    findings.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{Settings, Source};

    fn detector(name: &str, regex: &str, example: &str) -> Detector {
        let text = format!(
            "[[pattern]]\nname = \"{name}\"\nentity = \"A\"\nregex = '{regex}'\nsource = \"x\"\nexamples.match = [\"<<{example}>>\"]\n"
        );
        Detector::compile(&[Source { name: "x.toml".into(), text }], &Settings::default()).unwrap()
    }

    #[test]
    fn a_change_has_a_side() {
        let (old, new) = (detector("old", "[ab]", "a"), detector("new", "[bc]", "b"));
        let changes = compare(&old, &new, &Case::unlabelled("a b c"));
        let told: Vec<_> = changes.iter().map(|change| (change.side, &*change.pattern, change.span.clone())).collect();
        assert_eq!(told, [(Side::Old, "old", 0..1), (Side::New, "new", 4..5)]);
    }
}
