//! The first, cheap look at a text for numbers: where groups of digits stand, and how many digits belong together.
//!
//! Text without enough of them is done here, without an allocation.

use std::ops::Range;

use super::{
    digits::GAP,
    glance::{self, BLOCK},
};

/// The number of a rule in its detector.
pub(super) type RuleId = u32;

/// Where a rule has to be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Waking {
    pub rule: RuleId,
    pub at: usize,
    /// How long the match is, where that is known already; else 0.
    pub len: usize,
}

/// Whether `literal` stands at `at`, in any ASCII case.
pub(super) fn stands(text: &[u8], at: usize, literal: &[u8]) -> bool {
    text.get(at..at + literal.len()).is_some_and(|part| part.eq_ignore_ascii_case(literal))
}

/// A group of digits: no digit stands before it or behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub start: usize,
    pub end: usize,
    /// How many digits it and the groups around it have together, only short gaps between them.
    pub run: usize,
    /// What a number that begins here begins with.
    pub opens: Opens,
}

/// How a number may begin at a group of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opens {
    /// With the `+` or `(` before it, or with its first digit.
    Before,
    /// With its first digit.
    Here,
    /// Not at all: something that could be of the same number runs into it.
    Not,
}

/// Finds the groups of `text` that stand in runs of at least `least` digits.
pub(super) fn groups(text: &[u8], least: usize) -> Vec<Group> {
    let (mut groups, mut run) = (Vec::new(), Run::default());
    for Range { start, end } in Digits::new(text) {
        if groups.is_empty() {
            groups.reserve(SOME);
        }
        if !run.joins(text, start) {
            run.end_in(&mut groups, least);
            run = Run { first: groups.len(), ..Run::default() };
        }
        run.digits += end - start;
        run.end = end;
        groups.push(Group { start, end, run: 0, opens: Opens::Before });
    }
    run.end_in(&mut groups, least);
    groups
}

/// How many groups there is room for at once.
const SOME: usize = 32;

/// A run of groups.
#[derive(Default)]
struct Run {
    /// The number of its first group.
    first: usize,
    end: usize,
    digits: usize,
}

impl Run {
    /// Whether a group that begins at `start` goes on with this run.
    fn joins(&self, text: &[u8], start: usize) -> bool {
        let gap = &text[self.end..start];
        self.digits > 0
            && gap.len() <= GAP
            && !gap.iter().any(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'\n' | b'\r'))
    }

    /// Tells its groups how many digits they have together, or takes them away if that is less than `least`.
    fn end_in(&self, groups: &mut Vec<Group>, least: usize) {
        if self.digits < least {
            return groups.truncate(self.first);
        }
        groups[self.first..].iter_mut().for_each(|group| group.run = self.digits);
    }
}

/// Runs of digits, one after the other. Blocks without one are skipped whole.
struct Digits<'t> {
    text: &'t [u8],
    /// Where the block begins that is being read.
    block: usize,
    /// Which bytes of the block are digits that were not told yet, as bits.
    bits: u64,
}

impl<'t> Digits<'t> {
    fn new(text: &'t [u8]) -> Self {
        Self { text, block: 0, bits: digits_at(text, 0) }
    }

    /// Goes on to the next block, if there is one.
    fn step(&mut self) -> bool {
        self.block += BLOCK;
        let is_there = self.block < self.text.len();
        self.bits = if is_there { digits_at(self.text, self.block) } else { 0 };
        is_there
    }
}

impl Iterator for Digits<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        while self.bits == 0 {
            if !self.step() {
                return None;
            }
        }
        let first = self.bits.trailing_zeros();
        let start = self.block + first as usize;
        // Adding to its lowest bit carries a run of ones away.
        let (rest, is_open) = self.bits.overflowing_add(1 << first);
        let mut end = self.block + if is_open { BLOCK } else { rest.trailing_zeros() as usize };
        self.bits &= rest;
        while end == self.block + BLOCK && self.step() {
            let more = self.bits.trailing_ones();
            end += more as usize;
            self.bits &= u64::MAX.checked_shl(more).unwrap_or(0);
        }
        Some(start..end)
    }
}

/// Which of the bytes of the block at `at` are digits, as bits.
fn digits_at(text: &[u8], at: usize) -> u64 {
    glance::digits(&glance::block_at(text, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, usize)]) {
        let groups = groups(text.as_bytes(), 6);
        let found: Vec<_> = groups.iter().map(|group| (&text[group.start..group.end], group.run)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn only_groups_of_long_runs_count() {
        check("no digits", &[]);
        check("at 5 with 2 friends", &[]);
        check("call 555-1234 at 5", &[("555", 7), ("1234", 7)]);
        check("1 2 3 4 5 6", &[("1", 6), ("2", 6), ("3", 6), ("4", 6), ("5", 6), ("6", 6)]);
        check("1234\n5678", &[]);
        check("12 34 and 123456", &[("123456", 6)]);
    }

    #[test]
    fn groups_are_whole_wherever_they_stand() {
        for before in 0..140 {
            for len in 6..140 {
                let text = format!("{}{}/7", "x".repeat(before), "5".repeat(len));
                let groups = groups(text.as_bytes(), 6);
                let found: Vec<_> = groups.iter().map(|group| (group.start, group.end, group.run)).collect();
                let (end, run) = (before + len, len + 1);
                assert_eq!(found, [(before, end, run), (end + 1, end + 2, run)], "{before} {len}");
            }
        }
    }
}
