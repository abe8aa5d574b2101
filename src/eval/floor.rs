//! How good is good enough: floors for what is found, ceilings for what is found wrongly.
//!
//! A floor that nothing can be measured against is an error: a slip of the pen must not look like success.

use std::str::FromStr;

use super::{Figures, Score, Scores, shown};
use crate::detect::Detector;

/// What the exact figures must reach: `0.99` (the F1 of every labelled entity that patterns find), `CARD=0.99` (the F1 of
/// one), `CARD=0.995/0.98` (its precision and recall).
#[derive(Clone, Debug, PartialEq)]
pub struct Floor {
    entity: Option<String>,
    least: Least,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Least {
    F1(f64),
    Both { precision: f64, recall: f64 },
}

/// How many false findings per 1,000 lines there may be: `2` (of every entity), `CARD=2` (of one).
#[derive(Clone, Debug, PartialEq)]
pub struct Ceiling {
    entity: Option<String>,
    most: f64,
}

/// A limit that is written wrongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotALimit {
    /// Not a [`Ceiling`].
    #[error("write the most false findings per 1,000 lines as in `2` or `CARD=2`")]
    Ceiling,
    /// Not a [`Floor`].
    #[error("write figures from 0 to 1 as in `0.99` (F1), `CARD=0.99` (F1) or `CARD=0.995/0.98` (precision/recall)")]
    Floor,
}

/// A limit that these cases cannot prove.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unmeasurable {
    /// A limit for an entity that the pattern files do not know.
    #[error("no pattern finds `{0}`, so it has no figures")]
    NoPattern(String),
    /// A floor for an entity that has no label in the cases.
    #[error("no line labels `{0}`, so its recall cannot be measured")]
    NotLabelled(String),
    /// A floor for all when there is no label that a pattern could find.
    #[error("no line labels an entity that a pattern finds, so nothing can be measured")]
    NothingLabelled,
}

impl Floor {
    /// A floor for the exact precision and recall of `entity`.
    pub fn both(entity: &str, precision: f64, recall: f64) -> Self {
        Self { entity: Some(entity.to_owned()), least: Least::Both { precision, recall } }
    }

    /// What lies under the floor, a sentence each.
    pub fn under(&self, scores: &Scores, detector: &Detector) -> Result<Vec<String>, Unmeasurable> {
        let Some(entity) = &self.entity else {
            let labelled = scores.iter().filter(|(entity, score)| score.labels > 0 && is_found(detector, entity));
            let labelled: Vec<_> = labelled.collect();
            let under = labelled.iter().flat_map(|(entity, score)| self.least.under(entity, score)).collect();
            return if labelled.is_empty() { Err(Unmeasurable::NothingLabelled) } else { Ok(under) };
        };
        let score = scores.of(entity);
        if !is_found(detector, entity) {
            return Err(Unmeasurable::NoPattern(entity.clone()));
        }
        if score.labels == 0 && self.least.asks_recall() {
            return Err(Unmeasurable::NotLabelled(entity.clone()));
        }
        Ok(self.least.under(entity, &score))
    }
}

impl Least {
    fn asks_recall(self) -> bool {
        !matches!(self, Self::Both { recall: 0.0, .. })
    }

    fn under(self, entity: &str, score: &Score) -> Vec<String> {
        let Figures { precision, recall, f1 } = score.exact();
        let figures = match self {
            Self::F1(least) => vec![("F1", f1, least)],
            Self::Both { precision: p, recall: r } => vec![("precision", precision, p), ("recall", recall, r)],
        };
        let under = figures.into_iter().filter_map(|(name, figure, least)| Some((name, figure?, least)));
        let under = under.filter(|(_, figure, least)| figure < least);
        under
            .map(|(name, figure, least)| format!("{entity}: exact {name} {} is under {least}", shown(figure)))
            .collect()
    }
}

impl Ceiling {
    /// A ceiling for the false findings of `entity` per 1,000 lines.
    pub fn of(entity: &str, most: f64) -> Self {
        Self { entity: Some(entity.to_owned()), most }
    }

    /// What lies over the ceiling, a sentence each.
    pub fn over(&self, scores: &Scores, detector: &Detector) -> Result<Vec<String>, Unmeasurable> {
        if let Some(entity) = self.entity.as_ref().filter(|entity| !is_found(detector, entity)) {
            return Err(Unmeasurable::NoPattern(entity.clone()));
        }
        let meant = scores.iter().filter(|(entity, _)| self.entity.as_ref().is_none_or(|meant| meant == entity));
        let over =
            meant.map(|(entity, score)| (entity, score.wrong_per_1000())).filter(|(_, wrong)| *wrong > self.most);
        let told = over.map(|(entity, wrong)| {
            format!("{entity}: {wrong:.2} false findings per 1,000 lines are over {}", self.most)
        });
        Ok(told.collect())
    }
}

fn is_found(detector: &Detector, entity: &str) -> bool {
    detector.entities().any(|known| known.as_str() == entity)
}

impl FromStr for Floor {
    type Err = NotALimit;

    fn from_str(written: &str) -> Result<Self, NotALimit> {
        let (entity, figures) = split(written);
        let least = match (figures.split_once('/'), &entity) {
            (None, _) => share(figures).map(Least::F1),
            (Some((precision, recall)), Some(_)) => {
                share(precision).zip(share(recall)).map(|(precision, recall)| Least::Both { precision, recall })
            }
            (Some(_), None) => None,
        };
        Ok(Self { entity, least: least.ok_or(NotALimit::Floor)? })
    }
}

impl FromStr for Ceiling {
    type Err = NotALimit;

    fn from_str(written: &str) -> Result<Self, NotALimit> {
        let (entity, most) = split(written);
        let most = most.parse().ok().filter(|most| (0.0..=1000.0).contains(most)).ok_or(NotALimit::Ceiling)?;
        Ok(Self { entity, most })
    }
}

/// The entity of `ENTITY=REST`, if there is one, and the rest.
fn split(written: &str) -> (Option<String>, &str) {
    match written.split_once('=') {
        Some((entity, rest)) => (Some(entity.to_owned()), rest),
        None => (None, written),
    }
}

fn share(written: &str) -> Option<f64> {
    written.parse().ok().filter(|share| (0.0..=1.0).contains(share))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(written: &str, expected: Option<(Option<&str>, Least)>) {
        let floor = written.parse::<Floor>().ok();
        let expected = expected.map(|(entity, least)| Floor { entity: entity.map(str::to_owned), least });
        assert_eq!(floor, expected, "{written}");
    }

    #[test]
    fn a_floor_is_a_share_or_two() {
        check("0.99", Some((None, Least::F1(0.99))));
        check("CARD=1", Some((Some("CARD"), Least::F1(1.0))));
        check("CARD=0.995/0.98", Some((Some("CARD"), Least::Both { precision: 0.995, recall: 0.98 })));
        for wrong in ["", "99", "-0.1", "NaN", "0.9/0.9", "CARD", "CARD=", "CARD=0.9/", "CARD=0.9/9"] {
            check(wrong, None);
        }
    }
}
