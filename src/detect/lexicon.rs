//! Whole words and phrases, looked up where a word of the text begins: a few cues or a million customers' names.
//!
//! A text is cut into tokens: runs of letters, runs of digits, single characters of scripts that put nothing between words.
//! A phrase is found by the hash of its first token; a bitmap says at once that most tokens begin none. Which letters a text
//! writes large does not matter here.

mod small;
mod tokens;

use std::ops::Range;

use super::{
    bytes::Bytes,
    glance::{self, BLOCK},
};
use small::Small;
use tokens::{LONGEST, SMALL, hash, skip_begun, token};

/// Phrases in one sorted list. Every phrase knows the longest other one that it begins with.
#[derive(Default)]
pub(super) struct Lexicon {
    /// All phrases in small letters, sorted, one behind the other.
    text: String,
    phrases: Vec<Phrase>,
    /// The tokens that begin phrases, each at the place that its hash says or at one of the next.
    heads: Vec<Head>,
    /// The phrases that begin with a token: sorted phrases that begin alike lie together.
    ranges: Vec<Range<u32>>,
    /// Three bits in one word for each head.
    seen: Vec<u64>,
    longest: usize,
    /// The bytes that phrases begin with, in any case.
    first: Bytes,
}

/// A token by its hash, with its part of the ranges; none where nothing is.
#[derive(Clone, Default)]
struct Head {
    hash: u64,
    ranges: Range<u32>,
}

#[derive(Clone, Copy)]
struct Phrase {
    start: u32,
    end: u32,
    /// The number of the longest phrase that this one begins with, plus 1.
    within: u32,
    /// What stands behind its first token, if it is all ASCII.
    tail: Tail,
    is_ascii: bool,
}

/// The first letters behind a token, small, as far as a phrase has some there: most phrases that begin alike differ in them.
#[derive(Clone, Copy, Default)]
struct Tail {
    letters: u32,
    mask: u32,
}

impl Tail {
    /// Of a text that goes on with `rest`.
    fn new(rest: &[u8]) -> Self {
        let len = rest.len().min(size_of::<u32>());
        let letters = rest.first_chunk().map_or_else(
            || rest.iter().rev().fold(0, |letters, byte| letters << 8 | u32::from(*byte)),
            |letters| u32::from_le_bytes(*letters),
        );
        let mask = u32::MAX.checked_shr(u32::BITS - 8 * len as u32).unwrap_or(0);
        Self { letters: (letters | SMALL as u32) & mask, mask }
    }

    /// Whether a text that goes on like this may go on like a phrase.
    fn may_be(self, phrase: Self) -> bool {
        self.letters & phrase.mask == phrase.letters
    }
}

