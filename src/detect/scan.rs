//! The way of one text through a detector: spots, matches, borders, checks, cues, and who takes which place.
//!
//! Every line is for itself, and most hold nothing to look at. Every step only removes candidates, and every window is
//! bounded, so the work is linear in the text.

mod judge;
mod wake;

use std::{collections::BTreeMap, ops::Range};

use super::{
    Detector,
    glance::Glance,
    label::{self, Table},
    named::Named,
    placeholder,
    reading::Reading,
    rule::Round,
    scene::{Scene, Taken, Taker},
    spots::{Group, RuleId, Waking},
};

/// How often a line is gone through while something new is found: what one finding leaves over, or what it was glued to, may
/// be one itself, and would be when the redacted text is read again.
const PASSES: usize = 4;

/// What was found in a text.
#[derive(Default)]
pub(super) struct Survey {
    /// Everything, sorted, non-overlapping, look-alikes that mattered included.
    pub taken: Vec<Taken>,
    /// Whether a match over several lines may begin in it.
    pub opens_block: bool,
}

/// Looks through a text.
pub(super) fn survey(detector: &Detector, reading: &Reading<'_>, before: &str) -> Survey {
    let (text, glance) = (reading.text(), reading.glance());
    let mut wakings = Vec::new();
    detector.anchors.find(text, glance, &mut wakings);
    detector.words.find(text, &mut wakings);
    let groups = if glance.digits.is_empty() { Vec::new() } else { detector.numbers.groups(text.as_bytes()) };
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
    detector.anchors.find(line, &Glance::at(line), &mut wakings);
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

impl Scene<'_> {
    /// Goes through all rounds in a line until nothing new is found; says what is taken in the end.
    ///
    /// Its literals woke `awake`, its digits are `groups`; what `blocks` of several lines have taken stays taken.
    fn play(&mut self, line: Range<usize>, awake: &[Waking], groups: &[Group], blocks: &[Taken]) -> &[Taken] {
        self.enter(line, !groups.is_empty());
        self.taken.clear();
        let mut matching = std::mem::take(&mut self.awake);
        matching.clear();
        matching.extend(awake.iter().copied().filter_map(|mut waking| self.can_match(&mut waking).then_some(waking)));
        self.awake = matching;
        self.give_up(blocks);
        for _ in 0..PASSES {
            let taken = self.taken.len();
            self.wake(groups);
            self.take_rounds(&[Round::Certain, Round::Lookalike, Round::Likely]);
            // What is weak is woken only where nothing better was found, with the look-alikes of it.
            self.wake_weak(groups);
            self.take_rounds(&[Round::Lookalike, Round::Weak]);
            if self.taken.len() == taken || !self.is_anything_left(groups) {
                break;
            }
        }
        &self.taken
    }

    /// Goes on to a line, and to what names it: the text's name, a label above it, the head of its table.
    fn enter(&mut self, line: Range<usize>, has_digits: bool) {
        // A line that was looked at for its digits is no head.
        let follows = self.has_digits && line.start == self.line.end + 1;
        self.table = self.table.take().and_then(|mut table| table.goes_on(self.text, &line).then_some(table));
        if self.table.is_none() && has_digits && !follows {
            self.table = Table::around(self.text, &line);
        }
        self.names.clear();
        if line.start == 0 && !self.before.is_empty() {
            self.names.push(Named::new(0, self.before));
        } else if let Some(table) = &self.table {
            self.names.extend(table.names(self.text, &line).map(|(from, name)| Named::hint(from, name)));
        } else if has_digits {
            self.names.extend(label::label(self.text, &line).map(|(from, label)| Named::hint(from, label)));
        }
        (self.line, self.has_digits) = (line, has_digits);
        self.heard.borrow_mut().clear();
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

    /// Whether anything that could be a value is not taken yet.
    fn is_anything_left(&self, groups: &[Group]) -> bool {
        let is_free = |at: usize| !self.is_taken(at..at + 1);
        groups.iter().any(|group| is_free(group.start))
            || self.awake.iter().any(|waking| is_free(waking.at))
            || !self.detector.anywhere.is_empty()
    }

    /// Goes through some rounds, if anything was woken.
    fn take_rounds(&mut self, rounds: &[Round]) {
        if !self.wakings.is_empty() || !self.detector.anywhere.is_empty() {
            rounds.iter().for_each(|round| self.take_round(*round));
        }
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
}

/// What joins digits into one number.
fn joins(byte: u8) -> bool {
    matches!(byte, b'.' | b'-')
}
