//! The commands as a user runs them: what they print, and how they exit.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const TEXT: &str = "My SSN is 536-90-4399,\ncard 4242 4242 4242 4242. Order 20261122-0042.\n";

fn blotter(folder: &Path, arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_blotter"))
        .current_dir(folder)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn run(arguments: &[&str], input: &str) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let ran = blotter(folder.path(), arguments, input);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert!(left.is_empty(), "{arguments:?} leaves nothing behind: {left:?}");
    ran
}

#[test]
fn a_scan_tells_where_and_what_and_no_value() {
    let (code, table, talk) = run(&["scan"], TEXT);
    assert_eq!(code, 1);
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().take(3).collect()).collect();
    assert_eq!(
        rows,
        [["WHERE", "ENTITY", "PATTERN"], ["stdin:1:11", "SSN", "ssn_grouped"], ["stdin:2:6", "CARD", "card"]]
    );
    assert!(!table.contains("536-90") && !table.contains("4242"), "{table}");
    assert_eq!(talk, "2 found in 1 file\n");
    let (_, table, _) = run(&["scan", "--show-values", "-"], TEXT);
    assert!(table.contains("536-90-4399"), "{table}");
}

#[test]
fn a_scan_reads_json_and_json_lines() {
    let (code, found, _) = run(&["scan", "--json"], r#"{"a":{"ssn":"\u0035369\u00304399"}}"#);
    let found: serde_json::Value = serde_json::from_str(&found).unwrap();
    assert_eq!((code, &found["entity"], &found["start"], &found["end"]), (1, &"SSN".into(), &13.into(), &32.into()));
    let (_, redacted, _) = run(&["scan", "--redacted"], "{\"n\":4242424242424242}\n{\"n\": 1}\n\n");
    assert!(redacted.starts_with("{\"n\":\"[CARD_") && redacted.ends_with("]\"}\n{\"n\": 1}\n\n"), "{redacted}");
}

#[test]
fn a_scan_without_findings_gives_back_the_bytes() {
    assert_eq!(run(&["scan"], "hello"), (0, String::new(), "0 found in 1 file\n".into()));
    assert_eq!(run(&["scan", "--redacted"], "hello\r\n\u{feff}x"), (0, "hello\r\n\u{feff}x".into(), String::new()));
}

#[test]
fn what_cannot_be_done_exits_with_2() {
    for arguments in [
        &["scan", "no-such-file"][..],
        &["scan", "--no-such-option"],
        &["audit", "verify"],
        &["audit", "list", "--since", "yesterday"],
        &["audit", "show", "x"],
        &["serve", "--config", "no-such-file"],
    ] {
        let (code, out, talk) = run(arguments, "");
        assert_eq!(code, 2, "{arguments:?}: {talk}");
        assert!(out.is_empty() && !talk.is_empty(), "{arguments:?}: {out}{talk}");
    }
}

#[test]
fn a_first_start_that_fails_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("patterns")).unwrap();
    std::fs::write(at("patterns/a.toml"), PATTERN).unwrap();
    let check = |settings: &str, command: &str, told: &str| {
        let route = "[[route]]\nname = \"a\"\nupstream = \"https://a.example\"\n";
        std::fs::write(at("proxy.toml"), format!("patterns = \"patterns\"\n{settings}\n{route}")).unwrap();
        let (code, _, talk) = blotter(folder.path(), &command.split(' ').collect::<Vec<_>>(), "");
        assert!(code == 2 && talk.contains(told), "{settings} {command}: {talk}");
    };
    check("", "audit list", "there is no log in `audit`: start the proxy");
    check("", "audit verify", "blotter.key: there is no key: start the proxy");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = format!("listen = \"{}\"", taken.local_addr().unwrap());
    check(&listen, "serve", ": end what has it, or give another address");
    let free = "listen = \"127.0.0.1:0\"\n";
    let credential =
        "[[route]]\nname = \"b\"\nupstream = \"https://b.example\"\ncredential = { env = \"BLOTTER_NONE\" }";
    check(credential, "serve", "`BLOTTER_NONE` is empty or not set: put the provider's key there");
    for (key, told) in [
        ("env = \"BLOTTER_NONE\"", "`BLOTTER_NONE` holds no key: set it to 64 hexadecimal digits"),
        ("command = [\"no-such-program\"]", "the command `no-such-program` printed no key: "),
        ("file = \"nowhere/blotter.key\"", "nowhere/blotter.key: the key cannot be made: "),
    ] {
        check(&format!("{free}[key]\n{key}"), "serve", told);
    }
    std::fs::write(at("audit"), "").unwrap();
    check(free, "serve", "the log `audit` cannot be written: ");
    let readable = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(at("blotter.key"), readable).unwrap();
    check(free, "serve", "blotter.key: others can read the key: run `chmod 600 blotter.key`");
}