impl Lexicon {
    /// Makes a lexicon of `phrases`, which have to be in small letters, sorted, and each once.
    pub(super) fn new<'p>(phrases: impl Iterator<Item = &'p str>) -> Self {
        let mut lexicon = Self::default();
        let mut open: Vec<u32> = Vec::new();
        for phrase in phrases {
            let start = lexicon.text.len() as u32;
            lexicon.text.push_str(phrase);
            while open.last().is_some_and(|&last| !phrase.starts_with(lexicon.phrase(last))) {
                open.pop();
            }
            let within = open.last().map_or(0, |last| last + 1);
            open.push(lexicon.phrases.len() as u32);
            let (end, is_ascii) = (lexicon.text.len() as u32, phrase.is_ascii());
            lexicon.phrases.push(Phrase { start, end, within, tail: Tail::default(), is_ascii });
            lexicon.longest = lexicon.longest.max(phrase.len());
        }
        lexicon.index();
        lexicon
    }

    /// Whether there is nothing to find.
    pub(super) fn is_empty(&self) -> bool {
        self.phrases.is_empty()
    }

    fn index(&mut self) {
        const BITS_PER_PHRASE: usize = 16;
        self.seen = vec![0; (self.phrases.len() * BITS_PER_PHRASE / 64).next_power_of_two().max(64)];
        let mut begun = Vec::with_capacity(self.phrases.len());
        for number in 0..self.phrases.len() as u32 {
            let phrase = self.phrase(number);
            let end = token(&phrase.as_bytes()[..phrase.len().min(LONGEST)], 0);
            let spelled = spellings(&phrase[..phrase.floor_char_boundary(end)]);
            begun.extend(spelled.iter().map(|head| (hash(head.as_bytes(), 0, head.len()), number)));
            let (first, tail) = (phrase.as_bytes()[0], Tail::new(&phrase.as_bytes()[end..]));
            if phrase.is_ascii() {
                self.phrases[number as usize].tail = tail;
            }
            self.first = self.first.and(Bytes::one(first)).and(Bytes::one(first.to_ascii_uppercase()));
        }
        begun.sort_unstable();
        begun.dedup();
        self.heads = vec![Head::default(); (2 * begun.len() + 1).next_power_of_two()];
        for phrases in begun.chunk_by(|a, b| a.0 == b.0) {
            let (hash, first) = (phrases[0].0, self.ranges.len() as u32);
            let together = phrases.chunk_by(|a, b| a.1 + 1 == b.1).map(|part| part[0].1..part[part.len() - 1].1 + 1);
            self.ranges.extend(together);
            let (word, bits) = self.place(hash);
            self.seen[word] |= bits;
            let mut slot = self.slot(hash);
            while !self.heads[slot].ranges.is_empty() {
                slot = (slot + 1) % self.heads.len();
            }
            self.heads[slot] = Head { hash, ranges: first..self.ranges.len() as u32 };
        }
    }

    fn slot(&self, hash: u64) -> usize {
        (hash >> 20) as usize & (self.heads.len() - 1)
    }

    /// The phrases that begin with the token that has this hash.
    fn begun(&self, hash: u64) -> &[Range<u32>] {
        let (word, bits) = self.place(hash);
        if self.seen[word] & bits != bits {
            return &[];
        }
        let mut slot = self.slot(hash);
        loop {
            let Head { hash: other, ranges } = &self.heads[slot];
            if *other == hash || ranges.is_empty() {
                return &self.ranges[ranges.start as usize..ranges.end as usize];
            }
            slot = (slot + 1) & (self.heads.len() - 1);
        }
    }

    fn phrase(&self, number: u32) -> &str {
        let Phrase { start, end, .. } = self.phrases[number as usize];
        &self.text[start as usize..end as usize]
    }

    /// Where the bits of a hash are.
    fn place(&self, hash: u64) -> (usize, u64) {
        let word = (hash >> 40) as usize & (self.seen.len() - 1);
        (word, 1 << (hash & 63) | 1 << (hash >> 6 & 63) | 1 << (hash >> 12 & 63))
    }

    /// Tells `hit` every phrase that begins within `range` of `text` and where it ends. A word that runs on behind the
    /// phrase is for the caller to judge.
    pub(super) fn find(&self, text: &str, range: Range<usize>, mut hit: impl FnMut(Range<usize>, u32)) {
        let bytes = text.as_bytes();
        let mut at = skip_begun(bytes, &range);
        while at < range.end {
            at = match bytes[at].is_ascii() {
                true => self.find_plain(text, at..range.end, &mut hit),
                false => self.find_at(text, at, &mut hit),
            };
        }
    }

    /// Looks at the token at `at`, and says where it ends.
    fn find_at(&self, text: &str, at: usize, hit: &mut impl FnMut(Range<usize>, u32)) -> usize {
        let bytes = text.as_bytes();
        let end = token(&bytes[..bytes.len().min(at + LONGEST)], at);
        self.look_up(text, at..end, self.begun(hash(bytes, at, end)), hit);
        end
    }

    /// Looks at the next tokens of `range`, a block at most and only those of ASCII, and says where to go on.
    fn find_plain(&self, text: &str, range: Range<usize>, hit: &mut impl FnMut(Range<usize>, u32)) -> usize {
        let bytes = text.as_bytes();
        let block = glance::block_at(bytes, range.start);
        let (letters, digits) = (glance::letters(&block), glance::digits(&block));
        let size = range.len().min(glance::wide(&block).trailing_zeros() as usize);
        // No phrase begins with a blank.
        let mut starts = glance::graphic(&block) & !(letters & letters << 1) & !(digits & digits << 1);
        while starts != 0 {
            let start = starts.trailing_zeros() as usize;
            if start >= size {
                break;
            }
            starts &= starts - 1;
            let kind = if letters >> start & 1 == 1 { letters } else { digits };
            let len = ((kind >> start).trailing_ones() as usize).max(1);
            let at = range.start + start;
            if start > 0 && start + len == BLOCK {
                return at;
            }
            if self.first.has(block[start]) {
                let begun = self.begun(hash(bytes, at, at + len));
                if !begun.is_empty() {
                    self.look_up(text, at..at + len, begun, hit);
                }
            }
        }
        range.start + size
    }

    /// Every phrase among `ranges` that begins with the token at `head`.
    fn look_up(&self, text: &str, head: Range<usize>, ranges: &[Range<u32>], hit: &mut impl FnMut(Range<usize>, u32)) {
        const FEW: usize = 64;
        let (at, tail) = (head.start, Tail::new(&text.as_bytes()[head.end..]));
        let mut small = None;
        for range in ranges {
            if range.len() > FEW {
                let small = small.get_or_insert_with(|| self.small(text, at));
                self.search(small, at, range, hit);
                continue;
            }
            let phrases = &self.phrases[range.start as usize..range.end as usize];
            for (number, phrase) in range.clone().zip(phrases).filter(|(_, phrase)| tail.may_be(phrase.tail)) {
                let Phrase { start, end, is_ascii, .. } = *phrase;
                let phrase = &self.text.as_bytes()[start as usize..end as usize];
                let end = at + phrase.len();
                if text.as_bytes().get(at..end).is_some_and(|here| is_alike(here, phrase)) {
                    hit(at..end, number);
                } else if !is_ascii && !text.as_bytes()[at..text.len().min(end + MORE)].is_ascii() {
                    let small: &Small = small.get_or_insert_with(|| self.small(text, at));
                    if small.text.as_bytes().starts_with(phrase) {
                        hit(at..at + small.original(phrase.len()), number);
                    }
                }
            }
        }
    }

    /// As much of `text` from `at` on as a phrase may cover.
    fn small(&self, text: &str, at: usize) -> Small {
        Small::new(&text[at..text.ceil_char_boundary((at + self.longest + MORE).min(text.len()))])
    }

    /// Every phrase of a long `range` that `small` begins with, which stands at `at`.
    fn search(&self, small: &Small, at: usize, range: &Range<u32>, hit: &mut impl FnMut(Range<usize>, u32)) {
        let numbers = &self.phrases[range.start as usize..range.end as usize];
        let after =
            numbers.partition_point(|phrase| self.text[phrase.start as usize..phrase.end as usize] <= *small.text);
        // Every phrase that the text begins with is within the last one that does not sort behind it.
        let mut number = range.start + after as u32;
        while number > range.start {
            let phrase = self.phrase(number - 1);
            if small.text.starts_with(phrase) {
                hit(at..at + small.original(phrase.len()), number - 1);
            }
            number = self.phrases[number as usize - 1].within;
        }
    }
}

