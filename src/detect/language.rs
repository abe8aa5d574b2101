//! The pattern files as they are written: their keys and how they nest. Nothing is judged here but spelling; `compile`
//! turns it into a detector.

use std::{collections::BTreeMap, fmt, ops::Range};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, IntoDeserializer, MapAccess, SeqAccess, Visitor},
};
use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

use super::problem::{Problem, Source};

/// A pattern as a person wrote it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub name: Spanned<String>,
    pub entity: Option<Spanned<String>>,
    #[serde(default)]
    pub regex: OneOrMore,
    #[serde(default)]
    pub words: Vec<Spanned<String>>,
    pub words_file: Option<Spanned<String>>,
    #[serde(default)]
    pub fold_case: bool,
    #[serde(default)]
    pub formats: Vec<Spanned<String>>,
    pub validator: Option<Spanned<String>>,
    #[serde(default)]
    pub strength: Strength,
    #[serde(default)]
    pub cues: CueLists,
    #[serde(default)]
    pub anti_cues: CueLists,
    #[serde(default)]
    pub also: CueLists,
    #[serde(default)]
    pub distance: Distance,
    #[serde(default)]
    pub passing: bool,
    #[serde(default)]
    pub group: usize,
    #[serde(default)]
    pub multiline: bool,
    pub country: Option<Spanned<String>>,
    pub source: Option<String>,
    pub examples: Option<Examples>,
}

/// A form that is known to be none of the entities: a date, a version, a shop's own order numbers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenLookalike {
    pub name: Spanned<String>,
    pub regex: OneOrMore,
    #[serde(default)]
    pub validator: Option<Spanned<String>>,
    pub source: Option<String>,
    pub examples: Option<Examples>,
}

/// A recogniser outside the program.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenService {
    pub name: Spanned<String>,
    pub url: Spanned<String>,
    pub entities: Spanned<Vec<Spanned<String>>>,
    #[serde(default = "english")]
    pub language: String,
    #[serde(default = "half")]
    pub score: Spanned<f64>,
    #[serde(default = "two_seconds")]
    pub timeout: Spanned<String>,
    #[serde(default = "eight")]
    pub concurrency: Spanned<usize>,
    #[serde(default)]
    pub on_failure: OnFailure,
    pub source: String,
}

/// What is done with a request about which a service did not answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// It is forwarded, and the log says so.
    Pass,
    /// It is refused.
    #[default]
    Refuse,
}
fn english() -> String {
    "en".to_owned()
}

fn half() -> Spanned<f64> {
    Spanned::new(0..0, 0.5)
}

fn two_seconds() -> Spanned<String> {
    Spanned::new(0..0, "2s".to_owned())
}

fn eight() -> Spanned<usize> {
    Spanned::new(0..0, 8)
}

/// How much a match is worth by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Strength {
    /// Stands whatever is written around it.
    Certain,
    /// Stands unless an anti-cue is nearer than every cue.
    #[default]
    Likely,
    /// Counts only with a cue that is nearer than every anti-cue.
    Weak,
}

/// How far from the value a cue may stand, in bytes of the folded text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Distance {
    #[serde(deserialize_with = "small")]
    pub before: usize,
    #[serde(deserialize_with = "small")]
    pub after: usize,
}

/// A number that can be reckoned with.
fn small<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    u16::deserialize(deserializer).map(usize::from)
}

impl Default for Distance {
    fn default() -> Self {
        Self { before: 45, after: 18 }
    }
}

/// Texts that prove a pattern; `<<` and `>>` stand around the value.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Examples {
    #[serde(rename = "match", default)]
    pub matches: Vec<Spanned<String>>,
    #[serde(default)]
    pub ignore: Vec<Spanned<String>>,
}

/// Cue words by language.
pub(super) type CueWords = BTreeMap<String, Vec<String>>;

/// What one file holds, with the problems of what could not be read.
#[derive(Default)]
pub(super) struct File {
    pub cues: Vec<(Spanned<String>, CueWords)>,
    pub patterns: Vec<Read<Written>>,
    pub lookalikes: Vec<Read<WrittenLookalike>>,
    pub services: Vec<Read<WrittenService>>,
    pub problems: Vec<Problem>,
    /// Whether something could not be read at all that others may build on.
    pub is_torn: bool,
}

/// A pattern or the like as far as it could be read.
pub(super) struct Read<T> {
    pub written: T,
    /// Whether nothing had to be left out.
    pub is_whole: bool,
}

/// Reads a file as far as it can be read: a mistake hides none in the next key, and none in the next pattern.
pub(super) fn read(source: &Source) -> File {
    let mut file = File::default();
    let (document, errors) = DeTable::parse_recoverable(&source.text);
    file.problems.extend(errors.iter().map(|error| unreadable(source, error)));
    file.is_torn = !file.problems.is_empty();
    if !file.is_torn {
        document.into_inner().into_iter().for_each(|(key, value)| file.section(source, &key, value));
    }
    file
}

