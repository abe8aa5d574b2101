//! The literals that wake rules, found without a look at most of the text.
//!
//! A text is looked at every second byte, four bytes at a time. Each literal is known by the bytes in it that ordinary text has
//! least of; a bitmap says which groups of four are such bytes, and only there are literals compared.

use super::spots::{RuleId, Waking, stands};

/// Literals that wake rules, in any ASCII case.
pub(super) struct Anchors {
    /// Which groups of four bytes are part of a literal, as bits by their hash.
    grams: Box<[u64; GRAM_WORDS]>,
    /// Where the entries of each hash of a group begin.
    buckets: Vec<u32>,
    entries: Vec<Entry>,
    /// All literals, one behind the other.
    literals: Vec<u8>,
    short: Short,
}

/// A literal by a group of four bytes in it.
struct Entry {
    gram: u32,
    /// Where the literal begins, counted from the group.
    begins: i8,
    len: u8,
    /// Its place among all literals.
    literal: u32,
    rule: RuleId,
}

/// The length from which a literal is told from other text by a look at every second byte alone.
pub(super) const LONG: usize = 5;

/// As much of a literal as is compared.
const LONGEST: usize = 32;

const GRAM_WORDS: usize = 4096;

/// The bytes of a text that are looked at together.
const STEP: usize = 16;

/// Literals of one or two bytes, by the one that ordinary text has least of.
#[derive(Default)]
struct Short {
    literals: Vec<(Vec<u8>, RuleId)>,
    /// The bytes to look for, at most three; every byte is looked at if there would be more.
    rare: Vec<u8>,
}

impl Short {
    fn new(literals: Vec<(Vec<u8>, RuleId)>) -> Self {
        let both = |byte: u8| [byte, byte.to_ascii_uppercase()];
        let mut rare: Vec<u8> = literals.iter().flat_map(|(literal, _)| both(literal[rare_at(literal)])).collect();
        rare.sort_unstable();
        rare.dedup();
        Self { literals, rare }
    }

    fn find(&self, text: &[u8], wakings: &mut Vec<Waking>) {
        let mut at_byte = |at: usize| {
            for (literal, rule) in &self.literals {
                if let Some(start) = at.checked_sub(rare_at(literal)).filter(|start| stands(text, *start, literal)) {
                    wakings.push(Waking { rule: *rule, at: start, len: 0 });
                }
            }
        };
        match *self.rare {
            [] => {}
            [a] => memchr::memchr_iter(a, text).for_each(at_byte),
            [a, b] => memchr::memchr2_iter(a, b, text).for_each(at_byte),
            [a, b, c] => memchr::memchr3_iter(a, b, c, text).for_each(at_byte),
            _ => (0..text.len()).filter(|at| self.rare.contains(&text[*at])).for_each(&mut at_byte),
        }
    }
}

/// The place of the byte in a short literal that ordinary text has least of.
fn rare_at(literal: &[u8]) -> usize {
    literal.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b' ').unwrap_or(0)
}

impl Anchors {
    /// Compiles literals with the rule that each wakes.
    pub(super) fn new(mut literals: Vec<(Vec<u8>, RuleId)>) -> Self {
        for (literal, _) in &mut literals {
            literal.truncate(LONGEST);
            literal.make_ascii_lowercase();
        }
        literals.retain(|(literal, _)| !literal.is_empty());
        literals.sort();
        literals.dedup();
        let (long, short): (Vec<_>, Vec<_>) = literals.into_iter().partition(|(literal, _)| literal.len() > 2);
        let (mut grams, mut entries, mut all) = (Box::new([0; GRAM_WORDS]), Vec::new(), Vec::new());
        for (literal, rule) in long {
            let place = all.len() as u32;
            all.extend_from_slice(&literal);
            for (bytes, begins) in seen(&literal) {
                let (gram, literal, len) = (gram(&bytes, 0), place, (all.len() - place as usize) as u8);
                grams[word(gram)] |= bit(gram);
                entries.push(Entry { gram, begins, len, literal, rule });
            }
        }
        let count = entries.len().next_power_of_two().min(1 << HASH_BITS);
        let bucket = |entry: &Entry| hash(entry.gram) & (count - 1);
        entries.sort_by_key(bucket);
        let mut buckets = vec![0; count + 1];
        entries.iter().for_each(|entry| buckets[bucket(entry) + 1] += 1);
        (0..count).for_each(|number| buckets[number + 1] += buckets[number]);
        Self { grams, buckets, entries, literals: all, short: Short::new(short) }
    }

