//! The rules whose matches begin with digits, by how many digits they need.
//!
//! Those that can stand alone are tried where a group of digits has the right size in a run of enough digits. Those that need
//! a cue wait until one of their cue words was heard nearby, and look-alikes until there is something that they could be
//! mistaken for.

use std::ops::Range;

use smallvec::SmallVec;

use super::{
    bytes::Bytes,
    cues::{Cues, Lists, WordId},
    digits::{MANY, PLACES},
    language::Distance,
    rule::{Round, Rule},
    shape::{Start, is_opening},
    spots::{self, Group, Opens, RuleId, Waking},
};

/// All rules whose matches begin with digits.
pub(super) struct Numbers {
    alone: Vec<Table>,
    lookalikes: Vec<Table>,
    /// The rules that wait for a cue word.
    waiting: Vec<Table>,
    /// Those that a cue word wakes, by its number.
    listeners: Vec<RuleSet>,
    /// The fewest digits that any rule but a look-alike asks for.
    least: usize,
    /// The fewest digits that any look-alike asks for.
    least_alike: usize,
    /// How far before its first digit any look-alike may reach, and how long it may be.
    pub reach: usize,
    /// How far away a cue of any rule that waits for one may stand.
    pub hearing: Distance,
    /// How long a match of such a rule may be.
    pub longest: usize,
}

/// Some of the rules that wait for a cue word: bits for each of their tables.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct RuleSet(SmallVec<[Bits; 1]>);

impl RuleSet {
    /// Adds the rules of another set.
    pub(super) fn add(&mut self, other: &Self) {
        self.0.resize(self.0.len().max(other.0.len()), Bits::default());
        for (all, bits) in self.0.iter_mut().zip(&other.0) {
            all.iter_mut().zip(bits).for_each(|(all, bits)| *all |= bits);
        }
    }

    /// Forgets all rules.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Whether no rule is in it.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().flatten().all(|bits| *bits == 0)
    }
}

/// So many rules at most that may match where a group of digits stands, all looked at together: a bit for each.
struct Table {
    rules: Vec<RuleId>,
    /// Those whose matches begin with their first digit, or with the `+` or `(` before it.
    here: Bits,
    /// Those that ask for no more digits than the run has.
    runs: [Bits; MANY + 1],
    /// What the rules tell apart: a number for each byte.
    kinds: Box<[u8; 256]>,
    taken: Vec<Taken>,
}

/// What a kind of bytes is taken for.
#[derive(Clone, PartialEq, Eq)]
struct Taken {
    /// The rules that take one before the first digit, and at each place from there on.
    places: [Bits; PLACES + 1],
    /// Those that take one behind a first group of so many digits.
    behind: [Bits; MANY + 1],
}

type Bits = [u64; 4];

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
        let (mut here, mut runs) = (none, [none; MANY + 1]);
        for (bit, id) in ids.iter().enumerate() {
            let rule = &rules[*id as usize];
            let mut set = |bits: &mut Bits| bits[bit / 64] |= 1 << (bit % 64);
            (back(rule) == 0).then(|| set(&mut here));
            runs[least_digits(rule).min(MANY)..].iter_mut().for_each(&mut set);
        }
        let (mut kinds, mut all): (_, Vec<Taken>) = (Box::new([0; 256]), Vec::new());
        for byte in 0..=u8::MAX {
            let mut taken = Taken { places: [none; _], behind: [none; _] };
            for (bit, id) in ids.iter().enumerate() {
                let rule = &rules[*id as usize];
                let mut set = |(bits, fits): (&mut Bits, bool)| bits[bit / 64] |= u64::from(fits) << (bit % 64);
                let has = |bytes: &Bytes| bytes.has(byte);
                let at_places = std::iter::once(takes_before(rule, byte)).chain(rule.behind.iter().map(has));
                taken.places.iter_mut().zip(at_places).for_each(&mut set);
                taken.behind.iter_mut().zip(rule.leads.iter().map(has)).for_each(&mut set);
            }
            let kind = all.iter().position(|known| *known == taken).unwrap_or(all.len());
            all.resize(all.len().max(kind + 1), taken);
            kinds[usize::from(byte)] = kind as u8;
        }
        Self { rules: ids.to_vec(), here, runs, kinds, taken: all }
    }

    /// What the byte at `at` is taken for; the end of the text counts as the end of a line.
    fn taken(&self, text: &[u8], at: Option<usize>) -> &Taken {
        let byte = at.and_then(|at| text.get(at)).copied().unwrap_or(b'\n');
        &self.taken[usize::from(self.kinds[usize::from(byte)])]
    }

    /// Tells `found` the rules among `picked` that may match at `group`.
    fn fitting(&self, text: &[u8], group: &Group, picked: Bits, mut found: impl FnMut(RuleId)) {
        let behind = self.taken(text, Some(group.end)).behind[(group.end - group.start).min(MANY)];
        let mut bits = both(picked, both(self.runs[group.run.min(MANY)], behind));
        if group.opens == Opens::Not {
            bits = both(bits, self.here.map(|word| !word));
        }
        for place in 0..=PLACES {
            if bits == Bits::default() {
                return;
            }
            bits = both(bits, self.taken(text, (group.start + place).checked_sub(1)).places[place]);
        }
        for (word, mut bits) in bits.into_iter().enumerate() {
            while bits != 0 {
                found(self.rules[word * 64 + bits.trailing_zeros() as usize]);
                bits &= bits - 1;
            }
        }
    }
}

