//! Text in, findings out: what is a social security number, a card, a phone number, a secret, and where.
//!
//! Detection narrows, it never widens. A [`glance`] sees which parts of a text hold digits or long words; [`spots`] and
//! [`anchors`] look where anything could be; regexes run there only ([`rule`]); then [`validate`] checks, [`cues`] weigh the
//! words around, and [`scan`] settles who takes which place. Text in other scripts or in disguise is [read](reading) as what
//! it means. What is looked for stands in pattern files ([`language`]) that [`compile`] reads; each pattern's examples are run
//! then, so a detector that exists works.
//!
//! Bytes in, bytes out: no clock, no file, no log, and a [`Finding`] has no field for the value.

mod anchors;
mod built_in;
mod bytes;
mod chunks;
mod compile;
mod context;
mod cues;
mod digits;
mod entity;
mod examples;
mod explain;
mod glance;
mod label;
mod language;
mod lexicon;
mod marks;
mod named;
mod need;
mod numbers;
mod placeholder;
mod problem;
#[cfg(test)]
mod properties;
mod reading;
mod rule;
mod scan;
mod scene;
mod service;
mod shape;
mod spots;
mod talk;
mod validate;
mod words;

use std::{borrow::Cow, ops::Range};

pub use built_in::BUILT_IN;
pub(crate) use context::says_nothing;
pub use entity::{Entity, NotAnEntity};
pub use explain::{Candidate, Fate, Lead, Loss};
pub use language::{OnFailure, Strength};
pub use problem::{Problem, Source};
pub use service::Service;
pub(crate) use validate::{BASE_62, CALLER_RANDOM, caller_key, is_caller_key};

use anchors::Anchors;
use cues::Cues;
use glance::Glance;
use numbers::Numbers;
use reading::{Reading, Way};
use rule::Rule;
use scene::{Taken, Taker};
use spots::RuleId;
use validate::{Plans, Validator};
use words::Words;

/// Something found, and where; never the value itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing it is.
    pub entity: Entity,
    /// The bytes of the scanned text, on character borders.
    pub span: Range<usize>,
    /// The pattern that found it.
    pub pattern: PatternId,
}

impl Finding {
    /// The same finding where `before` bytes stand before the text.
    fn behind(self, before: usize) -> Self {
        Self { span: self.span.start + before..self.span.end + before, ..self }
    }
}

/// Names one pattern of one detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PatternId(u16);

/// How something is found, as far as a reader of findings cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// Its name in the file.
    pub name: String,
    /// What it finds.
    pub entity: Entity,
    /// The file it stands in.
    pub file: String,
    /// How much a match is worth by itself.
    pub strength: Strength,
    /// Where its rule comes from.
    pub source: String,
    validator: Option<&'static str>,
}

impl Pattern {
    /// The name of the check that stands behind what it finds, if there is one.
    pub fn check(&self) -> Option<&'static str> {
        self.validator
    }

    /// Whether a check, such as a checksum or a numbering plan, stands behind what it finds.
    pub fn is_checked(&self) -> bool {
        self.validator.is_some()
    }
}

/// What a detector needs to know besides the pattern files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The regions whose phone numbers are understood without a country code, as ISO 3166 codes such as `US` and `GB`.
    pub regions: Vec<String>,
    /// The countries whose patterns are used, as ISO 3166 codes; all when empty. Patterns without a country are always used.
    pub countries: Vec<String>,
}

impl Settings {
    /// Whether a pattern of `country` is used.
    fn uses(&self, country: Option<&str>) -> bool {
        self.countries.is_empty() || country.is_none_or(|country| self.countries.iter().any(|used| used == country))
    }
}

/// How long a text is at most that is read as what is assigned to a name, as in `password: hunter2`.
const ASSIGNED: usize = 512;

/// What stands between the two.
const ASSIGNS: &str = ": ";

/// How often a text is read in all ways while something new is found.
const ROUNDS: usize = 4;

/// What was found in a text.
struct Seen {
    found: Vec<Finding>,
    /// Whether a block of several lines may begin in it.
    opens_block: bool,
    /// What its only reading shows at a glance; another may show anything.
    glance: Option<Glance>,
}

/// All patterns, compiled and proven by their examples.
pub struct Detector {
    patterns: Vec<Pattern>,
    /// Recognisers outside the program; the patterns of their entities stand behind those of the files.
    services: Vec<Service>,
    rules: Vec<Rule>,
    numbers: Numbers,
    /// The rules that no first look can narrow.
    anywhere: Vec<RuleId>,
    anchors: Anchors,
    words: Words,
    cues: Cues,
    plans: Plans,
}

