//! The way of one text through a detector: spots, matches, borders, checks, cues, and who takes which place.
//!
//! Every step only removes candidates, and every window is bounded, so the work is linear in the text.

use std::{cell::RefCell, collections::BTreeMap, ops::Range};

use super::{
    Detector,
    cues::{self, Heard, Hit, Sign},
    language::Distance,
    placeholder,
    rule::{Round, Rule},
    shape::Start,
    spots::{RuleId, Waking},
};

/// How many bytes of context a cue is looked for in, on each side, for each character of its distance.
const BYTES_PER_CHAR: usize = 3;

/// Room in a context for the word that the distance reaches.
const SLACK: usize = 32;

/// How many look-alikes may stand between a value and a finding that still matters to it.
const NEARBY: usize = 16;

/// How often a text is gone through while something new is found: what one finding leaves over, or what it was glued to, may
/// be one itself, and would be when the redacted text is read again.
const PASSES: usize = 4;

/// A place in the folded text that is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub span: Range<usize>,
    pub by: Taker,
}

/// What took a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Taker {
    /// A placeholder that was there before.
    Placeholder,
    /// A rule's match.
    Rule(RuleId),
}

/// Everything in `text`, sorted, non-overlapping, look-alikes included.
pub(super) fn survey(detector: &Detector, text: &str, before: &str) -> Vec<Taken> {
    let mut wakings = Vec::new();
    detector.numbers.find(text, &mut wakings);
    detector.anchors.find(text, &mut wakings);
    if wakings.is_empty() && detector.anywhere.is_empty() {
        return Vec::new();
    }
    wakings.sort_unstable();
    wakings.dedup();
    let taken = placeholder::all(text).map(|span| Taken { span, by: Taker::Placeholder }).collect();
    let mut scene = Scene { detector, text, before, wakings, taken, heard: RefCell::default() };
    for _ in 0..PASSES {
        let taken = scene.taken.len();
        Round::ALL.into_iter().for_each(|round| scene.settle(scene.candidates(round)));
        if scene.taken.len() == taken {
            break;
        }
    }
    scene.taken
}

/// One text on its way.
struct Scene<'s> {
    detector: &'s Detector,
    text: &'s str,
    before: &'s str,
    /// Where rules have to be tried, by rule and place.
    wakings: Vec<Waking>,
    /// What the rounds so far have taken, sorted.
    taken: Vec<Taken>,
    heard: RefCell<Heard>,
}

