//! What a regex says about where its matches can begin, so that it runs there and nowhere else.

use regex_syntax::hir::{
    Class, ClassBytes, ClassBytesRange, Hir, HirKind, Repetition,
    literal::{ExtractKind, Extractor},
};

use super::{
    anchors::{LONG, LONGEST},
    bytes::{ANY, Bytes, DIGITS, OPENING, first_bytes},
    digits::{self, Leads, MANY, PLACES},
    glance::BLOCK,
    need::Need,
};

/// A window where no length is known: enough for the longest tokens.
pub(super) const WINDOW: usize = 8192;

/// How far before an inner anchor a match may begin where the regex sets no bound.
const BACK: usize = 256;

/// Where in a text a regex has to be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// At one of these literals, in any case, from each occurrence on.
    Anchor(Vec<Vec<u8>>),
    /// Anywhere.
    Anywhere,
    /// Around one of these literals, from `back` bytes before each occurrence on.
    Around { literals: Vec<Vec<u8>>, back: usize },
    /// `back` bytes before a group of at least `digits` digits, or at the `+` or `(` before it.
    Number { back: usize, digits: usize },
    /// At a word of a list.
    Words,
}

/// A regex's starts and the length of its longest match, as far as windows go.
pub(super) struct Shape {
    pub start: Start,
    pub longest: usize,
    /// How many digits every match holds before its first letter.
    pub digits: usize,
    /// The bytes that a match can begin with, up to its first digit.
    pub opening: Vec<Bytes>,
    /// The bytes that can stand at its first digit and the places behind it.
    pub behind: [Bytes; PLACES],
    /// The bytes that can stand behind the first group of digits.
    pub leads: Leads,
    /// What every match holds near the literal that it is found by.
    pub need: Need,
}

/// Reads the shape off a regex.
pub(super) fn shape(hir: &Hir) -> Shape {
    let longest = hir.properties().maximum_len().unwrap_or(WINDOW).min(WINDOW);
    let number = number(hir);
    let named = number.as_ref().filter(|start| matches!(start, Start::Number { back: LONG.., .. }));
    let start = named.and_then(|_| named_number(hir)).or(number);
    let start = start.or_else(|| anchor(hir)).or_else(|| around(hir)).unwrap_or(Start::Anywhere);
    let (behind, leads) = ([Bytes::default(); PLACES], [Bytes::default(); _]);
    let need = match start {
        Start::Around { back, .. } if back > NEAR => Need::Nothing,
        _ => Need::of(hir),
    };
    let shape = Shape { start, longest, digits: 0, opening: Vec::new(), behind, leads, need };
    if let Start::Number { back, .. } = shape.start { shape.of_number(hir, back) } else { shape }
}

impl Shape {
    /// Adds what is known of a regex whose matches begin with a number.
    fn of_number(mut self, hir: &Hir, back: usize) -> Self {
        let open = digits::leads(hir, 1, &mut self.leads);
        (1..=MANY).filter(|count| open >> count & 1 == 1).for_each(|count| self.leads[count] = ANY);
        let ends = digits::places_behind(hir, 1, &mut self.behind);
        let free = ends.trailing_zeros() as usize;
        self.behind.iter_mut().skip(free).for_each(|bytes| *bytes = ANY);
        Self { digits: digits::unparted_digits(hir), opening: opening(hir, back), ..self }
    }
}

/// How far before an inner literal a match begins at most if what it needs is to be looked for near the literal.
const NEAR: usize = BLOCK - LONGEST;

