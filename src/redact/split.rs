//! A value that its author cut in two: `4111 1111`, and in the next message `1111 1111`.
//!
//! Where one author's string ends with a number and the next begins with one, the end of the one and the beginning of the other
//! are scanned together, without what was found in either. Precision comes first: a finding counts if it lies on both sides and
//! if it is checked and certain, or weak, which means that its cue is there. "Next" is the same author's next part or turn, with
//! nothing between or another's short turn (`go on`); behind such a turn two bare runs of digits are two numbers, answers to
//! two questions. A value in three strings is not seen.

use std::ops::Range;

use crate::detect::{Detector, Finding, Strength};
use crate::wire::json::NodeId;

/// How many characters on each side of a joint are looked at.
const REACH: usize = 64;

/// How many characters from a joint a digit has to be for it to be looked at.
const NEAR: usize = 16;

/// How many bytes may be said between two strings of one author.
const SHORT_TURN: usize = 240;

/// How many letters and digits a split value has at least, on each side and together.
const LEAST: (usize, usize) = (2, 8);

/// What each author said last.
#[derive(Default)]
pub(super) struct Said {
    last: Vec<Last>,
}

struct Last {
    author: String,
    ending: Ending,
    /// How many bytes were said since, by others.
    since: usize,
}

/// The end of a string that a value may begin in.
struct Ending {
    string: NodeId,
    text: String,
    /// Where the end begins in what the string says.
    at: usize,
    is_cut: bool,
    /// What stood before the string, for cues.
    before: String,
    /// What was found in the string.
    found: Vec<Range<usize>>,
}

/// A string as it was scanned.
#[derive(Clone, Copy)]
pub(super) struct Scanned<'s> {
    /// The string.
    pub string: NodeId,
    /// What it says.
    pub text: &'s str,
    /// What stood before it, for cues.
    pub before: &'s str,
    /// What was found in it.
    pub found: &'s [Range<usize>],
}

/// A value in two strings, of which the second is at hand.
pub(super) struct Split {
    /// What was found; its span is of no text that exists.
    pub finding: Finding,
    /// The string with the value's beginning, what stood before it, and what was found in it alone.
    pub first: (NodeId, String, Vec<Range<usize>>),
    /// Where in what each of the two strings says its part stands; the second is none if it was found for itself already.
    pub parts: (Range<usize>, Option<Range<usize>>),
}

impl Said {
    /// Takes a string that is no author's turn, such as a tool's result. One word is a program's name for something.
    pub(super) fn pass(&mut self, text: &str) {
        if text.contains(char::is_whitespace) {
            self.age(text.len());
        }
    }

    fn age(&mut self, bytes: usize) {
        self.last.iter_mut().for_each(|last| last.since += bytes);
        self.last.retain(|last| last.since <= SHORT_TURN);
    }

    /// The value that an author's next string completes.
    pub(super) fn completed(&mut self, detector: &Detector, author: &str, scanned: Scanned) -> Option<Split> {
        let own = self.last.iter().position(|last| last.author == author)?;
        find(detector, self.last.swap_remove(own), scanned)
    }

    /// Takes an author's next string, with all that was found in it.
    pub(super) fn keep(&mut self, author: &str, scanned: Scanned) {
        self.age(scanned.text.len());
        if let Some(ending) = Ending::new(scanned) {
            self.last.push(Last { author: author.to_owned(), ending, since: 0 });
        }
    }
}

impl Ending {
    /// The end of a string, behind what was found in it.
    fn new(scanned: Scanned) -> Option<Self> {
        let text = scanned.text.trim_end();
        if !text.chars().rev().take(NEAR).any(char::is_numeric) {
            return None;
        }
        let line = text.rfind(['\n', '\r']).map_or(0, |line_end| line_end + 1);
        let found = scanned.found.last().map_or(0, |found| found.end);
        let placeholder = text[line..].rfind(']').map_or(0, |end| line + end + 1);
        let start = line.max(found).max(placeholder).min(text.len());
        let reach = text[start..].char_indices().rev().nth(REACH - 1).map_or(start, |(at, _)| start + at);
        let is_cut = reach > start;
        let cut = if is_cut { text[reach..].split_once(char::is_whitespace)?.1 } else { &text[start..] };
        cut.chars().rev().take(NEAR).any(char::is_numeric).then(|| Self {
            string: scanned.string,
            text: cut.to_owned(),
            at: text.len() - cut.len(),
            is_cut,
            before: scanned.before.to_owned(),
            found: scanned.found.to_vec(),
        })
    }
}