#[test]
fn a_check_reports_all_problems_and_runs_examples() {
    let (code, report, _) = run(&["check"], "");
    assert_eq!(code, 0);
    assert!(report.contains("all examples hold"), "{report}");

    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("patterns")).unwrap();
    let config = "patterns = \"patterns\"\ncolour = 1\n[[route]]\nname = \"a\"\nupstream = \"a.example\"\n";
    let pattern = "[[pattern]]\nname = \"a\"\nentity = \"A\"\nregex = 'a-\\d+'\nstrength = \"certain\"\nsource = \"us\"\n\
        [pattern.examples]\nmatch = [\"b-<<12>>\"]\nignore = [\"a\"]\n";
    std::fs::write(folder.path().join("proxy.toml"), config).unwrap();
    std::fs::write(folder.path().join("patterns/a.toml"), pattern).unwrap();
    let (code, report, _) = blotter(folder.path(), &["check"], "");
    assert_eq!(code, 1);
    for problem in ["proxy.toml:2: `colour`", "proxy.toml:5: `a.example`", "patterns/a.toml:8: "] {
        assert!(report.lines().any(|line| line.starts_with(problem)), "{problem} in\n{report}");
    }
}

#[test]
fn the_demo_shows_each_side() {
    let (code, shown, talk) = run(&["demo"], "");
    assert_eq!(code, 0, "{talk}");
    let (sides, rest) = shown.split_once("WHAT THE BOT GOT BACK").unwrap();
    let (answer, record) = rest.split_once("THE LOG'S RECORD").unwrap();
    assert!(sides.contains("| number is [PHONE_"), "{sides}");
    for value in ["+1 415 555 2671", "4242 4242 4242 4242", "536-90-4399", "ann.fox@example.org"] {
        assert!(answer.replace('|', "").contains(value), "{value} came back: {answer}");
        assert!(!record.contains(value), "{value} is not in the log: {record}");
    }
}

const CASES: &str = r#"{"text": "Ånn's SSN is 536-90-4399", "spans": [[13, 24, "SSN"]]}
{"text": "mail ann@x.org, born 03/10/1979", "spans": [[5, 14, "MAIL"], [21, 31, "DOB"]]}
{"text": "Part 536-90-4399 of my SSN form", "spans": [[5, 16, "SSN"]]}
{"text": "call (415) 555-2671", "entity": "SSN", "spans": []}
{"text": "card 4242 4242 4242 4242", "spans": []}
"#;

/// Runs `blotter eval` in a folder with these files.
fn eval(files: &[(&str, &str)], arguments: &[&str]) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    blotter(folder.path(), &[&["eval"], arguments].concat(), "")
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

#[test]
fn an_evaluation_tells_figures_and_what_went_wrong_and_no_value() {
    let files = [("cases.jsonl", CASES)];
    let (code, report, talk) = eval(&files, &["--label", "MAIL=EMAIL", "cases.jsonl"]);
    assert_eq!((code, talk.as_str()), (0, "5 lines, 4 labels\n"), "{report}");
    for row in [
        "CARD   0  1  0.0000  -       0.0000  0.0000  -       0.0000  250.00",
        "EMAIL  1  1  1.0000  1.0000  1.0000  1.0000  1.0000  1.0000  0.00",
        "SSN    2  1  1.0000  0.5000  0.6666  1.0000  0.5000  0.6666  0.00",
        "1 dropped SSN ssn_grouped",
        "cases.jsonl:3:5-16 dropped SSN ssn_grouped",
        "cases.jsonl:5:5-24 false CARD card",
    ] {
        assert!(report.lines().any(|line| words(line) == words(row)), "{row} in\n{report}");
    }
    assert!(report.contains("not scored (`--label` maps names): DOB (1)"), "{report}");
    assert!(!report.contains("PHONE"), "a line about SSN says nothing of phones: {report}");
    assert!(!report.contains("536-90") && !report.contains("4242"), "{report}");
    let (_, report, _) = eval(&files, &["--show-values", "cases.jsonl"]);
    assert!(report.contains("536-90-4399"), "{report}");
}

