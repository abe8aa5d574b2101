//! The way of one text through a detector: spots, matches, borders, checks, cues, and who takes which place.
//!
//! Every step only removes candidates, and every window is bounded, so the work is linear in the text.

use std::{borrow::Cow, ops::Range};

use super::{
    Detector,
    cues::{self, Hit, Reach, Sign},
    placeholder,
    rule::{Round, Rule},
    shape::Start,
    spots::{Group, RuleId, Waking},
};

/// How many bytes of context a cue is looked for in, on each side, for each character of its distance.
const BYTES_PER_CHAR: usize = 3;

/// A place in the folded text that a rule has won.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub span: Range<usize>,
    pub rule: RuleId,
}

/// Everything in `text`, sorted, non-overlapping, look-alikes included.
pub(super) fn survey(detector: &Detector, text: &str, before: &str) -> Vec<Taken> {
    let groups = detector.groups(text);
    let wakings = detector.anchors.find(text);
    if groups.is_empty() && wakings.is_empty() && detector.anywhere.is_empty() {
        return Vec::new();
    }
    let mut scene = Scene { detector, text, before, groups, wakings, taken: Vec::new() };
    for round in Round::ALL {
        let candidates = scene.candidates(round);
        scene.settle(candidates);
    }
    scene.taken
}

/// One text on its way.
struct Scene<'s> {
    detector: &'s Detector,
    text: &'s str,
    before: &'s str,
    groups: Vec<Group>,
    wakings: Vec<Waking>,
    /// What the rounds so far have taken, sorted.
    taken: Vec<Taken>,
}

