//! What must hold for every text: spans are usable, lines do not touch each other, redacting twice changes nothing.

use proptest::prelude::*;

use super::{BUILT_IN, Detector, Finding, Settings, Source, reading::Reading, spots::RuleId, validate::VALIDATORS};

fn detector() -> &'static Detector {
    static DETECTOR: std::sync::LazyLock<Detector> = std::sync::LazyLock::new(|| {
        let source = |(name, text): &(&str, &str)| Source { name: (*name).into(), text: (*text).into() };
        let regions = ["US", "GB", "BR", "DE"].map(str::to_owned).to_vec();
        let sources: Vec<Source> = BUILT_IN.iter().map(source).collect();
        Detector::compile(&sources, &Settings { regions, ..Settings::default() }).unwrap_or_else(|problems| {
            panic!("{}", problems.iter().map(|problem| format!("\n{problem}")).collect::<String>())
        })
    });
    &DETECTOR
}

/// The text with a placeholder for each finding, as the redactor writes it.
fn redacted(text: &str) -> String {
    let (mut out, mut at) = (String::new(), 0);
    for finding in detector().scan(text, "") {
        out.push_str(&text[at..finding.span.start]);
        out.push_str(&format!("[{}_7K2Q]", finding.entity));
        at = finding.span.end;
    }
    out + &text[at..]
}

/// Pieces that findings, their surroundings and their look-alikes are made of.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![prop::sample::select(PIECES).prop_map(str::to_owned), "[0-9]{1,5}", "[ .,:;/()+_@-]{1,2}", "\\PC{1,3}",]
}

const PIECES: &[&str] = &[
    "4111 1111 1111 1111",
    "4111-1111-1111-1112",
    "+1 201-535-2855",
    "(201) 535-2855",
    "536-90-4399",
    "078-05-1120",
    "ann@x.org",
    "order@x.org",
    "DE89 3704 0044 0532 0130 00",
    "password: ",
    "hunter2!",
    "api_key=Zq8vT2mLr5Xw9KpN3bHd",
    "my phone ",
    "order ",
    " number ",
    "ssn ",
    "card ",
    " 电话",
    "телефон ",
    "٤٦٠-٢٣-١٣٤٥",
    "5️⃣5️⃣",
    "\u{200b}",
    "\u{a0}",
    "[PHONE_7K2Q]",
    "[SSN_",
    "7K2Q]",
    "2024-02-09 18:01",
    "192.168.10.1",
    "00",
    "sk-ant-api03-Zq8vT2mLr5Xw9KpN3bHdYc7Ju",
    "://a:b1c2d3@",
    "\n",
    "é",
    "\\",
    "\\n",
    "\\\\t",
    "\\\"",
    "\\u0040",
    "\\u003",
    "\\u0034111",
    "\\ud83d",
    "\\ude00",
    "\\u20e3",
    "C:\\new\\test",
    "&#52;&#49;",
    "&commat;",
    "&amp;",
    "%40",
    "%2B1%20201%2D535%2D2855",
    "4111%201111",
    "%",
    "NTM2LTkwLTQzOTk=",
    "cGhvbmUgKzEgMjAxLTUzNS0yODU1",
    "five three six nine oh four three nine nine ",
    "double five ",
    "one two three ",
    "五三六九零四三九九",
    "maria [at] gmail [dot] com",
    "mail ann at x dot org",
    " punto com",
    "536-9O-43gg",
    "l64-93-38l3",
    "4lll llll 1111 1111",
    "l",
    "O",
    "**4111** **1111** 1111 1111",
    "<b>",
    "</b>",
    "*",
    "`",
    "card 4111\n1111\n1111\n1111",
];

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..14).prop_map(|pieces| pieces.concat())
}

/// Whether a line of `text` may be a label or the head of a table, which says what the lines below it are.
fn may_name(text: &str) -> bool {
    text.lines().any(|line| !line.trim().is_empty() && !line.contains(|c: char| c.is_ascii_digit()))
}

