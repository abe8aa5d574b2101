//! Any text, scanned with the shipped patterns, and once more with placeholders for what was found: no panic, usable spans.
//!
//! The first line is the name before the text. That nothing is found the second time is a property test of `src/detect` and
//! not asked here: in hostile text a cue may reach past a placeholder, in `api_key=[SECRET_7K2Q] sk-ant-Zq8v五三六九零四三`.

#![no_main]

use blotter_fuzz::{SHIPPED, check_spans};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let input = String::from_utf8_lossy(bytes);
    let (before, text) = input.split_once('\n').unwrap_or(("", &input));
    let once = redacted(text, before);
    if once != text {
        redacted(&once, before);
    }
});

/// The text with a placeholder for each finding, as the redactor writes it.
fn redacted(text: &str, before: &str) -> String {
    let findings = SHIPPED.scan(text, before);
    check_spans(&SHIPPED, text, &findings);
    let (mut out, mut end) = (String::with_capacity(text.len()), 0);
    for finding in findings {
        out.push_str(&text[end..finding.span.start]);
        out.push_str(&format!("[{}_7K2Q]", finding.entity));
        end = finding.span.end;
    }
    out + &text[end..]
}
