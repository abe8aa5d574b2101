//! Sets of bytes: what can stand at a place of a regex's match.

use regex_syntax::hir::{Class, ClassBytes, Hir, HirKind};

/// A set of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bytes([u64; WORDS]);

/// As many words as hold a bit for each byte.
const WORDS: usize = 4;

/// Every byte.
pub(super) const ANY: Bytes = Bytes::of(0, u8::MAX);

/// ASCII digits.
pub(super) const DIGITS: Bytes = Bytes::of(b'0', b'9');

/// ASCII letters, and what letters of other scripts are made of.
pub(super) const LETTERS: Bytes = Bytes::of(b'A', b'Z').and(Bytes::of(b'a', b'z')).and(Bytes::of(0x80, u8::MAX));

/// What may stand before the first digit of a number and be part of it.
pub(super) const OPENING: Bytes = Bytes::one(b'+').and(Bytes::one(b'('));

impl Bytes {
    /// The bytes from `first` to `last`.
    pub(super) const fn of(first: u8, last: u8) -> Self {
        let (mut bits, mut byte) = ([0; WORDS], first as usize);
        while byte <= last as usize {
            bits[byte / 64] |= 1 << (byte % 64);
            byte += 1;
        }
        Self(bits)
    }

    /// One byte.
    pub(super) const fn one(byte: u8) -> Self {
        Self::of(byte, byte)
    }

    /// The bytes of both sets.
    pub(super) const fn and(self, other: Self) -> Self {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        Self([a | e, b | f, c | g, d | h])
    }

    /// The bytes that both sets have.
    pub(super) fn common(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] & other.0[word]))
    }

    /// The bytes of this set that the other does not have.
    pub(super) fn without(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] & !other.0[word]))
    }

    /// Whether any byte is of this kind.
    pub(super) fn any(self, kind: Self) -> bool {
        self.common(kind) != Self::default()
    }

    /// Whether there are bytes and all are of this kind.
    pub(super) fn only(self, kind: Self) -> bool {
        self != Self::default() && self.common(kind) == self
    }

    /// Whether `byte` is one of them.
    pub(super) fn has(self, byte: u8) -> bool {
        self.0[usize::from(byte / 64)] >> (byte % 64) & 1 == 1
    }
}

/// The bytes that a piece can match anywhere.
pub(super) fn all_bytes(hir: &Hir) -> Bytes {
    match hir.kind() {
        HirKind::Alternation(parts) | HirKind::Concat(parts) => {
            parts.iter().map(all_bytes).fold(Bytes::default(), Bytes::and)
        }
        HirKind::Capture(capture) => all_bytes(&capture.sub),
        HirKind::Class(Class::Bytes(class)) => of_class(class),
        HirKind::Class(Class::Unicode(_)) => ANY,
        HirKind::Empty | HirKind::Look(_) => Bytes::default(),
        HirKind::Literal(literal) => literal.0.iter().map(|byte| Bytes::one(*byte)).fold(Bytes::default(), Bytes::and),
        HirKind::Repetition(repetition) => all_bytes(&repetition.sub),
    }
}

fn of_class(class: &ClassBytes) -> Bytes {
    class.ranges().iter().fold(Bytes::default(), |bytes, range| bytes.and(Bytes::of(range.start(), range.end())))
}

/// The bytes that a piece can begin with; `None` when that cannot be told.
pub(super) fn first_bytes(hir: &Hir) -> Option<Bytes> {
    Some(match hir.kind() {
        HirKind::Capture(capture) => first_bytes(&capture.sub)?,
        HirKind::Repetition(repetition) => first_bytes(&repetition.sub)?,
        HirKind::Literal(literal) => Bytes::one(*literal.0.first()?),
        HirKind::Class(Class::Bytes(class)) => of_class(class),
        HirKind::Alternation(branches) => {
            branches.iter().map(first_bytes).collect::<Option<Vec<_>>>()?.into_iter().fold(Bytes::default(), Bytes::and)
        }
        HirKind::Concat(parts) => {
            let needed = parts.iter().position(|part| part.properties().minimum_len().is_some_and(|len| len > 0))?;
            parts[..=needed]
                .iter()
                .map(first_bytes)
                .collect::<Option<Vec<_>>>()?
                .into_iter()
                .fold(Bytes::default(), Bytes::and)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_bytes_hold_their_ends() {
        for (first, last) in [(0, 0), (0, 127), (0, 128), (5, 200), (127, 128), (128, 128), (200, 255), (255, 255)] {
            let bytes = Bytes::of(first, last);
            assert!((0..=u8::MAX).all(|byte| bytes.has(byte) == (first..=last).contains(&byte)), "{first} {last}");
        }
    }
}