#[test]
fn an_evaluation_as_json() {
    let (code, report, _) = eval(&[("cases.jsonl", CASES)], &["--json", "--fail-over", "0.5", "cases.jsonl"]);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let ssn = report["entities"].as_array().unwrap().iter().find(|score| score["entity"] == "SSN").unwrap();
    assert_eq!((code, &ssn["exact"]["recall"], &ssn["labels"], &ssn["lines"]), (1, &0.5.into(), &2.into(), &5.into()));
    assert_eq!(report["not_scored"][0], serde_json::json!({"label": "DOB", "labels": 1}));
    let dropped = report["wrong"].as_array().unwrap().iter().find(|wrong| wrong["what"] == "dropped").unwrap();
    let place = serde_json::json!({"file": "cases.jsonl", "line": 3, "start": 5, "end": 16});
    assert_eq!((&dropped["patterns"][0], &dropped["places"][0]), (&"ssn_grouped".into(), &place));
    assert!(report["broken"][0].as_str().unwrap().starts_with("CARD: 250.00 false findings"), "{report}");
}

#[test]
fn limits_of_an_evaluation_decide_how_it_ends() {
    for (limit, expected) in [
        (&["--fail-under", "SSN=0.66"][..], 0),
        (&["--fail-under", "SSN=1/0.5"], 0),
        (&["--fail-over", "SSN=0"], 0),
        (&["--fail-under", "0.7"], 1),
        (&["--fail-under", "SSN=0.67"], 1),
        (&["--fail-under", "SSN=0.9/0.51"], 1),
        (&["--fail-under", "CARD=1/0"], 1),
        (&["--fail-over", "249"], 1),
        (&["--fail-under", "CARD=0.9"], 2),
        (&["--fail-under", "DOB=0.9"], 2),
        (&["--fail-over", "DOB=0"], 2),
        (&["--fail-under", "99"], 2),
        (&["--label", "DOB=BIRTHDAY"], 2),
        (&["no-such-file.jsonl"], 2),
    ] {
        let (code, report, talk) = eval(&[("cases.jsonl", CASES)], &[limit, &["cases.jsonl"]].concat());
        assert_eq!(code, expected, "{limit:?}: {report}{talk}");
    }
    let nothing = r#"{"text": "hello"}"#;
    assert_eq!(eval(&[("cases.jsonl", nothing)], &["--fail-under", "0.5", "cases.jsonl"]).0, 2);
}

#[test]
fn bad_lines_of_cases_are_told_at_once() {
    let bad = [
        r#"{"text": "my secret"#,
        r#"{"text": "my secret", "spans": [[3, 10, "A"]]}"#,
        r#"{"text": "my secret", "spans": [[0, 4, "A"], [3, 9, "B"]]}"#,
        r#"{"text": "fine"}"#,
        r#"{"text": "my secret", "spans": [[3, 9]]}"#,
    ];
    let (code, report, talk) = eval(&[("cases.jsonl", &bad.join("\n"))], &["cases.jsonl"]);
    assert_eq!((code, report.as_str()), (2, ""));
    let told: Vec<&str> = talk.lines().skip(1).map(|line| line.trim().split(": ").next().unwrap()).collect();
    assert_eq!(told, ["cases.jsonl:1", "cases.jsonl:2", "cases.jsonl:3", "cases.jsonl:5"], "{talk}");
    assert!(!talk.contains("secret"), "{talk}");
}

