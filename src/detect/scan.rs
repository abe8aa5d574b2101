//! The way of one text through a detector: spots, matches, borders, checks, cues, and who takes which place.
//!
//! Every step only removes candidates, and every window is bounded, so the work is linear in the text.

use std::{cell::RefCell, collections::BTreeMap, ops::Range};

use super::{
    Detector,
    cues::{Heard, Sign},
    placeholder,
    rule::{Round, Rule},
    shape::Start,
    spots::{RuleId, Waking},
};

/// How often a text is gone through while something new is found: what one finding leaves over, or what it was glued to, may
/// be one itself, and would be when the redacted text is read again.
const PASSES: usize = 4;

/// A place in the folded text that is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub span: Range<usize>,
    pub by: Taker,
}

/// What took a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Taker {
    /// A placeholder that was there before.
    Placeholder,
    /// A rule's match.
    Rule(RuleId),
}

/// Everything in `text`, sorted, non-overlapping, look-alikes included.
pub(super) fn survey(detector: &Detector, text: &str, before: &str) -> Vec<Taken> {
    let mut wakings = Vec::new();
    detector.numbers.find(text, &mut wakings);
    detector.anchors.find(text, &mut wakings);
    if wakings.is_empty() && detector.anywhere.is_empty() {
        return Vec::new();
    }
    wakings.sort_unstable();
    wakings.dedup();
    let taken = placeholder::all(text).map(|span| Taken { span, by: Taker::Placeholder }).collect();
    let mut scene = Scene { detector, text, before, wakings, taken, heard: RefCell::default() };
    for _ in 0..PASSES {
        let taken = scene.taken.len();
        Round::ALL.into_iter().for_each(|round| scene.settle(scene.candidates(round)));
        if scene.taken.len() == taken {
            break;
        }
    }
    scene.taken
}

/// One text on its way.
pub(super) struct Scene<'s> {
    pub(super) detector: &'s Detector,
    pub(super) text: &'s str,
    pub(super) before: &'s str,
    /// Where rules have to be tried, by rule and place.
    wakings: Vec<Waking>,
    /// What the rounds so far have taken, sorted.
    pub(super) taken: Vec<Taken>,
    pub(super) heard: RefCell<Heard>,
}

