//! The literals that wake rules, found without a look at most of the text.
//!
//! What a rule [needs](Need) beside its literals says which blocks of a text they are looked for in; there, [groups](grams) of
//! four bytes tell where to compare. Literals with a byte that ordinary text hardly holds are found by that byte.

mod grams;

use super::{
    glance::{BLOCK, Blocks, Glance},
    need::{Need, REACH},
    spots::{RuleId, Waking, stands},
};
use grams::Grams;

/// The length from which a literal is told from other text by a look at every second byte alone.
pub(super) const LONG: usize = 5;

/// As much of a literal as is compared.
pub(super) const LONGEST: usize = 32;

/// Literals that wake rules, in any ASCII case.
pub(super) struct Anchors {
    /// Those that are found by groups of bytes.
    grouped: [(Need, Grams); Need::ALL.len()],
    marked: Marked,
}

/// A literal and the rule that it wakes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Literal {
    pub bytes: Vec<u8>,
    pub rule: RuleId,
    /// What every match of the rule holds near the literal.
    pub need: Need,
}

impl Anchors {
    /// Compiles literals.
    pub(super) fn new(mut literals: Vec<Literal>) -> Self {
        for Literal { bytes, .. } in &mut literals {
            bytes.truncate(LONGEST);
            bytes.make_ascii_lowercase();
        }
        literals.retain(|literal| !literal.bytes.is_empty());
        literals.sort();
        literals.dedup();
        let marked = Marked::take(&mut literals);
        let of_need = |need: Need| Grams::new(literals.iter().filter(|literal| literal.need == need));
        Self { grouped: Need::ALL.map(|need| (need, of_need(need))), marked }
    }

    /// Finds every place in `text`, looked at before, where a literal wakes a rule.
    pub(super) fn find(&self, text: &str, glance: &Glance, wakings: &mut Vec<Waking>) {
        let text = text.as_bytes();
        for (need, grams) in self.grouped.iter().filter(|(_, grams)| !grams.is_empty()) {
            match seen(*need, glance) {
                Some(there) => {
                    // As far as a rule reaches, and as far as the group of a literal may stand behind what it needs.
                    let blocks = there.with_near(REACH.div_ceil(BLOCK) as u32, 1);
                    blocks.starts().for_each(|start| grams.find(text, start..start + BLOCK, wakings));
                }
                None => grams.find(text, 0..text.len(), wakings),
            }
        }
        wakings.sort_unstable();
        wakings.dedup();
        self.marked.find(text, wakings);
    }

    /// Whether any literal stands in `text` whose rule may match from there on, if this was seen behind it; anything may stand
    /// there without.
    pub(super) fn wakes(&self, text: &str, behind: Option<&Glance>) -> bool {
        let (glance, mut wakings) = (Glance::at(text), Vec::new());
        for (need, grams) in &self.grouped {
            let is_there = |glance: &Glance| seen(*need, glance).is_none_or(|there| !there.is_empty());
            if !glance.is_plain || is_there(&glance) || behind.is_none_or(is_there) {
                grams.find(text.as_bytes(), 0..text.len(), &mut wakings);
            }
        }
        self.marked.find(text.as_bytes(), &mut wakings);
        !wakings.is_empty()
    }
}

/// Where what is needed was seen, if that is anything.
fn seen(need: Need, glance: &Glance) -> Option<&Blocks> {
    match need {
        Need::Digit => Some(&glance.digits),
        Need::LongWord => Some(&glance.long_words),
        Need::Nothing => None,
    }
}

/// Literals that are found by one byte: short ones, and those that need nothing else and have a byte that ordinary text hardly
/// holds.
#[derive(Default)]
struct Marked {
    literals: Vec<Literal>,
    /// The bytes to look for.
    marks: Vec<u8>,
}

impl Marked {
    /// The bytes that ordinary text hardly holds.
    const MARKS: [u8; 3] = *b"@<_";