impl Detector {
    /// Compiles pattern files and runs their examples; `Err` holds everything that is wrong.
    pub fn compile(sources: &[Source], settings: &Settings) -> Result<Self, Vec<Problem>> {
        compile::compile(sources, settings)
    }

    /// Findings in `text`, sorted and non-overlapping.
    ///
    /// `before` is what names it, such as the JSON key `phoneNumber`, and counts as standing before it; it may be empty. Cues
    /// count on a value's own line only, but for a label alone above it and the head of its table; and nothing is found across
    /// a line end but key blocks and numbers with a line for each group of digits.
    pub fn scan(&self, text: &str, before: &str) -> Vec<Finding> {
        self.scan_in_parts(text, before).flatten().collect()
    }

    /// The same part by part: who has found enough goes no further.
    pub fn scan_in_parts<'s>(&'s self, text: &'s str, before: &'s str) -> impl Iterator<Item = Vec<Finding>> + 's {
        let mut start = 0;
        std::iter::from_fn(move || {
            let before = if start == 0 { before } else { "" };
            let (found, end) = match text.len() {
                length if start >= length => return None,
                length if length <= ASSIGNED && !before.is_empty() => (self.scan_named(text, before), length),
                _ => self.scan_part(text, start, before),
            };
            start = end;
            Some(found)
        })
    }

    /// What is found in the beginning of a text of which more will follow, and how long that beginning is: the more is known of
    /// the text, the longer. The rest is scanned for itself once more of it is there, and the same is found as in the whole text,
    /// except that a list of numbers of hundreds of kilobytes is scanned in pieces.
    pub fn scan_beginning(&self, text: &str, before: &str) -> (Vec<Finding>, usize) {
        let (mut found, mut end, mut settled) = (Vec::new(), 0, (0, 0));
        while end < text.len() {
            let (of_part, part_end) = self.scan_part(text, end, if end == 0 { before } else { "" });
            found.extend(of_part);
            end = part_end;
            if chunks::is_settled(text, end) {
                settled = (found.len(), end);
            } else if chunks::is_border(text, end) {
                break;
            }
        }
        let (known, settled) = settled;
        if settled > 0 {
            found.truncate(known);
            return (found, settled);
        }
        let end = chunks::cut(&text[..end], &found);
        found.retain(|finding| finding.span.start < end);
        (found, end)
    }

    /// What is found in the part of `text` that begins at `start`, and where the next part begins.
    fn scan_part(&self, text: &str, start: usize, before: &str) -> (Vec<Finding>, usize) {
        let end = chunks::end(text, start);
        if !chunks::is_border(text, start) || !chunks::is_border(text, end) {
            return self.scan_piece(text, start..end, before);
        }
        let Seen { found, opens_block, .. } = self.read_all(&text[start..end], before);
        if !opens_block || end == text.len() {
            return (behind(found, start).collect(), end);
        }
        let reach = chunks::reach(text, end);
        let mut found: Vec<Finding> = behind(self.read_all(&text[start..reach], before).found, start).collect();
        let begun = found.iter().rfind(|finding| finding.span.start < end);
        let end = begun.map_or(end, |begun| chunks::line_end(text, begun.span.end).min(reach).max(end));
        found.retain(|finding| finding.span.start < end);
        (found, end)
    }

    /// The same for a piece of a part that is too long to be scanned at once: what stands around it is read too.
    fn scan_piece(&self, text: &str, piece: Range<usize>, before: &str) -> (Vec<Finding>, usize) {
        let around = chunks::around(text, &piece);
        let found = behind(self.read_all(&text[around.clone()], before).found, around.start);
        let found = found.filter(|finding| finding.span.end > piece.start && finding.span.start < piece.end);
        let found: Vec<Finding> = found
            .map(|finding| Finding { span: finding.span.start.max(piece.start)..finding.span.end, ..finding })
            .collect();
        let end = found.last().map_or(piece.end, |last| last.span.end.max(piece.end));
        (found, end)
    }

    /// What is found in a short text that goes by a name.
    fn scan_named(&self, text: &str, name: &str) -> Vec<Finding> {
        let mut seen = self.read_all(text, name);
        self.scan_assigned(text, name, &mut seen);
        seen.found
    }

    /// What all readings of `text` show.
    fn read_all(&self, text: &str, before: &str) -> Seen {
        let meant = Reading::meant(text);
        let survey = scan::survey(self, &meant, before);
        let mut found = Vec::new();
        for taken in survey.taken.iter().filter(|taken| !meant.cuts(&taken.span)) {
            // Two parts of one character are the same character.
            self.finding(&meant, taken).into_iter().for_each(|finding| insert(&mut found, finding));
        }
        let ways: Vec<Way> = Way::others(&meant).collect();
        if !ways.is_empty() || found.iter().any(|finding| is_glued(text, &finding.span)) {
            self.read_on(text, before, &ways, &mut found);
        }
        Seen { found, opens_block: survey.opens_block, glance: ways.is_empty().then(|| meant.into_glance()) }
    }

    /// Adds what some of the `ways` to read `text` show, line by line: only a stack of numbers has several.
    fn read_on(&self, text: &str, before: &str, ways: &[Way], found: &mut Vec<Finding>) {
        let mut start = 0;
        let is_stacked = ways.contains(&Way::Stacked);
        while start < text.len() {
            let end = if is_stacked { text.len() } else { chunks::line_end(text, start + 1) };
            let line = &text[start..end];
            let (meant, gone) = (Reading::meant(line), spans_within(found, start..end));
            // What a finding ran into may show something else when that is gone.
            if ways.iter().any(|way| way.is_asked(&meant)) || gone.iter().any(|gone| is_glued(line, gone)) {
                let before = if start == 0 { before } else { "" };
                let shown = self.read_line(line, before, gone);
                shown.into_iter().for_each(|finding| insert(found, finding.behind(start)));
            }
            start = end;
        }
    }

    /// What other ways to read `line` show where nothing is `gone` yet; what is found is gone for all that follow.
    fn read_line(&self, line: &str, before: &str, mut gone: Vec<Range<usize>>) -> Vec<Finding> {
        let mut shown: Vec<Finding> = Vec::new();
        for _ in 0..ROUNDS {
            let known = shown.len();
            let ways: Vec<Way> = Reading::of(Way::Meant, line, &gone).iter().flat_map(Way::others).collect();
            let again = (!ways.is_empty()).then_some(&Way::Meant);
            for &way in ways.iter().chain(again) {
                let Some(reading) = Reading::of(way, line, &gone) else { continue };
                // What cuts an escape waits for the last look, wherever it shows.
                let waits = |span: &Range<usize>| way == Way::Written && reading.cuts(span);
                for (_, finding) in self.read(&reading, before).filter(|(span, _)| !waits(span)) {
                    if take(&mut gone, &finding.span) {
                        shown.push(finding);
                    }
                }
            }
            if shown.len() == known {
                break;
            }
        }
        shown
    }

    /// Adds what is found because of the name before it, as in `password: hunter2`.
    fn scan_assigned(&self, text: &str, name: &str, seen: &mut Seen) {
        let mut assigned = String::with_capacity(name.len() + ASSIGNS.len() + text.len());
        assigned.extend([name, ASSIGNS]);
        if !self.anchors.wakes(&assigned, seen.glance.as_ref()) {
            return;
        }
        let whole = assigned.clone() + text;
        let shifted = |finding: Finding| {
            let start = finding.span.start.checked_sub(assigned.len())?;
            Some(Finding { span: start..finding.span.end - assigned.len(), ..finding })
        };
        let found = &mut seen.found;
        for finding in self.read_all(&whole, "").found.into_iter().filter_map(shifted) {
            let span = finding.span.clone();
            // A part of a secret that looks like something else leaves none of the rest.
            let is_part = |part: &Finding| {
                span.start <= part.span.start && part.span.end <= span.end && part.span.len() < span.len()
            };
            found.retain(|part| !is_part(part));
            insert(found, finding);
        }
        // What stands beside them is read as it will stand beside their placeholders.
        let gone: Vec<Range<usize>> = found.iter().map(|finding| finding.clone().behind(assigned.len()).span).collect();
        if let Some(reading) = Reading::of(Way::Meant, &whole, &gone).filter(|_| !gone.is_empty()) {
            let rest: Vec<Finding> = self.read(&reading, "").filter_map(|(_, finding)| shifted(finding)).collect();
            rest.into_iter().for_each(|finding| insert(found, finding));
        }
    }

    /// What one reading shows, with its place there and in the original.
    fn read(&self, reading: &Reading<'_>, before: &str) -> impl Iterator<Item = (Range<usize>, Finding)> {
        let taken = scan::survey(self, reading, before).taken.into_iter();
        taken.filter_map(|taken| Some((taken.span.clone(), self.finding(reading, &taken)?)))
    }

    /// The form of a found value that all its spellings share: the digits of a card, a phone number in E.164.
    pub fn canonical<'t>(&self, finding: &Finding, text: &'t str) -> Cow<'t, str> {
        let value = &text[finding.span.clone()];
        let Some(validator) = self.pattern(finding.pattern).validator.and_then(validate::named) else {
            return Cow::Borrowed(value);
        };
        let meant = Reading::meant(value);
        if meant.text() == value && Way::others(&meant).next().is_none() {
            return validator.canonical(value, &self.plans);
        }
        let others: Vec<Reading> = Way::others(&meant).filter_map(|way| Reading::of(way, value, &[])).collect();
        let readings = [&meant].into_iter().chain(&others);
        let shown = readings.filter_map(|reading| self.value(finding.pattern, reading.text()));
        // What takes in the most is what was found; of equals the first.
        let shown = shown.reduce(|best, next| if next.len() > best.len() { next } else { best }).map(str::to_owned);
        let spelled = shown.unwrap_or_else(|| meant.text().to_owned());
        Cow::Owned(validator.canonical(&spelled, &self.plans).into_owned())
    }

    /// The first value in `text` that a pattern matches and its validator accepts, whatever stands around it.
    fn value<'r>(&self, pattern: PatternId, text: &'r str) -> Option<&'r str> {
        let rules = self.rules.iter().filter(|rule| rule.pattern == Some(pattern));
        let matched = rules.filter_map(|rule| Some((rule, rule.value(text, rule.match_in(text, 0..text.len())?)?)));
        let checked = |(rule, span): (&Rule, Range<usize>)| {
            let value = text.get(span)?;
            rule.check.map_or(Some(value), |validator| value.get(..validator.check(value, &self.plans)?))
        };
        matched.filter_map(checked).next()
    }

    /// The pattern that `id` names.
    pub fn pattern(&self, id: PatternId) -> &Pattern {
        &self.patterns[usize::from(id.0)]
    }

    /// All patterns of the files, in their order; not those that stand for what services find.
    pub fn patterns(&self) -> &[Pattern] {
        let recognised: usize = self.services.iter().map(|service| service.entities.len()).sum();
        &self.patterns[..self.patterns.len() - recognised]
    }

    /// Every entity that some pattern or service finds, once, sorted.
    pub fn entities(&self) -> impl Iterator<Item = &Entity> {
        self.patterns.iter().map(|pattern| &pattern.entity).collect::<std::collections::BTreeSet<_>>().into_iter()
    }

    fn finding(&self, reading: &Reading<'_>, taken: &Taken) -> Option<Finding> {
        let Taker::Rule(rule) = taken.by else { return None };
        let pattern = self.rule(rule).pattern?;
        let entity = self.pattern(pattern).entity.clone();
        Some(Finding { entity, span: reading.original(&taken.span), pattern })
    }

    fn rule(&self, id: RuleId) -> &Rule {
        &self.rules[id as usize]
    }
}

