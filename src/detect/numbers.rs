//! The rules whose matches begin with digits, by how many digits they need.
//!
//! Those that can stand alone are tried where a group of digits has the right size in a run of enough digits. Those that need
//! a cue wait until one of their cue words was heard nearby, and look-alikes until there is something that they could be
//! mistaken for.

use std::{collections::BTreeMap, ops::Range};

use super::{
    cues::ListId,
    language::Distance,
    rule::{Round, Rule},
    shape::Start,
    spots::{self, Group, RuleId, Waking},
};

/// All rules whose matches begin with digits.
pub(super) struct Numbers {
    alone: Table,
    lookalikes: Table,
    /// The rules that a cue word wakes, by its list.
    listeners: BTreeMap<ListId, Vec<RuleId>>,
    /// The fewest digits that any rule but a look-alike asks for.
    least: usize,
    /// The fewest digits that any look-alike asks for.
    least_alike: usize,
    /// How far before its first digit any look-alike may reach, and how long it may be.
    reach: usize,
    /// How far away a cue of any rule that waits for one may stand.
    pub hearing: Distance,
    /// How long a match of such a rule may be.
    pub longest: usize,
}

/// The rules that may match where a group of digits stands, by the digits of its run and its own.
struct Table(Vec<Vec<RuleId>>);

/// From so many digits on, numbers are not told apart.
const MANY: usize = 31;

impl Table {
    fn new(rules: &[Rule], rounds: &[Round]) -> Self {
        let mut cells = vec![Vec::new(); (MANY + 1) * (MANY + 1)];
        for (id, rule) in rules.iter().enumerate().filter(|(_, rule)| is_number(rule) && rounds.contains(&rule.round)) {
            for run in least_digits(rule).min(MANY)..=MANY {
                let leads = (1..=MANY).filter(|lead| rule.leads >> lead & 1 == 1);
                leads.for_each(|lead| cells[run * (MANY + 1) + lead].push(id as RuleId));
            }
        }
        Self(cells)
    }

    fn rules(&self, group: &Group) -> &[RuleId] {
        &self.0[group.run.min(MANY) * (MANY + 1) + (group.end - group.start).min(MANY)]
    }
}

impl Numbers {
    /// Sorts the rules that begin with digits.
    pub(super) fn new(rules: &[Rule]) -> Self {
        let mut listeners: BTreeMap<ListId, Vec<RuleId>> = BTreeMap::new();
        for (id, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.round == Round::Weak && is_number(rule)) {
            rule.cues.iter().for_each(|&list| listeners.entry(list).or_default().push(id as RuleId));
        }
        let alike =
            |alike: bool| rules.iter().filter(move |rule| is_number(rule) && (rule.round == Round::Lookalike) == alike);
        let digits = |alike_only: bool| alike(alike_only).map(least_digits).min().unwrap_or(usize::MAX);
        let waiting = || rules.iter().filter(|rule| rule.round == Round::Weak && is_number(rule));
        let farthest = |side: fn(&Distance) -> usize| waiting().map(|rule| side(&rule.distance)).max().unwrap_or(0);
        Self {
            alone: Table::new(rules, &[Round::Certain, Round::Likely]),
            lookalikes: Table::new(rules, &[Round::Lookalike]),
            listeners,
            least: digits(false),
            least_alike: digits(true),
            reach: alike(true).map(|rule| rule.longest + back(rule)).max().unwrap_or(0),
            hearing: Distance { before: farthest(|d| d.before), after: farthest(|d| d.after) },
            longest: waiting().map(|rule| rule.longest).max().unwrap_or(0),
        }
    }

    /// The groups of digits that may begin a value.
    pub(super) fn groups(&self, text: &[u8]) -> Vec<Group> {
        spots::groups(text, self.least)
    }

    /// The rules that may match at a group without a cue.
    pub(super) fn alone(&self, group: &Group) -> &[RuleId] {
        self.alone.rules(group)
    }

    /// The look-alikes that may match at a group.
    pub(super) fn alike(&self, group: &Group) -> &[RuleId] {
        self.lookalikes.rules(group)
    }

    /// The rules that a cue word of the list `list` wakes.
    pub(super) fn listeners(&self, list: ListId) -> &[RuleId] {
        self.listeners.get(&list).map_or(&[], Vec::as_slice)
    }

    /// The groups of digits where look-alikes may begin that overlap `place`, a part of `line`.
    pub(super) fn groups_alike(&self, text: &[u8], line: &Range<usize>, place: Range<usize>) -> Vec<Group> {
        let start = place.start.saturating_sub(self.reach).max(line.start);
        let end = (place.end + self.reach).min(line.end);
        let mut groups = spots::groups(&text[start..end], self.least_alike);
        for group in &mut groups {
            (group.start, group.end) = (group.start + start, group.end + start);
        }
        let is_cut = |group: &Group| group.start == start && start > line.start && text[start - 1].is_ascii_digit();
        groups.retain(|group| !is_cut(group) && group.start < place.end);
        groups
    }
}

/// Wakes `rule` where it may match at `group`, if nothing runs into its beginning.
pub(super) fn wake(
    (id, rule): (RuleId, &Rule),
    text: &[u8],
    group: &Group,
    is_open: impl Fn(usize) -> bool,
    wakings: &mut Vec<Waking>,
) {
    let back = back(rule);
    let can_begin = |at: usize| rule.opening.iter().zip(&text[at..]).all(|(bytes, byte)| bytes.has(*byte));
    let starts = openings(text, group.start).filter_map(|start| start.checked_sub(back));
    wakings.extend(starts.filter(|at| can_begin(*at) && is_open(*at)).map(|at| Waking { rule: id, at, len: 0 }));
}

fn is_number(rule: &Rule) -> bool {
    matches!(rule.start, Start::Number { .. })
}

fn back(rule: &Rule) -> usize {
    if let Start::Number { back, .. } = rule.start { back } else { 0 }
}

/// How many digits a run has to hold at least.
pub(super) fn least_digits(rule: &Rule) -> usize {
    let Start::Number { digits, .. } = rule.start else { return 0 };
    rule.digits.max(digits)
}

/// Whether a rule may match where a group of digits stands.
pub(super) fn fits(rule: &Rule, group: &Group) -> bool {
    group.run >= least_digits(rule) && rule.leads >> (group.end - group.start).min(MANY) & 1 == 1
}

/// The places where a number with its first digit at `start` may begin: before its `+` and `(`, and at itself.
fn openings(text: &[u8], start: usize) -> impl Iterator<Item = usize> {
    let opening =
        text[start.saturating_sub(2)..start].iter().rev().take_while(|byte| matches!(byte, b'+' | b'(')).count();
    start - opening..=start
}