/// A regex whose matches begin with digits, after a few bytes that are none.
fn number(hir: &Hir) -> Option<Start> {
    if let HirKind::Alternation(branches) = hir.kind() {
        let starts: Option<Vec<Start>> = branches.iter().map(number).collect();
        return starts?.into_iter().reduce(shorter).filter(|start| *start != Start::Anywhere);
    }
    let mut back = 0;
    let mut first = Bytes::default();
    let mut optional = false;
    for piece in pieces(hir) {
        let bytes = first_bytes(piece)?;
        if bytes.only(DIGITS) && piece.properties().minimum_len()? > 0 {
            return Some(Start::Number { back, digits: if optional { 1 } else { leading_digits(piece) } });
        }
        if bytes.only(DIGITS) && back == 0 {
            optional = true;
        } else if bytes.only(OPENING) && piece.properties().maximum_len()? <= 1 && back == 0 {
            first = bytes;
        } else if fixed(piece) && !places(piece).iter().any(|bytes| bytes.any(DIGITS)) && first == Bytes::default() {
            back += piece.properties().maximum_len()?;
        } else {
            return None;
        }
    }
    None
}

fn shorter(a: Start, b: Start) -> Start {
    match (a, b) {
        (Start::Number { back, digits: a }, Start::Number { back: other, digits: b }) if back == other => {
            Start::Number { back, digits: a.min(b) }
        }
        _ => Start::Anywhere,
    }
}

/// The top-level pieces of a regex in order, captures opened.
fn pieces(hir: &Hir) -> Vec<&Hir> {
    match hir.kind() {
        HirKind::Concat(parts) => parts.iter().flat_map(pieces).collect(),
        HirKind::Capture(capture) => pieces(&capture.sub),
        _ => vec![hir],
    }
}

fn fixed(piece: &Hir) -> bool {
    piece.properties().minimum_len() == piece.properties().maximum_len()
}

/// How many digits a piece begins with at least.
fn leading_digits(piece: &Hir) -> usize {
    match piece.kind() {
        HirKind::Repetition(repetition) if matches!(repetition.sub.kind(), HirKind::Class(_)) => {
            repetition.min as usize
        }
        HirKind::Literal(literal) => literal.0.iter().take_while(|byte| byte.is_ascii_digit()).count(),
        _ => 1,
    }
}

/// The bytes that can stand at each of the `back` places before the first digit, and the first byte where there is none.
fn opening(hir: &Hir, back: usize) -> Vec<Bytes> {
    if back == 0 {
        return vec![first_bytes(hir).unwrap_or(ANY)];
    }
    let mut places = match hir.kind() {
        HirKind::Alternation(branches) => {
            let all = branches.iter().map(|branch| opening(branch, back));
            all.reduce(|all, branch| all.into_iter().zip(branch).map(|(a, b)| a.and(b)).collect()).unwrap_or_default()
        }
        _ => pieces(hir).into_iter().flat_map(places).take(back).collect(),
    };
    places.resize(back, ANY);
    places
}

/// The bytes at each place of a piece whose length is fixed.
fn places(piece: &Hir) -> Vec<Bytes> {
    match piece.kind() {
        HirKind::Literal(literal) => literal.0.iter().map(|byte| Bytes::one(*byte)).collect(),
        HirKind::Class(_) => first_bytes(piece).into_iter().collect(),
        HirKind::Repetition(repetition) if matches!(repetition.sub.kind(), HirKind::Class(_)) => {
            places(&repetition.sub).repeat(repetition.min as usize)
        }
        _ => vec![ANY; piece.properties().maximum_len().unwrap_or(0)],
    }
}

/// A regex that begins with one of a few literals.
fn anchor(hir: &Hir) -> Option<Start> {
    // As few as tell the regex from other text: classes of bytes count as literals only as far as they have to.
    const TRIED: [(usize, usize); 4] = [(1, 32), (4, 64), (44, 64), (44, 256)];
    let small = small(hir);
    let of_length = |literals: &Vec<Vec<u8>>| literals.iter().all(|literal| literal.len() >= LONG);
    let long = TRIED.iter().find_map(|&(class, total)| literals(&small, class, total).filter(of_length));
    let rare = || literals(&small, 4, 400).filter(|literals| literals.iter().all(|literal| is_rare(literal)));
    long.or_else(rare).map(Start::Anchor)
}

