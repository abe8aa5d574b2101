//! Requests that are small and mean something huge: refused, and little memory is taken for them. With the real binary, whose
//! memory is its own.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::callers::House;
use crate::support::Caller;

const PATH: &str = "/openai/v1/chat/completions";

/// Ten megabytes of gzip that hold ten gigabytes of blanks: the same member ten thousand times, which is one file.
fn bomb() -> Bytes {
    let mut member = GzEncoder::new(Vec::new(), Compression::best());
    member.write_all(&vec![b' '; 1 << 20]).unwrap();
    member.finish().unwrap().repeat(10_000).into()
}

/// A line of what the kernel says of a process's memory, in KiB.
pub fn memory(process: u32, line: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let found = status.lines().find_map(|found| found.strip_prefix(line));
    found.unwrap().trim_matches([':', ' ', '\t', 'k', 'B']).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bomb_of_ten_gigabytes_is_refused_with_little_memory() {
    let house = House::open("").await;
    // What was freed is given back, so that what a bomb takes shows, and nothing of the start is left for it.
    let mut command = house.command(&["serve"]);
    command.envs([("MALLOC_MMAP_THRESHOLD_", "65536"), ("MALLOC_TRIM_THRESHOLD_", "65536")]);
    let proxy = house.serve_as(command);
    let (caller, bomb) = (Caller::new(), bomb());
    assert!(bomb.len() > 10_000_000);
    let headers = [("content-encoding".to_owned(), "gzip".to_owned())];
    // The first request brings up what any request needs.
    caller.send(proxy.address, "POST", PATH, &[], "{}".into()).await;
    let before = memory(proxy.id(), "VmRSS");
    for _ in 0..2 {
        let answer = caller.send(proxy.address, "POST", PATH, &headers, bomb.clone()).await;
        let told = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(answer.status == 413 && told.contains("`expansion`"), "{told}");
    }
    let grown = memory(proxy.id(), "VmHWM").saturating_sub(before);
    assert!(grown < 32 << 10, "{grown} KiB");
    assert_eq!(house.upstream.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_brackets_are_refused() {
    let house = House::open("").await;
    let proxy = house.serve();
    for body in ["[".repeat(100_000), r#"{"a":"#.repeat(100_000), "[".repeat(100_000) + &"]".repeat(100_000)] {
        let answer = Caller::new().send(proxy.address, "POST", PATH, &[], body.into()).await;
        let told = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(answer.status == 400 && told.contains("deep"), "{told}");
    }
}
