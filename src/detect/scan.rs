//! The way of one text through a detector: spots, matches, borders, checks, cues, and who takes which place.
//!
//! Every line is for itself, and most hold nothing to look at. Every step only removes candidates, and every window is
//! bounded, so the work is linear in the text.

use std::{cell::RefCell, collections::BTreeMap, ops::Range};

use regex_automata::Input;

use super::{
    Detector,
    context::Named,
    cues::{Heard, Sign},
    numbers::{self, RuleSet},
    placeholder,
    rule::{Round, Rule},
    shape::{Start, is_opening},
    spots::{Group, Opens, RuleId, Waking},
    validate::Validator,
};

/// How often a line is gone through while something new is found: what one finding leaves over, or what it was glued to, may
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

/// What was found in a text.
#[derive(Default)]
pub(super) struct Survey {
    /// Everything, sorted, non-overlapping, look-alikes that mattered included.
    pub taken: Vec<Taken>,
    /// Whether a match over several lines may begin in it.
    pub opens_block: bool,
}

/// Looks through `text`.
pub(super) fn survey(detector: &Detector, text: &str, before: &str) -> Survey {
    let mut wakings = Vec::new();
    detector.anchors.find(text, &mut wakings);
    detector.words.find(text, &mut wakings);
    let groups = detector.numbers.groups(text.as_bytes());
    if wakings.is_empty() && groups.is_empty() && detector.anywhere.is_empty() {
        return Survey::default();
    }
    wakings.sort_unstable_by_key(|waking| waking.at);
    let mut scene = Scene::new(detector, text, before);
    let is_block = |waking: &Waking| detector.rule(waking.rule).multiline;
    let blocks: Vec<Waking> = wakings.extract_if(.., |waking| is_block(waking)).collect();
    let opens_block = !blocks.is_empty();
    let blocks = if blocks.is_empty() { Vec::new() } else { scene.play(0..text.len(), &blocks, &[], &[]).to_vec() };
    let (mut wakings, mut groups) = (&wakings[..], &groups[..]);
    let (mut all, mut at) = (Vec::new(), 0);
    while let Some(spot) = next_spot(detector, wakings, groups, at).filter(|spot| *spot < text.len()) {
        let line = line_around(text, spot, at);
        let (here, later) = wakings.split_at(wakings.partition_point(|waking| waking.at < line.end.max(spot + 1)));
        let (numbers, others) = groups.split_at(groups.partition_point(|group| group.start < line.end));
        (wakings, groups, at) = (later, others, line.end + 1);
        all.extend_from_slice(scene.play(line, here, numbers, &blocks));
    }
    if !blocks.is_empty() {
        all.retain(|taken| !matches!(taken.by, Taker::Rule(id) if detector.rule(id).multiline));
        all.extend(blocks);
        all.sort_by_key(|taken| taken.span.start);
    }
    Survey { taken: all, opens_block }
}

/// What is taken in a line where every look-alike is looked for, needed or not.
pub(super) fn survey_alike(detector: &Detector, line: &str) -> Vec<Taken> {
    let mut wakings = Vec::new();
    detector.anchors.find(line, &mut wakings);
    let groups = detector.numbers.groups(line.as_bytes());
    let mut scene = Scene::new(detector, line, "");
    scene.line = 0..line.len();
    scene.find_alike(0..line.len());
    wakings.append(&mut scene.wakings);
    scene.play(0..line.len(), &wakings, &groups, &[]).to_vec()
}

/// Where the next thing to look at is, from `at` on.
fn next_spot(detector: &Detector, wakings: &[Waking], groups: &[Group], at: usize) -> Option<usize> {
    let waking = wakings.first().map(|waking| waking.at);
    let group = groups.first().map(|group| group.start);
    let anywhere = (!detector.anywhere.is_empty()).then_some(at);
    [waking, group, anywhere].into_iter().flatten().min()
}

/// The line that `spot` is in; lines begin at `from` at the earliest.
fn line_around(text: &str, spot: usize, from: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    let start = memchr::memrchr2(b'\n', b'\r', &bytes[from.min(spot)..spot]).map_or(from.min(spot), |at| from + at + 1);
    start..memchr::memchr2(b'\n', b'\r', &bytes[spot..]).map_or(text.len(), |at| spot + at)
}

/// A text on its way, line by line.
pub(super) struct Scene<'s> {
    pub(super) detector: &'s Detector,
    pub(super) text: &'s str,
    pub(super) line: Range<usize>,
    pub(super) named: Named,
    /// Where literals woke rules that match there.
    awake: Vec<Waking>,
    /// Where rules have to be tried in this pass, by rule and place.
    wakings: Vec<Waking>,
    /// What may take a place in this round.
    candidates: Vec<Taken>,
    /// What the rounds so far have taken of the line, sorted.
    pub(super) taken: Vec<Taken>,
    pub(super) heard: RefCell<Heard>,
}