/// A regex that begins with letters that are known, and digits behind them.
fn named_number(hir: &Hir) -> Option<Start> {
    let literals = literals(&small(hir), 3, 64)?;
    literals.iter().all(|literal| literal.len() >= LONG).then_some(Start::Anchor(literals))
}

/// From so many literals on, they are cut to what tells them from other text.
const FEW: usize = 16;

/// How much of a literal tells it from other text.
const TELLING: usize = 8;

/// The literals that every match begins with one of; classes of up to `class` bytes count as so many literals.
fn literals(hir: &Hir, class: usize, total: usize) -> Option<Vec<Vec<u8>>> {
    let mut extractor = Extractor::new();
    extractor.kind(ExtractKind::Prefix).limit_class(class).limit_total(total).limit_literal_len(12);
    let mut literals: Vec<Vec<u8>> =
        extractor.extract(hir).literals()?.iter().map(|literal| literal.as_bytes().to_vec()).collect();
    if literals.len() > FEW {
        literals.iter_mut().for_each(|literal| literal.truncate(TELLING));
    }
    literals.sort();
    literals.dedup();
    (!literals.is_empty()).then_some(literals)
}

/// The same regex for text in small letters.
fn small(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Literal(literal) => Hir::literal(literal.0.to_ascii_lowercase()),
        HirKind::Class(Class::Bytes(class)) => {
            let bytes = class.ranges().iter().flat_map(|range| range.start()..=range.end());
            let small = bytes.map(|byte| byte.to_ascii_lowercase()).map(|byte| ClassBytesRange::new(byte, byte));
            Hir::class(Class::Bytes(ClassBytes::new(small)))
        }
        HirKind::Repetition(repetition) => {
            Hir::repetition(Repetition { sub: Box::new(small(&repetition.sub)), ..repetition.clone() })
        }
        HirKind::Capture(capture) => small(&capture.sub),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(small).collect()),
        HirKind::Alternation(branches) => Hir::alternation(branches.iter().map(small).collect()),
        _ => hir.clone(),
    }
}

/// A regex with a literal somewhere inside.
fn around(hir: &Hir) -> Option<Start> {
    let mut back = 0;
    for piece in pieces(hir) {
        if let HirKind::Literal(literal) = piece.kind()
            && is_rare(&literal.0)
        {
            return Some(Start::Around { literals: vec![literal.0.to_ascii_lowercase()], back: back.min(BACK) });
        }
        back += piece.properties().maximum_len().unwrap_or(BACK).min(BACK);
    }
    None
}

/// Whether ordinary text seldom holds `literal`.
fn is_rare(literal: &[u8]) -> bool {
    literal.len() > 2
        || literal.iter().any(|byte| b"@<".contains(byte))
        || literal.iter().any(|byte| !byte.is_ascii()) && literal.len() > 1
}

