//! Numbers digit by digit in words, `four one double five`, and addresses as they are spelled out, `ann at x dot org`.

mod address;
mod lexicon;

use std::ops::Range;

use super::map::Edit;
use lexicon::{Languages, Meaning};

/// The fewest digits that are read as a number.
const LEAST: usize = 7;

/// Whether words of numbers follow each other, or an address may be spelled out.
pub(super) fn asks(text: &str) -> bool {
    lexicon::any_place(text, |at| has_words(text, at)) || address::asks(text)
}

/// The words of numbers as digits, those of addresses as `@` and dots.
pub(super) fn edits(text: &str) -> Vec<Edit> {
    let mut edits = address::edits(text);
    let mut number = Number::default();
    for word in words(text, 0..text.len()) {
        if !number.takes(text, &word) {
            edits.append(&mut number.edits(text));
            number = Number::default();
            number.takes(text, &word);
        }
    }
    edits.append(&mut number.edits(text));
    edits.sort_by_key(|edit| edit.span.start);
    edits.dedup_by(|next, edit| next.span.start < edit.span.end);
    edits
}

/// Whether the word around `at` and one beside it are of a number.
fn has_words(text: &str, at: usize) -> bool {
    let at = text.floor_char_boundary(at);
    let around =
        text.floor_char_boundary(at.saturating_sub(AROUND))..text.ceil_char_boundary((at + AROUND).min(text.len()));
    let begins = text[at..].starts_with(lexicon::stands_for_itself);
    let goes_on = |c: &char| !begins && lexicon::is_letter(*c) && !lexicon::stands_for_itself(*c);
    let before = text[around.start..at].chars().rev().take_while(goes_on).map(char::len_utf8).sum::<usize>();
    let means = |word: Range<usize>| lexicon::meaning(&text[word]).is_some();
    let mut from_here = words(text, at - before..around.end);
    from_here.next().is_some_and(means)
        && (from_here.next().is_some_and(means) || words(text, around.start..at - before).last().is_some_and(means))
}

/// More than two words of a number have in bytes.
const AROUND: usize = 40;

/// The words of a part of `text`: runs of letters or digits, single characters where nothing parts words.
fn words(text: &str, range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut at = range.start;
    std::iter::from_fn(move || {
        let rest = &text[at..range.end];
        let skipped = rest.find(lexicon::is_letter)?;
        let mut letters = rest[skipped..].char_indices();
        let (_, first) = letters.next()?;
        let alone = lexicon::stands_for_itself(first);
        let ends = |c: char| alone || !lexicon::is_letter(c) || lexicon::stands_for_itself(c);
        let len = letters.find(|(_, c)| ends(*c)).map_or(rest.len() - skipped, |(len, _)| len);
        let start = at + skipped;
        at = start + len;
        Some(start..at)
    })
}

/// A number being read, word by word.
#[derive(Default)]
struct Number {
    /// The words with the digits they stand for.
    words: Vec<(Range<usize>, String)>,
    /// The languages that have all its words; all before the first.
    languages: Option<Languages>,
    /// How often the next digit counts, and where the word that says so begins.
    times: Option<(usize, usize)>,
    digits: usize,
}

impl Number {
    /// Adds `word`, if it goes on with this number.
    fn takes(&mut self, text: &str, word: &Range<usize>) -> bool {
        let Some((meaning, languages)) = lexicon::meaning(&text[word.clone()]) else { return false };
        let languages = self.languages.map_or(languages, |so_far| so_far.shared(languages));
        let end = self.words.last().map(|(span, _)| span.end);
        let gap = end.filter(|_| self.times.is_none()).map_or("", |end| &text[end..word.start]);
        if languages.is_none() || !is_gap(gap) {
            return false;
        }
        self.languages = Some(languages);
        match (meaning, self.times.take()) {
            (Meaning::Digit(digit), times) => {
                let (start, count) = times.unwrap_or((word.start, 1));
                self.words.push((start..word.end, char::from(b'0' + digit).to_string().repeat(count)));
                self.digits += count;
            }
            (Meaning::Times(count), _) => self.times = Some((word.start, count)),
        }
        true
    }

    /// Its words as digits with nothing between them, if it is long enough.
    fn edits(self, text: &str) -> Vec<Edit> {
        let end = self.words.last().map_or(0, |(span, _)| span.end);
        let whole = self.words.first().map_or(0..0, |(span, _)| span.start..end);
        if self.digits < LEAST || !lexicon::is_seen(&text[whole]) {
            return Vec::new();
        }
        let mut edits = Vec::with_capacity(2 * self.words.len());
        let mut end = self.words.first().map_or(0, |(span, _)| plus_before(text, span.start));
        for (i, (span, meant)) in self.words.into_iter().enumerate() {
            let between = if i == 0 && end < span.start { "+" } else { "" };
            if end < span.start {
                edits.push(Edit { span: end..span.start, meant: between.into() });
            }
            end = span.end;
            edits.push(Edit { span, meant });
        }
        edits
    }
}

/// Where the word `plus` before `at` begins; `at` without one.
fn plus_before(text: &str, at: usize) -> usize {
    let before = text[..at].trim_end_matches(' ');
    let start = before.len().saturating_sub("plus".len());
    let says_plus = before.get(start..).is_some_and(|word| word.eq_ignore_ascii_case("plus"));
    let alone = !before[..if says_plus { start } else { 0 }].ends_with(|c: char| c.is_alphanumeric());
    if says_plus && alone { start } else { at }
}

/// Whether two words with `gap` between them are of one number.
fn is_gap(gap: &str) -> bool {
    matches!(gap, "" | " " | ", ")
}
