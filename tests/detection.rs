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
    Detector::compile(&sources, &Settings { regions, ..Settings::default() }).unwrap_or_else(|problems| {
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
        ("CARD", 0.995, 0.995),
        ("EMAIL", 1.0, 1.0),
        ("IBAN", 1.0, 1.0),
        ("PHONE", 0.99, 0.99),
        ("SECRET", 1.0, 1.0),
        ("SSN", 0.99, 0.98),
    ];
    check("generated_whatsapp_multilingual.jsonl", &floors);
}

#[test]
fn hard_negatives_are_left_alone() {
    let Some(scores) = score("generated_hard_negatives.jsonl", &["CARD", "EMAIL", "IBAN", "PHONE", "SECRET", "SSN"])
    else {
        return;
    };
    let wrong = |entity: &str| scores[entity].wrong;
    assert!(wrong("CARD") <= 1 && wrong("PHONE") <= 2, "{} cards, {} phones", wrong("CARD"), wrong("PHONE"));
    assert_eq!([wrong("EMAIL"), wrong("IBAN"), wrong("SECRET"), wrong("SSN")], [0; 4]);
}

#[test]
fn published_card_numbers() {
    check("cards_test_numbers.jsonl", &[("CARD", 1.0, 0.99)]);
}

#[test]
fn obfuscated_values() {
    let floors = [("CARD", 1.0, 0.82), ("EMAIL", 1.0, 0.81), ("PHONE", 0.97, 0.81), ("SSN", 1.0, 0.85)];
    check("generated_obfuscation.jsonl", &floors);
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
    secrets("secrets_gitleaks.jsonl", 95, 25);
    secrets("secrets_kingfisher.jsonl", 150, 5);
}

#[test]
fn code_is_left_alone() {
    check(
        "code_and_lockfiles.jsonl",
        &[("SECRET", 0.0, 0.0), ("PHONE", 0.0, 0.0), ("CARD", 0.0, 0.0), ("SSN", 0.0, 0.0)],
    );
}

/// What a customer-service desk sees every day; the values are marked with `<ENTITY>` before and `>` behind.
const DESK: &[&str] = &[
    "Hi, my card <CARD 4111 1111 1111 1111> was charged twice, call me on <PHONE +44 121 234 5678>",
    "order 4503-1187 not arrived, my number is <PHONE (201) 535-2855>",
    "ssn <SSN 536-90-4399>, born <DATE_OF_BIRTH 03/10/1979>",
    "my social is <SSN 536904399>",
    "Ref 123456789 and invoice 2015552855 are unpaid",
    "minha chave pix é <PHONE +55 11 96123-4567>, obrigado",
    "我的电话是<PHONE +86 138 0013 8000>，卡号<CARD 6200000000000000000>。",
    "Zahlung an <IBAN DE89 3704 0044 0532 0130 00>, Quittung an <EMAIL ann@x.org>.",
    "رقم الجوال <PHONE ٠٥٠١٢٣٤٥٦٧>",
    "the wifi password is <SECRET tr0ub4dor>",
    "meet at 10:30 on 2026-03-14, table 12, 3 people, 45.50 each",
    "commit 68ec26fd-603b-41a1-8ec4-20058fdf3f3c, build 47669240, v6.78.146",
    "[PHONE_7K2Q] again, card [CARD_4111111111111111]",
];

#[test]
fn what_a_desk_sees_every_day() {
    let detector = detector();
    for marked in DESK {
        let (mut text, mut expected) = (String::new(), Vec::new());
        for (i, part) in marked.split(['<', '>']).enumerate() {
            let (entity, value) = if i % 2 == 1 { part.split_once(' ').unwrap_or_default() } else { ("", part) };
            if i % 2 == 1 {
                expected.push((entity.to_owned(), value.to_owned()));
            }
            text.push_str(value);
        }
        let findings = detector.scan(&text, "").into_iter();
        let found: Vec<_> = findings.map(|f| (f.entity.to_string(), text[f.span].to_owned())).collect();
        assert_eq!(found, expected, "{text}");
    }
}

/// What is found in `text`, as it is spelled there.
fn check_values(before: &str, text: &str, expected: &[(&str, &str)]) {
    let findings = detector().scan(text, before);
    let found: Vec<_> = findings.iter().map(|f| (f.entity.as_str(), &text[f.span.clone()])).collect();
    assert_eq!(found, expected, "{before} {text}");
}