impl Scene<'_> {
    fn candidates(&self, round: Round) -> Vec<Taken> {
        let mut found = Vec::new();
        let of_round = |id: &RuleId| self.detector.rule(*id).round == round;
        for &id in self.detector.numbers.iter().filter(|id| of_round(id)) {
            self.try_groups(id, &mut found);
        }
        for wakings in self.wakings.chunk_by(|a, b| a.rule == b.rule).filter(|chunk| of_round(&chunk[0].rule)) {
            self.try_wakings(wakings, &mut found);
        }
        for &id in self.detector.anywhere.iter().filter(|id| of_round(id)) {
            self.try_lines(id, &mut found);
        }
        found
    }

    /// Tries a rule at every group of digits that is long enough.
    fn try_groups(&self, id: RuleId, found: &mut Vec<Taken>) {
        let rule = self.detector.rule(id);
        let Start::Number { back, digits } = rule.start else { return };
        let mut free = 0;
        for group in self.groups.iter().filter(|group| group.len >= digits && group.run >= rule.digits) {
            let starts = openings(self.text.as_bytes(), group.start).filter_map(|start| start.checked_sub(back));
            let candidate = starts.filter(|start| *start >= free).find_map(|start| self.try_at(id, start).1);
            if let Some(candidate) = candidate {
                free = candidate.span.end;
                found.push(candidate);
            }
        }
    }

    /// Tries one rule at the literals that woke it.
    fn try_wakings(&self, wakings: &[Waking], found: &mut Vec<Taken>) {
        let id = wakings[0].rule;
        let rule = self.detector.rule(id);
        match rule.start {
            Start::Around { back, .. } => {
                let mut done = 0;
                for waking in wakings.iter() {
                    if waking.at < done {
                        continue;
                    }
                    let start = self.line_start(waking.at, back).max(done);
                    done = self.line_end(waking.at, rule.longest);
                    self.try_within(id, start..done, found);
                }
            }
            _ => {
                let mut done = 0;
                for waking in wakings.iter() {
                    if waking.at >= done {
                        let (end, candidate) = self.try_at(id, waking.at);
                        done = end;
                        found.extend(candidate);
                    }
                }
            }
        }
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

    /// The candidate of a rule that begins at `start`, and up to where its regex has looked.
    fn try_at(&self, id: RuleId, start: usize) -> (usize, Option<Taken>) {
        let rule = self.detector.rule(id);
        let end = if rule.multiline {
            (start + rule.longest).min(self.text.len())
        } else {
            self.line_end(start, rule.longest)
        };
        let end = self.taken_after(start).map_or(end, |taken| end.min(taken.span.start));
        let matched = (start < end).then(|| rule.match_at(self.text, start..end)).flatten();
        match matched {
            Some(matched) => (matched.end, self.judge(id, matched)),
            None => (start, None),
        }
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
        let good = self.ends_whole(&span, rule) && !placeholder::touches(self.text.as_bytes(), &span);
        good.then_some(Taken { span, rule: id })
    }

    /// Whether no letter, digit or earlier finding runs into the beginning of `span`.
    fn stands_free(&self, span: &Range<usize>, rule: &Rule) -> bool {
        let (text, start) = (self.text.as_bytes(), span.start);
        let is_number = matches!(rule.start, Start::Number { .. });
        let before = |distance: usize| start.checked_sub(distance).map(|at| text[at]);
        let glued = before(1).is_some_and(|byte| byte.is_ascii_alphanumeric() || is_number && byte == b'+');
        let joined = is_number && before(1).is_some_and(joins) && before(2).is_some_and(|byte| byte.is_ascii_digit());
        let taken = self.taken_after(start).is_some_and(|taken| taken.span.start < span.end);
        !taken && !(text.get(start).is_some_and(u8::is_ascii_alphanumeric) && (glued || joined))
    }

    /// Whether no letter or digit runs on behind `span`.
    fn ends_whole(&self, span: &Range<usize>, rule: &Rule) -> bool {
        let (text, end) = (self.text.as_bytes(), span.end);
        let is_number = matches!(rule.start, Start::Number { .. });
        let after = |distance: usize| text.get(end + distance).copied();
        let glued = after(0).is_some_and(|byte| byte.is_ascii_alphanumeric());
        let joined = is_number && after(0).is_some_and(joins) && after(1).is_some_and(|byte| byte.is_ascii_digit());
        !(end > span.start && text[end - 1].is_ascii_alphanumeric() && (glued || joined))
    }

    fn is_cued(&self, rule: &Rule, span: &Range<usize>) -> bool {
        match rule.round {
            Round::Certain | Round::Lookalike => true,
            Round::Likely => rule.anti_cues.is_empty() || self.sign(rule, span) != Sign::Against,
            Round::Weak => self.sign(rule, span) == Sign::For,
        }
    }

    /// What the words around `span`, on its line, say about it.
    fn sign(&self, rule: &Rule, span: &Range<usize>) -> Sign {
        let start = self.line_start(span.start, rule.distance.before * BYTES_PER_CHAR + 32);
        let end = self.line_end(span.end, rule.distance.after * BYTES_PER_CHAR + 32);
        let line = &self.text[self.text.ceil_char_boundary(start)..self.text.floor_char_boundary(end)];
        let (context, shift) = if start == 0 { named(self.before, line) } else { (Cow::Borrowed(line), 0) };
        let offset = self.text.ceil_char_boundary(start);
        let mut hits = Vec::new();
        self.detector.cues.find(&context, &mut hits);
        hits.retain(|hit| {
            !self.is_taken(hit, offset, shift) && !placeholder::touches(context.as_bytes(), &(hit.start..hit.end))
        });
        let value = span.start - offset + shift..span.end - offset + shift;
        let reach = Reach {
            cues: &rule.cues,
            anti_cues: &rule.anti_cues,
            before: rule.distance.before,
            after: rule.distance.after,
        };
        cues::judge(&context, &hits, &value, &reach)
    }

    /// Whether a cue word is part of what an earlier round took: it will be gone when the text is read again.
    fn is_taken(&self, hit: &Hit, offset: usize, shift: usize) -> bool {
        let Some(start) = (hit.start + offset).checked_sub(shift) else { return false };
        let taken = self.taken_after(start);
        taken.is_some_and(|taken| {
            self.detector.rule(taken.rule).pattern.is_some() && taken.span.start < hit.end + offset - shift
        })
    }

    /// The first place taken that ends after `at`.
    fn taken_after(&self, at: usize) -> Option<&Taken> {
        self.taken.get(self.taken.partition_point(|taken| taken.span.end <= at))
    }

    /// Gives each place to the longest candidate for it, the earlier rule first.
    fn settle(&mut self, mut candidates: Vec<Taken>) {
        candidates
            .sort_by_key(|candidate| (std::cmp::Reverse(candidate.span.len()), candidate.rule, candidate.span.start));
        let mut won: Vec<Taken> = Vec::new();
        for candidate in candidates {
            let at = won.partition_point(|taken| taken.span.end <= candidate.span.start);
            let free = won.get(at).is_none_or(|taken| candidate.span.end <= taken.span.start);
            if free {
                won.insert(at, candidate);
            }
        }
        self.taken.extend(won);
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

/// The places where a number with its first digit at `start` may begin: before its `+` and `(`, and at itself.
fn openings(text: &[u8], start: usize) -> impl Iterator<Item = usize> {
    let opening =
        text[start.saturating_sub(2)..start].iter().rev().take_while(|byte| matches!(byte, b'+' | b'(')).count();
    start - opening..=start
}

/// What joins digits into one number.
fn joins(byte: u8) -> bool {
    matches!(byte, b'.' | b'-')
}

/// The words of a name such as `phoneNumber` or `phone_number`, set before `line`, and how far they shift it.
fn named<'l>(name: &str, line: &'l str) -> (Cow<'l, str>, usize) {
    if name.is_empty() {
        return (Cow::Borrowed(line), 0);
    }
    let mut context = String::with_capacity(name.len() + 8 + line.len());
    let mut small = false;
    for c in name.chars() {
        if small && c.is_uppercase() {
            context.push(' ');
        }
        small = c.is_lowercase();
        context.push(if matches!(c, '_' | '-' | '.') { ' ' } else { c });
    }
    context.push(' ');
    let shift = context.len();
    context.push_str(line);
    (Cow::Owned(context), shift)
}
