//! One regex of one pattern, compiled: where it starts, what it asks of its surroundings, and what checks it.

use std::ops::Range;

use regex_automata::{
    Anchored, Input,
    dfa::{Automaton, StartKind, dense},
    meta::Regex,
    nfa::thompson::NFA,
    util::primitives::StateID,
};
use regex_syntax::{
    ParserBuilder,
    hir::{Hir, HirKind},
};

use super::{
    PatternId,
    bytes::Bytes,
    cues::Lists,
    digits::{Leads, PLACES},
    language::{Distance, Strength},
    need::Need,
    shape::{self, Start},
    validate::Validator,
};

/// A compiled regex and its conditions.
pub(super) struct Rule {
    /// The pattern it belongs to; a look-alike has none.
    pub pattern: Option<PatternId>,
    pub round: Round,
    pub start: Start,
    /// The length of the longest match.
    pub longest: usize,
    /// How many digits the run that a match begins in holds at least.
    pub digits: usize,
    /// The bytes that a match can begin with, up to its first digit.
    pub opening: Vec<Bytes>,
    /// The bytes that can stand at its first digit and the places behind it.
    pub behind: [Bytes; PLACES],
    /// The bytes that can stand behind its first group of digits.
    pub leads: Leads,
    /// What every match holds near the literal that it is found by.
    pub need: Need,
    pub check: Option<&'static Validator>,
    pub cues: Lists,
    pub anti_cues: Lists,
    /// Words of which one has to stand near beside a cue, if there are any.
    pub also: Lists,
    pub distance: Distance,
    /// Whether words of no weight may stand between a cue and a match.
    pub passing: bool,
    pub multiline: bool,
    /// Forms that are left alone.
    pub formats: Vec<Regex>,
    /// What matches; the words of a list are found without one.
    pub regex: Option<Regex>,
    /// The same as one table, where that is small: what begins at a known place is matched without a detour.
    pub table: Option<Table>,
    pub group: usize,
}

/// The order in which findings take their place: what an earlier round took, a later one leaves alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Round {
    Certain,
    Lookalike,
    Likely,
    Weak,
}

impl From<Strength> for Round {
    fn from(strength: Strength) -> Self {
        match strength {
            Strength::Certain => Self::Certain,
            Strength::Likely => Self::Likely,
            Strength::Weak => Self::Weak,
        }
    }
}

impl Rule {
    /// Compiles `regex` into a rule without conditions; `Err` says what is wrong with it.
    pub(super) fn new(source: &str, group: usize) -> Result<Self, BadRegex> {
        let hir = parse(source)?;
        let shape = shape::shape(&hir);
        let is_placed = !matches!(shape.start, Start::Anywhere | Start::Around { .. });
        let table = is_placed.then(|| Table::new(&hir)).flatten();
        let hunt = if is_placed { Hunt::At { has_table: table.is_some() } } else { Hunt::Within };
        let regex = compiled(&hir, hunt)?;
        // No length is known where a branch can never match.
        if hir.properties().minimum_len().map_or_else(|| regex.is_match(""), |len| len == 0) {
            return Err(BadRegex::new("it matches the empty text", "let it ask for one character at least"));
        }
        if group >= regex.group_info().group_len(regex_automata::PatternID::ZERO) {
            let remedy = "give the number of one of its groups, 0 for all of it";
            return Err(BadRegex::new(format!("it has no group {group}"), remedy));
        }
        Ok(Self {
            start: shape.start,
            longest: shape.longest,
            digits: shape.digits,
            opening: shape.opening,
            behind: shape.behind,
            leads: shape.leads,
            need: shape.need,
            regex: Some(regex),
            table,
            group,
            ..Self::of_words()
        })
    }

    /// A rule without conditions that the words of a list wake.
    pub(super) fn of_words() -> Self {
        Self {
            pattern: None,
            round: Round::Lookalike,
            start: Start::Words,
            longest: 0,
            digits: 0,
            opening: Vec::new(),
            behind: [Bytes::default(); PLACES],
            leads: [Bytes::default(); _],
            need: Need::Nothing,
            check: None,
            cues: Lists::default(),
            anti_cues: Lists::default(),
            also: Lists::default(),
            distance: Distance::default(),
            passing: false,
            multiline: false,
            formats: Vec::new(),
            regex: None,
            table: None,
            group: 0,
        }
    }

