//! What a rule finds where it was woken, and whether that passes: its borders, its check, its cues, its own formats.

use std::ops::Range;

use regex_automata::Input;

use super::super::{
    cues::Sign,
    rule::{Round, Rule},
    shape::Start,
    spots::{RuleId, Waking},
    validate::Validator,
};
use super::{Scene, Taken, Taker, joins};

impl Scene<'_> {
    /// Tries one rule where it was woken.
    pub(super) fn try_wakings(&self, wakings: &[Waking], found: &mut Vec<Taken>) {
        let id = wakings[0].rule;
        let mut done = 0;
        for waking in wakings {
            if waking.at >= done {
                done = match self.detector.rule(id).start {
                    Start::Around { back, .. } => self.try_around(id, waking.at, back, done, found),
                    Start::Words => self.try_word(id, waking.at..waking.at + waking.len, found),
                    _ => self.try_at(waking, found),
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

    /// Every candidate of a rule within `range`, which lies in one line.
    pub(super) fn try_within(&self, id: RuleId, range: Range<usize>, found: &mut Vec<Taken>) {
        let rule = self.detector.rule(id);
        let mut at = range.start;
        while let Some(matched) = rule.match_in(self.text, at..range.end) {
            at = matched.end.max(at + 1);
            found.extend(self.judge(id, matched));
        }
    }

    /// Tries a word that was found; longer ones may begin at the same place.
    fn try_word(&self, id: RuleId, word: Range<usize>, found: &mut Vec<Taken>) -> usize {
        found.extend(self.judge(id, word.clone()));
        word.start
    }

    /// Tries a rule where it was woken; says up to where it need not be tried again.
    ///
    /// A literal's match covers the literals in it. A number that fails leaves its later groups to be tried.
    fn try_at(&self, waking: &Waking, found: &mut Vec<Taken>) -> usize {
        let (rule, start) = (self.detector.rule(waking.rule), waking.at);
        if self.taken_after(start).is_some_and(|taken| taken.span.start <= start) {
            return start;
        }
        if rule.group == 0 && matches!(rule.start, Start::Anchor(_)) && self.is_glued(start) {
            return start;
        }
        let end = self.line_end(start, rule.longest);
        if rule.round == Round::Weak && !self.has_words(rule, start..end) {
            return start;
        }
        let end = self.free_end(start, end);
        let known = (waking.len > 0 && start + waking.len <= end).then(|| start..start + waking.len);
        let Some(matched) = known.or_else(|| rule.match_at(self.text, start..end)) else { return start };
        let candidate = self.judge(waking.rule, matched.clone());
        let covered = candidate.as_ref().map(|candidate| candidate.span.end);
        found.extend(candidate);
        if matches!(rule.start, Start::Number { .. }) { covered.unwrap_or(start) } else { matched.end }
    }

    /// Whether a letter or digit runs into what begins at `start`.
    fn is_glued(&self, start: usize) -> bool {
        let alphanumeric = |at: usize| self.text.as_bytes().get(at).is_some_and(u8::is_ascii_alphanumeric);
        let gone = self.last_gone(start).is_some_and(|gone| gone.end == start);
        start > 0 && alphanumeric(start) && alphanumeric(start - 1) && !gone
    }

    /// A match that passes every condition of its rule, cut to its value.
    pub(in crate::detect) fn judge(&self, id: RuleId, matched: Range<usize>) -> Option<Taken> {
        let rule = self.detector.rule(id);
        let mut span = rule.value(self.text, matched)?;
        if !self.stands_free(&span, rule) {
            return None;
        }
        let checked = |span: Range<usize>, check: &Validator| {
            let length = check.check(self.text.get(span.clone())?, &self.detector.plans)?;
            Some(span.start..span.start + length)
        };
        // A sum is sooner done than the words around are weighed, a numbering plan is not.
        let (quick, slow) = rule.check.map_or((None, None), |check| match check.is_quick() {
            true => (Some(check), None),
            false => (None, Some(check)),
        });
        if let Some(check) = quick {
            span = checked(span, check)?;
        }
        if !self.is_cued(rule, &span) || self.has_format(rule, &span) {
            return None;
        }
        if let Some(check) = slow {
            span = checked(span, check)?;
        }
        self.ends_whole(&span, rule).then(|| Taken { span: self.with_letters(span, rule), by: Taker::Rule(id) })
    }

    /// A number with the letters glued behind it that look like digits, as in `415-555-267l`.
    fn with_letters(&self, span: Range<usize>, rule: &Rule) -> Range<usize> {
        let glued = self.text.as_bytes()[span.end..].iter().take_while(|byte| byte.is_ascii_alphanumeric());
        let alike = matches!(rule.start, Start::Number { .. }) && glued.clone().all(|byte| looks_like_a_digit(*byte));
        span.start..span.end + if alike { glued.count() } else { 0 }
    }

    /// Whether `span` lies in a form that its pattern leaves alone.
    pub(in crate::detect) fn has_format(&self, rule: &Rule, span: &Range<usize>) -> bool {
        const AROUND: usize = 64;
        let range = self.line_start(span.start, AROUND)..self.line_end(span.end, AROUND);
        let covers = |found: Range<usize>| found.start <= span.start && found.end >= span.end;
        let mut formats = rule.formats.iter();
        formats.any(|format| format.find_iter(Input::new(self.text).range(range.clone())).any(|m| covers(m.range())))
    }

    /// Whether no letter, digit or earlier finding runs into the beginning of `span`.
    pub(in crate::detect) fn stands_free(&self, span: &Range<usize>, rule: &Rule) -> bool {
        let (text, start) = (self.text.as_bytes(), span.start);
        let is_number = matches!(rule.start, Start::Number { .. });
        let floor = self.last_gone(start).map_or(0, |gone| gone.end);
        let before = |distance: usize| start.checked_sub(distance).filter(|at| *at >= floor).map(|at| text[at]);
        let glued = before(1).is_some_and(|byte| byte.is_ascii_alphanumeric() || is_number && byte == b'+');
        let joined = is_number && before(1).is_some_and(joins) && before(2).is_some_and(|byte| byte.is_ascii_digit());
        let taken = self.taken_after(start).is_some_and(|taken| taken.span.start < span.end);
        let letter = before(1).is_some_and(|byte| byte.is_ascii_alphabetic());
        // `4l5-555-2671` is a number in disguise.
        let disguised =
            before(1).is_some_and(looks_like_a_digit) && before(2).is_some_and(|byte| byte.is_ascii_digit());
        // `tel2 4155552671` is the second of several; `mob9 876543210` is one number.
        let digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
        let is_index =
            matches!(text.get(start), Some(b'1'..=b'3')) && text.get(start + 1) == Some(&b' ') && digit(start + 3);
        let is_apart = is_index || disguised && rule.round != Round::Certain;
        let loose = letter && !is_apart && (self.is_grouped(span, rule) || self.touches_cue(rule, span));
        !taken && !(text.get(start).is_some_and(u8::is_ascii_alphanumeric) && !loose && (glued || joined))
    }

    /// Whether letters may be glued to `span`: words run into `+34 612 41 17 52`, names and hashes have no such groups.
    fn is_grouped(&self, span: &Range<usize>, rule: &Rule) -> bool {
        let parts = |byte: &u8| matches!(byte, b' ' | b'-' | b'_' | b'/' | b',' | b'.');
        let parted = self.text.as_bytes()[span.clone()].iter().any(parts);
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
        let letter = after(0).is_some_and(|byte| byte.is_ascii_alphabetic());
        let loose = letter && (self.is_grouped(span, rule) || self.touches_cue(rule, span));
        !(end > span.start && text[end - 1].is_ascii_alphanumeric() && !loose && (glued || joined))
    }

    pub(in crate::detect) fn is_cued(&self, rule: &Rule, span: &Range<usize>) -> bool {
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
}

/// Whether `letter` may stand for a digit at the end of a number.
fn looks_like_a_digit(letter: u8) -> bool {
    matches!(letter, b'O' | b'o' | b'I' | b'l')
}