impl Scene<'_> {
    fn candidates(&self, round: Round) -> Vec<Taken> {
        let mut found = Vec::new();
        let of_round = |id: &RuleId| self.detector.rule(*id).round == round;
        for wakings in self.wakings.chunk_by(|a, b| a.rule == b.rule).filter(|chunk| of_round(&chunk[0].rule)) {
            self.try_wakings(wakings, &mut found);
        }
        for &id in self.detector.anywhere.iter().filter(|id| of_round(id)) {
            self.try_lines(id, &mut found);
        }
        found
    }

    /// Tries one rule where it was woken.
    fn try_wakings(&self, wakings: &[Waking], found: &mut Vec<Taken>) {
        let id = wakings[0].rule;
        let mut done = 0;
        for waking in wakings {
            if waking.at >= done {
                done = match self.detector.rule(id).start {
                    Start::Around { back, .. } => self.try_around(id, waking.at, back, done, found),
                    _ => self.try_at(id, waking.at, found),
                };
            }
        }
    }

    /// Tries a rule around `at`, at `done` at the earliest; says up to where it has looked.
    fn try_around(&self, id: RuleId, at: usize, back: usize, done: usize, found: &mut Vec<Taken>) -> usize {
        let floor = self.last_gone(at).map_or(done, |gone| gone.end.max(done));
        let end = self.free_end(at, self.line_end(at, self.detector.rule(id).longest));
        self.try_within(id, self.line_start(at, back).max(floor)..end, found);
        end.max(at + 1)
    }

    /// Tries a rule on every line.
    fn try_lines(&self, id: RuleId, found: &mut Vec<Taken>) {
        let mut at = 0;
        while at < self.text.len() {
            let end = self.line_end(at, self.text.len());
            self.try_within(id, at..end, found);
            at = end + 1;
        }
    }

    /// Every candidate of a rule within `range`, which lies in one line.
    fn try_within(&self, id: RuleId, range: Range<usize>, found: &mut Vec<Taken>) {
        let rule = self.detector.rule(id);
        let mut at = range.start;
        while let Some(matched) = rule.match_in(self.text, at..range.end) {
            at = matched.end.max(at + 1);
            found.extend(self.judge(id, matched));
        }
    }

    /// Tries a rule at `start`; says up to where it need not be tried again.
    ///
    /// A literal's match covers the literals in it. A number that fails leaves its later groups to be tried.
    fn try_at(&self, id: RuleId, start: usize, found: &mut Vec<Taken>) -> usize {
        let rule = self.detector.rule(id);
        if self.taken_after(start).is_some_and(|taken| taken.span.start <= start) {
            return start;
        }
        if rule.group == 0 && matches!(rule.start, Start::Anchor(_)) && self.is_glued(start) {
            return start;
        }
        let end = if rule.multiline {
            (start + rule.longest).min(self.text.len())
        } else {
            self.line_end(start, rule.longest)
        };
        if rule.round == Round::Weak && !self.has_words(rule, start..end) {
            return start;
        }
        let end = self.free_end(start, end);
        let Some(matched) = rule.match_at(self.text, start..end) else { return start };
        let candidate = self.judge(id, matched.clone());
        let covered = candidate.as_ref().map(|candidate| candidate.span.end);
        found.extend(candidate);
        if matches!(rule.start, Start::Number { .. }) { covered.unwrap_or(start) } else { matched.end }
    }

    /// Whether a letter or digit runs into what begins at `start`.
    fn is_glued(&self, start: usize) -> bool {
        let alphanumeric = |at: usize| self.text.as_bytes().get(at).is_some_and(u8::is_ascii_alphanumeric);
        let gone = self.last_gone(start).is_some_and(|gone| gone.end == start);
        start > 0 && alphanumeric(start) && alphanumeric(start - 1) && !gone
    }

    /// A match that passes every condition of its rule, cut to its value.
    fn judge(&self, id: RuleId, matched: Range<usize>) -> Option<Taken> {
        let rule = self.detector.rule(id);
        let mut span = rule.value(self.text, matched)?;
        if !self.stands_free(&span, rule) || !self.is_cued(rule, &span) {
            return None;
        }
        if let Some(validator) = rule.check {
            let length = (validator.check)(self.text.get(span.clone())?, &self.detector.plans)?;
            span.end = span.start + length;
        }
        self.ends_whole(&span, rule).then_some(Taken { span, by: Taker::Rule(id) })
    }

    /// Whether no letter, digit or earlier finding runs into the beginning of `span`.
    fn stands_free(&self, span: &Range<usize>, rule: &Rule) -> bool {
        let (text, start) = (self.text.as_bytes(), span.start);
        let is_number = matches!(rule.start, Start::Number { .. });
        let floor = self.last_gone(start).map_or(0, |gone| gone.end);
        let before = |distance: usize| start.checked_sub(distance).filter(|at| *at >= floor).map(|at| text[at]);
        let glued = before(1).is_some_and(|byte| byte.is_ascii_alphanumeric() || is_number && byte == b'+');
        let joined = is_number && before(1).is_some_and(joins) && before(2).is_some_and(|byte| byte.is_ascii_digit());
        let taken = self.taken_after(start).is_some_and(|taken| taken.span.start < span.end);
        let loose = self.is_grouped(span, rule) && before(1).is_some_and(|byte| byte.is_ascii_alphabetic());
        !taken && !(text.get(start).is_some_and(u8::is_ascii_alphanumeric) && !loose && (glued || joined))
    }

    /// Whether letters may be glued to `span`: words run into `+34 612 41 17 52`, names and hashes have no such groups.
    fn is_grouped(&self, span: &Range<usize>, rule: &Rule) -> bool {
        let parted = self.text.as_bytes()[span.clone()].iter().any(|byte| matches!(byte, b' ' | b'-'));
        parted
            && matches!(rule.start, Start::Number { back: 0, .. })
            && matches!(rule.round, Round::Certain | Round::Weak)
    }

    /// Whether no letter or digit runs on behind `span`.
    fn ends_whole(&self, span: &Range<usize>, rule: &Rule) -> bool {
        let (text, end) = (self.text.as_bytes(), span.end);
        let is_number = matches!(rule.start, Start::Number { .. });
        let ceiling = self.next_gone(end).map_or(text.len(), |gone| gone.start.max(end));
        let after = |distance: usize| text[..ceiling].get(end + distance).copied();
        let glued = after(0).is_some_and(|byte| byte.is_ascii_alphanumeric());
        let joined = is_number && after(0).is_some_and(joins) && after(1).is_some_and(|byte| byte.is_ascii_digit());
        let loose = self.is_grouped(span, rule) && after(0).is_some_and(|byte| byte.is_ascii_alphabetic());
        !(end > span.start && text[end - 1].is_ascii_alphanumeric() && !loose && (glued || joined))
    }

    fn is_cued(&self, rule: &Rule, span: &Range<usize>) -> bool {
        match rule.round {
            Round::Certain | Round::Lookalike => true,
            Round::Likely => rule.anti_cues.is_empty() || self.sign(rule, span) != Sign::Against,
            Round::Weak => self.sign(rule, span) == Sign::For,
        }
    }

    /// Where what begins at `start` has to end: at `end`, or where the next place is taken.
    fn free_end(&self, start: usize, end: usize) -> usize {
        self.taken_after(start).map_or(end, |taken| end.min(taken.span.start.max(start)))
    }

    /// The first place taken that ends after `at`.
    pub(super) fn taken_after(&self, at: usize) -> Option<&Taken> {
        self.taken.get(self.taken.partition_point(|taken| taken.span.end <= at))
    }

    /// Gives each place to the longest candidate for it, the earlier rule first.
    fn settle(&mut self, mut candidates: Vec<Taken>) {
        if candidates.is_empty() {
            return;
        }
        candidates
            .sort_by_key(|candidate| (std::cmp::Reverse(candidate.span.len()), candidate.by, candidate.span.start));
        let mut won = BTreeMap::new();
        for Taken { span, by } in candidates {
            let before = won.range(..span.end).next_back();
            if before.is_none_or(|(_, (end, _))| *end <= span.start) {
                won.insert(span.start, (span.end, by));
            }
        }
        self.taken.extend(won.into_iter().map(|(start, (end, by))| Taken { span: start..end, by }));
        self.taken.sort_by_key(|taken| taken.span.start);
    }

    pub(super) fn line_start(&self, at: usize, reach: usize) -> usize {
        let from = at.saturating_sub(reach);
        memchr::memrchr2(b'\n', b'\r', &self.text.as_bytes()[from..at]).map_or(from, |line_end| from + line_end + 1)
    }

    pub(super) fn line_end(&self, at: usize, reach: usize) -> usize {
        let to = (at + reach).min(self.text.len());
        memchr::memchr2(b'\n', b'\r', &self.text.as_bytes()[at..to]).map_or(to, |line_end| at + line_end)
    }
}

/// What joins digits into one number.
fn joins(byte: u8) -> bool {
    matches!(byte, b'.' | b'-')
}