impl<'s> Scene<'s> {
    fn new(detector: &'s Detector, text: &'s str, before: &str) -> Self {
        let named = Named::new(&detector.cues, before);
        let (awake, wakings, candidates, taken) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { detector, text, line: 0..0, named, awake, wakings, candidates, taken, heard: RefCell::default() }
    }

    /// Goes through all rounds in a line until nothing new is found; says what is taken in the end.
    ///
    /// Its literals woke `awake`, its digits are `groups`; what `blocks` of several lines have taken stays taken.
    fn play(&mut self, line: Range<usize>, awake: &[Waking], groups: &[Group], blocks: &[Taken]) -> &[Taken] {
        self.line = line;
        self.heard.borrow_mut().clear();
        self.taken.clear();
        let mut matching = std::mem::take(&mut self.awake);
        matching.clear();
        matching.extend(awake.iter().copied().filter_map(|mut waking| self.can_match(&mut waking).then_some(waking)));
        self.awake = matching;
        self.wake(groups);
        if self.wakings.is_empty() && self.detector.anywhere.is_empty() {
            return &self.taken;
        }
        self.give_up(blocks);
        let mut is_awake = self.taken.is_empty();
        for _ in 0..PASSES {
            let taken = self.taken.len();
            if !std::mem::take(&mut is_awake) {
                self.wake(groups);
            }
            Round::ALL.into_iter().for_each(|round| self.take_round(round));
            if self.taken.len() == taken || !self.is_anything_left(groups) {
                break;
            }
        }
        &self.taken
    }

    /// Whether a rule can match where it was woken: most literals and numbers stand in ordinary talk. It learns how long.
    fn can_match(&self, waking: &mut Waking) -> bool {
        let rule = self.detector.rule(waking.rule);
        if !matches!(rule.start, Start::Anchor(_) | Start::Number { .. }) {
            return true;
        }
        let matched = rule.match_at(self.text, waking.at..self.line_end(waking.at, rule.longest));
        waking.len = matched.as_ref().map_or(0, ExactSizeIterator::len);
        matched.is_some()
    }

    /// Leaves out the placeholders of the line and what blocks of several lines have taken of it.
    fn give_up(&mut self, blocks: &[Taken]) {
        let shifted = |span: Range<usize>| self.line.start + span.start..self.line.start + span.end;
        let placeholders = placeholder::all(&self.text[self.line.clone()]).map(shifted);
        self.taken.extend(placeholders.map(|span| Taken { span, by: Taker::Placeholder }));
        let of_line = |block: &&Taken| block.span.start < self.line.end && block.span.end > self.line.start;
        for block in blocks.iter().filter(of_line) {
            let span = block.span.start.max(self.line.start)..block.span.end.min(self.line.end);
            self.taken.retain(|taken| taken.span.end <= span.start || taken.span.start >= span.end);
            self.taken.push(Taken { span, by: block.by });
        }
        self.taken.sort_by_key(|taken| taken.span.start);
    }

    /// Collects where rules have to be tried.
    fn wake(&mut self, groups: &[Group]) {
        let mut wakings = std::mem::take(&mut self.wakings);
        wakings.clear();
        for group in groups.iter().filter(|group| !self.is_taken(group.start..group.end)) {
            let group = &self.opened(group);
            self.detector.numbers.alone(self.text.as_bytes(), group, |id| self.wake_at(id, group, &mut wakings));
        }
        self.listen(groups, &mut wakings);
        wakings.retain_mut(|waking| self.can_match(waking));
        wakings.extend_from_slice(&self.awake);
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
        for groups in groups.chunk_by(|a, b| b.start - a.end <= APART).flat_map(|groups| groups.chunks(TOGETHER)) {
            let (Some(first), Some(last)) = (groups.first(), groups.last()) else { continue };
            if self.is_taken(first.start..last.end) {
                continue;
            }
            self.listeners(first.start..last.end, &mut heard);
            if heard.is_empty() {
                continue;
            }
            for group in groups {
                let group = &self.opened(group);
                let fitting = |id| self.wake_at(id, group, wakings);
                self.detector.numbers.waiting(self.text.as_bytes(), group, &heard, fitting);
            }
        }
    }

