//! The digits of a regex's matches: how many there are, how they are grouped, and what stands at the first places.

use regex_syntax::hir::{Hir, HirKind};

use super::bytes::{ANY, Bytes, DIGITS, LETTERS, first_bytes};

/// How many places from the first digit on are known of every match.
pub(super) const PLACES: usize = 6;

/// How many bytes without a digit or letter may stand between the digits of one number.
pub(super) const GAP: usize = 6;

/// How many digits every match holds before its first letter or long gap.
pub(super) fn unparted_digits(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Alternation(branches) => branches.iter().map(unparted_digits).min().unwrap_or(0),
        HirKind::Capture(capture) => unparted_digits(&capture.sub),
        HirKind::Concat(parts) => {
            let first_digit = parts.iter().position(|part| digits(part) > 0).unwrap_or(parts.len());
            let parted = parts[first_digit..].iter().position(has_letters).map_or(parts.len(), |at| first_digit + at);
            let inside = parts.get(parted).map_or(0, unparted_digits);
            parts[first_digit..parted].iter().map(digits).sum::<usize>() + inside
        }
        _ if has_letters(hir) => 0,
        _ => digits(hir),
    }
}

/// Follows the first group of digits through a regex: how many digits it may have where the regex ends, and where it ends
/// before. `open` says how many it may have where the regex begins.
pub(super) fn leads(hir: &Hir, open: u32) -> (u32, u32) {
    if open == 0 {
        return (0, 0);
    }
    let one_more = |open: u32| open << 1 | open & 1 << 31;
    // Before the first digit nothing ends the group.
    let ended = |open: u32| (open & 1, open & !1);
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => (open, 0),
        HirKind::Literal(literal) => literal.0.iter().fold((open, 0), |(open, closed), byte| {
            let (open, ended) = if byte.is_ascii_digit() { (one_more(open), 0) } else { ended(open) };
            (open, closed | ended)
        }),
        HirKind::Class(_) => {
            let bytes = first_bytes(hir).unwrap_or(ANY);
            let more = if bytes.any(DIGITS) { one_more(open) } else { 0 };
            let (rest, closed) = if bytes.only(DIGITS) { (0, 0) } else { ended(open) };
            (more | rest, closed)
        }
        HirKind::Capture(capture) => leads(&capture.sub, open),
        HirKind::Concat(parts) => parts.iter().fold((open, 0), |(open, closed), part| {
            let (open, ended) = leads(part, open);
            (open, closed | ended)
        }),
        HirKind::Alternation(branches) => branches.iter().map(|branch| leads(branch, open)).fold((0, 0), either),
        HirKind::Repetition(repetition) => {
            let mut all = (if repetition.min == 0 { open } else { 0 }, 0);
            let mut now = open;
            for times in 1..=repetition.max.unwrap_or(u32::MAX).min(40) {
                let (next, closed) = leads(&repetition.sub, now);
                all = either(all, (if times >= repetition.min.min(40) { next } else { 0 }, closed));
                if next == std::mem::replace(&mut now, next) && times >= repetition.min {
                    break;
                }
            }
            all
        }
    }
}

/// Collects the bytes that can stand at each place from the first digit on. `states` says where a match may be: bit 0 before
/// its first digit, bit `n` when `n` bytes from there on are read; what comes back says where it may be behind `hir`.
pub(super) fn places_behind(hir: &Hir, states: u32, places: &mut [Bytes; PLACES]) -> u32 {
    if states & !(1 << PLACES) == 0 {
        return states;
    }
    let mut step = |states: u32, bytes: Bytes| {
        let digits = bytes.common(DIGITS);
        let mut next = if bytes == digits { 0 } else { states & 1 };
        if states & 1 == 1 && digits != Bytes::default() {
            places[0] = places[0].and(digits);
            next |= 1 << 1;
        }
        for place in (1..PLACES).filter(|place| states >> place & 1 == 1) {
            places[place] = places[place].and(bytes);
            next |= 1 << (place + 1);
        }
        next | states & 1 << PLACES
    };
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => states,
        HirKind::Literal(literal) => literal.0.iter().fold(states, |states, byte| step(states, Bytes::one(*byte))),
        HirKind::Class(_) => step(states, first_bytes(hir).unwrap_or(ANY)),
        HirKind::Capture(capture) => places_behind(&capture.sub, states, places),
        HirKind::Concat(parts) => parts.iter().fold(states, |states, part| places_behind(part, states, places)),
        HirKind::Alternation(branches) => {
            branches.iter().fold(0, |all, branch| all | places_behind(branch, states, places))
        }
        HirKind::Repetition(repetition) => {
            let (mut all, mut now) = (if repetition.min == 0 { states } else { 0 }, states);
            for times in 1..=repetition.max.unwrap_or(u32::MAX).min(40) {
                let next = places_behind(&repetition.sub, now, places);
                all |= if times >= repetition.min.min(40) { next } else { 0 };
                if next == std::mem::replace(&mut now, next) && times >= repetition.min {
                    break;
                }
            }
            all
        }
    }
}

fn either((open, closed): (u32, u32), (other, ended): (u32, u32)) -> (u32, u32) {
    (open | other, closed | ended)
}

/// How many digits every match of a regex holds.
fn digits(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Alternation(branches) => branches.iter().map(digits).min().unwrap_or(0),
        HirKind::Capture(capture) => digits(&capture.sub),
        HirKind::Class(_) => usize::from(first_bytes(hir).is_some_and(|bytes| bytes.only(DIGITS))),
        HirKind::Concat(parts) => parts.iter().map(digits).sum(),
        HirKind::Literal(literal) => literal.0.iter().filter(|byte| byte.is_ascii_digit()).count(),
        HirKind::Repetition(repetition) => repetition.min as usize * digits(&repetition.sub),
        HirKind::Empty | HirKind::Look(_) => 0,
    }
}

/// Whether letters or long gaps may stand between the digits of a match.
fn has_letters(hir: &Hir) -> bool {
    let letters = |bytes: Bytes| bytes.any(LETTERS);
    match hir.kind() {
        HirKind::Alternation(parts) | HirKind::Concat(parts) => parts.iter().any(has_letters),
        HirKind::Capture(capture) => has_letters(&capture.sub),
        HirKind::Class(_) => first_bytes(hir).is_none_or(letters),
        HirKind::Empty | HirKind::Look(_) => false,
        HirKind::Literal(literal) => literal.0.iter().any(|byte| letters(Bytes::one(*byte))),
        HirKind::Repetition(repetition) => {
            let gap = digits(&repetition.sub) == 0 && repetition.max.is_none_or(|max| max as usize > GAP);
            gap || has_letters(&repetition.sub)
        }
    }
}
