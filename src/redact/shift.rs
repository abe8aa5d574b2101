//! Where a place in a provider's text is in the restored one: citations and annotations point by counting.

use std::ops::{Add, AddAssign};

use crate::provider::Unit;

/// A length in every unit that APIs count in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    bytes: u64,
    /// Unicode code points.
    characters: u64,
}

/// The changes to one text, in order.
#[derive(Debug, Default)]
pub(super) struct Shifts(Vec<Shift>);

/// So much at a place became so much.
#[derive(Debug)]
struct Shift {
    at: Extent,
    was: Extent,
    now: Extent,
}

impl Extent {
    /// The length of `text`.
    pub(super) fn of(text: &str) -> Self {
        Self { bytes: text.len() as u64, characters: text.chars().count() as u64 }
    }

    fn count(self, unit: Unit) -> u64 {
        match unit {
            Unit::Bytes => self.bytes,
            Unit::Characters => self.characters,
        }
    }
}

impl Shifts {
    /// Notes that `was`, which stands at `at` in the provider's text, became `now`.
    pub(super) fn note(&mut self, at: Extent, was: &str, now: &str) {
        self.0.push(Shift { at, was: Extent::of(was), now: Extent::of(now) });
    }

    /// The place in the restored text. One inside of something that changed goes to its nearer end.
    pub(super) fn moved(&self, place: u64, unit: Unit) -> u64 {
        let mut moved = place;
        for Shift { at, was, now } in &self.0 {
            let (at, was, now) = (at.count(unit), was.count(unit), now.count(unit));
            if place >= at + was {
                moved = moved + now - was;
            } else if place > at {
                let into = place - at;
                moved = moved - into + if into * 2 >= was { now } else { 0 };
            }
        }
        moved
    }
}

impl Add for Extent {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { bytes: self.bytes + other.bytes, characters: self.characters + other.characters }
    }
}

impl AddAssign for Extent {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_a_change_moves() {
        let text = "é [SSN_7K2Q] and [A_0000] end";
        let mut shifts = Shifts::default();
        for (placeholder, value) in [("[SSN_7K2Q]", "536-90-4399"), ("[A_0000]", "é")] {
            shifts.note(Extent::of(&text[..text.find(placeholder).unwrap()]), placeholder, value);
        }
        let restored = "é 536-90-4399 and é end";
        for word in ["é", " and", "end"] {
            let (before, after) = (text.find(word).unwrap(), restored.find(word).unwrap());
            assert_eq!(shifts.moved(before as u64, Unit::Bytes), after as u64, "{word}");
            let characters = |text: &str, at: usize| text[..at].chars().count() as u64;
            assert_eq!(shifts.moved(characters(text, before), Unit::Characters), characters(restored, after), "{word}");
        }
        let start = 2;
        assert_eq!(
            [start, start + 1, start + 9, start + 10].map(|at| shifts.moved(at, Unit::Characters)),
            [2, 2, 13, 13]
        );
    }
}