    /// Takes such literals from all.
    fn take(literals: &mut Vec<Literal>) -> Self {
        let has_mark = |bytes: &[u8]| bytes.iter().any(|byte| Self::MARKS.contains(byte));
        let is_marked = |literal: &mut Literal| {
            literal.bytes.len() <= 2 || literal.need == Need::Nothing && has_mark(&literal.bytes)
        };
        let literals: Vec<Literal> = literals.extract_if(.., is_marked).collect();
        let both = |byte: u8| [byte, byte.to_ascii_uppercase()];
        let mut marks: Vec<u8> =
            literals.iter().flat_map(|literal| both(literal.bytes[mark_at(&literal.bytes)])).collect();
        marks.sort_unstable();
        marks.dedup();
        Self { literals, marks }
    }

    fn find(&self, text: &[u8], wakings: &mut Vec<Waking>) {
        let mut at_byte = |at: usize| {
            for Literal { bytes, rule, .. } in &self.literals {
                if let Some(start) = at.checked_sub(mark_at(bytes)).filter(|start| stands(text, *start, bytes)) {
                    wakings.push(Waking { rule: *rule, at: start, len: 0 });
                }
            }
        };
        for marks in self.marks.chunks(3) {
            match *marks {
                [a] => memchr::memchr_iter(a, text).for_each(&mut at_byte),
                [a, b] => memchr::memchr2_iter(a, b, text).for_each(&mut at_byte),
                [a, b, c, ..] => memchr::memchr3_iter(a, b, c, text).for_each(&mut at_byte),
                [] => {}
            }
        }
    }
}

/// The place of the byte by which a literal is found.
fn mark_at(literal: &[u8]) -> usize {
    let mark = literal.iter().position(|byte| Marked::MARKS.contains(byte));
    let rare = || literal.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b' ');
    mark.or_else(rare).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_wake_their_rules_wherever_they_stand() {
        let literals = [("password", 0), ("passw", 1), ("sk-", 2), ("k-a", 3), ("@", 4), ("nt @", 5), ("é", 6)];
        for need in Need::ALL {
            let literal = |(bytes, rule): (&str, RuleId)| Literal { bytes: bytes.into(), rule, need };
            let anchors = Anchors::new(literals.map(literal).into());
            for (before, after) in (0..40).flat_map(|before| (0..20).map(move |after| (before, after))) {
                let text = format!("{}PassWord sk-ant @é{} 7 abcdefghijklmn", ".".repeat(before), ".".repeat(after));
                let mut wakings = Vec::new();
                anchors.find(&text, &Glance::at(&text), &mut wakings);
                wakings.sort();
                let found: Vec<_> = wakings.into_iter().map(|waking| (waking.rule, waking.at - before)).collect();
                assert_eq!(found, [(0, 0), (1, 0), (2, 9), (3, 10), (4, 16), (5, 13), (6, 17)], "{before} {after}");
            }
        }
    }

    #[test]
    fn literals_are_looked_for_as_far_from_what_they_need_as_it_may_stand() {
        for (need, needed) in [(Need::Digit, "7"), (Need::LongWord, "a2345678901234")] {
            let literal = |bytes: &str| Literal { bytes: bytes.into(), rule: 0, need };
            let anchors = Anchors::new(vec![literal("telling"), literal("abc")]);
            let far = REACH - needed.len();
            for (before, gap) in (0..200).flat_map(|before| [0, 1, far - 8, far - 7].map(|gap| (before, gap))) {
                for name in ["telling", "abc"] {
                    let text = format!("{}{name}{}{needed}", " ".repeat(before), " ".repeat(gap));
                    let mut wakings = Vec::new();
                    anchors.find(&text, &Glance::at(&text), &mut wakings);
                    assert_eq!(wakings.len(), 1, "{text}");
                    // A match may begin before its literal, too.
                    let text = format!("{}{needed}{}{name}", " ".repeat(before), " ".repeat(gap.min(BLOCK - LONGEST)));
                    anchors.find(&text, &Glance::at(&text), &mut wakings);
                    assert_eq!(wakings.len(), 2, "{text}");
                }
            }
        }
    }
}