/// The JSON Schema of pattern files, by which editors complete and check them.
pub fn schema() -> String {
    let names: Vec<String> = validate::VALIDATORS.iter().map(|validator| format!("\"{}\"", validator.name)).collect();
    include_str!("schema.json").replace("\"VALIDATOR\"", &names.join(", "))
}

/// Whether a letter or digit runs into `span`.
fn is_glued(text: &str, span: &Range<usize>) -> bool {
    let runs = |at: Option<usize>| at.and_then(|at| text.as_bytes().get(at)).is_some_and(u8::is_ascii_alphanumeric);
    runs(span.start.checked_sub(1)) || runs(Some(span.end))
}

/// The same findings where `before` bytes stand before the text.
fn behind(found: Vec<Finding>, before: usize) -> impl Iterator<Item = Finding> {
    found.into_iter().map(move |finding| finding.behind(before))
}

/// Adds a finding where no other is.
fn insert(found: &mut Vec<Finding>, finding: Finding) {
    let place = found.partition_point(|before| before.span.end <= finding.span.start);
    if found.get(place).is_none_or(|after| finding.span.end <= after.span.start) {
        found.insert(place, finding);
    }
}

/// Takes `span`, if it is free.
fn take(gone: &mut Vec<Range<usize>>, span: &Range<usize>) -> bool {
    let place = gone.partition_point(|before| before.end <= span.start);
    let free = gone.get(place).is_none_or(|after| span.end <= after.start);
    if free {
        gone.insert(place, span.clone());
    }
    free
}

/// The places of `found` within `line`, counted from its start.
fn spans_within(found: &[Finding], line: Range<usize>) -> Vec<Range<usize>> {
    let from = found.partition_point(|finding| finding.span.end <= line.start);
    let of_line = found[from..].iter().take_while(|finding| finding.span.start < line.end);
    let within = |span: &Range<usize>| span.start.max(line.start) - line.start..span.end.min(line.end) - line.start;
    of_line.map(|finding| within(&finding.span)).collect()
}

/// The names of all checks that a pattern can ask for.
fn validator_names() -> String {
    let names: Vec<String> = validate::VALIDATORS.iter().map(|Validator { name, .. }| format!("`{name}`")).collect();
    names.join(", ")
}
