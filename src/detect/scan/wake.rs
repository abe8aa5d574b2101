//! Where rules have to be tried in a line: at literals that match, at groups of digits, near cue words.

use std::ops::Range;

use super::super::{
    numbers::{self, RuleSet},
    rule::{Round, Rule},
    shape::{Start, is_opening},
    spots::{Group, Opens, RuleId, Waking},
};
use super::{super::scene::Scene, joins};

impl Scene<'_> {
    /// Whether a rule can match where it was woken: most literals and numbers stand in ordinary talk. It learns how long.
    pub(super) fn can_match(&self, waking: &mut Waking) -> bool {
        let rule = self.detector.rule(waking.rule);
        if !matches!(rule.start, Start::Anchor(_) | Start::Number { .. }) {
            return true;
        }
        let matched = rule.match_at(self.text, waking.at..self.line_end(waking.at, rule.longest));
        waking.len = matched.as_ref().map_or(0, ExactSizeIterator::len);
        matched.is_some()
    }

    /// Collects where rules that need no cue have to be tried.
    pub(super) fn wake(&mut self, groups: &[Group]) {
        let mut wakings = std::mem::take(&mut self.wakings);
        wakings.clear();
        for group in groups.iter().filter(|group| !self.is_taken(group.start..group.end)) {
            let group = &self.opened(group);
            self.detector.numbers.alone(self.text.as_bytes(), group, |id| self.wake_at(id, group, &mut wakings));
        }
        self.wake_with_alike(wakings, |round| round != Round::Weak);
    }

    /// Collects where rules that need a cue have to be tried.
    pub(super) fn wake_weak(&mut self, groups: &[Group]) {
        let mut wakings = std::mem::take(&mut self.wakings);
        wakings.clear();
        self.listen(groups, &mut wakings);
        self.wake_with_alike(wakings, |round| round == Round::Weak);
    }

    /// Keeps the wakings that match, with those of literals whose round `is_next`, and adds the look-alikes of all.
    fn wake_with_alike(&mut self, mut wakings: Vec<Waking>, is_next: impl Fn(Round) -> bool) {
        wakings.retain_mut(|waking| self.can_match(waking));
        wakings.extend(self.awake.iter().filter(|waking| is_next(self.detector.rule(waking.rule).round)));
        self.wakings = wakings;
        self.look_alike();
        self.wakings.sort_unstable();
        self.wakings.dedup();
    }

    fn wake_at(&self, id: RuleId, group: &Group, wakings: &mut Vec<Waking>) {
        let rule = self.detector.rule(id);
        let here = matches!(rule.start, Start::Number { back: 0, .. });
        if here && group.opens == Opens::Here {
            wakings.push(Waking { rule: id, at: group.start, len: 0 });
            return;
        }
        numbers::wake((id, rule), self.text.as_bytes(), group, |at| self.is_open(at, here), wakings);
    }

    /// The group, with what stands before it looked at.
    fn opened(&self, group: &Group) -> Group {
        let has_opening = group.start > 0 && is_opening(self.text.as_bytes()[group.start - 1]);
        let opens = match has_opening {
            true => Opens::Before,
            false if self.is_open(group.start, true) => Opens::Here,
            false => Opens::Not,
        };
        Group { opens, ..*group }
    }

    /// Whether a number may begin at `at`, as far as what stands before it tells; `here` says that it begins with a digit.
    fn is_open(&self, at: usize, here: bool) -> bool {
        let text = self.text.as_bytes();
        let before = |distance: usize| at.checked_sub(distance).filter(|at| *at >= self.line.start).map(|at| text[at]);
        let Some(last) = before(1).filter(|_| text[at].is_ascii_alphanumeric()) else { return true };
        let letter = last.is_ascii_alphabetic() && here;
        let glued = last.is_ascii_alphanumeric() && !letter || last == b'+';
        let joined = joins(last) && before(2).is_some_and(|byte| byte.is_ascii_digit());
        !(glued || joined) || self.last_gone(at).is_some_and(|gone| gone.end + 1 >= at)
    }

    /// Wakes the rules that need a cue where one of their cue words is near.
    fn listen(&self, groups: &[Group], wakings: &mut Vec<Waking>) {
        const TOGETHER: usize = 16;
        const APART: usize = 32;
        let mut heard = RuleSet::default();
        let is_taken = |group: &&Group| self.is_taken(group.start..group.end);
        for groups in groups.chunk_by(|a, b| b.start - a.end <= APART).flat_map(|groups| groups.chunks(TOGETHER)) {
            let (Some(first), Some(last)) = (groups.first(), groups.last()) else { continue };
            if groups.iter().all(|group| is_taken(&group)) {
                continue;
            }
            self.listeners(first.start..last.end, &mut heard);
            if heard.is_empty() {
                continue;
            }
            for group in groups.iter().filter(|group| !is_taken(group)) {
                let group = &self.opened(group);
                let fitting = |id| self.wake_at(id, group, wakings);
                self.detector.numbers.waiting(self.text.as_bytes(), group, &heard, fitting);
            }
        }
    }

    /// Wakes the look-alikes of what may be a number.
    fn look_alike(&mut self) {
        let numbers = &self.detector.numbers;
        if !numbers.has_lookalikes() {
            return;
        }
        let is_doubtful = |rule: &Rule| matches!(rule.round, Round::Likely | Round::Weak);
        let is_number = |rule: &Rule| matches!(rule.start, Start::Number { .. });
        let place = |waking: &Waking| {
            let rule = self.detector.rule(waking.rule);
            let end = (waking.at + rule.longest).min(self.line.end);
            (is_doubtful(rule) && is_number(rule)).then_some(waking.at..end)
        };
        let mut places: Vec<Range<usize>> = self.wakings.iter().filter_map(place).collect();
        places.sort_unstable_by_key(|place| place.start);
        places.dedup_by(|next, place| {
            // What lies between two that both reach it is looked at once.
            let touches = next.start <= place.end + numbers.reach;
            if touches {
                place.end = place.end.max(next.end);
            }
            touches
        });
        places.into_iter().for_each(|place| self.find_alike(place));
    }

    /// Wakes the look-alikes that may overlap `place`.
    pub(super) fn find_alike(&mut self, place: Range<usize>) {
        let mut wakings = std::mem::take(&mut self.wakings);
        let numbers = &self.detector.numbers;
        for group in numbers.groups_alike(self.text.as_bytes(), &self.line, place) {
            numbers.alike(self.text.as_bytes(), &group, |id| self.wake_at(id, &group, &mut wakings));
        }
        self.wakings = wakings;
    }
}
