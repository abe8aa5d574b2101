//! The commands as a user runs them: what they print, and how they exit.

use std::io::Write;
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
