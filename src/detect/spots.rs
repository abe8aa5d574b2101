//! The first, cheap look at a text: where groups of digits stand and where anchors occur. Text with neither is done here,
//! without an allocation.

use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError, Input};

use super::shape::GAP;

/// The number of a rule in its detector.
pub(super) type RuleId = u32;

/// A group of digits: no digit stands before it or behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub start: usize,
    pub len: usize,
    /// How many digits it and the groups around it have together, only short gaps between them.
    pub run: usize,
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
        run.add(&mut groups, Group { start, len, run: 0 }, least);
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
        self.digits += group.len;
        self.end = group.start + group.len;
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
    const BLOCK: usize = 64;
    let mut from = at;
    for block in text[at..].chunks(BLOCK) {
        if block.iter().fold(false, |any, byte| any | byte.is_ascii_digit()) {
            return block.iter().position(u8::is_ascii_digit).map(|i| from + i);
        }
        from += block.len();
    }
    None
}

/// The literals that wake rules.
pub(super) struct Anchors {
    literals: AhoCorasick,
    /// The rules that a literal wakes, by the automaton's number for it.
    rules: Vec<Vec<RuleId>>,
}

/// An automaton for `words`, whatever their ASCII case: the fastest kind while there are few enough for it.
pub(super) fn automaton<W: AsRef<[u8]>>(words: &[W]) -> Result<AhoCorasick, BuildError> {
    const FEW: usize = 4096;
    let kind = (words.len() <= FEW).then_some(AhoCorasickKind::DFA);
    AhoCorasick::builder().ascii_case_insensitive(true).kind(kind).build(words)
}

/// Where a rule has to be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Waking {
    pub rule: RuleId,
    pub at: usize,
}

impl Anchors {
    /// Compiles literals with the rule that each wakes. Case is left to the rules.
    pub(super) fn new(mut literals: Vec<(Vec<u8>, RuleId)>) -> Result<Self, BuildError> {
        literals.iter_mut().for_each(|(literal, _)| literal.make_ascii_lowercase());
        literals.sort();
        let (mut unique, mut rules): (Vec<Vec<u8>>, Vec<Vec<RuleId>>) = (Vec::new(), Vec::new());
        for (literal, rule) in literals {
            // A literal that begins with another needs no place of its own: the shorter one wakes both.
            match (unique.last(), rules.last_mut()) {
                (Some(last), Some(woken)) if literal.starts_with(last) => woken.push(rule),
                _ => {
                    unique.push(literal);
                    rules.push(vec![rule]);
                }
            }
        }
        rules.iter_mut().for_each(Vec::dedup);
        Ok(Self { literals: automaton(&unique)?, rules })
    }

    /// Finds every place where a literal wakes a rule.
    pub(super) fn find(&self, text: &str, wakings: &mut Vec<Waking>) {
        let mut from = 0;
        while let Some(found) = self.literals.find(Input::new(text).range(from..)) {
            let rules = &self.rules[found.pattern().as_usize()];
            wakings.extend(rules.iter().map(|&rule| Waking { rule, at: found.start() }));
            from = found.start() + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, usize)]) {
        let groups = groups(text.as_bytes(), 6);
        let found: Vec<_> =
            groups.iter().map(|group| (&text[group.start..group.start + group.len], group.run)).collect();
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
    fn literals_wake_their_rules() {
        let literals = [("sk-", 0), ("sk-ant-", 1), ("k-a", 2)].map(|(literal, rule)| (literal.into(), rule));
        let anchors = Anchors::new(literals.into()).unwrap();
        let mut wakings = Vec::new();
        anchors.find("x SK-ant-", &mut wakings);
        let found: Vec<_> = wakings.into_iter().map(|waking| (waking.rule, waking.at)).collect();
        assert_eq!(found, [(0, 2), (1, 2), (2, 3)]);
    }
}
