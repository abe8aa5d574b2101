//! Recognisers outside the program: services that find what takes a language model, such as names and street addresses.
//!
//! A pattern file names them, whoever has sockets asks them. Here stands what they are asked and how what they say joins what
//! the patterns found: each of their entities is a [`Pattern`](super::Pattern) with the service's name, so policies, placeholders
//! and the log know no difference.

use std::ops::Range;

use toml::Spanned;

use super::{
    Detector, Entity, Finding, PatternId,
    language::{OnFailure, WrittenService},
    placeholder,
};

/// A service that speaks the `/analyze` API of Presidio Analyzer.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its name in the file.
    pub name: String,
    /// The file it stands in.
    pub file: String,
    /// Where it is asked, as it was written.
    pub url: Spanned<String>,
    /// What is taken from it, by the service's own names.
    pub entities: Vec<(Entity, PatternId)>,
    /// The language that it is told.
    pub language: String,
    /// The least score that counts.
    pub score: f64,
    /// Within which everything that an exchange asks it has to be answered, in milliseconds.
    pub timeout_ms: u64,
    /// How many calls it gets at a time.
    pub concurrency: usize,
    /// What is done when it does not answer.
    pub on_failure: OnFailure,
}

impl Service {
    /// Checks what a person wrote; `Err` holds what is wrong, where, and what to do.
    pub(super) fn check(written: &WrittenService) -> Result<(), Vec<Wrong>> {
        let name = written.name.get_ref();
        let mut wrong = Vec::new();
        let mut complain =
            |span: Range<usize>, what: &str, remedy| wrong.push((span, format!("`{name}`: {what}"), remedy));
        if name.is_empty() {
            complain(written.name.span(), "a service without a name", "name it: the log says what it found");
        }
        if written.entities.get_ref().is_empty() {
            complain(written.entities.span(), "nothing is taken from it", "name entities, such as `PERSON`");
        }
        let mut seen = Vec::new();
        for entity in written.entities.get_ref() {
            if entity.get_ref().parse::<Entity>().is_err() {
                let what = format!("`{}` is no entity", entity.get_ref());
                complain(entity.span(), &what, "write upper-case letters, digits and single underscores");
            }
            if seen.contains(&entity.get_ref()) {
                complain(entity.span(), &format!("`{}` stands twice", entity.get_ref()), "take one out");
            }
            seen.push(entity.get_ref());
        }
        if !(0.0..=1.0).contains(written.score.get_ref()) {
            complain(written.score.span(), "`score` is out of range", "give a number from 0 to 1");
        }
        if milliseconds(written.timeout.get_ref()).is_none() {
            let remedy = "write as in \"2s\" or \"500ms\", a minute at most";
            complain(written.timeout.span(), "`timeout` is no time to wait", remedy);
        }
        if !(1..=MOST_CALLS).contains(written.concurrency.get_ref()) {
            complain(written.concurrency.span(), "`concurrency` is out of range", "give a number from 1 to 256");
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// A service of this file that was checked, and the patterns that its entities have.
    pub(super) fn new(file: &str, written: &WrittenService, entities: Vec<(Entity, PatternId)>) -> Self {
        Self {
            name: written.name.get_ref().clone(),
            file: file.to_owned(),
            url: written.url.clone(),
            entities,
            language: written.language.clone(),
            score: *written.score.get_ref(),
            timeout_ms: milliseconds(written.timeout.get_ref()).unwrap_or_default(),
            concurrency: *written.concurrency.get_ref(),
            on_failure: written.on_failure,
        }
    }
}

/// A mistake: where it stands, what it is, and what to do about it.
type Wrong = (Range<usize>, String, &'static str);

const MOST_CALLS: usize = 256;

/// `2s` or `500ms`, a minute at most.
fn milliseconds(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let unit = match unit {
        "ms" => 1,
        "s" => 1000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit).filter(|time| (1..=60_000).contains(time))
}

impl Detector {
    /// The recogniser services that the pattern files name.
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// `found` in `text` with what services found in it besides, sorted and non-overlapping.
    ///
    /// The patterns' own findings and placeholders keep their places: they are exact, a model's borders are not. What a
    /// service's finding covers beside them is a finding too, so nothing that either saw stays.
    pub fn join(&self, text: &str, found: Vec<Finding>, mut outside: Vec<Finding>) -> Vec<Finding> {
        if outside.is_empty() {
            return found;
        }
        outside.sort_by_key(|finding| (finding.span.start, std::cmp::Reverse(finding.span.end)));
        let mut taken: Vec<Range<usize>> = found.iter().map(|finding| finding.span.clone()).collect();
        taken.extend(placeholder::all(text));
        taken.sort_by_key(|span| span.start);
        let mut joined = found;
        let (mut next, mut free) = (0, 0);
        for Finding { entity, span, pattern } in outside {
            let mut at = span.start.max(free);
            free = free.max(span.end);
            while let Some(gone) = taken.get(next).filter(|gone| gone.start < span.end) {
                let piece = trimmed(text, at..gone.start);
                joined.extend(piece.map(|span| Finding { entity: entity.clone(), span, pattern }));
                at = at.max(gone.end);
                if gone.end > span.end {
                    break;
                }
                next += 1;
            }
            joined.extend(trimmed(text, at..span.end).map(|span| Finding { entity, span, pattern }));
        }
        joined.sort_by_key(|finding| finding.span.start);
        joined
    }
}

/// `span` without the blanks at its ends; `None` where nothing is left that says anything.
fn trimmed(text: &str, span: Range<usize>) -> Option<Range<usize>> {
    let piece = text.get(span.start..span.end.max(span.start))?;
    let start = span.start + (piece.len() - piece.trim_start().len());
    piece.contains(char::is_alphanumeric).then(|| start..start + piece.trim().len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{Settings, Source};

    const FILE: &str = r#"
        [[pattern]]
        name = "mail"
        entity = "EMAIL"
        regex = '[a-z]+@[a-z]+\.org'
        source = "x"
        [pattern.examples]
        match = ["<<a@x.org>>"]
        [[service]]
        name = "names"
        url = "http://127.0.0.1:5002/analyze"
        entities = ["PERSON", "LOCATION"]
        source = "our own"
    "#;

    fn compile(text: &str) -> Result<Detector, Vec<String>> {
        let source = Source { name: "a.toml".into(), text: text.into() };
        let problems = |problems: Vec<crate::detect::Problem>| problems.iter().map(ToString::to_string).collect();
        Detector::compile(&[source], &Settings::default()).map_err(problems)
    }

    #[test]
    fn its_entities_are_patterns_with_its_name() {
        let detector = compile(FILE).unwrap();
        let [service] = detector.services() else { panic!("one service") };
        assert_eq!((service.score, service.timeout_ms, service.concurrency), (0.5, 2000, 8));
        assert_eq!((service.language.as_str(), service.on_failure), ("en", OnFailure::Refuse));
        let [(person, id), _] = &service.entities[..] else { panic!("two entities") };
        assert_eq!((person.as_str(), detector.pattern(*id).name.as_str()), ("PERSON", "names"));
        assert!(detector.entities().any(|entity| entity.as_str() == "LOCATION"));
    }

    #[test]
    fn what_is_wrong_is_told_at_once() {
        let text = FILE.replace("\"LOCATION\"]", "\"Place\", \"PERSON\"]\nscore = 2\ntimeout = \"2\"\nconcurrency = 0");
        let problems = compile(&text).err().unwrap();
        let expected = ["`Place` is no entity", "`PERSON` stands twice", "`score`", "`timeout`", "`concurrency`"];
        assert_eq!(problems.len(), expected.len(), "{problems:#?}");
        for (problem, expected) in problems.iter().zip(expected) {
            assert!(problem.contains(&format!("`names`: {expected}")), "{problem}");
        }
        let twice = format!("{FILE}\n{}", &FILE[FILE.find("[[service]]").unwrap()..]);
        assert!(compile(&twice).err().unwrap()[0].contains("`names`: the service is written twice"));
        assert!(compile(&FILE.replace("url", "uri")).is_err());
    }

    #[test]
    fn the_patterns_keep_their_places_and_the_rest_is_found_too() {
        let detector = compile(FILE).unwrap();
        let person = &detector.services()[0].entities[0];
        let check = |text: &str, said: &[&str], expected: &[(&str, &str)]| {
            let finding = |part: &&str| {
                let start = text.find(part).unwrap();
                Finding { entity: person.0.clone(), span: start..start + part.len(), pattern: person.1 }
            };
            let joined = detector.join(text, detector.scan(text, ""), said.iter().map(finding).collect());
            let found: Vec<_> = joined.iter().map(|f| (f.entity.as_str(), &text[f.span.clone()])).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("I am Ann Fox.", &["Ann Fox"], &[("PERSON", "Ann Fox")]);
        check(
            "Ann ann@x.org Fox!",
            &["Ann ann@x.org Fox"],
            &[("PERSON", "Ann"), ("EMAIL", "ann@x.org"), ("PERSON", "Fox")],
        );
        check("ann@x.org", &["ann"], &[("EMAIL", "ann@x.org")]);
        check("a@x.org b@x.org", &["a@x", "org b"], &[("EMAIL", "a@x.org"), ("EMAIL", "b@x.org")]);
        check("Ann [PHONE_7K2Q]", &["Ann [PHONE_7K2Q]", "PHONE_7K2Q"], &[("PERSON", "Ann")]);
        check("Ann Mary Fox", &["Mary Fox", "Ann Mary"], &[("PERSON", "Ann Mary"), ("PERSON", "Fox")]);
        check("Ann Mary Fox", &["Mary", "Ann Mary Fox"], &[("PERSON", "Ann Mary Fox")]);
        check("( - )", &["( - )"], &[]);
    }
}
