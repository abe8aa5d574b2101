//! Why something was found, and why something like it was not: every place in a text that some pattern's regex matches, and the
//! first of its conditions that does not hold there.
//!
//! For people who write patterns, not for the live path: each regex goes over the whole text, without the looks that narrow it.
//! Texts are explained as they are [meant](Reading::meant); what only another reading shows has no explanation but its pattern.

use std::ops::Range;

use serde::Serialize;

use super::{
    Detector, Finding, PatternId,
    cues::Lists,
    reading::Reading,
    rule::{Round, Rule},
    scene::{Scene, Taker},
    spots::{RuleId, Waking},
};

/// A place that a pattern's regex matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The bytes of the text.
    pub span: Range<usize>,
    /// The pattern; `None` for a look-alike, which only keeps others away.
    pub pattern: Option<PatternId>,
    /// What became of it.
    pub fate: Fate,
    /// The nearest cue word of the pattern on the same line.
    pub cue: Option<Range<usize>>,
    /// The nearest word against it.
    pub anti_cue: Option<Range<usize>>,
    /// What took the place where one of the findings did.
    pub lost: Option<Loss>,
}

/// Who took a candidate's place, and by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The pattern that was found there.
    pub to: PatternId,
    /// What decided, where it is known: a finding of another reading of the text has other rivals.
    pub lead: Option<Lead>,
}

/// What decides between two candidates for one place; the first that tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Lead {
    /// The strength of its pattern.
    Strength,
    /// How much of the text it is.
    Length,
    /// Its place among the patterns.
    Order,
}

/// What became of a candidate: the first stage that dropped it, if one did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It was found.
    Found,
    /// A letter, a digit or a placeholder runs into it.
    Border,
    /// The validator refused it.
    Check,
    /// It is weak, and no cue is near enough, or a word against it is nearer.
    Cue,
    /// It stands in a form that the pattern leaves alone.
    Format,
    /// It passed, but something else took the place.
    Overlap,
}

/// How many places of one rule are told, and how many in all.
const OF_ONE: usize = 50;
const OF_ALL: usize = 2000;

impl Detector {
    /// The candidates in `text`, of which `found` was found, in the order of the text.
    pub fn explain(&self, text: &str, found: &[Finding]) -> Vec<Candidate> {
        let meant = Reading::meant(text);
        let mut scene = Scene::new(self, meant.text(), "");
        let (mut candidates, mut start) = (Vec::new(), 0);
        let mut wakings = Vec::new();
        self.words.find(meant.text(), &mut wakings);
        for line in meant.text().split_inclusive('\n') {
            scene.line = start..start + line.trim_end_matches(['\r', '\n']).len();
            scene.heard.borrow_mut().clear();
            let words = wakings.iter().filter(|waking| scene.line.contains(&waking.at));
            for (id, matched) in self.matches(&scene, words) {
                candidates.extend(scene.candidate(id, matched, &meant, found));
            }
            start += line.len();
        }
        candidates
            .sort_by_key(|candidate| (candidate.span.start, candidate.span.end, candidate.fate, candidate.pattern));
        candidates.dedup_by(|one, other| (&one.span, one.pattern) == (&other.span, other.pattern));
        candidates.truncate(OF_ALL);
        candidates
    }

    /// Why `own` did not get its place at `span`.
    fn loss(&self, own: PatternId, span: &Range<usize>, winner: &Finding) -> Loss {
        let to = winner.pattern;
        let [strength, own_strength] = [to, own].map(|id| self.pattern(id).strength);
        let leads = [
            (Lead::Strength, strength.cmp(&own_strength)),
            (Lead::Length, span.len().cmp(&winner.span.len())),
            (Lead::Order, to.cmp(&own)),
        ];
        let decided = leads.into_iter().find(|(_, order)| order.is_ne());
        Loss { to, lead: decided.filter(|(_, order)| order.is_lt()).map(|(lead, _)| lead) }
    }

    /// Every match of every rule in the scene's line.
    fn matches<'w>(&self, scene: &Scene<'_>, words: impl Iterator<Item = &'w Waking>) -> Vec<(RuleId, Range<usize>)> {
        let mut matches: Vec<_> = words.map(|waking| (waking.rule, waking.at..waking.at + waking.len)).collect();
        for (id, rule) in self.rules.iter().enumerate().filter(|(_, rule)| !rule.multiline) {
            let (mut at, mut count) = (scene.line.start, 0);
            while let Some(matched) = rule.match_in(scene.text, at..scene.line.end).filter(|_| count < OF_ONE) {
                at = scene.text.ceil_char_boundary(matched.start + 1);
                count += 1;
                if !matched.is_empty() {
                    at = at.max(matched.end);
                    matches.push((id as RuleId, matched));
                }
            }
        }
        matches
    }
}

