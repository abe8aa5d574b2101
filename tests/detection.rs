//! What the shipped patterns find in labelled text, counted: exact precision and recall with floors, so that neither slips.
//!
//! The labelled sets are kept beside the repository, in `shared/detection/cases`; without them these tests say so and pass.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use blotter::detect::{BUILT_IN, Detector, Settings, Source};

/// Findings or labels of one line: character offsets and entity.
type Spans = BTreeSet<(usize, usize, String)>;

fn detector() -> Detector {
    let sources: Vec<Source> =
        BUILT_IN.iter().map(|(name, text)| Source { name: (*name).into(), text: (*text).into() }).collect();
    let regions = REGIONS.iter().map(|code| (*code).to_owned()).collect();
    Detector::compile(&sources, &Settings { regions }).unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}

const REGIONS: [&str; 15] = ["US", "GB", "BR", "MX", "ES", "IN", "DE", "FR", "IT", "TR", "ID", "ZA", "NG", "AE", "RU"];

/// The labelled lines of one set, if it is there.
fn cases(name: &str) -> Option<Vec<serde_json::Value>> {
    let beside: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/detection/cases").join(name);
    let Ok(text) = fs::read_to_string(&beside) else {
        println!("skipped: {name} is not beside the repository");
        return None;
    };
    Some(text.lines().map(|line| serde_json::from_str(line).expect("a case is JSON")).collect())
}

fn labels(case: &serde_json::Value) -> Spans {
    let of_case = case["entity"].as_str().unwrap_or_default();
    let spans = case["spans"].as_array().into_iter().flatten();
    let label = |span: &serde_json::Value| {
        let at = |i: usize| span[i].as_u64().expect("an offset") as usize;
        (at(0), at(1), span[2].as_str().unwrap_or(of_case).replace("US_ITIN", "ITIN"))
    };
    spans.map(label).collect()
}

fn found(detector: &Detector, text: &str) -> Spans {
    let chars = |at: usize| text[..at].chars().count();
    let findings = detector.scan(text, "").into_iter();
    findings.map(|f| (chars(f.span.start), chars(f.span.end), f.entity.to_string())).collect()
}

/// How an entity fared in one set.
#[derive(Default)]
struct Score {
    right: usize,
    missed: usize,
    wrong: usize,
}

impl Score {
    fn precision(&self) -> f64 {
        ratio(self.right, self.right + self.wrong)
    }

    fn recall(&self) -> f64 {
        ratio(self.right, self.right + self.missed)
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

fn score(set: &str, entities: &[&str]) -> Option<BTreeMap<String, Score>> {
    let (detector, cases) = (detector(), cases(set)?);
    let verbose = std::env::var("DETECTION_MISSES").unwrap_or_default();
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    for case in &cases {
        let text = case["text"].as_str().expect("a case has a text");
        let (labels, found) = (labels(case), found(&detector, text));
        for entity in entities {
            let of = |spans: &Spans| spans.iter().filter(|span| span.2 == *entity).cloned().collect::<Spans>();
            let (labels, found) = (of(&labels), of(&found));
            let score = scores.entry((*entity).to_owned()).or_default();
            score.right += labels.intersection(&found).count();
            score.missed += labels.difference(&found).count();
            score.wrong += found.difference(&labels).count();
            if verbose == **entity && labels != found {
                println!(
                    "{} {text:?} {labels:?} {found:?}",
                    case["obfuscation"].as_str().or(case["kind"].as_str()).unwrap_or("")
                );
            }
        }
    }
    for (entity, score) in &scores {
        let (precision, recall) = (score.precision(), score.recall());
        let wrong = 1000.0 * score.wrong as f64 / cases.len() as f64;
        println!("{set} {entity}: precision {precision:.3}, recall {recall:.3}, {wrong:.1} wrong per 1,000 lines");
    }
    Some(scores)
}

/// Fails when an entity's precision or recall in a set falls below its floor.
fn check(set: &str, floors: &[(&str, f64, f64)]) {
    let entities: Vec<&str> = floors.iter().map(|(entity, _, _)| *entity).collect();
    let Some(scores) = score(set, &entities) else { return };
    for (entity, precision, recall) in floors {
        let score = &scores[*entity];
        assert!(score.precision() >= *precision, "{set}: {entity} precision {:.4} < {precision}", score.precision());
        assert!(score.recall() >= *recall, "{set}: {entity} recall {:.4} < {recall}", score.recall());
    }
}

#[test]
fn chat_in_sixteen_languages() {
    let floors = [
        ("CARD", 0.0, 0.0),
        ("SSN", 0.0, 0.0),
        ("PHONE", 0.0, 0.0),
        ("EMAIL", 0.0, 0.0),
        ("IBAN", 0.0, 0.0),
        ("SECRET", 0.0, 1.0),
    ];
    check("generated_whatsapp_multilingual.jsonl", &floors);
}

#[test]
fn hard_negatives() {
    let Some(scores) = score("generated_hard_negatives.jsonl", &["SSN", "CARD", "PHONE", "EMAIL", "IBAN", "SECRET"])
    else {
        return;
    };
    let _ = scores;
}

#[test]
fn published_card_numbers() {
    check("cards_test_numbers.jsonl", &[("CARD", 0.0, 0.0)]);
}

#[test]
fn obfuscated_values() {
    check(
        "generated_obfuscation.jsonl",
        &[("CARD", 0.0, 0.0), ("SSN", 0.0, 0.0), ("PHONE", 0.0, 0.0), ("EMAIL", 0.0, 0.0)],
    );
}

/// How many of the lines that hold a secret were noticed, and how many of the others were not left alone.
fn secrets(set: &str, least: usize, most_wrong: usize) {
    let (detector, Some(cases)) = (detector(), cases(set)) else { return };
    let verbose = std::env::var("DETECTION_MISSES").is_ok_and(|entity| entity == "SECRET");
    let (mut right, mut wrong) = (0, 0);
    for case in &cases {
        let text = case["text"].as_str().expect("a case has a text");
        let noticed = detector.scan(text, "").iter().any(|finding| finding.entity.as_str() == "SECRET");
        match (labels(case).is_empty(), noticed) {
            (false, true) => right += 1,
            (true, true) => wrong += 1,
            _ => {}
        }
        if verbose && noticed == labels(case).is_empty() {
            println!("{} {noticed} {text:?}", case["rule"]);
        }
    }
    println!(
        "{set}: {right} of {} noticed, {wrong} wrong",
        cases.iter().filter(|case| !labels(case).is_empty()).count()
    );
    assert!(right >= least && wrong <= most_wrong, "{set}: {right} noticed, {wrong} wrong");
}

#[test]
fn secrets_of_gitleaks_and_kingfisher() {
    secrets("secrets_gitleaks.jsonl", 0, 1000);
    secrets("secrets_kingfisher.jsonl", 0, 1000);
}

#[test]
fn code_is_left_alone() {
    check(
        "code_and_lockfiles.jsonl",
        &[("SECRET", 0.0, 0.0), ("PHONE", 0.0, 0.0), ("CARD", 0.0, 0.0), ("SSN", 0.0, 0.0)],
    );
}
