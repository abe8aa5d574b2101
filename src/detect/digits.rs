//! The digits of a regex's matches: how many there are, how they are grouped, and what stands at the first places.

use regex_syntax::hir::{Hir, HirKind, Repetition};

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

/// From so many digits on, groups are not told apart.
pub(super) const MANY: usize = u32::BITS as usize - 1;

/// The bytes that can stand behind the first group of digits, by how many digits it has.
pub(super) type Leads = [Bytes; MANY + 1];

/// Follows the first group of digits through a regex, and collects what can stand behind it. `open` says how many digits it may
/// have where the regex begins, bit `n` for `n`; what comes back, how many where the regex ends.
pub(super) fn leads(hir: &Hir, open: u32, leads: &mut Leads) -> u32 {
    let mut step = |open: u32, bytes: Bytes| {
        let others = bytes.without(DIGITS);
        (1..=MANY).filter(|count| open >> count & 1 == 1).for_each(|count| leads[count] = leads[count].and(others));
        let more = if bytes.any(DIGITS) { open << 1 | open & 1 << MANY } else { 0 };
        // Before the first digit nothing ends the group.
        more | if others == Bytes::default() { 0 } else { open & 1 }
    };
    match hir.kind() {
        _ if open == 0 => 0,
        HirKind::Empty | HirKind::Look(_) => open,
        HirKind::Literal(literal) => literal.0.iter().fold(open, |open, byte| step(open, Bytes::one(*byte))),
        HirKind::Class(_) => step(open, first_bytes(hir).unwrap_or(ANY)),
        HirKind::Capture(capture) => self::leads(&capture.sub, open, leads),
        HirKind::Concat(parts) => parts.iter().fold(open, |open, part| self::leads(part, open, leads)),
        HirKind::Alternation(branches) => branches.iter().fold(0, |all, branch| all | self::leads(branch, open, leads)),
        HirKind::Repetition(repetition) => repeated(repetition, open, |open| self::leads(&repetition.sub, open, leads)),
    }
}

/// The states behind a repetition, where `step` says those behind each round.
fn repeated(repetition: &Repetition, states: u32, mut step: impl FnMut(u32) -> u32) -> u32 {
    /// As many rounds as states can tell apart.
    const ROUNDS: u32 = 40;
    let (mut all, mut now) = (if repetition.min == 0 { states } else { 0 }, states);
    for times in 1..=repetition.max.unwrap_or(u32::MAX).min(ROUNDS) {
        let next = step(now);
        all |= if times >= repetition.min.min(ROUNDS) { next } else { 0 };
        if next == std::mem::replace(&mut now, next) && times >= repetition.min {
            break;
        }
    }
    all
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
            repeated(repetition, states, |states| places_behind(&repetition.sub, states, places))
        }
    }
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
