//! The literals that wake rules, found without a look at most of the text.
//!
//! Of every literal of five bytes or more, two neighbouring groups of four bytes are in a bitmap; one of them stands at an
//! even place wherever the literal stands. So the text is looked at every second byte, and only where the bitmap says so are
//! literals compared. The few shorter ones have a search of their own.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, BuildError, Input, MatchKind};

use super::spots::{RuleId, Waking};

/// Literals that wake rules.
pub(super) struct Anchors {
    /// Which groups of four bytes belong to a long literal.
    grams: Box<[u64; GRAM_WORDS]>,
    /// The long literals and the rules that each wakes, by their first four bytes.
    long: HashMap<u32, Vec<(Box<[u8]>, RuleId)>>,
    /// The short literals, spelled as they are.
    short: AhoCorasick,
    /// The rules that a short literal wakes, by the automaton's number for it.
    woken: Vec<Vec<RuleId>>,
    /// The literals of a single byte: there are few.
    bytes: Vec<(u8, RuleId)>,
}

/// The length from which a literal is long: a group of four bytes and one more.
pub(super) const LONG: usize = 5;

const GRAM_WORDS: usize = 4096;

/// The bytes of a text that are looked at together.
const STEP: usize = 16;

impl Anchors {
    /// Compiles literals with the rule that each wakes. Long ones have to be in small letters and are found in any case;
    /// short ones are found as they are spelled.
    pub(super) fn new(literals: Vec<(Vec<u8>, RuleId)>) -> Result<Self, BuildError> {
        let mut grams = Box::new([0; GRAM_WORDS]);
        let mut long: HashMap<u32, Vec<(Box<[u8]>, RuleId)>> = HashMap::new();
        let mut bytes = Vec::new();
        let (mut unique, mut woken): (Vec<Vec<u8>>, Vec<Vec<RuleId>>) = (Vec::new(), Vec::new());
        let mut literals = literals;
        literals.sort();
        literals.dedup();
        for (literal, rule) in literals {
            match literal.len() {
                LONG.. => {
                    for gram in [gram(&literal, 0), gram(&literal, 1)] {
                        let bit = bit(gram);
                        grams[bit / 64] |= 1 << (bit % 64);
                    }
                    long.entry(gram(&literal, 0)).or_default().push((literal.into(), rule));
                }
                1 => bytes.push((literal[0], rule)),
                _ => match (unique.last(), woken.last_mut()) {
                    // Where a literal begins with another, the shorter one wakes both.
                    (Some(last), Some(woken)) if literal.starts_with(last) => woken.push(rule),
                    _ => {
                        unique.push(literal);
                        woken.push(vec![rule]);
                    }
                },
            }
        }
        let short = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(&unique)?;
        Ok(Self { grams, long, short, woken, bytes })
    }

    /// Finds every place where a literal wakes a rule, in no order.
    pub(super) fn find(&self, text: &str, wakings: &mut Vec<Waking>) {
        let bytes = text.as_bytes();
        if !self.long.is_empty() {
            self.find_long(bytes, wakings);
        }
        for &(byte, rule) in &self.bytes {
            wakings.extend(memchr::memchr_iter(byte, bytes).map(|at| Waking { rule, at, len: 0 }));
        }
        if !self.woken.is_empty() {
            self.find_short(text, wakings);
        }
    }

    /// Whether any literal stands in `text`.
    pub(super) fn wakes(&self, text: &str) -> bool {
        let mut wakings = Vec::new();
        self.find(text, &mut wakings);
        !wakings.is_empty()
    }

    fn find_short(&self, text: &str, wakings: &mut Vec<Waking>) {
        let mut from = 0;
        while let Some(found) = self.short.find(Input::new(text).range(from..)) {
            let at = found.start();
            wakings.extend(self.woken[found.pattern().as_usize()].iter().map(|&rule| Waking { rule, at, len: 0 }));
            from = at + 1;
        }
    }

    fn find_long(&self, text: &[u8], wakings: &mut Vec<Waking>) {
        let mut at = 0;
        while let Some(window) = text[at..].first_chunk::<{ STEP + 3 }>() {
            let mut hits = 0;
            for place in (0..STEP).step_by(2) {
                hits |= u32::from(self.has(gram(window, place))) << place;
            }
            while hits != 0 {
                self.compare_around(text, at + hits.trailing_zeros() as usize, wakings);
                hits &= hits - 1;
            }
            at += STEP;
        }
        while at + 4 <= text.len() {
            if self.has(gram(text, at)) {
                self.compare_around(text, at, wakings);
            }
            at += 2;
        }
    }

    fn has(&self, gram: u32) -> bool {
        let bit = bit(gram);
        self.grams[bit / 64] >> (bit % 64) & 1 == 1
    }

    /// Compares the literals that can begin at `at` or one byte before it.
    #[cold]
    fn compare_around(&self, text: &[u8], at: usize, wakings: &mut Vec<Waking>) {
        for start in at.saturating_sub(1)..=at {
            let Some(literals) = self.long.get(&gram(text, start)) else { continue };
            let stands = |literal: &[u8]| {
                text.get(start..start + literal.len()).is_some_and(|part| part.eq_ignore_ascii_case(literal))
            };
            let standing = literals.iter().filter(|(literal, _)| stands(literal));
            wakings.extend(standing.map(|&(_, rule)| Waking { rule, at: start, len: 0 }));
        }
    }
}

/// Four bytes of `text`, whatever their ASCII case.
fn gram(text: &[u8], at: usize) -> u32 {
    const SMALL: u32 = 0x2020_2020;
    text[at..].first_chunk::<4>().map_or(0, |gram| u32::from_le_bytes(*gram) | SMALL)
}

/// The place of a group of four bytes in the bitmap.
fn bit(gram: u32) -> usize {
    (gram.wrapping_mul(0x9e37_79b1) >> 14) as usize & (GRAM_WORDS * 64 - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_wake_their_rules_wherever_they_stand() {
        let literals = [("password", 0), ("passw", 1), ("sk-", 2), ("k-a", 3), ("@", 4)];
        let anchors = Anchors::new(literals.map(|(literal, rule)| (literal.into(), rule)).into()).unwrap();
        for before in 0..40 {
            let text = format!("{}PassWord sk-ant @{}", ".".repeat(before), ".".repeat(before % 7));
            let mut wakings = Vec::new();
            anchors.find(&text, &mut wakings);
            wakings.sort();
            let found: Vec<_> = wakings.into_iter().map(|waking| (waking.rule, waking.at - before)).collect();
            assert_eq!(found, [(0, 0), (1, 0), (2, 9), (3, 10), (4, 16)], "{before}");
        }
    }
}
