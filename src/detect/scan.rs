//! The way of one text through a detector: spots, matches, borders, checks, cues, and who takes which place.
//!
//! Every step only removes candidates, and every window is bounded, so the work is linear in the text.

use std::{borrow::Cow, collections::BTreeMap, ops::Range};

use super::{
    Detector,
    cues::{self, Reach, Sign},
    language::Distance,
    placeholder,
    rule::{Round, Rule},
    shape::Start,
    spots::{Group, RuleId, Waking},
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
    let groups = detector.groups(text);
    let wakings = detector.anchors.find(text);
    if groups.is_empty() && wakings.is_empty() && detector.anywhere.is_empty() {
        return Vec::new();
    }
    let taken = placeholder::all(text).map(|span| Taken { span, by: Taker::Placeholder }).collect();
    let mut scene = Scene { detector, text, before, groups, wakings, taken };
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
        let end = self.taken_after(start).map_or(end, |taken| end.min(taken.span.start.max(start)));
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
        self.ends_whole(&span, rule).then_some(Taken { span, by: Taker::Rule(id) })
    }

    /// Whether no letter, digit or earlier finding runs into the beginning of `span`.
    fn stands_free(&self, span: &Range<usize>, rule: &Rule) -> bool {
        let (text, start) = (self.text.as_bytes(), span.start);
        let is_number = matches!(rule.start, Start::Number { .. });
        let floor = self.gone_before(start);
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
        let ceiling = self.gone_after(end);
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

    /// What the words around `span`, on its line, say about it.
    fn sign(&self, rule: &Rule, span: &Range<usize>) -> Sign {
        let mut context = String::with_capacity(256);
        self.words_before(span.start, rule.distance.before * BYTES_PER_CHAR + SLACK, &mut context);
        let value = context.len()..context.len() + 1;
        context.push('\0');
        self.words_after(span.end, rule.distance.after * BYTES_PER_CHAR + SLACK, &mut context);
        let mut hits = Vec::new();
        self.detector.cues.find(&context, &mut hits);
        let Distance { before, after } = rule.distance;
        let reach = Reach { cues: &rule.cues, anti_cues: &rule.anti_cues, before, after };
        cues::judge(&context, &hits, &value, &reach)
    }

    /// Appends what stands on the line before `at`, without what will be gone when the text is read again.
    fn words_before(&self, at: usize, mut reach: usize, context: &mut String) {
        let (mut pieces, mut end) = (Vec::new(), at);
        while reach > 0 {
            let start = self.line_start(end, reach).max(self.gone_before(end));
            pieces.push(&self.text[self.text.ceil_char_boundary(start)..end]);
            reach = reach.saturating_sub(end - start + 1);
            let Some(gone) = self.gone_ending(start) else {
                if start == 0 {
                    context.push_str(&words_of(self.before));
                }
                break;
            };
            end = gone.start;
        }
        for piece in pieces.iter().rev() {
            context.push_str(piece);
            context.push('\0');
        }
        context.pop();
    }

    /// Appends what stands on the line from `at` on, without what will be gone when the text is read again.
    fn words_after(&self, at: usize, mut reach: usize, context: &mut String) {
        let mut start = at;
        while reach > 0 {
            let end = self.line_end(start, reach).min(self.gone_after(start));
            context.push_str(&self.text[start..self.text.floor_char_boundary(end)]);
            context.push('\0');
            reach = reach.saturating_sub(end - start + 1);
            let Some(gone) = self.taken_after(end).filter(|taken| taken.span.start == end && self.is_gone(taken))
            else {
                break;
            };
            start = gone.span.end;
        }
    }

    /// Whether a placeholder stands, or will stand, in this place.
    fn is_gone(&self, taken: &Taken) -> bool {
        match taken.by {
            Taker::Placeholder => true,
            Taker::Rule(id) => self.detector.rule(id).pattern.is_some(),
        }
    }

    /// Where the last such place before `at` ends.
    fn gone_before(&self, at: usize) -> usize {
        let before = self.taken[..self.taken.partition_point(|taken| taken.span.end <= at)].iter().rev();
        before.take(NEARBY).find(|taken| self.is_gone(taken)).map_or(0, |taken| taken.span.end)
    }

    /// Where the first such place from `at` on begins.
    fn gone_after(&self, at: usize) -> usize {
        let after = self.taken[self.taken.partition_point(|taken| taken.span.start < at)..].iter();
        after.take(NEARBY).find(|taken| self.is_gone(taken)).map_or(self.text.len(), |taken| taken.span.start)
    }

    fn gone_ending(&self, at: usize) -> Option<&Range<usize>> {
        let before = self.taken.partition_point(|taken| taken.span.end <= at).checked_sub(1)?;
        Some(&self.taken[before]).filter(|taken| taken.span.end == at && self.is_gone(taken)).map(|taken| &taken.span)
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
