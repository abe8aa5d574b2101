//! Literals by groups of four bytes in them.
//!
//! A text is looked at every second byte. Each literal is known by the group in it that ordinary text has least of and that it
//! shares with most others; two tables of pairs say where such a group may be, and only there are literals compared.

use std::{
    collections::{BTreeSet, HashMap},
    ops::Range,
};

use super::{
    super::spots::{RuleId, Waking, stands},
    LONG, Literal,
};

/// Literals of three bytes and more, in any ASCII case.
pub(super) struct Grams {
    /// The groups are dealt into shares. In which of them any begins with a pair of bytes, as bits.
    heads: Box<Pairs>,
    /// In which of them any ends with it.
    tails: Box<Pairs>,
    /// How many bits a hash of a group has.
    bits: u32,
    /// Where the entries of each hash begin, and where the last end.
    buckets: Vec<u32>,
    entries: Vec<Entry>,
    /// All literals, one behind the other.
    literals: Vec<u8>,
}

/// Bits for each pair of bytes. Ordinary text has few pairs, so that little of it is ever read.
type Pairs = [u8; 1 << 16];

/// A literal by a group in it.
struct Entry {
    gram: u32,
    /// Where the literal begins, counted from the group.
    begins: i8,
    len: u8,
    /// Its place among all literals.
    literal: u32,
    rule: RuleId,
}

/// The bytes of a text that are looked at together.
const STEP: usize = 16;

impl Grams {
    pub(super) fn new<'l>(literals: impl Iterator<Item = &'l Literal> + Clone) -> Self {
        let mut shared: HashMap<&[u8], usize> = HashMap::new();
        literals
            .clone()
            .flat_map(|literal| literal.bytes.windows(LONG))
            .for_each(|window| *shared.entry(window).or_default() += 1);
        let (mut groups, mut entries, mut all) = (BTreeSet::new(), Vec::new(), Vec::new());
        for Literal { bytes, rule, .. } in literals {
            let (literal, len) = (all.len() as u32, bytes.len() as u8);
            all.extend_from_slice(bytes);
            for (group, begins) in seen(bytes, &shared) {
                groups.insert(group);
                entries.extend(group.spelled().map(|bytes| Entry {
                    gram: gram(&bytes, 0),
                    begins,
                    len,
                    literal,
                    rule: *rule,
                }));
            }
        }
        let bits = entries.len().checked_ilog2().unwrap_or(0) + 1;
        entries.sort_by_key(|entry| hash(entry.gram, bits));
        let mut buckets = vec![0; (1 << bits) + 1];
        entries.iter().for_each(|entry| buckets[hash(entry.gram, bits) + 1] += 1);
        (0..1 << bits).for_each(|number| buckets[number + 1] += buckets[number]);
        let (mut heads, mut tails) = (Box::new([0; _]), Box::new([0; _]));
        for (share, number) in deal(groups).iter().zip(0..) {
            share.heads.pairs.iter().flat_map(places).for_each(|pair| heads[pair] |= 1 << number);
            share.tails.pairs.iter().flat_map(places).for_each(|pair| tails[pair] |= 1 << number);
        }
        Self { heads, tails, bits, buckets, entries, literals: all }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Finds the literals whose group begins in `range`, which begins at an even place.
    pub(super) fn find(&self, text: &[u8], range: Range<usize>, wakings: &mut Vec<Waking>) {
        let (mut at, end) = (range.start, range.end.min(text.len()));
        while at < end {
            let mut rest = [0; STEP + 2];
            let window = text[at..].first_chunk().unwrap_or_else(|| {
                // Nothing stands behind the rest.
                rest[..text.len() - at].copy_from_slice(&text[at..]);
                &rest
            });
            let (pairs, _) = window.as_chunks();
            let pairs: [usize; STEP / 2 + 1] = std::array::from_fn(|i| usize::from(u16::from_le_bytes(pairs[i])));
            let may_begin = |i: usize| self.heads[pairs[i]] & self.tails[pairs[i + 1]];
            if (0..STEP / 2).fold(0, |any, i| any | may_begin(i)) != 0 {
                let places = (0..STEP / 2).filter(|i| may_begin(*i) != 0).map(|i| at + 2 * i);
                places.filter(|at| *at < end).for_each(|at| self.compare(text, at, wakings));
            }
            at += STEP;
        }
    }

    /// Compares the literals that the group of four bytes at `at` can be part of.
    #[inline(never)]
    fn compare(&self, text: &[u8], at: usize, wakings: &mut Vec<Waking>) {
        let gram = gram(text, at);
        let bucket = hash(gram, self.bits);
        let entries = &self.entries[self.buckets[bucket] as usize..self.buckets[bucket + 1] as usize];
        for entry in entries.iter().filter(|entry| entry.gram == gram) {
            let literal = &self.literals[entry.literal as usize..][..usize::from(entry.len)];
            if let Some(start) =
                at.checked_add_signed(entry.begins.into()).filter(|start| stands(text, *start, literal))
            {
                wakings.push(Waking { rule: entry.rule, at: start, len: 0 });
            }
        }
    }
}

/// Four bytes of `text`, whatever their ASCII case; what is missing at its end is nothing.
fn gram(text: &[u8], at: usize) -> u32 {
    const SMALL: u32 = 0x2020_2020;
    let bytes = match text[at..].first_chunk::<4>() {
        Some(gram) => u32::from_le_bytes(*gram),
        None => text[at..].iter().rev().fold(0, |gram, byte| gram << 8 | u32::from(*byte)),
    };
    bytes | SMALL
}