/// Whether `byte` may stand before the first digit of a number and be part of it.
pub(super) fn is_opening(byte: u8) -> bool {
    matches!(byte, b'+' | b'(')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(regex: &str) -> Shape {
        let hir = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(regex);
        super::shape(&hir.unwrap())
    }

    fn check(regex: &str, start: Start) {
        assert_eq!(shape(regex).start, start, "{regex}");
    }

    fn anchors<L: AsRef<str>>(literals: &[L]) -> Start {
        Start::Anchor(literals.iter().map(|literal| literal.as_ref().into()).collect())
    }

    #[test]
    fn the_first_group_of_digits_is_known() {
        let check = |regex: &str, digits: usize, leads: &[usize]| {
            let shape = shape(regex);
            let known: Vec<usize> = (0..=MANY).filter(|count| shape.leads[*count] != Bytes::default()).collect();
            assert_eq!((shape.digits, &known[..]), (digits, leads), "{regex}");
        };
        check(r"\d{3}-\d{2}-\d{4}", 9, &[3]);
        check(r"\(?\d{3}\)? \d{4}", 7, &[3]);
        check(r"\d{3}[.-]?\d{4}", 7, &[3, 7]);
        check(r"\d{1,2}\.\d{3}\.\d{3}-[\dkK]", 7, &[1, 2]);
        check(r"[A-Z]{4}\d{6}[HM][A-Z]{5}\d{2}", 6, &[6]);
        check(r"\d(?: ?\d){2,3}", 3, &[1, 2, 3, 4]);
        check(r"1\d{2}|\d-\d{4}", 3, &[1, 3]);
    }

    #[test]
    fn what_ends_the_first_group_of_digits_is_known() {
        let check = |regex: &str, count: usize, behind: &str| {
            let known = (b' '..=b'~').filter(|byte| shape(regex).leads[count].has(*byte));
            assert_eq!(known.map(char::from).collect::<String>(), behind, "{regex} {count}");
        };
        check(r"\d{3}[ -]\d{4}", 3, " -");
        check(r"\d{3}[ -]?\d{4}", 3, " -");
        check(r"\d{3}[ -]?\d{4}", 4, "");
        check(r"\+?\d{5,20}(?:[-_.:]\d{1,20}){0,2}@", 7, "-.:@_");
        check(r"[A-Z]{2}\d{2}[ab]?\.", 2, ".ab");
        check(r"\d[0-9A-C]{0,3}:", 2, ":ABC");
        let all: String = (b' '..=b'~').map(char::from).filter(|c| !c.is_ascii_digit()).collect();
        check(r"\d{4}-?", 4, &(b' '..=b'~').map(char::from).collect::<String>());
        check(r"\d{4}[^0-9]", 4, &all);
    }

    #[test]
    fn the_bytes_behind_the_first_digit_are_known() {
        let check = |regex: &str, text: &str, fits: bool| {
            let behind = shape(regex).behind;
            assert_eq!(text.bytes().zip(behind).all(|(byte, bytes)| bytes.has(byte)), fits, "{regex} {text}");
        };
        check(r"\d{3}-\d{2}-\d{4}", "536-90", true);
        check(r"\d{3}-\d{2}-\d{4}", "536 90", false);
        check(r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}", "89 370", true);
        check(r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}", "89, 37", false);
        check(r"\(?\d{3}\)? \d{4}", "201) 5", true);
        check(r"\d{2}|\d:\d", "12 abc", true);
        check(r"\d{2}|\d:\d", "1-2", false);
    }

    #[test]
    fn a_regex_runs_where_it_can_begin() {
        check(r"\d{3}-\d{2}-\d{4}", Start::Number { back: 0, digits: 3 });
        check(r"\d{3}-\d{2}|\d{2} \d{2}", Start::Number { back: 0, digits: 2 });
        check(r"(?:1-)?\(?\d{3}", Start::Number { back: 0, digits: 1 });
        check(r"\+?\(?\d{2,3}", Start::Number { back: 0, digits: 2 });
        check(r"[A-Z]{2}\d{2}[A-Z]", Start::Number { back: 2, digits: 2 });
        check(r"sk-[a-z]{20,}", Start::Anchor(vec![b"sk-".to_vec()]));
        check(r"(?i:pass|word)[=:]", anchors(&["pass:", "pass=", "word:", "word="]));
        check(r"ghp_[A-Z]{2}", anchors(&(b'a'..=b'z').map(|c| format!("ghp_{}", c as char)).collect::<Vec<_>>()));
        check(r"[a-z]{1,64}@[a-z]+", Start::Around { literals: vec![b"@".to_vec()], back: 64 });
        check(r"(?:0?[1-9]|1[0-2])-\d", Start::Number { back: 0, digits: 1 });
        check(
            r"\$2[ab]\$\d{2}",
            anchors(&(0..20).map(|i| format!("$2{}${}", ["a", "b"][i / 10], i % 10)).collect::<Vec<_>>()),
        );
        check(r"[a-z]+\d", Start::Anywhere);
    }
}