fn shifted(findings: Vec<Finding>, by: usize) -> impl Iterator<Item = Finding> {
    findings.into_iter().map(move |finding| Finding { span: finding.span.start + by..finding.span.end + by, ..finding })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn spans_are_sorted_apart_and_on_character_borders(text in text()) {
        let mut end = 0;
        for finding in detector().scan(&text, "phone_number") {
            prop_assert!(finding.span.start >= end && finding.span.start < finding.span.end);
            prop_assert!(text.get(finding.span.clone()).is_some());
            detector().canonical(&finding, &text);
            end = finding.span.end;
        }
    }

    #[test]
    fn any_text_is_scanned(text in any::<String>()) {
        detector().scan(&text, &text);
    }

    #[test]
    fn every_check_takes_any_text(text in prop_oneof![text(), "[0-9]{0,48}", "[0-9A-Za-z .:/_+-]{0,64}", "\\PC{0,24}"]) {
        for validator in VALIDATORS {
            let length = validator.check(&text, &detector().plans).unwrap_or(0);
            prop_assert!(text.get(..length).is_some(), "{} {length}", validator.name);
            validator.canonical(&text, &detector().plans);
        }
    }

    #[test]
    fn lines_do_not_touch_each_other(a in text(), b in text()) {
        // A line for each group of digits is one number.
        let (read_a, read_b) = (Reading::meant(&a), Reading::meant(&b));
        let stacked = read_a.text().ends_with(|c: char| c.is_ascii_digit())
            && read_b.text().starts_with(|c: char| c.is_ascii_digit());
        prop_assume!(!stacked);
        let together = detector().scan(&format!("{a}\n{b}"), "");
        let apart = detector().scan(&a, "").into_iter().chain(shifted(detector().scan(&b, ""), a.len() + 1));
        if may_name(read_a.text()) {
            // A name only ever adds.
            for finding in apart {
                let is_kept = |kept: &Finding| kept.span.start < finding.span.end && finding.span.start < kept.span.end;
                prop_assert!(together.iter().any(is_kept), "{finding:?} is lost: {together:?}");
            }
        } else {
            prop_assert_eq!(together, apart.collect::<Vec<_>>());
        }
    }

    #[test]
    fn redacting_twice_changes_nothing(text in text()) {
        let once = redacted(&text);
        prop_assert_eq!(redacted(&once), once);
    }
}

#[test]
fn every_shipped_rule_knows_where_to_start() {
    let name = |id: &RuleId| detector().rule(*id).pattern.map(|pattern| &detector().pattern(pattern).name);
    let anywhere: Vec<_> = detector().anywhere.iter().map(name).collect();
    assert_eq!(anywhere, [None; 0], "a rule runs over the whole text");
}

#[test]
fn the_shipped_examples_hold_for_any_regions() {
    for regions in [vec![], vec!["JP".to_owned()], vec!["US".to_owned(), "AR".to_owned(), "NG".to_owned()]] {
        let source = |(name, text): &(&str, &str)| Source { name: (*name).into(), text: (*text).into() };
        let problems = Detector::compile(
            &BUILT_IN.iter().map(source).collect::<Vec<_>>(),
            &Settings { regions, ..Settings::default() },
        )
        .err();
        assert_eq!(problems, None);
    }
}

#[test]
fn a_block_of_several_lines_is_found_wherever_a_part_ends() {
    let pattern = r#"
        [[pattern]]
        name = "licence"
        entity = "LICENCE"
        source = "ours"
        regex = 'BEGIN LICENCE\n[A-Z0-9]{20}'
        multiline = true
        examples.match = ["<<BEGIN LICENCE\nAB12AB12AB12AB12AB12>>"]
    "#;
    let source = Source { name: "patterns/licence.toml".into(), text: pattern.into() };
    let detector = Detector::compile(&[source], &Settings::default()).unwrap_or_else(|problems| panic!("{problems:?}"));
    for before in (3900..4300).step_by(3) {
        let text = format!(
            "{}\nBEGIN LICENCE\nAB12AB12AB12AB12AB12\nand on",
            "talk ".repeat(before / 5) + &" ".repeat(before % 5)
        );
        assert_eq!(detector.scan(&text, "").len(), 1, "{before}");
    }
}