    /// Finds every place where a literal wakes a rule.
    pub(super) fn find(&self, text: &str, wakings: &mut Vec<Waking>) {
        self.find_long(text.as_bytes(), wakings);
        wakings.sort_unstable();
        wakings.dedup();
        self.short.find(text.as_bytes(), wakings);
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
                self.compare(text, at + hits.trailing_zeros() as usize, wakings);
                hits &= hits - 1;
            }
            at += STEP;
        }
        (at..text.len()).step_by(2).for_each(|at| self.compare(text, at, wakings));
    }

    fn has(&self, gram: u32) -> bool {
        self.grams[word(gram)] & bit(gram) != 0
    }

    /// Compares the literals that the group of four bytes at `at` can be part of.
    fn compare(&self, text: &[u8], at: usize, wakings: &mut Vec<Waking>) {
        let gram = gram(text, at);
        // The buckets are a power of two, with one more where the last ends.
        let bucket = hash(gram) & (self.buckets.len() - 2);
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

const HASH_BITS: u32 = 24;

fn hash(gram: u32) -> usize {
    (gram.wrapping_mul(0x9e37_79b1) >> (u32::BITS - HASH_BITS)) as usize
}

/// The word of the bitmap that has the bits of a group.
fn word(gram: u32) -> usize {
    hash(gram) / (1 << (HASH_BITS - 12))
}

/// The bit of a group in its word.
fn bit(gram: u32) -> u64 {
    1 << (hash(gram) % 64)
}

/// The groups of four bytes by which a literal is seen, whether it begins at an even place or an odd one, and where it begins
/// from there.
fn seen(literal: &[u8]) -> Vec<([u8; 4], i8)> {
    let any = || (0..=u8::MAX).filter(|byte| byte & 0x20 != 0);
    match *literal {
        [a, b, c] => {
            let even = any().map(|behind| ([a, b, c, behind], 0));
            even.chain(any().map(|before| ([before, a, b, c], 1))).collect()
        }
        [a, b, c, d] => any().map(|before| ([before, a, b, c], 1)).chain([([a, b, c, d], 0)]).collect(),
        _ => {
            let windows = literal.windows(LONG).enumerate();
            let telling = windows.min_by_key(|(_, window)| window.iter().map(|byte| commonness(*byte)).sum::<usize>());
            let of_window = |(at, window): (usize, &[u8])| match *window {
                [a, b, c, d, e] => vec![([a, b, c, d], -(at as i8)), ([b, c, d, e], -(at as i8) - 1)],
                _ => Vec::new(),
            };
            telling.map(of_window).unwrap_or_default()
        }
    }
}

/// How common a byte is in ordinary text, about.
fn commonness(byte: u8) -> usize {
    const RAREST_FIRST: &[u8] = b"zqxjkvbywgpfmucldhrsnioate ";
    RAREST_FIRST.iter().position(|rare| *rare == byte).map_or(0, |place| place + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_wake_their_rules_wherever_they_stand() {
        let literals = [("password", 0), ("passw", 1), ("sk-", 2), ("k-a", 3), ("@", 4), ("nt @", 5), ("é", 6)];
        let anchors = Anchors::new(literals.map(|(literal, rule)| (literal.into(), rule)).into());
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
