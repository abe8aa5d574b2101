//! Whole exchanges over real sockets, as the files in `tests/exchanges` tell them. Adding a case needs no Rust.
//!
//! In expected texts `[SSN:1]` stands for the first placeholder of an SSN that the upstream receives, `[SSN:2]` for the next;
//! the scripted answer may use them too. Every streamed answer is sent three times: in the chunks given, byte by byte, and
//! in pieces of seven bytes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::support::{Caller, Proxy, Script, Upstream};
use bytes::Bytes;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Added to the proxy's configuration.
    #[serde(default)]
    config: String,
    case: Vec<Case>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default = "post")]
    method: String,
    path: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    request: String,
    /// The path that the upstream gets, where it matters.
    forwarded_path: Option<String>,
    /// What the upstream gets; not given for a request that is refused.
    forwarded: Option<String>,
    #[serde(default)]
    forwarded_headers: BTreeMap<String, String>,
    #[serde(default)]
    headers_not_forwarded: Vec<String>,
    #[serde(default)]
    answer: Vec<String>,
    #[serde(default = "ok")]
    answer_status: u16,
    #[serde(default)]
    answer_headers: BTreeMap<String, String>,
    #[serde(default)]
    breaks_off: bool,
    /// What the caller gets; a part of it for a refusal.
    delivered: String,
    #[serde(default)]
    delivered_headers: BTreeMap<String, String>,
    #[serde(default = "ok")]
    status: u16,
    /// As in `2 SSN`, sorted by entity.
    #[serde(default)]
    findings: Vec<String>,
    #[serde(default = "complete")]
    outcome: String,
    reason: Option<String>,
}

fn post() -> String {
    "POST".to_owned()
}

fn ok() -> u16 {
    200
}

fn complete() -> String {
    "complete".to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_exchange_goes_as_told() {
    let mut count = 0;
    for path in files(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/exchanges"))) {
        let text = std::fs::read_to_string(&path).unwrap();
        let file: File = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for case in file.case {
            let name = format!("{}: {}", path.file_name().unwrap().display(), case.name);
            let sizes: &[usize] = if case.answer.is_empty() { &[usize::MAX] } else { &[usize::MAX, 1, 7] };
            for size in sizes {
                run(&format!("{name} (chunks of {size})"), &file.config, case.clone(), *size).await;
                count += 1;
            }
        }
    }
    assert!(count > 20, "the cases are found");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found.into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

async fn run(name: &str, config: &str, case: Case, chunk: usize) {
    let scripted = case.clone();
    let upstream = Upstream::start(move |received| script(&scripted, &received.body, chunk)).await;
    let proxy = Proxy::start(upstream.address, config).await;
    let headers: Vec<_> = case.headers.clone().into_iter().collect();
    let answer =
        Caller::new().send(proxy.address, &case.method, &case.path, &headers, case.request.clone().into()).await;
    let received = upstream.received();
    let records = proxy.stop().await;

    let placeholders = placeholders(received.first().map_or(&[][..], |received| &received.body));
    let delivered = String::from_utf8_lossy(&answer.body).into_owned();
    assert_eq!(answer.status.as_u16(), case.status, "{name}: status; {delivered}");
    assert_eq!(answer.broken, case.breaks_off, "{name}: broken off");
    for (header, value) in &case.delivered_headers {
        assert_eq!(
            answer.headers.get(header).map(|value| value.to_str().unwrap()),
            Some(value.as_str()),
            "{name}: {header}"
        );
    }
    match &case.forwarded {
        None => {
            assert!(received.is_empty(), "{name}: nothing is forwarded");
            assert!(delivered.contains(&case.delivered), "{name}: the refusal says `{}`: {delivered}", case.delivered);
        }
        Some(forwarded) => {
            let [received] = &received[..] else { panic!("{name}: one request is forwarded") };
            assert_eq!(String::from_utf8_lossy(&received.body), fill(forwarded, &placeholders), "{name}: forwarded");
            assert_eq!(delivered, fill(&case.delivered, &placeholders), "{name}: delivered");
            if let Some(path) = &case.forwarded_path {
                assert_eq!(&received.target, path, "{name}: path");
            }
            for (header, value) in &case.forwarded_headers {
                let value = fill(value, &placeholders);
                let sent = received.headers.get(header).map(|value| String::from_utf8_lossy(value.as_bytes()));
                assert_eq!(sent.as_deref(), Some(value.as_str()), "{name}: {header}");
            }
            for header in &case.headers_not_forwarded {
                assert!(!received.headers.contains_key(header), "{name}: {header} is not forwarded");
            }
        }
    }
    let [record] = &records[..] else { panic!("{name}: one exchange is in the log") };
    let closed = record.closed.as_ref().expect("it is closed");
    assert_eq!((closed.outcome.to_string(), &closed.reason), (case.outcome.clone(), &case.reason), "{name}: outcome");
    let mut found = BTreeMap::<&str, u64>::new();
    for tally in &record.opened.findings {
        *found.entry(&tally.entity).or_default() += tally.count;
    }
    let found: Vec<String> = found.iter().map(|(entity, count)| format!("{count} {entity}")).collect();
    assert_eq!(found, case.findings, "{name}: findings");
}

fn script(case: &Case, received: &[u8], size: usize) -> Script {
    let placeholders = placeholders(received);
    let chunks = case.answer.iter().map(|chunk| fill(chunk, &placeholders));
    let chunks = if size == usize::MAX {
        chunks.map(Bytes::from).collect()
    } else {
        chunks.collect::<String>().as_bytes().chunks(size).map(Bytes::copy_from_slice).collect()
    };
    let mut headers: Vec<_> = case.answer_headers.clone().into_iter().collect();
    if !case.answer_headers.contains_key("content-type") {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    Script { status: case.answer_status, headers, chunks, breaks_off: case.breaks_off }
}

/// `[SSN:1]` → `[SSN_7K2Q]`, by order of appearance.
fn placeholders(body: &[u8]) -> BTreeMap<String, String> {
    let placeholder = regex::Regex::new(r"\[([A-Z][A-Z_]*?)_[0-9A-Z]{4,}\]").unwrap();
    let text = String::from_utf8_lossy(body);
    let mut names = BTreeMap::<String, String>::new();
    for found in placeholder.captures_iter(&text) {
        if names.values().any(|known| *known == found[0]) {
            continue;
        }
        let number = names.keys().filter(|name| name.starts_with(&format!("[{}:", &found[1]))).count() + 1;
        names.insert(format!("[{}:{number}]", &found[1]), found[0].to_owned());
    }
    names
}

fn fill(text: &str, placeholders: &BTreeMap<String, String>) -> String {
    placeholders.iter().fold(text.to_owned(), |text, (name, placeholder)| text.replace(name, placeholder))
}