#[test]
fn json_in_prose_is_read_with_its_escapes() {
    let record = r#"Record: {"note":"Card:\n4111111111111111","m":"a\u0040x.org","s":"\u0035\u0033\u0036-90-4399"}"#;
    let values = ["4111111111111111", r"a\u0040x.org", r"\u0035\u0033\u0036-90-4399"];
    check_values("", record, &[("CARD", values[0]), ("EMAIL", values[1]), ("SSN", values[2])]);
    let (quoted, values) = (record.replace('\\', r"\\"), values.map(|value| value.replace('\\', r"\\")));
    check_values("", &quoted, &[("CARD", &values[0]), ("EMAIL", &values[1]), ("SSN", &values[2])]);
    check_values("", r#"{"p":"x\nann@x.org"#, &[("EMAIL", "ann@x.org")]);
    check_values("", r"saved in C:\new\test\5, mail ann@x.org", &[("EMAIL", "ann@x.org")]);
}

#[test]
fn a_key_before_the_value_is_a_cue() {
    let detector = detector();
    assert_eq!(detector.scan("536904399", "").len(), 0);
    assert_eq!(detector.scan("536904399", "ssn")[0].entity.as_str(), "SSN");
    assert_eq!(detector.scan("0301234567", "customerPhone")[0].entity.as_str(), "PHONE");
    assert_eq!(detector.scan("0301234567", "order_number").len(), 0);
}

#[test]
fn a_grouped_phone_number_stands_alone() {
    for (before, text) in [
        ("", "Account: <415-555-2671>"),
        ("", "Customer ID <(415) 555-2671>"),
        ("", "booking phone: <(415) 555-2671>"),
        ("", "The phone on the account: <415-555-2671>"),
        ("", "my policy is with Ann, <415-555-2671>"),
        ("", "ship the order to Ann Smith, <415-555-2671>"),
        ("", "Ann <415-555-2671>, order 4503"),
        ("accountPhone", "<(415) 555-2671>"),
        ("order_phone", "<(415) 555-2671>"),
    ] {
        let phone = text.split(['<', '>']).nth(1).unwrap();
        check_values(before, &text.replace(['<', '>'], ""), &[("PHONE", phone)]);
    }
    for text in ["Part No. 415-555-2671", "model 415-555-2671", "order number 415-555-2671", "SKU: 415-555-2671"] {
        check_values("", text, &[]);
    }
}

#[test]
fn an_order_word_before_a_cue_takes_only_words_of_any_number_along() {
    check_values("", r#"{"member_ssn":"536904399"}"#, &[("SSN", "536904399")]);
    check_values("member_ssn", "536904399", &[("SSN", "536904399")]);
    check_values("accountPhone", "2015352855", &[("PHONE", "2015352855")]);
    check_values("order_number", "2015352855", &[]);
    check_values("", "account number 2015352855", &[]);
}

#[test]
fn whatsapp_numbers_have_no_plus() {
    check_values("", "wa_id 14155552671", &[("PHONE", "14155552671")]);
    check_values("", r#"{"wa_id":"5511961325263"}"#, &[("PHONE", "5511961325263")]);
    for before in ["wa_id", "waId", "waid", "whatsapp_id", "phone user"] {
        check_values(before, "14155552671", &[("PHONE", "14155552671")]);
        check_values(before, "2348021970978", &[("PHONE", "2348021970978")]);
    }
    check_values("", r#"{"wa_id":"14155552671","id":"7"}"#, &[("PHONE", "14155552671")]);
    check_values("user", "14155552671", &[]);
}

#[test]
fn every_problem_is_reported_at_once() {
    let text = r#"
[[pattern]]
name = "a"
entity = "lower"
regex = "("
validator = "luna"
source = "x"

[[pattern]]
name = "b"
entity = "B"
regexp = "b"
source = "x"

[[pattern]]
name = "c"
entity = "C"
regex = "c{3}-[0-9]"
source = "x"
examples.match = ["<<ccc-1>>"]
"#;
    let source = Source { name: "patterns/mine.toml".into(), text: text.into() };
    let settings = Settings { regions: vec!["UK".into()], ..Settings::default() };
    let problems = Detector::compile(&[source], &settings).err().unwrap_or_default();
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let tells = |part: &str| told.iter().any(|problem| problem.contains(part));
    for part in [
        "mine.toml:12: unknown field `regexp`",
        "`UK`",
        "mine.toml:4: `lower`",
        "mine.toml:5: `a`",
        "mine.toml:6: there is no validator `luna`",
    ] {
        assert!(tells(part), "{part} is not among {told:#?}");
    }
}

#[test]
fn a_failing_example_refuses_the_file() {
    let text =
        "[[pattern]]\nname = \"a\"\nentity = \"A\"\nregex = \"abc\"\nsource = \"x\"\nexamples.match = [\"<<abd>>\"]\n";
    let source = Source { name: "patterns/mine.toml".into(), text: text.into() };
    let problems = Detector::compile(&[source], &Settings::default()).err().unwrap_or_default();
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        ["patterns/mine.toml:6: `a`: the example \"<<abd>>\" does not match: correct the pattern or the example"]
    );
}