impl File {
    fn section<'t>(&mut self, source: &Source, key: &Spanned<DeString<'t>>, value: Spanned<DeValue<'t>>) {
        match key.get_ref().as_ref() {
            "cues" => self.read_cues(source, value),
            "lookalike" => self.lookalikes = self.read_all(source, value),
            "pattern" => self.patterns = self.read_all(source, value),
            "service" => self.services = self.read_all(source, value),
            other => self.tear(source.problem(
                key.span(),
                format!("`{other}` is no part of a pattern file"),
                "a file holds `[[pattern]]`, `[[lookalike]]`, `[[service]]` and `[cues.NAME]`",
            )),
        }
    }

    /// Tells of what could not be read at all.
    fn tear(&mut self, problem: Problem) {
        self.problems.push(problem);
        self.is_torn = true;
    }

    fn read_cues(&mut self, source: &Source, value: Spanned<DeValue<'_>>) {
        let Some(table) = value.get_ref().as_table() else {
            return self.tear(source.problem(value.span(), "`cues` is no table", "write `[cues.NAME]`"));
        };
        for (name, list) in table.clone() {
            let words = CueWords::deserialize(list.into_deserializer()).unwrap_or_else(|error| {
                self.tear(unreadable(source, &error));
                CueWords::new()
            });
            self.cues.push((Spanned::new(name.span(), name.into_inner().into_owned()), words));
        }
    }

    fn read_all<'t, T: Deserialize<'t>>(&mut self, source: &Source, value: Spanned<DeValue<'t>>) -> Vec<Read<T>> {
        let span = value.span();
        let DeValue::Array(items) = value.into_inner() else {
            let remedy = "write `[[pattern]]`, `[[lookalike]]`, `[[service]]`";
            self.tear(source.problem(span, "a single bracket makes no list", remedy));
            return Vec::new();
        };
        items.into_iter().filter_map(|item| self.read_one(source, item)).collect()
    }

    /// Reads one table; what cannot be read is told and left out, so that the rest of it is read and judged.
    fn read_one<'t, T: Deserialize<'t>>(&mut self, source: &Source, mut item: Spanned<DeValue<'t>>) -> Option<Read<T>> {
        let mut is_whole = true;
        for _ in 0..MOST_MISTAKES {
            let error = match T::deserialize(item.clone().into_deserializer()) {
                Ok(written) => return Some(Read { written, is_whole }),
                Err(error) => error,
            };
            let place = error.span().unwrap_or(item.span());
            self.problems.push(source.problem(place.clone(), error.message(), SPELLING));
            is_whole = false;
            if !take_out(item.get_mut(), &place) {
                break;
            }
        }
        self.is_torn = true;
        None
    }
}

/// After how many mistakes in one table it is given up: each costs another reading of it.
const MOST_MISTAKES: usize = 64;

/// Takes the innermost key out of a table at which `place` lies; says whether there is one.
fn take_out(value: &mut DeValue<'_>, place: &Range<usize>) -> bool {
    let DeValue::Table(table) = value else { return false };
    if table.iter_mut().any(|(_, value)| take_out(value.get_mut(), place)) {
        return true;
    }
    let holds = |span: Range<usize>| span.start <= place.start && place.end <= span.end;
    let wrong = table.iter().find(|(key, value)| holds(key.span()) || holds(value.span()));
    wrong.map(|(key, _)| key.clone()).is_some_and(|key| table.remove(&key).is_some())
}

const SPELLING: &str = "see the head of patterns/ssn.toml for the keys of a pattern";

fn unreadable(source: &Source, error: &toml::de::Error) -> Problem {
    source.problem(error.span().unwrap_or_default(), error.message(), "correct the TOML")
}

/// A string or a list of strings.
#[derive(Debug, Default)]
pub(super) struct OneOrMore(pub Vec<Spanned<String>>);

impl<'de> Deserialize<'de> for OneOrMore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Spanned::<Strings>::deserialize(deserializer)?;
        let span = value.span();
        Ok(Self(match value.into_inner() {
            Strings::One(text) => vec![Spanned::new(span, text)],
            Strings::More(texts) => texts,
        }))
    }
}

enum Strings {
    One(String),
    More(Vec<Spanned<String>>),
}

impl<'de> Deserialize<'de> for Strings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StringsVisitor)
    }
}

struct StringsVisitor;

impl<'de> Visitor<'de> for StringsVisitor {
    type Value = Strings;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a list of strings")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Strings, E> {
        Ok(Strings::One(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut texts: A) -> Result<Strings, A::Error> {
        let mut all = Vec::new();
        while let Some(text) = texts.next_element()? {
            all.push(text);
        }
        Ok(Strings::More(all))
    }
}

/// Which cue words a pattern listens to: `"phone"`, `["phone", "contact"]`, or the words themselves by language.
#[derive(Debug, Default)]
pub(super) struct CueLists {
    pub names: Vec<String>,
    pub words: CueWords,
}

impl<'de> Deserialize<'de> for CueLists {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CueListsVisitor)
    }
}

struct CueListsVisitor;

impl<'de> Visitor<'de> for CueListsVisitor {
    type Value = CueLists;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a cue list, a list of such names, or words by language as in { en = [\"phone\"] }")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<CueLists, E> {
        Ok(CueLists { names: vec![name.to_owned()], words: CueWords::new() })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, names: A) -> Result<CueLists, A::Error> {
        let names = Vec::deserialize(de::value::SeqAccessDeserializer::new(names))?;
        Ok(CueLists { names, words: CueWords::new() })
    }

    fn visit_map<A: MapAccess<'de>>(self, words: A) -> Result<CueLists, A::Error> {
        let words = CueWords::deserialize(de::value::MapAccessDeserializer::new(words))?;
        Ok(CueLists { names: Vec::new(), words })
    }
}