impl Scene<'_> {
    fn candidates(&self, round: Round) -> Vec<Taken> {
        let mut found = Vec::new();
        let of_round = |id: &RuleId| self.detector.rule(*id).round == round;
        for wakings in self.wakings.chunk_by(|a, b| a.rule == b.rule).filter(|chunk| of_round(&chunk[0].rule)) {
            self.try_wakings(wakings, &mut found);
        }
        for &id in self.detector.anywhere.iter().filter(|id| of_round(id)) {
            self.try_lines(id, &mut found);
        }
        found
    }

    /// Tries one rule where it was woken.
    fn try_wakings(&self, wakings: &[Waking], found: &mut Vec<Taken>) {
        let id = wakings[0].rule;
        let mut done = 0;
        for waking in wakings {
            if waking.at >= done {
                done = match self.detector.rule(id).start {
                    Start::Around { back, .. } => self.try_around(id, waking.at, back, done, found),
                    _ => self.try_at(id, waking.at, found),
                };
            }
        }
    }

    /// Tries a rule around `at`, at `done` at the earliest; says up to where it has looked.
    fn try_around(&self, id: RuleId, at: usize, back: usize, done: usize, found: &mut Vec<Taken>) -> usize {
        let floor = self.last_gone(at).map_or(done, |gone| gone.end.max(done));
        let end = self.free_end(at, self.line_end(at, self.detector.rule(id).longest));
        self.try_within(id, self.line_start(at, back).max(floor)..end, found);
        end.max(at + 1)
    }

    /// Tries a rule on every line.
    fn try_lines(&self, id: RuleId, found: &mut Vec<Taken>) {
        let mut at = 0;
        while at < self.text.len() {
            let end = self.line_end(at, self.text.len());
            self.try_within(id, at..end, found);
            at = end + 1;
        }
    }

    /// Every candidate of a rule within `range`, which lies in one line.
    fn try_within(&self, id: RuleId, range: Range<usize>, found: &mut Vec<Taken>) {
        let rule = self.detector.rule(id);
        let mut at = range.start;
        while let Some(matched) = rule.match_in(self.text, at..range.end) {
            at = matched.end.max(at + 1);
            found.extend(self.judge(id, matched));
        }
    }

    /// Tries a rule at `start`; says up to where it need not be tried again.
    ///
    /// A literal's match covers the literals in it. A number that fails leaves its later groups to be tried.
    fn try_at(&self, id: RuleId, start: usize, found: &mut Vec<Taken>) -> usize {
        let rule = self.detector.rule(id);
        let end = if rule.multiline {
            (start + rule.longest).min(self.text.len())
        } else {
            self.line_end(start, rule.longest)
        };
        if rule.round == Round::Weak && !self.has_words(rule, start..end) {
            return start;
        }
        let end = self.free_end(start, end);
        let Some(matched) = rule.match_at(self.text, start..end) else { return start };
        let candidate = self.judge(id, matched.clone());
        let covered = candidate.as_ref().map(|candidate| candidate.span.end);
        found.extend(candidate);
        if matches!(rule.start, Start::Number { .. }) { covered.unwrap_or(start) } else { matched.end }
    }

    /// A match that passes every condition of its rule, cut to its value.
    fn judge(&self, id: RuleId, matched: Range<usize>) -> Option<Taken> {
        let rule = self.detector.rule(id);
        let mut span = rule.value(self.text, matched)?;
        if !self.stands_free(&span, rule) || !self.is_cued(rule, &span) {
            return None;
        }
        if let Some(validator) = rule.check {
            let length = (validator.check)(self.text.get(span.clone())?, &self.detector.plans)?;
            span.end = span.start + length;
        }
        self.ends_whole(&span, rule).then_some(Taken { span, by: Taker::Rule(id) })
    }

    /// Whether no letter, digit or earlier finding runs into the beginning of `span`.
    fn stands_free(&self, span: &Range<usize>, rule: &Rule) -> bool {
        let (text, start) = (self.text.as_bytes(), span.start);
        let is_number = matches!(rule.start, Start::Number { .. });
        let floor = self.last_gone(start).map_or(0, |gone| gone.end);
        let before = |distance: usize| start.checked_sub(distance).filter(|at| *at >= floor).map(|at| text[at]);
        let glued = before(1).is_some_and(|byte| byte.is_ascii_alphanumeric() || is_number && byte == b'+');
        let joined = is_number && before(1).is_some_and(joins) && before(2).is_some_and(|byte| byte.is_ascii_digit());
        let taken = self.taken_after(start).is_some_and(|taken| taken.span.start < span.end);
        let loose = self.is_grouped(span, rule) && before(1).is_some_and(|byte| byte.is_ascii_alphabetic());
        !taken && !(text.get(start).is_some_and(u8::is_ascii_alphanumeric) && !loose && (glued || joined))
    }

    /// Whether letters may be glued to `span`: words run into `+34 612 41 17 52`, names and hashes have no such groups.
    fn is_grouped(&self, span: &Range<usize>, rule: &Rule) -> bool {
        let parted = self.text.as_bytes()[span.clone()].iter().any(|byte| matches!(byte, b' ' | b'-'));
        parted
            && matches!(rule.start, Start::Number { back: 0, .. })
            && matches!(rule.round, Round::Certain | Round::Weak)
    }

    /// Whether no letter or digit runs on behind `span`.
    fn ends_whole(&self, span: &Range<usize>, rule: &Rule) -> bool {
        let (text, end) = (self.text.as_bytes(), span.end);
        let is_number = matches!(rule.start, Start::Number { .. });
        let ceiling = self.next_gone(end).map_or(text.len(), |gone| gone.start.max(end));
        let after = |distance: usize| text[..ceiling].get(end + distance).copied();
        let glued = after(0).is_some_and(|byte| byte.is_ascii_alphanumeric());
        let joined = is_number && after(0).is_some_and(joins) && after(1).is_some_and(|byte| byte.is_ascii_digit());
        let loose = self.is_grouped(span, rule) && after(0).is_some_and(|byte| byte.is_ascii_alphabetic());
        !(end > span.start && text[end - 1].is_ascii_alphanumeric() && !loose && (glued || joined))
    }

    fn is_cued(&self, rule: &Rule, span: &Range<usize>) -> bool {
        match rule.round {
            Round::Certain | Round::Lookalike => true,
            Round::Likely => rule.anti_cues.is_empty() || self.sign(rule, span) != Sign::Against,
            Round::Weak => self.sign(rule, span) == Sign::For,
        }
    }

    /// Where what begins at `start` has to end: at `end`, or where the next place is taken.
    fn free_end(&self, start: usize, end: usize) -> usize {
        self.taken_after(start).map_or(end, |taken| end.min(taken.span.start.max(start)))
    }

    /// Whether any cue word stands near enough to matter to a match within `range`: most numbers have none.
    fn has_words(&self, rule: &Rule, range: Range<usize>) -> bool {
        let first = self.context_start(range.start, rule.distance.before * BYTES_PER_CHAR + SLACK);
        let last = self.context_end(range.end, rule.distance.after * BYTES_PER_CHAR + SLACK);
        let named = first == 0 && !self.before.is_empty();
        named || !self.heard.borrow_mut().within(&self.detector.cues, self.text, first..last).is_empty()
    }

    /// What the words around `span`, on its line, say about it.
    fn sign(&self, rule: &Rule, span: &Range<usize>) -> Sign {
        let range = self.context_start(span.start, rule.distance.before * BYTES_PER_CHAR + SLACK)
            ..self.context_end(span.end, rule.distance.after * BYTES_PER_CHAR + SLACK);
        let mut heard = self.heard.borrow_mut();
        let hits = heard.within(&self.detector.cues, self.text, range.clone());
        let (start, end) = (span.start as isize, span.end as isize);
        let stays = |hit: &&Hit| (hit.end <= start || hit.start >= end) && !self.is_inside_gone(hit);
        let mut hits: Vec<Hit> = hits.iter().filter(stays).copied().collect();
        if range.start == 0 && !self.before.is_empty() {
            let words = words_of(self.before);
            self.detector.cues.find(&words, 0..words.len(), -(words.len() as isize), &mut hits);
        }
        cues::judge(&hits, &rule.cues, &rule.anti_cues, |hit| self.gap(hit, span, rule.distance))
    }

    /// How many characters `hit` is from `span`, if it is within the distance; what will be gone counts as nothing.
    fn gap(&self, hit: &Hit, span: &Range<usize>, distance: Distance) -> Option<usize> {
        if hit.end <= span.start as isize {
            let outside = usize::try_from(-hit.end).unwrap_or(0);
            let gap = outside + self.chars(usize::try_from(hit.end).unwrap_or(0)..span.start);
            (gap <= distance.before).then_some(gap)
        } else {
            let gap = self.chars(span.end..usize::try_from(hit.start).ok()?);
            (gap <= distance.after).then_some(gap)
        }
    }

    /// How many characters `range` holds, without what will be gone.
    fn chars(&self, range: Range<usize>) -> usize {
        let (mut count, mut at) = (0, range.start);
        while at < range.end {
            let gone = self.next_gone(at).filter(|gone| gone.start < range.end);
            let end = gone.map_or(range.end, |gone| gone.start);
            count += self.text[at..end].chars().count();
            at = gone.map_or(range.end, |gone| gone.end);
        }
        count
    }

    /// Where the context of a value at `at` begins: `reach` bytes back on its line, without what will be gone.
    fn context_start(&self, at: usize, reach: usize) -> usize {
        let (mut end, mut left) = (at, reach);
        while let Some(gone) = self.last_gone(end).filter(|gone| gone.end >= self.line_start(end, left)) {
            left = left.saturating_sub(end - gone.end + 1);
            end = gone.start;
        }
        self.text.ceil_char_boundary(self.line_start(end, left))
    }

    /// Where the context of a value that ends at `at` ends.
    fn context_end(&self, at: usize, reach: usize) -> usize {
        let (mut start, mut left) = (at, reach);
        while let Some(gone) = self.next_gone(start).filter(|gone| gone.start <= self.line_end(start, left)) {
            left = left.saturating_sub(gone.start.saturating_sub(start) + 1);
            start = gone.end;
        }
        self.text.floor_char_boundary(self.line_end(start, left))
    }

    fn is_inside_gone(&self, hit: &Hit) -> bool {
        let place = usize::try_from(hit.start).ok().and_then(|start| self.next_gone(start));
        place.is_some_and(|gone| (gone.start as isize) < hit.end)
    }

    /// The first place that ends behind `at` where a placeholder stands or will stand.
    fn next_gone(&self, at: usize) -> Option<&Range<usize>> {
        let after = self.taken[self.taken.partition_point(|taken| taken.span.end <= at)..].iter();
        after.take(NEARBY).find(|taken| self.is_gone(taken)).map(|taken| &taken.span)
    }

    /// Whether a placeholder stands, or will stand, in this place.
    fn is_gone(&self, taken: &Taken) -> bool {
        match taken.by {
            Taker::Placeholder => true,
            Taker::Rule(id) => self.detector.rule(id).pattern.is_some(),
        }
    }

    /// The last such place that ends at `at` or before.
    fn last_gone(&self, at: usize) -> Option<&Range<usize>> {
        let before = self.taken[..self.taken.partition_point(|taken| taken.span.end <= at)].iter().rev();
        before.take(NEARBY).find(|taken| self.is_gone(taken)).map(|taken| &taken.span)
    }

    /// The first place taken that ends after `at`.
    fn taken_after(&self, at: usize) -> Option<&Taken> {
        self.taken.get(self.taken.partition_point(|taken| taken.span.end <= at))
    }

    /// Gives each place to the longest candidate for it, the earlier rule first.
    fn settle(&mut self, mut candidates: Vec<Taken>) {
        if candidates.is_empty() {
            return;
        }
        candidates
            .sort_by_key(|candidate| (std::cmp::Reverse(candidate.span.len()), candidate.by, candidate.span.start));
        let mut won = BTreeMap::new();
        for Taken { span, by } in candidates {
            let before = won.range(..span.end).next_back();
            if before.is_none_or(|(_, (end, _))| *end <= span.start) {
                won.insert(span.start, (span.end, by));
            }
        }
        self.taken.extend(won.into_iter().map(|(start, (end, by))| Taken { span: start..end, by }));
        self.taken.sort_by_key(|taken| taken.span.start);
    }

    fn line_start(&self, at: usize, reach: usize) -> usize {
        let from = at.saturating_sub(reach);
        memchr::memrchr2(b'\n', b'\r', &self.text.as_bytes()[from..at]).map_or(from, |line_end| from + line_end + 1)
    }

    fn line_end(&self, at: usize, reach: usize) -> usize {
        let to = (at + reach).min(self.text.len());
        memchr::memchr2(b'\n', b'\r', &self.text.as_bytes()[at..to]).map_or(to, |line_end| at + line_end)
    }
}

/// What joins digits into one number.
fn joins(byte: u8) -> bool {
    matches!(byte, b'.' | b'-')
}

/// The words of a name such as `phoneNumber` or `phone_number`, with a space behind them.
fn words_of(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 8);
    let mut small = false;
    for c in name.chars() {
        if small && c.is_uppercase() {
            words.push(' ');
        }
        small = c.is_lowercase();
        words.push(if matches!(c, '_' | '-' | '.') { ' ' } else { c });
    }
    if !words.is_empty() {
        words.push(' ');
    }
    words
}
