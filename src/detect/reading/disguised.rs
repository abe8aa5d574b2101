//! Numbers in disguise: letters that look like digits, emphasis and tags between the groups.
//!
//! A letter counts as a digit only in a number that has digits enough of its own, and whether that is anything is for the
//! patterns to say, with their checksums and cues.

use std::ops::Range;

use super::{
    super::glance::{self, BLOCK, Glance},
    map::Edit,
};

/// The fewest digits of a number with letters in it.
const LEAST: usize = 7;

/// How many bytes may stand between two of its groups.
const WIDEST: usize = 4;

/// How many tags may stand between two groups, and how long they may be.
const TAGS: usize = 4;
const LONGEST_TAG: usize = 48;

/// Whether a digit stands beside a letter that looks like one, or before emphasis or a tag.
pub(super) fn asks(text: &str, glance: &Glance) -> bool {
    let mut next = None;
    glance.digits.with_near(1, 0).starts().any(|at| {
        let here =
            next.take().filter(|(start, _)| *start == at).map_or_else(|| Marks::at(text, at), |(_, marks)| marks);
        let behind = Marks::at(text, at + BLOCK);
        let asks = here.ask(&behind);
        next = Some((at + BLOCK, behind));
        asks
    })
}

/// Which bytes of a block are what this reading looks for.
#[derive(Default)]
struct Marks {
    digits: u64,
    letters: u64,
    /// Letters that count as a digit between two others, as in `5 O 7`.
    lone: u64,
    edges: u64,
    parts: u64,
}

impl Marks {
    fn at(text: &str, at: usize) -> Self {
        if at >= text.len() {
            return Self::default();
        }
        let block = glance::block_at(text.as_bytes(), at);
        Self {
            digits: glance::digits(&block),
            letters: glance::any_of(&block, LETTERS.map(|(letter, _)| letter)),
            lone: glance::any_of(&block, *b"OolI"),
            edges: glance::any_of(&block, *b"*`~<"),
            parts: glance::any_of(&block, *b" -."),
        }
    }

    /// Whether anything that begins in this block, before `next`, asks for this reading.
    fn ask(&self, next: &Self) -> bool {
        let both = |marks: fn(&Self) -> u64| u128::from(marks(self)) | u128::from(marks(next)) << BLOCK;
        let (digits, letters, lone) =
            (both(|marks| marks.digits), both(|marks| marks.letters), both(|marks| marks.lone));
        let (edges, parts) = (both(|marks| marks.edges), both(|marks| marks.parts));
        let beside = digits & (letters | edges) >> 1 | letters & digits >> 1;
        let apart = digits & parts >> 1 & lone >> 2 & parts >> 3 & digits >> 4;
        (beside | apart) as u64 != 0
    }
}

/// What stands for digits as digits, and what parts them as a blank.
pub(super) fn edits(text: &str) -> Vec<Edit> {
    let bytes = text.as_bytes();
    let (mut edits, mut at) = (Vec::new(), 0);
    while let Some(start) = bytes[at..].iter().position(u8::is_ascii_digit).map(|next| at + next) {
        let number = number(bytes, start, at);
        at = number.end.max(start + 1);
        swaps(bytes, number, &mut edits);
        while let Some(gap) = gap(text, at) {
            at = gap.span.end;
            edits.push(gap);
        }
    }
    edits
}

/// The letters that look like digits.
const LETTERS: [(u8, char); 7] =
    [(b'O', '0'), (b'o', '0'), (b'I', '1'), (b'l', '1'), (b'|', '1'), (b'S', '5'), (b'B', '8')];

/// The digit that a letter looks like.
fn digit(letter: u8) -> Option<char> {
    LETTERS.iter().find(|(like, _)| *like == letter).map(|(_, digit)| *digit)
}

/// The groups around the digit at `at`, `floor` at the earliest, that hold nothing but digits and what looks like them.
fn number(text: &[u8], at: usize, floor: usize) -> Range<usize> {
    let like = |byte: u8| byte.is_ascii_digit() || digit(byte).is_some();
    let parts = |byte: u8| matches!(byte, b' ' | b'.' | b'-' | b'/' | b'(' | b')' | b'_' | b',');
    let letters = |from: usize| text[floor..from].iter().rev().take_while(|byte| like(**byte)).count();
    let (mut start, mut end) = (at - letters(at), at);
    // A country code of letters alone: `+l 2Ol`.
    let code = start.checked_sub(1).filter(|gap| *gap >= floor && parts(text[*gap])).map(|gap| gap - letters(gap));
    if let Some(code) = code.filter(|code| *code > floor && text[code - 1] == b'+') {
        start = code;
    }
    let mut gap = 0;
    for (i, byte) in text[at..].iter().enumerate() {
        gap = if like(*byte) { 0 } else { gap + 1 };
        if gap == 0 {
            end = at + i + 1;
        }
        if gap > WIDEST || gap > 0 && !parts(*byte) {
            break;
        }
    }
    start..end
}

