//! Any text, scanned with the shipped patterns: no panic, usable spans, and nothing is left to find in what was redacted.
//!
//! The first line is the name before the text.

#![no_main]

use blotter_fuzz::{SHIPPED, check_spans};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let input = String::from_utf8_lossy(bytes);
    let (before, text) = input.split_once('\n').unwrap_or(("", &input));
    let once = redacted(text, before);
    if once != text {
        assert_eq!(redacted(&once, before), once, "redacting twice changes something");
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
