//! Text in, findings out: what is a social security number, a card, a phone number, a secret, and where.
//!
//! Detection narrows, it never widens. [`spots`] looks where anything could be; regexes run there only ([`rule`]); then
//! [`validate`] checks, [`cues`] weigh the words around, and [`scan`] settles who takes which place. Text in other scripts is
//! [folded](fold) on the side. What is looked for stands in pattern files ([`language`]) that [`compile`] reads; each
//! pattern's examples are run then, so a detector that exists works.
//!
//! Bytes in, bytes out: no clock, no file, no log, and a [`Finding`] has no field for the value.

mod anchors;
mod built_in;
mod compile;
mod context;
mod cues;
mod entity;
mod examples;
mod fold;
mod language;
mod lexicon;
mod numbers;
mod placeholder;
mod problem;
#[cfg(test)]
mod properties;
mod rule;
mod scan;
mod shape;
mod spots;
mod validate;
mod words;

use std::{borrow::Cow, ops::Range};

pub use built_in::BUILT_IN;
pub use entity::{Entity, NotAnEntity};
pub use language::Strength;
pub use problem::{Problem, Source};

use anchors::Anchors;
use cues::Cues;
use fold::Folded;
use numbers::Numbers;
use rule::Rule;
use scan::Taker;
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

/// All patterns, compiled and proven by their examples.
pub struct Detector {
    patterns: Vec<Pattern>,
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
    /// `before` is what stands before it for cue words only, such as the JSON key `phoneNumber`; it may be empty. Cues count
    /// on a value's own line only, and nothing is found across a line end but key blocks.
    pub fn scan(&self, text: &str, before: &str) -> Vec<Finding> {
        let folded = Folded::new(text);
        let taken = scan::survey(self, folded.text(), before);
        taken.into_iter().filter_map(|taken| self.finding(&folded, &taken)).collect()
    }

    /// The form of a found value that all its spellings share: the digits of a card, a phone number in E.164.
    pub fn canonical<'t>(&self, finding: &Finding, text: &'t str) -> Cow<'t, str> {
        let value = &text[finding.span.clone()];
        let Some(validator) = self.pattern(finding.pattern).validator.and_then(validate::named) else {
            return Cow::Borrowed(value);
        };
        let folded = Folded::new(value);
        if folded.text() == value {
            validator.canonical(value, &self.plans)
        } else {
            Cow::Owned(validator.canonical(folded.text(), &self.plans).into_owned())
        }
    }

    /// The pattern that `id` names.
    pub fn pattern(&self, id: PatternId) -> &Pattern {
        &self.patterns[usize::from(id.0)]
    }

    /// All patterns, in the order of the files.
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// Every entity that some pattern finds, once, sorted.
    pub fn entities(&self) -> impl Iterator<Item = &Entity> {
        self.patterns.iter().map(|pattern| &pattern.entity).collect::<std::collections::BTreeSet<_>>().into_iter()
    }

    fn finding(&self, folded: &Folded<'_>, taken: &scan::Taken) -> Option<Finding> {
        let Taker::Rule(rule) = taken.by else { return None };
        let pattern = self.rule(rule).pattern?;
        let entity = self.pattern(pattern).entity.clone();
        Some(Finding { entity, span: folded.original(&taken.span), pattern })
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

/// The names of all checks that a pattern can ask for.
fn validator_names() -> String {
    let names: Vec<String> = validate::VALIDATORS.iter().map(|Validator { name, .. }| format!("`{name}`")).collect();
    names.join(", ")
}