    /// Wakes the look-alikes of what may be a number.
    fn look_alike(&mut self) {
        if !self.detector.numbers.has_lookalikes() {
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
        let mut merged: Option<Range<usize>> = None;
        for place in places {
            match &mut merged {
                Some(merged) if place.start <= merged.end => merged.end = merged.end.max(place.end),
                _ => {
                    let done = merged.replace(place);
                    done.into_iter().for_each(|place| self.find_alike(place));
                }
            }
        }
        merged.into_iter().for_each(|place| self.find_alike(place));
    }

    /// Wakes the look-alikes that may overlap `place`.
    fn find_alike(&mut self, place: Range<usize>) {
        let mut wakings = std::mem::take(&mut self.wakings);
        let numbers = &self.detector.numbers;
        for group in numbers.groups_alike(self.text.as_bytes(), &self.line, place) {
            numbers.alike(self.text.as_bytes(), &group, |id| self.wake_at(id, &group, &mut wakings));
        }
        self.wakings = wakings;
    }

    /// Whether anything that could be a value is not taken yet.
    fn is_anything_left(&self, groups: &[Group]) -> bool {
        let is_free = |at: usize| !self.is_taken(at..at + 1);
        groups.iter().any(|group| is_free(group.start))
            || self.awake.iter().any(|waking| is_free(waking.at))
            || !self.detector.anywhere.is_empty()
    }

    fn is_taken(&self, range: Range<usize>) -> bool {
        self.taken_after(range.start)
            .is_some_and(|taken| taken.span.start <= range.start && taken.span.end >= range.end)
    }

    /// Tries the rules of a round, and gives each place to one of them.
    fn take_round(&mut self, round: Round) {
        let mut found = std::mem::take(&mut self.candidates);
        let of_round = |id: &RuleId| self.detector.rule(*id).round == round;
        for wakings in self.wakings.chunk_by(|a, b| a.rule == b.rule).filter(|chunk| of_round(&chunk[0].rule)) {
            self.try_wakings(wakings, &mut found);
        }
        for &id in self.detector.anywhere.iter().filter(|id| of_round(id)) {
            self.try_within(id, self.line.clone(), &mut found);
        }
        self.settle(&mut found);
        self.candidates = found;
    }

    /// Tries one rule where it was woken.
    fn try_wakings(&self, wakings: &[Waking], found: &mut Vec<Taken>) {
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
    fn try_within(&self, id: RuleId, range: Range<usize>, found: &mut Vec<Taken>) {
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
    fn judge(&self, id: RuleId, matched: Range<usize>) -> Option<Taken> {
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
        self.ends_whole(&span, rule).then_some(Taken { span, by: Taker::Rule(id) })
    }

    /// Whether `span` lies in a form that its pattern leaves alone.
    fn has_format(&self, rule: &Rule, span: &Range<usize>) -> bool {
        const AROUND: usize = 64;
        let range = self.line_start(span.start, AROUND)..self.line_end(span.end, AROUND);
        let covers = |found: Range<usize>| found.start <= span.start && found.end >= span.end;
        let mut formats = rule.formats.iter();
        formats.any(|format| format.find_iter(Input::new(self.text).range(range.clone())).any(|m| covers(m.range())))
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
        let letter = before(1).is_some_and(|byte| byte.is_ascii_alphabetic());
        let loose = letter && (self.is_grouped(span, rule) || self.touches_cue(rule, span));
        !taken && !(text.get(start).is_some_and(u8::is_ascii_alphanumeric) && !loose && (glued || joined))
    }

    /// Whether letters may be glued to `span`: words run into `+34 612 41 17 52`, names and hashes have no such groups.
    fn is_grouped(&self, span: &Range<usize>, rule: &Rule) -> bool {
        let parted = self.text.as_bytes()[span.clone()].iter().any(|byte| matches!(byte, b' ' | b'-'));
        parted
            && matches!(rule.start, Start::Number { back: 0, .. })
            && matches!(rule.round, Round::Certain | Round::Weak)
    }

    /// Whether a cue word of a number's rule runs into it, as in `visa4111111111111111exp`.
    fn touches_cue(&self, rule: &Rule, span: &Range<usize>) -> bool {
        let is_number = matches!(rule.start, Start::Number { back: 0, .. });
        is_number && !rule.cues.is_empty() && self.hits_beside(span).any(|list| rule.cues.contains(list))
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

    /// The first place taken that ends after `at`.
    pub(super) fn taken_after(&self, at: usize) -> Option<&Taken> {
        self.taken.get(self.taken.partition_point(|taken| taken.span.end <= at))
    }

    /// Gives each place to the longest candidate for it, the earlier rule first.
    fn settle(&mut self, candidates: &mut Vec<Taken>) {
        if candidates.len() < 2 {
            if let Some(candidate) = candidates.pop() {
                let place = self.taken.partition_point(|taken| taken.span.start < candidate.span.start);
                self.taken.insert(place, candidate);
            }
            return;
        }
        candidates
            .sort_by_key(|candidate| (std::cmp::Reverse(candidate.span.len()), candidate.by, candidate.span.start));
        let mut won: BTreeMap<usize, Taken> = BTreeMap::new();
        for candidate in candidates.drain(..) {
            let before = won.range(..candidate.span.end).next_back();
            if before.is_none_or(|(_, before)| before.span.end <= candidate.span.start) {
                won.insert(candidate.span.start, candidate);
            }
        }
        self.taken.extend(won.into_values());
        self.taken.sort_by_key(|taken| taken.span.start);
    }

    pub(super) fn line_start(&self, at: usize, reach: usize) -> usize {
        at.saturating_sub(reach).max(self.line.start)
    }

    pub(super) fn line_end(&self, at: usize, reach: usize) -> usize {
        (at + reach).min(self.line.end)
    }
}

/// What joins digits into one number.
fn joins(byte: u8) -> bool {
    matches!(byte, b'.' | b'-')
}
