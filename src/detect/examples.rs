//! Proving patterns by their examples: a pattern file whose examples fail is refused.

use std::{collections::BTreeSet, ops::Range};

use toml::Spanned;

use super::{
    Detector, Problem, Source,
    language::{Examples, File, Read},
    scan,
    scene::Taker,
};

/// Runs the examples of look-alikes and of the patterns whose entity is none of `broken`; what comes back is what failed.
pub(super) fn run(detector: &Detector, files: &[(&Source, File)], broken: &BTreeSet<String>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (source, file) in files {
        for Read { written, .. } in &file.patterns {
            let Some(entity) = written.entity.as_ref().map(|entity| entity.get_ref().as_str()) else { continue };
            if !broken.contains(entity) {
                let found = |text: &str| entity_spans(detector, text, entity);
                problems.extend(prove(source, written.name.get_ref(), written.examples.as_ref(), &found));
            }
        }
        for Read { written, .. } in &file.lookalikes {
            let found = |text: &str| lookalike_spans(detector, text);
            problems.extend(prove(source, written.name.get_ref(), written.examples.as_ref(), &found));
        }
    }
    problems
}

fn prove(
    source: &Source,
    name: &str,
    examples: Option<&Examples>,
    found: &dyn Fn(&str) -> Vec<Range<usize>>,
) -> Vec<Problem> {
    let Some(examples) = examples else { return Vec::new() };
    let matches = examples.matches.iter().filter_map(|example| {
        let (text, expected) = unmark(example.get_ref());
        let what = match (expected.is_empty(), found(&text)) {
            (true, _) => "has no value marked".to_owned(),
            (false, spans) if spans == expected => return None,
            (false, spans) if spans.is_empty() => "does not match".to_owned(),
            (false, spans) => format!("matches {} instead", quoted(&text, &spans)),
        };
        Some(failure(source, name, example, &what))
    });
    let ignored = examples.ignore.iter().filter_map(|example| {
        let spans = found(example.get_ref());
        let what = format!("must not match, but {} does", quoted(example.get_ref(), &spans));
        (!spans.is_empty()).then(|| failure(source, name, example, &what))
    });
    matches.chain(ignored).collect()
}

fn failure(source: &Source, name: &str, example: &Spanned<String>, what: &str) -> Problem {
    let what = format!("`{name}`: the example \"{}\" {what}", example.get_ref());
    source.problem(example.span(), what, "correct the pattern or the example")
}

fn entity_spans(detector: &Detector, text: &str, entity: &str) -> Vec<Range<usize>> {
    let findings = detector.scan(text, "").into_iter();
    findings.filter(|finding| finding.entity.as_str() == entity).map(|finding| finding.span).collect()
}

fn lookalike_spans(detector: &Detector, text: &str) -> Vec<Range<usize>> {
    let taken = scan::survey_alike(detector, text).into_iter();
    let lookalike = |by: Taker| matches!(by, Taker::Rule(rule) if detector.rule(rule).pattern.is_none());
    taken.filter(|taken| lookalike(taken.by)).map(|taken| taken.span).collect()
}

/// The text of an example without its marks, and the spans that they enclosed.
fn unmark(example: &str) -> (String, Vec<Range<usize>>) {
    let (mut text, mut spans) = (String::with_capacity(example.len()), Vec::new());
    let mut rest = example;
    while let Some((before, marked)) = rest.split_once("<<") {
        let Some((value, after)) = marked.split_once(">>") else { break };
        text.push_str(before);
        spans.push(text.len()..text.len() + value.len());
        text.push_str(value);
        rest = after;
    }
    text.push_str(rest);
    (text, spans)
}

fn quoted(text: &str, spans: &[Range<usize>]) -> String {
    spans.iter().map(|span| format!("\"{}\"", &text[span.clone()])).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_spans() {
        assert_eq!(unmark("a <<b>> c <<d>>"), ("a b c d".to_owned(), vec![2..3, 6..7]));
        assert_eq!(unmark("a << b"), ("a << b".to_owned(), vec![]));
    }
}
