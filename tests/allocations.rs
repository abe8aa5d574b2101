//! Text in which nothing could be a value is scanned without an allocation, and no text with much memory. Alone in its file: a
//! count is of the whole process.

use blotter::detect::{BUILT_IN, Detector, Settings, Source};

#[global_allocator]
static COUNTED: dhat::Alloc = dhat::Alloc;

#[test]
fn scanning_takes_little_memory() {
    let source = |(name, text): &(&str, &str)| Source { name: (*name).into(), text: (*text).into() };
    let sources: Vec<Source> = BUILT_IN.iter().map(source).collect();
    let detector = Detector::compile(&sources, &Settings::default()).unwrap();
    let text =
        "Hello, my order has not come yet and nobody picks up. Could you please look after it? Merci, à demain.\n";
    let text = text.repeat(100);
    let profiler = dhat::Profiler::builder().testing().build();
    let allocations = |text: &str| {
        let before = dhat::HeapStats::get().total_blocks;
        let found = detector.scan(text, "").len();
        (found, dhat::HeapStats::get().total_blocks - before)
    };
    // What is made once for all texts.
    allocations(&text);
    assert_eq!(allocations(&text), (0, 0));
    let (found, blocks) = allocations("write to ann@x.org");
    assert!(found == 1 && blocks > 0, "nothing is counted");
    for long_line in ["@ ", "1 "].map(|candidates| candidates.repeat(200_000)) {
        let before = dhat::HeapStats::get();
        detector.scan(&long_line, "");
        let most = dhat::HeapStats::get().max_bytes - before.curr_bytes;
        assert!(most < 32 << 20, "{most} bytes for a line of {}", long_line.len());
    }
    drop(profiler);
}