/// The highest `bits` of a product: all bytes of a group count in them.
fn hash(gram: u32, bits: u32) -> usize {
    (gram.wrapping_mul(0x9e37_79b1) >> (u32::BITS - bits)) as usize
}

/// Two bytes; [`ANY`] stands for any.
type Pair = [u8; 2];

/// What no byte is whose case is folded.
const ANY: u8 = 0;

/// A group of four bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    head: Pair,
    tail: Pair,
}

impl Group {
    fn of(bytes: [u8; 4]) -> Self {
        let [a, b, c, d] = bytes.map(|byte| if byte == ANY { ANY } else { byte | 0x20 });
        Self { head: [a, b], tail: [c, d] }
    }

    /// Every group that it stands for.
    fn spelled(self) -> impl Iterator<Item = [u8; 4]> {
        let [a, b, c, d] = [self.head[0], self.head[1], self.tail[0], self.tail[1]];
        folded(a).flat_map(move |a| folded(d).map(move |d| [a, b, c, d]))
    }

    /// How often it stands in ordinary text, about.
    fn commonness(self) -> f64 {
        commonness(self.head) * commonness(self.tail)
    }
}

/// The bytes with their case folded that a byte of a group stands for.
fn folded(byte: u8) -> impl Iterator<Item = u8> {
    (0..=u8::MAX).filter(move |other| if byte == ANY { other & 0x20 != 0 } else { *other == byte })
}

/// The places of a pair in a table, in any case.
fn places(pair: &Pair) -> impl Iterator<Item = usize> + use<> {
    let spelled = |byte: u8| folded(byte).flat_map(|byte| [byte, byte & !0x20]);
    let [a, b] = *pair;
    spelled(a).flat_map(move |a| spelled(b).map(move |b| usize::from(u16::from_le_bytes([a, b]))))
}

/// The groups by which a literal is seen, whether it begins at an even place or an odd one, and where it begins from there;
/// `shared` says how many literals have its parts.
fn seen(literal: &[u8], shared: &HashMap<&[u8], usize>) -> [(Group, i8); 2] {
    match *literal {
        [a, b, c] => [(Group::of([a, b, c, ANY]), 0), (Group::of([ANY, a, b, c]), 1)],
        [a, b, c, d] => [(Group::of([a, b, c, d]), 0), (Group::of([ANY, a, b, c]), 1)],
        _ => {
            let groups = |at: usize| {
                let [a, b, c, d, e] = std::array::from_fn(|i| literal[at + i]);
                let begins = -(at as i8);
                [(Group::of([a, b, c, d]), begins), (Group::of([b, c, d, e]), begins - 1)]
            };
            let cost = |at: &usize| {
                let others = shared.get(&literal[*at..*at + LONG]).copied().unwrap_or(1);
                groups(*at).iter().map(|(group, _)| group.commonness()).sum::<f64>() / others as f64
            };
            groups((0..=literal.len() - LONG).min_by(|a, b| cost(a).total_cmp(&cost(b))).unwrap_or(0))
        }
    }
}

/// The pairs that groups begin or end with.
#[derive(Default)]
struct PairSet {
    pairs: BTreeSet<Pair>,
    /// How often any of them stands in ordinary text, about.
    commonness: f64,
}

impl PairSet {
    /// How common it is with `pair` in it.
    fn with(&self, pair: Pair) -> f64 {
        self.commonness + if self.pairs.contains(&pair) { 0.0 } else { commonness(pair) }
    }

    fn insert(&mut self, pair: Pair) {
        self.commonness = self.with(pair);
        self.pairs.insert(pair);
    }
}

/// Groups by what they begin and end with.
#[derive(Default)]
struct Share {
    heads: PairSet,
    tails: PairSet,
}

/// Deals groups into eight shares so that little of ordinary text seems to be one: a share takes all heads with all its tails.
fn deal(groups: BTreeSet<Group>) -> [Share; 8] {
    let mut shares: [Share; 8] = Default::default();
    let mut groups: Vec<Group> = groups.into_iter().collect();
    let weight = |group: &Group| commonness(group.head) + commonness(group.tail);
    groups.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    for Group { head, tail } in groups {
        let more = |share: &Share| {
            share.heads.with(head) * share.tails.with(tail) - share.heads.commonness * share.tails.commonness
        };
        if let Some(least) = shares.iter_mut().min_by(|a, b| more(a).total_cmp(&more(b))) {
            least.heads.insert(head);
            least.tails.insert(tail);
        }
    }
    shares
}

/// How often a pair stands in ordinary text, about.
fn commonness(pair: Pair) -> f64 {
    /// How many of a thousand bytes are an `a`, a `b` and so on.
    const LETTERS: [u8; 26] =
        [65, 13, 22, 35, 104, 20, 16, 50, 56, 1, 6, 33, 20, 57, 62, 15, 1, 49, 53, 73, 23, 8, 17, 1, 15, 1];
    let of_byte = |byte: u8| match byte {
        ANY => 1000,
        b' ' => 180,
        b'a'..=b'z' => u32::from(LETTERS[usize::from(byte - b'a')]),
        _ => 3,
    };
    pair.into_iter().map(|byte| f64::from(of_byte(byte)) / 1000.0).product()
}
