//! The rules whose matches begin with digits.
//!
//! Those that can stand alone are tried all at once at each group of digits. Those that need a cue wait until one of their
//! cue words was heard nearby, and look-alikes until there is something that they could be mistaken for.

use std::{collections::BTreeMap, ops::Range};

use regex_automata::{Anchored, Input, MatchKind, PatternSet, meta::Regex, util::syntax};

use super::{
    cues::ListId,
    language::Distance,
    rule::{Round, Rule},
    shape::{Bytes, Start},
    spots::{self, Group, RuleId, Waking},
};

/// All rules whose matches begin with digits.
pub(super) struct Numbers {
    alone: Vec<Set>,
    lookalikes: Vec<Set>,
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

/// Rules whose matches begin equally far before their first digit, in one automaton.
struct Set {
    back: usize,
    regex: Regex,
    rules: Vec<RuleId>,
    longest: usize,
    least: usize,
    first: Bytes,
}

impl Numbers {
    /// Puts the rules that begin with digits together; `Err` says why they don't fit into one automaton.
    pub(super) fn new(rules: &[Rule]) -> Result<Self, String> {
        let of = |rounds: &[Round]| sets(rules, rounds);
        let (alone, lookalikes) = (of(&[Round::Certain, Round::Likely])?, of(&[Round::Lookalike])?);
        let mut listeners: BTreeMap<ListId, Vec<RuleId>> = BTreeMap::new();
        for (id, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.round == Round::Weak && is_number(rule)) {
            rule.cues.iter().for_each(|&list| listeners.entry(list).or_default().push(id as RuleId));
        }
        let digits = |alike: bool| {
            let rules = rules.iter().filter(move |rule| is_number(rule) && (rule.round == Round::Lookalike) == alike);
            rules.map(least_digits).min().unwrap_or(usize::MAX)
        };
        let reach = lookalikes.iter().map(|set| set.longest + set.back).max().unwrap_or(0);
        let waiting = || rules.iter().filter(|rule| rule.round == Round::Weak && is_number(rule));
        let farthest = |side: fn(&Distance) -> usize| waiting().map(|rule| side(&rule.distance)).max().unwrap_or(0);
        let hearing = Distance { before: farthest(|d| d.before), after: farthest(|d| d.after) };
        let longest = waiting().map(|rule| rule.longest).max().unwrap_or(0);
        let (least, least_alike) = (digits(false), digits(true));
        Ok(Self { least, least_alike, alone, lookalikes, listeners, reach, hearing, longest })
    }

    /// The groups of digits that may begin a value, and that a look-alike may begin with.
    pub(super) fn groups(&self, text: &[u8]) -> Vec<Group> {
        spots::groups(text, self.least)
    }

    /// Finds every place where a rule that can stand alone matches, without a look at anything else.
    pub(super) fn find(&self, text: &str, groups: &[Group], wakings: &mut Vec<Waking>) {
        self.alone.iter().for_each(|set| set.find(text, groups, wakings));
    }

    /// The rules that a cue word of the list `list` wakes.
    pub(super) fn listeners(&self, list: ListId) -> &[RuleId] {
        self.listeners.get(&list).map_or(&[], Vec::as_slice)
    }

    /// Finds the look-alikes that may overlap `place`, a part of the line `line`.
    pub(super) fn find_alike(&self, text: &str, line: &Range<usize>, place: Range<usize>, wakings: &mut Vec<Waking>) {
        let start = text.floor_char_boundary(place.start.saturating_sub(self.reach).max(line.start));
        let end = text.ceil_char_boundary((place.end + self.reach).min(line.end));
        let mut groups = spots::groups(&text.as_bytes()[start..end], self.least_alike);
        groups.iter_mut().for_each(|group| {
            group.start += start;
            group.end += start;
        });
        let cut =
            |group: &Group| group.start == start && start > line.start && text.as_bytes()[start - 1].is_ascii_digit();
        groups.retain(|group| !cut(group) && group.start < place.end);
        self.lookalikes.iter().for_each(|set| set.find(text, &groups, wakings));
    }
}

fn is_number(rule: &Rule) -> bool {
    matches!(rule.start, Start::Number { .. })
}

/// How many digits a run has to hold at least.
pub(super) fn least_digits(rule: &Rule) -> usize {
    let Start::Number { digits, .. } = rule.start else { return 0 };
    rule.digits.max(digits)
}

fn sets(rules: &[Rule], rounds: &[Round]) -> Result<Vec<Set>, String> {
    let mut by_back: BTreeMap<usize, Vec<RuleId>> = BTreeMap::new();
    for (id, rule) in rules.iter().enumerate().filter(|(_, rule)| rounds.contains(&rule.round)) {
        if let Start::Number { back, .. } = rule.start {
            by_back.entry(back).or_default().push(id as RuleId);
        }
    }
    by_back.into_iter().map(|(back, ids)| Set::new(back, ids, rules)).collect()
}

impl Set {
    fn new(back: usize, ids: Vec<RuleId>, rules: &[Rule]) -> Result<Self, String> {
        let of_set = || ids.iter().map(|id| &rules[*id as usize]);
        let ascii = syntax::Config::new().unicode(false).utf8(false);
        let config = Regex::config().match_kind(MatchKind::All).utf8_empty(false);
        let sources: Vec<&str> = of_set().map(|rule| rule.source.as_str()).collect();
        let regex = Regex::builder().syntax(ascii).configure(config).build_many(&sources);
        Ok(Self {
            back,
            regex: regex.map_err(|error| error.to_string())?,
            longest: of_set().map(|rule| rule.longest).max().unwrap_or(0),
            least: of_set().map(least_digits).min().unwrap_or(0),
            first: of_set().map(|rule| rule.first).fold(Bytes::default(), Bytes::and),
            rules: ids,
        })
    }

    fn find(&self, text: &str, groups: &[Group], wakings: &mut Vec<Waking>) {
        let bytes = text.as_bytes();
        let mut matched = None;
        for group in groups.iter().filter(|group| group.run >= self.least) {
            for start in openings(bytes, group.start).filter_map(|start| start.checked_sub(self.back)) {
                if !self.first.has(bytes[start]) {
                    continue;
                }
                let matched = matched.get_or_insert_with(|| PatternSet::new(self.rules.len()));
                matched.clear();
                let input =
                    Input::new(text).range(start..(start + self.longest).min(text.len())).anchored(Anchored::Yes);
                self.regex.which_overlapping_matches(&input, matched);
                let rules = matched.iter().map(|set| self.rules[set.as_usize()]);
                wakings.extend(rules.map(|rule| Waking { rule, at: start, len: 0 }));
            }
        }
    }
}

/// The places where a number with its first digit at `start` may begin: before its `+` and `(`, and at itself.
pub(super) fn openings(text: &[u8], start: usize) -> impl Iterator<Item = usize> {
    let opening =
        text[start.saturating_sub(2)..start].iter().rev().take_while(|byte| matches!(byte, b'+' | b'(')).count();
    start - opening..=start
}
