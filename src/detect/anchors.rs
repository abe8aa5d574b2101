//! The literals that wake rules, found without a look at most of the text.
//!
//! A text is looked at every second byte, four bytes at a time: a bitmap says which groups of four can be part of a literal,
//! whether the literal begins at the first or the second of them, or one byte before. Only there are literals compared.

use aho_corasick::{AhoCorasick, BuildError};

use super::spots::{RuleId, Waking};

/// Literals that wake rules, in any ASCII case.
pub(super) struct Anchors {
    /// Which groups of four bytes can be part of a literal.
    grams: Box<[u64; GRAM_WORDS]>,
    /// The literals of four bytes and more and the rule that each wakes, by their first four bytes.
    four: Heads,
    /// Those of three bytes.
    three: Heads,
    /// Those of fewer.
    short: AhoCorasick,
    /// The rules that a short literal wakes, by the automaton's number for it.
    woken: Vec<RuleId>,
}

/// The length from which a literal is told from other text by a look at every second byte alone.
pub(super) const LONG: usize = 5;

const GRAM_WORDS: usize = 4096;

/// The bytes of a text that are looked at together.
const STEP: usize = 16;

/// Literals and the rules that they wake, by the hash of how they begin.
struct Heads(Vec<Vec<(Box<[u8]>, RuleId)>>);

impl Heads {
    const BUCKETS: usize = 4096;

    fn new() -> Self {
        Self((0..Self::BUCKETS).map(|_| Vec::new()).collect())
    }

    fn add(&mut self, head: u32, literal: Vec<u8>, rule: RuleId) {
        self.0[bit(head) % Self::BUCKETS].push((literal.into(), rule));
    }

    /// Wakes the rules of the literals that stand at `start`, where the text begins with `head`.
    fn find(&self, head: u32, text: &[u8], start: usize, wakings: &mut Vec<Waking>) {
        let stands = |literal: &[u8]| {
            text.get(start..start + literal.len()).is_some_and(|part| part.eq_ignore_ascii_case(literal))
        };
        let standing = self.0[bit(head) % Self::BUCKETS].iter().filter(|(literal, _)| stands(literal));
        wakings.extend(standing.map(|&(_, rule)| Waking { rule, at: start, len: 0 }));
    }
}

impl Anchors {
    /// Compiles literals with the rule that each wakes.
    pub(super) fn new(mut literals: Vec<(Vec<u8>, RuleId)>) -> Result<Self, BuildError> {
        literals.iter_mut().for_each(|(literal, _)| literal.make_ascii_lowercase());
        literals.sort();
        literals.dedup();
        let mut grams = Box::new([0; GRAM_WORDS]);
        let (mut four, mut three) = (Heads::new(), Heads::new());
        let (mut short, mut woken) = (Vec::new(), Vec::new());
        for (literal, rule) in literals {
            if let Some(begins) = literal.first_chunk::<3>() {
                mark(&mut grams, begins, literal.get(3), literal.get(4));
            }
            match literal.len() {
                4.. => four.add(gram(&literal, 0), literal, rule),
                3 => three.add(trio(&literal), literal, rule),
                _ => {
                    short.push(literal);
                    woken.push(rule);
                }
            }
        }
        let short = AhoCorasick::builder().ascii_case_insensitive(true).build(&short)?;
        Ok(Self { grams, four, three, short, woken })
    }

    /// Finds every place where a literal wakes a rule.
    pub(super) fn find(&self, text: &str, wakings: &mut Vec<Waking>) {
        self.find_long(text.as_bytes(), wakings);
        wakings.sort_unstable();
        wakings.dedup();
        if !self.woken.is_empty() {
            let rule = |found: &aho_corasick::Match| self.woken[found.pattern().as_usize()];
            let short = self.short.find_overlapping_iter(text);
            wakings.extend(short.map(|found| Waking { rule: rule(&found), at: found.start(), len: 0 }));
        }
    }

    /// Whether any literal stands in `text`.
    pub(super) fn wakes(&self, text: &str) -> bool {
        let mut wakings = Vec::new();
        self.find(text, &mut wakings);
        !wakings.is_empty()
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
        while at + 2 < text.len() {
            self.compare_around(text, at, wakings);
            at += 2;
        }
        if at < text.len() {
            self.compare_around(text, at, wakings);
        }
    }

    fn has(&self, gram: u32) -> bool {
        let bit = bit(gram);
        self.grams[bit / 64] >> (bit % 64) & 1 == 1
    }

    /// Compares the literals that can begin at `at` and the bytes beside it.
    fn compare_around(&self, text: &[u8], at: usize, wakings: &mut Vec<Waking>) {
        for start in at.saturating_sub(1)..(at + 2).min(text.len()) {
            let gram = gram(text, start);
            self.four.find(gram, text, start, wakings);
            self.three.find(gram & TRIO, text, start, wakings);
        }
    }
}

/// The bits of three bytes among four.
const TRIO: u32 = 0x00ff_ffff;

/// Four bytes of `text`, whatever their ASCII case; what is missing at its end is nothing.
fn gram(text: &[u8], at: usize) -> u32 {
    const SMALL: u32 = 0x2020_2020;
    let bytes = match text[at..].first_chunk::<4>() {
        Some(gram) => u32::from_le_bytes(*gram),
        None => text[at..].iter().rev().fold(0, |gram, byte| gram << 8 | u32::from(*byte)),
    };
    bytes | SMALL
}

fn trio(literal: &[u8]) -> u32 {
    gram(literal, 0) & TRIO
}

/// The place of a group of four bytes in the bitmap.
fn bit(gram: u32) -> usize {
    (gram.wrapping_mul(0x9e37_79b1) >> 14) as usize & (GRAM_WORDS * 64 - 1)
}

/// Marks the groups of four bytes by which a literal is seen that begins at an even place, or at an odd one.
fn mark(grams: &mut [u64; GRAM_WORDS], begins: &[u8; 3], fourth: Option<&u8>, fifth: Option<&u8>) {
    let [a, b, c] = *begins;
    let any = || (0..=u8::MAX).filter(|byte| byte & 0x20 != 0);
    let of = |known: Option<&u8>| known.map_or_else(|| any().collect(), |byte| vec![*byte]);
    let even = of(fourth).into_iter().map(|d| [a, b, c, d]);
    let odd: Vec<[u8; 4]> = match (fourth, fifth) {
        (Some(&d), Some(&e)) => vec![[b, c, d, e]],
        // Seen from the byte before it.
        _ => any().map(|before| [before, a, b, c]).collect(),
    };
    for bytes in even.chain(odd) {
        let bit = bit(gram(&bytes, 0));
        grams[bit / 64] |= 1 << (bit % 64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_wake_their_rules_wherever_they_stand() {
        let literals = [("password", 0), ("passw", 1), ("sk-", 2), ("k-a", 3), ("@", 4), ("nt @", 5), ("é", 6)];
        let anchors = Anchors::new(literals.map(|(literal, rule)| (literal.into(), rule)).into()).unwrap();
        for before in 0..40 {
            for after in 0..20 {
                let text = format!("{}PassWord sk-ant @é{}", ".".repeat(before), ".".repeat(after));
                let mut wakings = Vec::new();
                anchors.find(&text, &mut wakings);
                wakings.sort();
                let found: Vec<_> = wakings.into_iter().map(|waking| (waking.rule, waking.at - before)).collect();
                assert_eq!(found, [(0, 0), (1, 0), (2, 9), (3, 10), (4, 16), (5, 13), (6, 17)], "{before} {after}");
            }
        }
    }
}