const PATTERN: &str = "[[pattern]]\nname = \"loyalty\"\nentity = \"LOYALTY\"\nregex = 'LC-\\d{8}'\nstrength = \"certain\"\n\
    source = \"us\"\nexamples.match = [\"<<LC-00420042>>\"]\n";

#[test]
fn a_comparison_tells_what_changes() {
    let longer = PATTERN.replace("{8}", "{9}").replace("LC-0", "LC-00");
    let files = [
        ("old/a.toml", PATTERN),
        ("new/a.toml", &longer),
        ("chat.txt", "LC-12345678\n\nmy card is LC-123456789\n"),
        ("cases.jsonl", r#"{"text": "LC-12345678", "spans": [[0, 11, "LOYALTY"]]}"#),
        (
            "proxy.toml",
            "[entities.CARD]\naction = \"block\"\n[[route]]\nname = \"a\"\nupstream = \"https://a.example\"\n",
        ),
    ];
    let compare = |new: &str, more: &[&str]| {
        eval(&files, &[&["--compare", "old", new, "chat.txt", "cases.jsonl"], more].concat())
    };
    let (code, report, talk) = compare("new", &[]);
    assert_eq!((code, talk.as_str()), (1, "3 lines\n"), "{report}");
    let rows: Vec<String> = report.lines().map(|line| words(line).join(" ")).collect();
    assert_eq!(
        rows,
        [
            "TIMES LABELLED WHAT ENTITY PATTERN",
            "2 1 newly missed LOYALTY loyalty",
            "1 0 newly found LOYALTY loyalty",
            "",
            "WHERE WHAT ENTITY PATTERN",
            "chat.txt:1:0-11 newly missed LOYALTY loyalty",
            "cases.jsonl:1:0-11 newly missed LOYALTY loyalty",
            "chat.txt:3:11-23 newly found LOYALTY loyalty",
        ]
    );
    let (_, report, _) = compare("new", &["--json", "--places", "1"]);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!((&report["changes"][0]["times"], &report["changes"][1]["places"]), (&2.into(), &serde_json::json!([])));
    assert_eq!(compare("old", &[]), (0, "both find the same\n".into(), "3 lines\n".into()));
    assert_eq!(compare("nowhere", &[]).0, 2);
}

#[test]
fn a_check_prints_the_schema_of_pattern_files() {
    let (code, schema, talk) = run(&["check", "--schema"], "");
    assert_eq!((code, talk.as_str()), (0, ""));
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let validators = schema["$defs"]["validator"]["enum"].as_array().unwrap();
    assert!(validators.contains(&"ssn".into()), "{validators:?}");
}

#[test]
fn a_body_is_shown_as_it_would_leave() {
    let body = r#"{"model":"m","messages":[{"role":"user","content":"ssn 536-90-4399","name":"ann@x.org"}]}"#;
    let (code, forwarded, talk) = run(&["scan", "--as", "openai/chat"], body);
    assert_eq!(code, 1);
    assert!(forwarded.starts_with(r#"{"model":"m","messages":[{"role":"user","content":"ssn [SSN_"#), "{forwarded}");
    assert!(talk.contains("stdin as openai/chat"), "{talk}");
    assert!(talk.contains("found         1 EMAIL by email (redact), 1 SSN by ssn_grouped (redact)"), "{talk}");
    assert!(talk.contains("left alone    1 model, 1 role"), "{talk}");
    let (_, told, _) = run(&["scan", "--json", "--as", "openai/chat"], body);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["coverage"]["opaque"], serde_json::json!({"model": 1, "role": 1}));
    assert_eq!(told["forwarded"].as_str().unwrap().split("[SSN_").next(), forwarded.split("[SSN_").next());
    let (code, _, talk) = run(&["scan", "--as", "openai/chats"], body);
    assert!(code == 2 && talk.contains("anthropic/messages") && talk.contains("openai/chat,"), "{talk}");
    let (code, _, talk) = run(&["scan", "--as", "openai/chat", "--route", "nowhere"], body);
    assert!(code == 2 && talk.contains("there is no route `nowhere`"), "{talk}");
    let (code, _, talk) = run(&["scan", "--as", "openai/chat"], r#"{"a":1,"a":2}"#);
    assert!(code == 2 && talk.contains("would be refused"), "{talk}");
}
