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
    shape::{PLACES, Start},
    spots::{self, Group, RuleId, Waking},
};

/// All rules whose matches begin with digits.
pub(super) struct Numbers {
    alone: Vec<Table>,
    lookalikes: Vec<Table>,
    /// The rules that wait for a cue word.
    waiting: Vec<Table>,
    /// Those that a cue word wakes, by its list.
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

/// So many rules at most that may match where a group of digits stands, all looked at together: a bit for each.
struct Table {
    rules: Vec<RuleId>,
    /// Those that ask for no more digits than the run has.
    runs: [Bits; MANY + 1],
    /// Those whose first group may have so many digits.
    leads: [Bits; MANY + 1],
    /// Those that take a byte at a place from the first digit on.
    places: Box<[[Bits; 256]; PLACES]>,
}

type Bits = [u64; 4];

/// From so many digits on, numbers are not told apart.
const MANY: usize = 31;

impl Table {
    const RULES: usize = 256;

    /// The tables of the rules that `kind` picks.
    fn all(rules: &[Rule], kind: impl Fn(&Rule) -> bool) -> Vec<Self> {
        let picked = rules.iter().enumerate().filter(|(_, rule)| is_number(rule) && kind(rule));
        let ids: Vec<RuleId> = picked.map(|(id, _)| id as RuleId).collect();
        ids.chunks(Self::RULES).map(|ids| Self::new(rules, ids)).collect()
    }

    fn new(rules: &[Rule], ids: &[RuleId]) -> Self {
        let none = Bits::default();
        let (mut runs, mut leads, mut places) = ([none; MANY + 1], [none; MANY + 1], Box::new([[none; 256]; PLACES]));
        for (bit, id) in ids.iter().enumerate() {
            let rule = &rules[*id as usize];
            let mut set = |bits: &mut Bits| bits[bit / 64] |= 1 << (bit % 64);
            runs[least_digits(rule).min(MANY)..].iter_mut().for_each(&mut set);
            (0..=MANY).filter(|lead| rule.leads >> lead & 1 == 1).for_each(|lead| set(&mut leads[lead]));
            for (place, bytes) in places.iter_mut().zip(rule.behind) {
                (0..=u8::MAX).filter(|byte| bytes.has(*byte)).for_each(|byte| set(&mut place[usize::from(byte)]));
            }
        }
        Self { rules: ids.to_vec(), runs, leads, places }
    }

    /// The rules that may match at `group`.
    fn fitting(&self, text: &[u8], group: &Group) -> impl Iterator<Item = RuleId> {
        let mut bits = both(self.runs[group.run.min(MANY)], self.leads[(group.end - group.start).min(MANY)]);
        for (place, by_byte) in self.places.iter().enumerate() {
            let byte = text.get(group.start + place).copied().unwrap_or(b'\n');
            bits = both(bits, by_byte[usize::from(byte)]);
        }
        let of_word = |(word, bits): (usize, u64)| {
            let rests = std::iter::successors(Some(bits), |bits| Some(bits & bits.wrapping_sub(1)));
            let rests = rests.take_while(|bits| *bits != 0);
            rests.map(move |bits| word * 64 + bits.trailing_zeros() as usize)
        };
        bits.into_iter().enumerate().flat_map(of_word).map(|bit| self.rules[bit])
    }
}

fn both(a: Bits, b: Bits) -> Bits {
    std::array::from_fn(|word| a[word] & b[word])
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
            alone: Table::all(rules, |rule| matches!(rule.round, Round::Certain | Round::Likely)),
            lookalikes: Table::all(rules, |rule| rule.round == Round::Lookalike),
            waiting: Table::all(rules, |rule| rule.round == Round::Weak),
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
    pub(super) fn alone(&self, text: &[u8], group: &Group) -> impl Iterator<Item = RuleId> {
        self.alone.iter().flat_map(move |table| table.fitting(text, group))
    }

    /// The look-alikes that may match at a group.
    pub(super) fn alike(&self, text: &[u8], group: &Group) -> impl Iterator<Item = RuleId> {
        self.lookalikes.iter().flat_map(move |table| table.fitting(text, group))
    }

    /// The rules that may match at a group if one of their cues is near.
    pub(super) fn waiting(&self, text: &[u8], group: &Group) -> impl Iterator<Item = RuleId> {
        self.waiting.iter().flat_map(move |table| table.fitting(text, group))
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
fn least_digits(rule: &Rule) -> usize {
    let Start::Number { digits, .. } = rule.start else { return 0 };
    rule.digits.max(digits)
}

/// The places where a number with its first digit at `start` may begin: before its `+` and `(`, and at itself.
fn openings(text: &[u8], start: usize) -> impl Iterator<Item = usize> {
    let opening =
        text[start.saturating_sub(2)..start].iter().rev().take_while(|byte| matches!(byte, b'+' | b'(')).count();
    start - opening..=start
}