const ALL: Bits = [u64::MAX; 4];

fn both(a: Bits, b: Bits) -> Bits {
    std::array::from_fn(|word| a[word] & b[word])
}

impl Numbers {
    /// Sorts the rules that begin with digits.
    pub(super) fn new(rules: &[Rule], cues: &Cues) -> Self {
        let waits = Table::all(rules, |rule| rule.round == Round::Weak);
        let alike =
            |alike: bool| rules.iter().filter(move |rule| is_number(rule) && (rule.round == Round::Lookalike) == alike);
        let digits = |alike_only: bool| alike(alike_only).map(least_digits).min().unwrap_or(usize::MAX);
        let waiting = || rules.iter().filter(|rule| rule.round == Round::Weak && is_number(rule));
        let farthest = |side: fn(&Distance) -> usize| waiting().map(|rule| side(&rule.distance)).max().unwrap_or(0);
        Self {
            alone: Table::all(rules, |rule| matches!(rule.round, Round::Certain | Round::Likely)),
            lookalikes: Table::all(rules, |rule| rule.round == Round::Lookalike),
            listeners: cues.lists().iter().map(|lists| listeners(rules, &waits, lists)).collect(),
            waiting: waits,
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

    /// Whether there are look-alikes that begin with digits.
    pub(super) fn has_lookalikes(&self) -> bool {
        !self.lookalikes.is_empty()
    }

    /// Tells `found` the rules that may match at a group without a cue.
    pub(super) fn alone(&self, text: &[u8], group: &Group, mut found: impl FnMut(RuleId)) {
        self.alone.iter().for_each(|table| table.fitting(text, group, ALL, &mut found));
    }

    /// Tells `found` the look-alikes that may match at a group.
    pub(super) fn alike(&self, text: &[u8], group: &Group, mut found: impl FnMut(RuleId)) {
        self.lookalikes.iter().for_each(|table| table.fitting(text, group, ALL, &mut found));
    }

    /// Tells `found` the rules that may match at a group, among those that heard a cue.
    pub(super) fn waiting(&self, text: &[u8], group: &Group, heard: &RuleSet, mut found: impl FnMut(RuleId)) {
        let tables = self.waiting.iter().zip(&heard.0);
        tables.for_each(|(table, heard)| table.fitting(text, group, *heard, &mut found));
    }

    /// The rules that a cue word wakes.
    pub(super) fn listeners(&self, word: WordId) -> &RuleSet {
        &self.listeners[word as usize]
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

/// The rules of `waits` that a cue word of `lists` wakes.
fn listeners(rules: &[Rule], waits: &[Table], lists: &Lists) -> RuleSet {
    let hear = |table: &Table| {
        let mut bits = Bits::default();
        let hears = |id: &RuleId| rules[*id as usize].cues.meets(lists);
        let hearing = table.rules.iter().enumerate().filter(|(_, id)| hears(id));
        hearing.for_each(|(bit, _)| bits[bit / 64] |= 1 << (bit % 64));
        bits
    };
    RuleSet(waits.iter().map(hear).collect())
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

/// Whether a match may have `byte` before its first digit, or have it stand there outside of it.
fn takes_before(rule: &Rule, byte: u8) -> bool {
    let Some(last) = rule.opening.last() else { return true };
    match back(rule) {
        0 => last.has(byte) && is_opening(byte) || (b'0'..=b'9').any(|digit| last.has(digit)),
        _ => last.has(byte) || is_opening(byte),
    }
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
    let opening = text[start.saturating_sub(2)..start].iter().rev().take_while(|byte| is_opening(**byte)).count();
    start - opening..=start
}
