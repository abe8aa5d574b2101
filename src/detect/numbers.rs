//! The rules that begin with digits, all tried at once at each group of digits.

use std::collections::BTreeMap;

use regex_automata::{Anchored, Input, MatchKind, PatternSet, meta::Regex, util::syntax};

use super::{
    rule::Rule,
    shape::Start,
    spots::{self, Group, RuleId, Waking},
};

/// One automaton for each distance between the beginning of a match and its first digit.
pub(super) struct Numbers {
    sets: Vec<Set>,
    /// The fewest digits that any rule asks for.
    least: usize,
}

/// Rules whose matches begin equally far before their first digit.
struct Set {
    back: usize,
    regex: Regex,
    rules: Vec<RuleId>,
    longest: usize,
}

impl Numbers {
    /// Puts the rules that begin with digits together; `Err` says why they don't fit into one automaton.
    pub(super) fn new(rules: &[Rule]) -> Result<Self, String> {
        let mut by_back: BTreeMap<usize, Vec<RuleId>> = BTreeMap::new();
        for (id, rule) in rules.iter().enumerate() {
            if let Start::Number { back, .. } = rule.start {
                by_back.entry(back).or_default().push(id as RuleId);
            }
        }
        let least = rules.iter().filter_map(least_digits).min().unwrap_or(usize::MAX);
        let sets = by_back.into_iter().map(|(back, ids)| Set::new(back, ids, rules)).collect::<Result<_, _>>()?;
        Ok(Self { sets, least })
    }

    /// Finds every place of `text` where a rule matches, without a look at anything else.
    pub(super) fn find(&self, text: &str, wakings: &mut Vec<Waking>) {
        if self.sets.is_empty() {
            return;
        }
        let groups = spots::groups(text.as_bytes(), self.least);
        for set in &self.sets {
            set.find(text, &groups, wakings);
        }
    }
}

impl Set {
    fn new(back: usize, ids: Vec<RuleId>, rules: &[Rule]) -> Result<Self, String> {
        let of_set = || ids.iter().map(|id| &rules[*id as usize]);
        let ascii = syntax::Config::new().unicode(false).utf8(false);
        let config = Regex::config().match_kind(MatchKind::All).utf8_empty(false);
        let sources: Vec<&str> = of_set().map(|rule| rule.source.as_str()).collect();
        let regex = Regex::builder().syntax(ascii).configure(config).build_many(&sources);
        let longest = of_set().map(|rule| rule.longest).max().unwrap_or(0);
        Ok(Self { back, regex: regex.map_err(|error| error.to_string())?, rules: ids, longest })
    }

    fn find(&self, text: &str, groups: &[Group], wakings: &mut Vec<Waking>) {
        let Some(_) = groups.first() else { return };
        let mut matched = PatternSet::new(self.rules.len());
        for group in groups {
            for start in openings(text.as_bytes(), group.start).filter_map(|start| start.checked_sub(self.back)) {
                let end = (start + self.longest).min(text.len());
                matched.clear();
                let input = Input::new(text).range(start..end).anchored(Anchored::Yes);
                self.regex.which_overlapping_matches(&input, &mut matched);
                wakings.extend(matched.iter().map(|set| Waking { rule: self.rules[set.as_usize()], at: start }));
            }
        }
    }
}

fn least_digits(rule: &Rule) -> Option<usize> {
    let Start::Number { digits, .. } = rule.start else { return None };
    Some(rule.digits.max(digits))
}

/// The places where a number with its first digit at `start` may begin: before its `+` and `(`, and at itself.
fn openings(text: &[u8], start: usize) -> impl Iterator<Item = usize> {
    let opening =
        text[start.saturating_sub(2)..start].iter().rev().take_while(|byte| matches!(byte, b'+' | b'(')).count();
    start - opening..=start
}
