//! What every match of a regex holds near its beginning that ordinary talk seldom holds, so that its literals are looked for
//! near that only.

use regex_syntax::hir::{Hir, HirKind};

use super::{
    bytes::{Bytes, DIGITS, all_bytes},
    glance::{BLOCK, LONG_WORD},
};

/// What every match holds not farther than [`REACH`] bytes from where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    /// A digit.
    Digit,
    /// A place up to which a word is [long](super::glance).
    LongWord,
    /// Nothing that helps.
    Nothing,
}

impl Need {
    /// All of them.
    pub(super) const ALL: [Self; 3] = [Self::Digit, Self::LongWord, Self::Nothing];

    /// What a regex needs.
    pub(super) fn of(hir: &Hir) -> Self {
        let near = |far: Option<usize>| far.is_some_and(|far| far <= REACH);
        if near(long_word(hir)) {
            return Self::LongWord;
        }
        if near(digit(hir)) { Self::Digit } else { Self::Nothing }
    }
}

/// How far from its beginning what a match needs stands at most: two blocks, less what a look at four bytes may begin before it.
pub(super) const REACH: usize = 2 * BLOCK - 2;

/// Bytes of which long words are made.
const GRAPHS: Bytes = Bytes::of(b'!', 0x7f);

/// How far from its beginning every match holds a digit at the latest.
fn digit(hir: &Hir) -> Option<usize> {
    match hir.kind() {
        HirKind::Alternation(branches) => latest(branches.iter().map(digit)),
        HirKind::Capture(capture) => digit(&capture.sub),
        HirKind::Class(_) => all_bytes(hir).only(DIGITS).then_some(0),
        HirKind::Concat(parts) => earliest(parts, digit),
        HirKind::Literal(literal) => literal.0.iter().position(u8::is_ascii_digit),
        HirKind::Repetition(repetition) => digit(&repetition.sub).filter(|_| repetition.min > 0),
        HirKind::Empty | HirKind::Look(_) => None,
    }
}

/// How far from its beginning a long word is long in every match at the latest.
fn long_word(hir: &Hir) -> Option<usize> {
    if is_graphic(hir) {
        return (hir.properties().minimum_len()? >= LONG_WORD).then_some(LONG_WORD - 1);
    }
    match hir.kind() {
        HirKind::Alternation(branches) => latest(branches.iter().map(long_word)),
        HirKind::Capture(capture) => long_word(&capture.sub),
        HirKind::Concat(parts) => {
            let stretches = (0..parts.len()).filter(|start| *start == 0 || !is_graphic(&parts[start - 1]));
            let of_stretch = |start: usize| {
                let graphic = parts[start..].iter().take_while(|part| is_graphic(part));
                let len: usize = graphic.filter_map(|part| part.properties().minimum_len()).sum();
                let before = longest(&parts[..start])?;
                (len >= LONG_WORD).then_some(before + LONG_WORD - 1)
            };
            let inside = earliest(parts, long_word);
            stretches.filter_map(of_stretch).chain(inside).min()
        }
        HirKind::Repetition(repetition) => long_word(&repetition.sub).filter(|_| repetition.min > 0),
        HirKind::Class(_) | HirKind::Empty | HirKind::Literal(_) | HirKind::Look(_) => None,
    }
}

/// The farthest of all branches, if every one is known.
fn latest(branches: impl Iterator<Item = Option<usize>>) -> Option<usize> {
    branches.collect::<Option<Vec<_>>>()?.into_iter().max()
}

/// How far from the beginning the first of `parts` shows it that does.
fn earliest(parts: &[Hir], far: fn(&Hir) -> Option<usize>) -> Option<usize> {
    let shown = |(i, part): (usize, &Hir)| Some(longest(&parts[..i])? + far(part)?);
    parts.iter().enumerate().filter_map(shown).min()
}

/// How long `parts` are together at most.
fn longest(parts: &[Hir]) -> Option<usize> {
    parts.iter().map(|part| part.properties().maximum_len()).sum()
}

/// Whether nothing but bytes of long words is matched.
fn is_graphic(hir: &Hir) -> bool {
    all_bytes(hir).common(GRAPHS) == all_bytes(hir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_match_holds_is_needed() {
        let check = |regex: &str, need: Need| {
            let hir = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(regex);
            assert_eq!(Need::of(&hir.unwrap()), need, "{regex}");
        };
        check("sk-[a-z]{10,}", Need::Nothing);
        check("sk-[a-z]{11,}", Need::LongWord);
        check("s k-[a-z]{13,}", Need::Nothing);
        check("s k-[a-z]{14,}", Need::LongWord);
        check("key[ =]{1,3}([a-z]{6}(?:[0-9]{8}|x{8,9}))", Need::LongWord);
        check("key[ =]{1,3}([a-z]{6}(?:[0-9]{8}|x{7,9}))", Need::Nothing);
        check("a(?:[a-z]{20}| [0-9a-z]{20})", Need::LongWord);
        check("a(?:[a-z]{20}|b)", Need::Nothing);
        check(r"may \d{1,2}", Need::Digit);
        check(r"(?:may|june?)[ ,]{0,40}\d\d", Need::Digit);
        check(r"may(?: \d)?", Need::Nothing);
        check(r"may(?: \d| [0-9]{2})", Need::Digit);
        check(&format!(r"may {{1,{}}}\d", REACH - 3), Need::Digit);
        check(&format!(r"may {{1,{}}}\d", REACH - 2), Need::Nothing);
        check("may .*[0-9]", Need::Nothing);
        check("may é[a-z]{20}", Need::LongWord);
    }
}
