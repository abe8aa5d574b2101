//! Any text as a pattern file: no panic, and neither time nor memory without bound, in loading as in scanning.
//!
//! A text without tables is a regex, an example that it has to match, and the name of a validator, a line each.

#![no_main]

use blotter_fuzz::{
    check_spans,
    detect::{Detector, Settings, Source},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let input = String::from_utf8_lossy(bytes);
    let text = if input.contains("]\n") { input.into_owned() } else { file(&input) };
    let source = Source { name: "patterns/any.toml".into(), text };
    match Detector::compile(std::slice::from_ref(&source), &Settings::default()) {
        Ok(detector) => check_spans(&detector, &source.text, &detector.scan(&source.text, "name")),
        Err(problems) => problems.iter().for_each(|problem| assert!(!problem.to_string().is_empty())),
    }
});

/// A file of one pattern.
fn file(input: &str) -> String {
    let quoted = |line: Option<&str>| format!("'''{}'''", line.unwrap_or_default().replace('\'', ""));
    let mut lines = input.lines();
    let (regex, example) = (quoted(lines.next()), quoted(lines.next()));
    let validator = lines.next().map(|name| format!("validator = {}\n", quoted(Some(name)))).unwrap_or_default();
    format!(
        "[[pattern]]\nname = \"a\"\nentity = \"A\"\nsource = \"x\"\nregex = {regex}\n{validator}examples.match = [{example}]\n"
    )
}