/// The letters of `number` as digits, if it is one.
fn swaps(text: &[u8], number: Range<usize>, edits: &mut Vec<Edit>) {
    if number.len() < LEAST || !text[number.clone()].iter().any(|byte| digit(*byte).is_some()) {
        return;
    }
    let (mut groups, mut at): (Vec<Range<usize>>, usize) = (Vec::new(), number.start);
    for group in text[number.clone()].split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'|') {
        groups.push(at..at + group.len());
        at += group.len() + 1;
    }
    groups.retain(|group| !group.is_empty());
    let has_digit = |group: &Range<usize>| text[group.clone()].iter().any(u8::is_ascii_digit);
    while groups.pop_if(|group| !has_digit(group)).is_some() {}
    let (Some(first), Some(last)) = (groups.first(), groups.last()) else { return };
    let number = first.start..last.end;
    let glued = |at: Option<&u8>| at.is_some_and(u8::is_ascii_alphanumeric);
    let opens = |group: &Range<usize>| matches!(text[group.start], b'S' | b'B');
    if glued(number.start.checked_sub(1).map(|before| &text[before]))
        || glued(text.get(number.end))
        || groups.iter().any(opens)
    {
        return;
    }
    let digits = text[number.clone()].iter().filter(|byte| byte.is_ascii_digit()).count();
    let letters = number.filter(|at| digit(text[*at]).is_some());
    let swaps: Vec<Edit> =
        letters.filter_map(|at| Some(Edit { span: at..at + 1, meant: digit(text[at])?.into() })).collect();
    if digits + swaps.len() >= LEAST && digits * 3 >= swaps.len() * 2 {
        edits.extend(swaps);
    }
}

/// Emphasis or tags between the digit before `at` and another one.
fn gap(text: &str, at: usize) -> Option<Edit> {
    let rest = &text[at..];
    let len = emphasis(rest).or_else(|| tags(rest))?;
    let digits_around =
        at > 0 && text.as_bytes()[at - 1].is_ascii_digit() && rest.as_bytes().get(len)?.is_ascii_digit();
    digits_around.then(|| Edit { span: at..at + len, meant: parting(&rest[..len]).into() })
}

/// What remains of a gap without its emphasis: what parts the digits, a blank if nothing does.
fn parting(gap: &str) -> &'static str {
    if gap.contains('-') && !gap.contains('<') { "-" } else { " " }
}

/// The length of what stands between two emphasised groups.
fn emphasis(text: &str) -> Option<usize> {
    let len =
        text.bytes().take(8).take_while(|byte| matches!(byte, b'*' | b'`' | b'~' | b'_' | b' ' | b'-' | b'.')).count();
    let gap = &text[..len];
    // A star between blanks multiplies.
    let edge = !gap.starts_with(' ') || !gap.ends_with(' ');
    (gap.contains(['*', '`', '~']) && edge).then_some(len)
}

/// The length of the tags that `text` begins with, blanks between them included.
fn tags(text: &str) -> Option<usize> {
    let (mut len, mut count) = (0, 0);
    loop {
        let blanks = text[len..].bytes().take(2).take_while(|byte| *byte == b' ').count();
        let Some(tag) = tag(&text.as_bytes()[len + blanks..]) else { return (count > 0).then_some(len + blanks) };
        len += blanks + tag;
        count += 1;
        if count > TAGS {
            return None;
        }
    }
}

/// The length of the tag that `text` begins with.
fn tag(text: &[u8]) -> Option<usize> {
    let inner = text.strip_prefix(b"<")?;
    let name = inner.strip_prefix(b"/").unwrap_or(inner);
    let end = inner.iter().take(LONGEST_TAG).position(|byte| matches!(byte, b'>' | b'<' | b'\n' | b'\r'))?;
    (name.first()?.is_ascii_alphabetic() && inner[end] == b'>').then_some(end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_asked_for_wherever_a_letter_stands_for_a_digit() {
        for before in 0..140 {
            let asks = |middle: &str| {
                let text = format!("{}{middle}", " ".repeat(before));
                asks(&text, &Glance::at(&text)) && asks(&(text.clone() + " and so on"), &Glance::at(&text))
            };
            assert!(["5O", "l7", "5*", "5<b>", "5 O 7", "5-l.7"].iter().all(|text| asks(text)), "{before}");
            assert!(!["57", "5 B 7", "5 | 7", "5 O", "5x", "*5", "O 7"].iter().any(|text| asks(text)), "{before}");
        }
    }
}