/// By how many bytes a phrase in capitals may be longer than in small letters.
const MORE: usize = 16;

/// Whether two texts of one length are the same in any ASCII case; most differ at their ends.
fn is_alike(a: &[u8], b: &[u8]) -> bool {
    a.last().zip(b.last()).is_some_and(|(a, b)| (a ^ b) & !0x20 == 0) && a.eq_ignore_ascii_case(b)
}

/// The spellings of a head that ASCII case folding does not reach: `телефон`, `Телефон`, `ТЕЛЕФОН`.
fn spellings(word: &str) -> Vec<String> {
    if word.is_ascii() {
        return vec![word.to_owned()];
    }
    let mut rest = word.chars();
    let title = rest.next().map(|first| first.to_uppercase().chain(rest.by_ref()).collect()).unwrap_or_default();
    let mut spellings = vec![word.to_owned(), title, word.to_uppercase()];
    spellings.dedup();
    spellings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let mut phrases =
            ["ann", "ann fox", "ann fox jr", "anna", "élan vital", "телефон", "电话", "电话号码", "06-nr", "t.c."];
        phrases.sort_unstable();
        let lexicon = Lexicon::new(phrases.into_iter());
        let mut found = Vec::new();
        lexicon.find(text, 0..text.len(), |span, _| found.push(&text[span]));
        found.sort_unstable();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn phrases_are_found_where_a_word_begins() {
        check("Ann met ANN FOX.", &["ANN", "ANN FOX", "Ann"]);
        check("joann", &[]);
        check("anna", &["anna"]);
        check("ann fox junior", &["ann", "ann fox"]);
        check("7ann", &["ann"]);
        check("ÉLAN vital, Élan Vital", &["ÉLAN vital", "Élan Vital"]);
        check("ТЕЛЕФОН Телефон", &["ТЕЛЕФОН", "Телефон"]);
        check("我的电话号码", &["电话", "电话号码"]);
        check("06-NR T.C.", &["06-NR", "T.C."]);
        check("", &[]);
    }

    #[test]
    fn a_range_begins_with_a_whole_word() {
        let lexicon = Lexicon::new(["ann", "ja"].into_iter());
        let mut found = Vec::new();
        lexicon.find("joann ann ja", 2..10, |span, _| found.push((span.start, span.end)));
        assert_eq!(found, [(6, 9)]);
        lexicon.find("joann ann ja", 2..11, |span, _| found.push((span.start, span.end)));
        assert_eq!(found, [(6, 9), (6, 9), (10, 12)]);
    }
}
