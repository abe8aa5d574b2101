//! A text on its way through a detector, line by line, and what of the line is taken already.

use std::{cell::RefCell, ops::Range};

use super::{
    Detector,
    cues::Heard,
    label::Table,
    named::Named,
    spots::{RuleId, Waking},
};

/// How many look-alikes may stand between a value and a finding that still matters to it.
const NEARBY: usize = 16;

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

/// A text on its way, line by line.
pub(super) struct Scene<'s> {
    pub detector: &'s Detector,
    /// The folded text.
    pub text: &'s str,
    /// The line that is looked at.
    pub line: Range<usize>,
    /// What names the text.
    pub before: &'s str,
    /// What names the line, or each of its cells.
    pub names: Vec<Named<'s>>,
    /// The table that the line is a row of.
    pub table: Option<Table>,
    /// Whether the line holds digits.
    pub has_digits: bool,
    /// Where literals woke rules that match there.
    pub awake: Vec<Waking>,
    /// Where rules have to be tried in this pass, by rule and place.
    pub wakings: Vec<Waking>,
    /// What may take a place in this round.
    pub candidates: Vec<Taken>,
    /// What the rounds so far have taken of the line, sorted.
    pub taken: Vec<Taken>,
    /// The cue words of the line that were looked for.
    pub heard: RefCell<Heard>,
}

impl<'s> Scene<'s> {
    pub(super) fn new(detector: &'s Detector, text: &'s str, before: &'s str) -> Self {
        let (names, awake, wakings, candidates, taken) = Default::default();
        Self {
            detector,
            text,
            line: 0..0,
            before,
            names,
            table: None,
            has_digits: false,
            awake,
            wakings,
            candidates,
            taken,
            heard: RefCell::default(),
        }
    }

    /// Whether all of `range` is taken by one.
    pub(super) fn is_taken(&self, range: Range<usize>) -> bool {
        self.taken_after(range.start)
            .is_some_and(|taken| taken.span.start <= range.start && taken.span.end >= range.end)
    }

    /// The first place taken that ends after `at`.
    pub(super) fn taken_after(&self, at: usize) -> Option<&Taken> {
        self.taken.get(self.taken.partition_point(|taken| taken.span.end <= at))
    }

    /// The first place that ends behind `at` where a placeholder stands or will stand.
    pub(super) fn next_gone(&self, at: usize) -> Option<&Range<usize>> {
        let after = self.taken[self.taken.partition_point(|taken| taken.span.end <= at)..].iter();
        after.take(NEARBY).find(|taken| self.is_gone(taken)).map(|taken| &taken.span)
    }

    /// Whether a placeholder stands, or will stand, in this place.
    fn is_gone(&self, taken: &Taken) -> bool {
        match taken.by {
            Taker::Placeholder => true,
            Taker::Rule(id) => self.detector.rule(id).pattern.is_some(),
        }
    }

    /// The last such place that ends at `at` or before.
    pub(super) fn last_gone(&self, at: usize) -> Option<&Range<usize>> {
        let before = self.taken[..self.taken.partition_point(|taken| taken.span.end <= at)].iter().rev();
        before.take(NEARBY).find(|taken| self.is_gone(taken)).map(|taken| &taken.span)
    }

    /// `reach` bytes before `at`, or the line's start.
    pub(super) fn line_start(&self, at: usize, reach: usize) -> usize {
        at.saturating_sub(reach).max(self.line.start)
    }

    /// `reach` bytes behind `at`, or the line's end.
    pub(super) fn line_end(&self, at: usize, reach: usize) -> usize {
        (at + reach).min(self.line.end)
    }
}
