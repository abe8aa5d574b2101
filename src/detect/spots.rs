//! The first, cheap look at a text for numbers: where groups of digits stand, and how many digits belong together.
//!
//! Text without enough of them is done here, without an allocation.

use super::shape::GAP;

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
    let (mut groups, mut run): (Vec<Group>, Run) = (Vec::new(), Run::default());
    let mut at = 0;
    while let Some(start) = next_digit(text, at) {
        if !run.joins(text, start) {
            run.close(&mut groups, least);
            run.first = groups.len();
        }
        let len = text[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        at = start + len;
        run.add(&mut groups, Group { start, end: at, run: 0, opens: Opens::Before }, least);
    }
    run.close(&mut groups, least);
    groups
}

/// A run of groups that is being read.
#[derive(Default)]
struct Run {
    /// Where its groups begin in the list.
    first: usize,
    digits: usize,
    end: usize,
    /// The groups so far, kept aside until the run is long enough to matter.
    early: [Option<Group>; 8],
}

impl Run {
    fn joins(&self, text: &[u8], start: usize) -> bool {
        let gap = &text[self.end..start];
        gap.len() <= GAP && !gap.iter().any(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'\n' | b'\r'))
    }

    fn add(&mut self, groups: &mut Vec<Group>, group: Group, least: usize) {
        self.digits += group.end - group.start;
        self.end = group.end;
        match self.early.iter_mut().find(|slot| slot.is_none()) {
            Some(slot) if self.digits < least => *slot = Some(group),
            _ => {
                groups.extend(self.early.iter_mut().map_while(Option::take));
                groups.push(group);
            }
        }
    }

    fn close(&mut self, groups: &mut Vec<Group>, least: usize) {
        if self.digits < least {
            groups.truncate(self.first);
        }
        let digits = self.digits;
        groups[self.first..].iter_mut().for_each(|group| group.run = digits);
        *self = Self { end: self.end, ..Self::default() };
    }
}

/// The first digit from `at` on. Blocks without one are skipped whole.
fn next_digit(text: &[u8], at: usize) -> Option<usize> {
    const NEAR: usize = 16;
    let near = &text[at..(at + NEAR).min(text.len())];
    if let Some(i) = near.iter().position(u8::is_ascii_digit) {
        return Some(at + i);
    }
    const BLOCK: usize = 64;
    let mut from = at + near.len();
    for block in text[from..].chunks(BLOCK) {
        if block.iter().fold(false, |any, byte| any | byte.is_ascii_digit()) {
            return block.iter().position(u8::is_ascii_digit).map(|i| from + i);
        }
        from += block.len();
    }
    None
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
}