impl Scene<'_> {
    fn candidate(
        &self,
        id: RuleId,
        matched: Range<usize>,
        meant: &Reading<'_>,
        found: &[Finding],
    ) -> Option<Candidate> {
        let rule = self.detector.rule(id);
        let value = rule.value(self.text, matched.clone())?;
        let judged = self.judge(id, matched);
        let span = judged.as_ref().map_or(value.clone(), |taken| taken.span.clone());
        debug_assert!(judged.as_ref().is_none_or(|taken| taken.by == Taker::Rule(id)));
        let original = meant.original(&span);
        let mut here = found.iter().filter(|one| one.span.start < original.end && original.start < one.span.end);
        let fate = match judged {
            _ if here.clone().any(|finding| Some(finding.pattern) == rule.pattern) => Fate::Found,
            Some(_) if rule.round == Round::Lookalike => Fate::Found,
            Some(_) => Fate::Overlap,
            None => self.dropped(rule, &value),
        };
        let word = |word: Option<Range<usize>>| word.map(|word| meant.original(&word));
        let [cue, anti_cue] = [&rule.cues, &rule.anti_cues].map(|lists| word(self.nearest(&value, lists)));
        let winner = here.next().filter(|_| fate == Fate::Overlap);
        let lost = winner.zip(rule.pattern).map(|(winner, own)| self.detector.loss(own, &original, winner));
        Some(Candidate { span: original, pattern: rule.pattern, fate, cue, anti_cue, lost })
    }

    /// The first condition that `value` does not meet.
    fn dropped(&self, rule: &Rule, value: &Range<usize>) -> Fate {
        let checked = match rule.check {
            None => Some(value.clone()),
            Some(check) => self
                .text
                .get(value.clone())
                .and_then(|text| check.check(text, &self.detector.plans))
                .map(|length| value.start..value.start + length),
        };
        match checked {
            _ if !self.stands_free(value, rule) => Fate::Border,
            None => Fate::Check,
            Some(span) if !self.is_cued(rule, &span) => Fate::Cue,
            Some(span) if self.has_format(rule, &span) => Fate::Format,
            Some(_) => Fate::Border,
        }
    }

    /// The word of some lists that stands nearest to `value` on its line.
    fn nearest(&self, value: &Range<usize>, lists: &Lists) -> Option<Range<usize>> {
        let mut hits = Vec::new();
        self.detector.cues.find(self.text, self.line.clone(), 0, &mut hits);
        let places = hits.iter().filter(|hit| self.detector.cues.is_of(hit, lists));
        let places = places.filter_map(|hit| Some(usize::try_from(hit.start).ok()?..usize::try_from(hit.end).ok()?));
        let gap = |word: &Range<usize>| word.start.saturating_sub(value.end).max(value.start.saturating_sub(word.end));
        places.filter(|word| word.end <= value.start || value.end <= word.start).min_by_key(gap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{Settings, Source};

    const FILE: &str = r#"
        [cues.club]
        en = ["club"]
        [cues.order]
        en = ["order"]
        [[pattern]]
        name = "ssn"
        entity = "SSN"
        regex = '\d{3}-\d{2}-\d{4}'
        validator = "ssn"
        source = "x"
        examples.match = ["<<536-90-4399>>"]
        [[pattern]]
        name = "club"
        entity = "CLUB"
        regex = 'C-\d{4}'
        strength = "weak"
        cues = ["club"]
        anti_cues = ["order"]
        source = "x"
        examples.match = ["club <<C-1234>>"]
        [[pattern]]
        name = "long"
        entity = "LONG"
        regex = 'C-\d{4}-[A-Z]+'
        source = "x"
        examples.match = ["<<C-1234-AB>>"]
        [[pattern]]
        name = "first"
        entity = "FIRST"
        regex = 'L-\d{4}'
        source = "x"
        examples.match = ["<<L-1234>>"]
        [[pattern]]
        name = "second"
        entity = "SECOND"
        regex = 'L-\d+'
        source = "x"
        examples.match = ["<<L-123>>"]
        [[pattern]]
        name = "longer"
        entity = "LONGER"
        regex = 'L-\d{4}-[A-Z]+-\d'
        source = "x"
        examples.match = ["<<L-1234-AB-1>>"]
    "#;

    fn check(text: &str, expected: &[(&str, &str, Fate)]) {
        let source = Source { name: "x.toml".into(), text: FILE.into() };
        let detector = Detector::compile(&[source], &Settings::default()).map_err(|p| format!("{p:?}")).unwrap();
        let told = detector.explain(text, &detector.scan(text, ""));
        let name = |pattern: Option<PatternId>| &*detector.pattern(pattern.unwrap()).name;
        let told: Vec<_> = told.iter().map(|one| (name(one.pattern), &text[one.span.clone()], one.fate)).collect();
        assert_eq!(told, expected, "{text}");
    }

    #[test]
    fn a_candidate_is_found_or_the_stage_is_told_that_dropped_it() {
        check("pay 536-90-4399 now", &[("ssn", "536-90-4399", Fate::Found)]);
        check("pay 000-90-4399 now", &[("ssn", "000-90-4399", Fate::Check)]);
        check("no C-1234", &[("club", "C-1234", Fate::Cue)]);
        check("club C-1234", &[("club", "C-1234", Fate::Found)]);
        check("club xC-1234", &[("club", "C-1234", Fate::Border)]);
        check("club C-1234-AB", &[("club", "C-1234", Fate::Overlap), ("long", "C-1234-AB", Fate::Found)]);
        check("nothing", &[]);
    }

    #[test]
    fn who_took_a_place_is_told_and_why() {
        let source = Source { name: "x.toml".into(), text: FILE.into() };
        let detector = Detector::compile(&[source], &Settings::default()).unwrap();
        let lost = |text: &str| {
            let told = detector.explain(text, &detector.scan(text, ""));
            let lost = told.iter().find_map(|one| one.lost).unwrap();
            (detector.pattern(lost.to).name.clone(), lost.lead)
        };
        assert_eq!(lost("club C-1234-AB"), ("long".to_owned(), Some(Lead::Strength)));
        assert_eq!(lost("L-1234-AB-1"), ("longer".to_owned(), Some(Lead::Length)));
        assert_eq!(lost("L-1234"), ("first".to_owned(), Some(Lead::Order)));
    }

    #[test]
    fn the_words_that_decide_are_told() {
        let source = Source { name: "x.toml".into(), text: FILE.into() };
        let detector = Detector::compile(&[source], &Settings::default()).unwrap();
        let text = "in the club, order C-1234";
        let told = detector.explain(text, &[]);
        assert_eq!((&told[0].cue, &told[0].anti_cue), (&Some(7..11), &Some(13..18)));
    }
}
