//! What the fuzz targets share: the detection, built without the rest of the house, and the shipped patterns.
//!
//! ```console
//! $ cargo install cargo-fuzz
//! $ cargo +nightly fuzz run -s none scan fuzz/corpus/scan fuzz/seeds/scan -- -dict=fuzz/scan.dict -max_len=256
//! $ cargo +nightly fuzz run -s none patterns fuzz/corpus/patterns fuzz/seeds/patterns -- -dict=fuzz/patterns.dict \
//!       -max_len=768 -timeout=10 -rss_limit_mb=1024
//! ```
//!
//! `-s none` leaves out the address sanitizer, which slows the targets down by half: there is no `unsafe` here.

use std::sync::LazyLock;

#[path = "../../src/detect/mod.rs"]
pub mod detect;

use detect::{BUILT_IN, Detector, Finding, Settings, Source};

/// The shipped patterns with a few regions.
pub static SHIPPED: LazyLock<Detector> = LazyLock::new(|| {
    let source = |(name, text): &(&str, &str)| Source { name: (*name).into(), text: (*text).into() };
    let sources: Vec<Source> = BUILT_IN.iter().map(source).collect();
    let regions = ["US", "GB", "BR", "DE"].map(str::to_owned).to_vec();
    let settings = Settings { regions, ..Settings::default() };
    Detector::compile(&sources, &settings).unwrap_or_else(|problems| panic!("{problems:?}"))
});

/// Findings are sorted, apart, not empty, on character borders, and each has a spelling of its own.
pub fn check_spans(detector: &Detector, text: &str, findings: &[Finding]) {
    let mut end = 0;
    for finding in findings {
        let span = finding.span.clone();
        assert!(end <= span.start && span.start < span.end, "{span:?} begins before {end} or is empty");
        assert!(text.get(span.clone()).is_some(), "{span:?} is not on character borders");
        detector.canonical(finding, text);
        end = span.end;
    }
}