/// The beginning of a string that a value may end in, before what was found behind its first words; and whether it was cut.
fn beginning(scanned: Scanned) -> Option<(Range<usize>, bool)> {
    let text = scanned.text;
    let start = text.len() - text.trim_start().len();
    let stop = text[start..].find(['\n', '\r', '[']).map_or(text.len(), |stop| start + stop);
    let behind = scanned.found.iter().find(|found| found.start > start);
    let stop = behind.map_or(stop, |found| stop.min(found.start)).max(start);
    let reach = text[start..stop].char_indices().nth(REACH).map_or(stop, |(at, _)| start + at);
    let is_cut = reach < stop;
    let end = if is_cut { start + text[start..reach].rfind(char::is_whitespace)? } else { stop };
    let near_digit = text[start..end].chars().take(NEAR).any(char::is_numeric);
    near_digit.then_some((start..end, is_cut))
}

/// The value that ends in `scanned` and began in what its author said last.
fn find(detector: &Detector, last: Last, scanned: Scanned) -> Option<Split> {
    let Last { ending, since, .. } = last;
    let (head, is_cut) = beginning(scanned)?;
    let before = if ending.at == 0 { &ending.before } else { "" };
    let joint = ending.text.len();
    let (finding, first, second) = [" ", ""].into_iter().find_map(|glue| {
        let joined = format!("{}{glue}{}", ending.text, &scanned.text[head.clone()]);
        let across = |finding: &Finding| finding.span.start < joint && finding.span.end > joint + glue.len();
        let finding = detector.scan(&joined, before).into_iter().find(across)?;
        let first = finding.span.start..joint;
        let second = head.start..head.start + finding.span.end - joint - glue.len();
        let runs_on = ending.is_cut && first.start == 0 || is_cut && second.end == head.end;
        let (one, other) = (&ending.text[first.clone()], &scanned.text[second.clone()]);
        let two_numbers = since > 0 && is_bare(one) && is_bare(other);
        // What was found for itself at the beginning is the other part, or none of it.
        let found = scanned.found.first().filter(|found| found.start <= head.start);
        let is_part = found.is_none_or(|found| found.end == second.end);
        let counts = counts(detector, &finding) && is_long(one, other) && is_part && !runs_on && !two_numbers;
        counts.then_some((finding, first, found.is_none().then_some(second)))
    })?;
    let first = ending.at + first.start..ending.at + first.end;
    Some(Split { finding, first: (ending.string, ending.before, ending.found), parts: (first, second) })
}

fn is_bare(part: &str) -> bool {
    part.chars().all(char::is_numeric)
}

fn is_long(one: &str, other: &str) -> bool {
    let count = |part: &str| part.chars().filter(|c| c.is_alphanumeric()).count();
    let (one, other) = (count(one), count(other));
    one.min(other) >= LEAST.0 && one + other >= LEAST.1
}

/// Whether a finding is sure enough to be one across a joint.
fn counts(detector: &Detector, finding: &Finding) -> bool {
    let pattern = detector.pattern(finding.pattern);
    match pattern.strength {
        Strength::Certain => pattern.is_checked(),
        Strength::Likely => false,
        // Found at all, so its cue is there.
        Strength::Weak => true,
    }
}

/// What is found in `text` besides `found` once `placeholder` stands for `part` of it: what a part leaves over may be a value.
pub(super) fn rest(detector: &Detector, scanned: Scanned, part: &Range<usize>, placeholder: &str) -> Vec<Finding> {
    let text = format!("{}{placeholder}{}", &scanned.text[..part.start], &scanned.text[part.end..]);
    let back = |at: usize| {
        if at <= part.start { at } else { (at + part.len()).saturating_sub(placeholder.len()).max(part.start) }
    };
    let findings = detector.scan(&text, scanned.before).into_iter();
    let findings =
        findings.map(|finding| Finding { span: back(finding.span.start)..back(finding.span.end), ..finding });
    let is_new = |finding: &Finding| {
        let next = scanned.found.partition_point(|found| found.end <= finding.span.start);
        scanned.found.get(next).is_none_or(|found| found.start >= finding.span.end)
    };
    findings.filter(is_new).collect()
}