    /// The match that begins at `range.start` and ends within `range`.
    pub(super) fn match_at(&self, text: &str, range: Range<usize>) -> Option<Range<usize>> {
        let start = range.start;
        let end = match &self.table {
            Some(table) => table.match_end(text.as_bytes(), range),
            None => {
                let input = Input::new(text).range(range).anchored(Anchored::Yes);
                self.regex.as_ref()?.search_half(&input).map(|found| found.offset())
            }
        };
        end.map(|end| start..end)
    }

    /// The first match within `range`.
    pub(super) fn match_in(&self, text: &str, range: Range<usize>) -> Option<Range<usize>> {
        self.regex.as_ref()?.search(&Input::new(text).range(range)).map(|found| found.range())
    }

    /// The part of a match that is the value.
    pub(super) fn value(&self, text: &str, found: Range<usize>) -> Option<Range<usize>> {
        if self.group == 0 {
            return Some(found).filter(|value| !value.is_empty());
        }
        let regex = self.regex.as_ref()?;
        let mut captures = regex.create_captures();
        regex.search_captures(&Input::new(text).range(found).anchored(Anchored::Yes), &mut captures);
        captures.get_group(self.group).map(|group| group.range()).filter(|value| !value.is_empty())
    }
}

/// How deep a regex may be nested.
const DEEPEST: u32 = 32;

/// How many pieces a regex may have with its repetitions written out: compiling takes time and memory by that.
const LARGEST: usize = 1 << 18;

/// How many bytes a compiled regex may take.
const HEAVIEST: usize = 4 << 20;

/// How many states a regex may have that is compiled whole, so that a search has nothing to build.
const STATES: usize = 128;

/// How many bytes a regex may take as a table.
const LARGEST_TABLE: usize = 1 << 17;

/// What is wrong with a regex, and what to do about it.
#[derive(Debug)]
pub(super) struct BadRegex {
    pub why: String,
    pub remedy: &'static str,
}

impl BadRegex {
    fn new(why: impl Into<String>, remedy: &'static str) -> Self {
        Self { why: why.into(), remedy }
    }

    /// What a parser says about `source`, and at which of its characters.
    fn spelled(source: &str, error: &regex_syntax::Error) -> Self {
        let (why, span) = match error {
            regex_syntax::Error::Parse(error) => (error.kind().to_string(), *error.span()),
            regex_syntax::Error::Translate(error) => (error.kind().to_string(), *error.span()),
            _ => return Self::new(error.to_string(), SYNTAX),
        };
        let place = source.get(..span.start.offset).map_or(0, |before| before.chars().count()) + 1;
        let part = source.get(span.start.offset..span.end.offset).filter(|part| !part.is_empty());
        let part = part.map(|part| format!(", `{part}`")).unwrap_or_default();
        Self::new(format!("{why}, at character {place}{part}"), SYNTAX)
    }

    /// What a compiler says, and what made it say so.
    fn compiled(error: &regex_automata::meta::BuildError) -> Self {
        if let Some(limit) = error.size_limit() {
            return Self::new(format!("compiled, it takes more than {limit} bytes"), LESS);
        }
        let mut why = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            why = format!("{why}: {error}");
            cause = error.source();
        }
        Self::new(why, SYNTAX)
    }
}

const SYNTAX: &str = "correct it; the syntax is that of the Rust regex crate, ASCII only";

const LESS: &str = "repeat or nest less, or part it into several regexes";

/// Where a regex is mostly asked to match.
enum Hunt {
    /// At a place that is known; by a table, if it has one.
    At { has_table: bool },
    /// Somewhere within a range: literals in the regex show where.
    Within,
}

/// Compiles an ASCII regex that is looked for; `Err` says what is wrong with it.
pub(super) fn regex(source: &str) -> Result<Regex, BadRegex> {
    compiled(&parse(source)?, Hunt::Within)
}

fn parse(source: &str) -> Result<Hir, BadRegex> {
    let parsed = ParserBuilder::new().unicode(false).utf8(false).nest_limit(DEEPEST).build().parse(source);
    let hir = parsed.map_err(|error| BadRegex::spelled(source, &error))?;
    if pieces(&hir) > LARGEST {
        return Err(BadRegex::new(format!("written out, its repetitions have more than {LARGEST} pieces"), LESS));
    }
    Ok(hir)
}

