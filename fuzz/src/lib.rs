//! What the fuzz targets share: the rooms that need no runtime, built without the rest of the house, and the shipped patterns.
//!
//! ```console
//! $ cargo install cargo-fuzz
//! $ cargo +nightly fuzz run -s none scan fuzz/corpus/scan fuzz/seeds/scan -- -dict=fuzz/scan.dict -max_len=256
//! $ cargo +nightly fuzz run -s none patterns fuzz/corpus/patterns fuzz/seeds/patterns -- -dict=fuzz/patterns.dict \
//!       -max_len=768 -timeout=10 -rss_limit_mb=1024
//! $ for target in event_stream frames json multipart restore; do
//! >     cargo +nightly fuzz run -s none $target fuzz/corpus/$target fuzz/seeds/$target -- -dict=fuzz/wire.dict -max_len=1024
//! > done
//! ```
//!
//! Without a nightly toolchain, the same flags by hand build targets that are run as they are, with the corpus and options above:
//!
//! ```console
//! $ coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-pc-table \
//! >     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-trace-compares"
//! $ RUSTFLAGS="$coverage --cfg fuzzing -Cdebug-assertions" cargo build --release --target x86_64-unknown-linux-gnu
//! ```
//!
//! `-s none` leaves out the address sanitizer, which slows the targets down by half: there is no `unsafe` here.

use std::sync::LazyLock;

#[path = "../../src/detect/mod.rs"]
pub mod detect;
#[path = "../../src/policy.rs"]
pub mod policy;
#[path = "../../src/provider/mod.rs"]
pub mod provider;
#[path = "../../src/redact/mod.rs"]
pub mod redact;
#[path = "../../src/role.rs"]
pub mod role;
#[path = "../../src/wire/mod.rs"]
pub mod wire;

/// A room whose head lies beside its folder.
#[path = "../../src"]
mod house {
    pub mod crypto;
}

pub use house::crypto;

use crypto::{MacKey, MasterKey, Purpose};
use detect::{BUILT_IN, Detector, Finding, Settings, Source};
use policy::Policy;
use redact::{Bounds, Redactor};

/// Names placeholders, always the same.
pub static KEY: LazyLock<MacKey> =
    LazyLock::new(|| MasterKey::from_hex(&"07".repeat(32)).expect("64 digits are a key").derive(Purpose::Placeholder));

/// Redacts everything.
pub static POLICY: LazyLock<Policy> = LazyLock::new(Policy::default);

/// A redactor with the shipped patterns.
pub fn redactor() -> Redactor<'static> {
    Redactor { detector: &SHIPPED, policy: &POLICY, key: &KEY, bounds: Bounds::of_nesting(40) }
}

/// Cuts `bytes` into pieces whose lengths `seed` tells.
pub fn pieces(bytes: &[u8], seed: u8) -> Vec<&[u8]> {
    let (mut rest, mut state, mut pieces) = (bytes, u32::from(seed), Vec::new());
    while !rest.is_empty() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let length = if seed == 0 { 1 } else { (state >> 24) as usize % (1 + usize::from(seed)) + 1 };
        let (piece, left) = rest.split_at(length.min(rest.len()));
        pieces.push(piece);
        rest = left;
    }
    pieces
}

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
