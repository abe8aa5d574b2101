//! Trying patterns: what they find in a text and why, what an edited file would find instead, and in which texts that differs.
//! Nothing is written here: an edited file goes back to its author's screen alone.

use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Asked;
use super::answer::{Answer, Failure, json as json_answer};
use super::bench::Edited;
use super::comparison::Comparison;
use super::desk::Desk;
use crate::audit::{EventKind, Filter};
use crate::detect::{Candidate, Detector, Finding, Loss, PatternId, Problem};
use crate::eval::{Case, Names};

/// The longest text that is looked at while somebody types it.
const LONGEST_TEXT: usize = 64 << 10;
/// The most stored exchanges, and the most labelled lines, that are compared.
const STORED: usize = 2000;
const LINES: usize = 20_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tried {
    text: String,
    edited: Option<Edited>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Compared {
    edited: Edited,
    #[serde(default)]
    cases: String,
    #[serde(default)]
    last: usize,
}

/// The pattern files, or one of them.
pub(super) fn files(desk: &Desk, asked: &Asked) -> Result<Answer, Failure> {
    let patterns = Arc::clone(&desk.gateway.ruleset().patterns);
    let Some(name) = asked.query.text("file") else {
        let names: Vec<&String> = patterns.sources.iter().map(|source| &source.name).collect();
        return json_answer(&json!({ "files": names }));
    };
    let source = patterns.sources.iter().find(|source| source.name == name);
    let source = source.ok_or_else(|| Failure::asked("there is no such pattern file"))?;
    json_answer(&json!({ "file": source.name, "toml": source.text }))
}

/// What is found in a text and why, and what nearly was.
pub(super) async fn try_out(desk: &Arc<Desk>, asked: &Asked) -> Result<Answer, Failure> {
    let Tried { text, edited } = asked.form()?;
    if text.len() > LONGEST_TEXT {
        return Err(Failure::asked(format!("the text is longer than {LONGEST_TEXT} bytes")));
    }
    let here = Arc::clone(desk);
    let tried = desk.work(move |_| {
        let detector = match edited.map(|edited| compiled(&here, &edited)).transpose()? {
            Some(Err(problems)) => return Ok(json!({ "problems": problems.iter().map(told).collect::<Vec<_>>() })),
            Some(Ok(detector)) => detector,
            None => Arc::clone(&here.gateway.ruleset().detector),
        };
        let found = detector.scan(&text, "");
        let candidates = detector.explain(&text, &found);
        let places = Places::of(&text);
        Ok(json!({
            "problems": [],
            "findings": found.iter().map(|one| finding(&detector, &places, one, &candidates)).collect::<Vec<_>>(),
            "dropped": candidates.iter().filter(|one| !found.iter().any(|found| is_of(one, found)))
                .map(|one| dropped(&detector, &places, one)).collect::<Vec<_>>(),
        }))
    });
    json_answer(&tried.await?)
}

/// What an edited file would newly find and newly miss in labelled lines, which the author sends.
pub(super) async fn compare_cases(desk: &Arc<Desk>, asked: &Asked) -> Result<Answer, Failure> {
    let Compared { edited, cases, .. } = asked.form()?;
    let lines = cases.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    if lines.clone().nth(LINES).is_some() {
        return Err(Failure::asked(format!(
            "there are more than {LINES} lines: compare on them with `blotter eval --compare`"
        )));
    }
    let cases: Vec<(String, Case)> = lines
        .map(|(number, line)| Ok(((number + 1).to_string(), case(number, line)?)))
        .collect::<Result<_, Failure>>()?;
    let here = Arc::clone(desk);
    let compared = desk.work(move |_| {
        compared(&here, &edited, |comparison| {
            cases.iter().for_each(|(name, case)| comparison.add(name, case));
            Ok(())
        })
    });
    json_answer(&compared.await?)
}

/// A labelled line, or one without labels.
fn case(number: usize, line: &str) -> Result<Case, Failure> {
    match line.trim_start().starts_with('{') {
        true => Case::parse(line, &Names::new()).map_err(|bad| Failure::asked(format!("line {}: {bad}", number + 1))),
        false => Ok(Case::unlabelled(line)),
    }
}

/// The same in the texts of the newest exchanges. That they were looked at is in the log before anything of them is shown.
pub(super) async fn compare_stored(desk: &Arc<Desk>, asked: &Asked) -> Result<Answer, Failure> {
    let Compared { edited, last, .. } = asked.form()?;
    let here = Arc::clone(desk);
    let compared = desk.work(move |archive| {
        let newest = Filter { limit: last.min(STORED), ..Filter::default() };
        compared(&here, &edited, |comparison| {
            Ok(archive.unlocked()?.each_record(&newest, |record| comparison.add_texts(&record))?)
        })
    });
    let compared = compared.await?;
    let detail = json!({ "compared": compared["texts"], "by": asked.name() });
    desk.note(EventKind::Viewed, &detail).await?;
    json_answer(&compared)
}

fn compiled(desk: &Desk, edited: &Edited) -> Result<Result<Arc<Detector>, Vec<Problem>>, Failure> {
    desk.bench.compiled(&desk.gateway.ruleset().patterns, edited)
}

/// What an edited file would change in the texts that `add` adds.
fn compared(
    desk: &Desk,
    edited: &Edited,
    add: impl FnOnce(&mut Comparison) -> Result<(), Failure>,
) -> Result<Value, Failure> {
    let new = match compiled(desk, edited)? {
        Ok(detector) => detector,
        Err(problems) => return Ok(json!({ "problems": problems.iter().map(told).collect::<Vec<_>>() })),
    };
    let old = Arc::clone(&desk.gateway.ruleset().detector);
    let mut comparison = Comparison::of(old, new);
    add(&mut comparison)?;
    Ok(comparison.told())
}

fn told(problem: &Problem) -> Value {
    json!({ "file": problem.file, "line": problem.line, "what": problem.what, "remedy": problem.remedy })
}

/// Where the bytes of a text are in the browser's counting.
struct Places(Vec<u32>);

impl Places {
    fn of(text: &str) -> Self {
        let mut places = Vec::with_capacity(text.len() + 1);
        let mut units = 0;
        for c in text.chars() {
            places.extend(std::iter::repeat_n(units, c.len_utf8()));
            units += c.len_utf16() as u32;
        }
        places.push(units);
        Self(places)
    }

    fn span(&self, span: &Range<usize>) -> [u32; 2] {
        [self.0[span.start], self.0[span.end]]
    }

    fn word(&self, word: Option<&Range<usize>>) -> Value {
        word.map_or(Value::Null, |word| json!(self.span(word)))
    }
}

fn is_of(candidate: &Candidate, found: &Finding) -> bool {
    candidate.pattern == Some(found.pattern)
        && candidate.span.start < found.span.end
        && found.span.start < candidate.span.end
}

fn finding(detector: &Detector, places: &Places, found: &Finding, candidates: &[Candidate]) -> Value {
    let candidate = candidates.iter().find(|candidate| is_of(candidate, found));
    let mut told = by(detector, found.pattern);
    told["span"] = json!(places.span(&found.span));
    told["cue"] = places.word(candidate.and_then(|one| one.cue.as_ref()));
    told["anti_cue"] = places.word(candidate.and_then(|one| one.anti_cue.as_ref()));
    told
}

fn dropped(detector: &Detector, places: &Places, candidate: &Candidate) -> Value {
    let mut told = candidate.pattern.map_or_else(|| json!({ "pattern": null }), |pattern| by(detector, pattern));
    told["span"] = json!(places.span(&candidate.span));
    told["fate"] = json!(format!("{:?}", candidate.fate).to_lowercase());
    told["cue"] = places.word(candidate.cue.as_ref());
    told["anti_cue"] = places.word(candidate.anti_cue.as_ref());
    let lost = |lost: Loss| json!({ "to": detector.pattern(lost.to).name, "lead": lost.lead });
    told["lost"] = candidate.lost.map_or(Value::Null, lost);
    told
}

/// A pattern as its author knows it.
fn by(detector: &Detector, id: PatternId) -> Value {
    let pattern = detector.pattern(id);
    json!({
        "entity": pattern.entity.as_str(), "pattern": pattern.name, "file": pattern.file, "strength": pattern.strength,
        "check": pattern.check(), "source": pattern.source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_counts_otherwise() {
        let places = Places::of("é😀x");
        assert_eq!((places.span(&(0..2)), places.span(&(2..6)), places.span(&(6..7))), ([0, 1], [1, 3], [3, 4]));
    }
}