fn compiled(hir: &Hir, hunt: Hunt) -> Result<Regex, BadRegex> {
    let config = Regex::config()
        .utf8_empty(false)
        .nfa_size_limit(Some(HEAVIEST))
        .dfa(!matches!(hunt, Hunt::At { has_table: true }))
        .dfa_state_limit(Some(STATES))
        .dfa_size_limit(Some(1 << 17))
        .auto_prefilter(matches!(hunt, Hunt::Within));
    Regex::builder().configure(config).build_from_hir(hir).map_err(|error| BadRegex::compiled(&error))
}

/// A regex as one table, for matches that begin at a known place.
pub(super) struct Table {
    states: dense::DFA<Vec<u32>>,
    /// Where a match begins, if that is the same whatever stands before it.
    start: Option<StateID>,
}

impl Table {
    /// `None` if it would be large.
    fn new(hir: &Hir) -> Option<Self> {
        let config = NFA::config().utf8(false).nfa_size_limit(Some(HEAVIEST));
        let nfa = NFA::compiler().configure(config).build_from_hir(hir).ok()?;
        let config = dense::Config::new()
            .start_kind(StartKind::Anchored)
            .dfa_size_limit(Some(LARGEST_TABLE))
            .determinize_size_limit(Some(LARGEST_TABLE));
        let states = dense::Builder::new().configure(config).build_from_nfa(&nfa).ok()?;
        let start = states.universal_start_state(Anchored::Yes);
        Some(Self { states, start })
    }

    /// Where the match ends that begins at `range.start`, within `range`. Most end or fail within a few bytes, so there is
    /// nothing here but the steps.
    fn match_end(&self, text: &[u8], range: Range<usize>) -> Option<usize> {
        let states = &self.states;
        let mut state = match self.start {
            Some(start) => start,
            // Nothing in its configuration lets it fail.
            None => states.start_state_forward(&Input::new(text).range(range.clone()).anchored(Anchored::Yes)).ok()?,
        };
        let mut end = None;
        for (at, byte) in text[range.clone()].iter().enumerate() {
            state = states.next_state(state, *byte);
            if states.is_special_state(state) {
                // A state tells of the match before its last byte.
                if states.is_match_state(state) {
                    end = Some(range.start + at);
                } else if states.is_dead_state(state) {
                    return end;
                }
            }
        }
        state = match text.get(range.end) {
            Some(byte) => states.next_state(state, *byte),
            None => states.next_eoi_state(state),
        };
        if states.is_match_state(state) { Some(range.end) } else { end }
    }
}

/// How many pieces a regex has when every repetition stands as often as it may; one without end counts as a long one.
fn pieces(hir: &Hir) -> usize {
    const ENDLESS: u32 = 40;
    match hir.kind() {
        HirKind::Alternation(parts) | HirKind::Concat(parts) => parts.iter().map(pieces).fold(1, usize::saturating_add),
        HirKind::Capture(capture) => pieces(&capture.sub),
        HirKind::Class(_) | HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min.max(ENDLESS));
            pieces(&repetition.sub).saturating_mul(times as usize)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(regex: &str, told: &str) {
        let why = Rule::new(regex, 0).err().map(|bad| format!("{}: {}", bad.why, bad.remedy)).unwrap_or_default();
        assert!(why.contains(told), "{regex}: {why}");
    }

    #[test]
    fn a_regex_that_grows_without_bound_is_refused() {
        for regex in [
            "(a{1000}){1000}",
            "((((a{1,40}){1,40}){1,40}){1,40})",
            "(((((((a*)*)*)*)*)*)*)*",
            "[ab]{4000000000}",
            r"((\d{4000000000}){4000000000}){4000000000}",
        ] {
            check(regex, "pieces: repeat or nest less");
        }
        check("[ab]{200000}", "bytes: repeat or nest less");
        check(&format!("{}a{}", "(".repeat(99), ")".repeat(99)), "exceed the maximum number of nested");
        assert!(Rule::new(r"(?:[a-z\d]+(?:[.-][a-z\d]+)*)*@x{1,1000}", 0).is_ok());
    }

    #[test]
    fn an_error_says_what_is_wrong_and_where() {
        check("", "empty text: let it ask for");
        check("|[a&&b]", "empty text: let it ask for");
        check("(", "unclosed group, at character 1, `(`: correct it");
        check(
            r"äb\d(?=x)",
            "look-around, including look-ahead and look-behind, is not supported, at character 5, `(?=`",
        );
        check(r"é+[z-a]", "at character 4, `z-a`");
        check(r"\pL", "Unicode");
    }
}
