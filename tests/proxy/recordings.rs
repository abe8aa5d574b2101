//! Recorded traffic of real providers, replayed as the upstream's answer: where nothing is restored, it arrives byte for byte.
//!
//! The recordings lie beside the project, not in it; without them there is nothing to replay.

use std::fs;
use std::path::Path;

use crate::support::{Caller, Proxy, Script, Upstream};
use bytes::Bytes;
use serde_json::Value;

const REQUEST: &str =
    r#"{"messages":[{"role":"user","content":"ssn 536-90-4399, call +1 415 555 2671 or ann@x.org"}]}"#;

struct Recording {
    id: String,
    path: String,
    status: u16,
    content_type: String,
    body: Bytes,
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_real_providers_pass_unharmed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/wire/fixtures");
    let Ok(index) = fs::read_to_string(folder.join("index.jsonl")) else {
        println!("skipped: there are no recordings beside the project");
        return;
    };
    let recordings: Vec<Recording> = index.lines().filter_map(|line| recording(&folder, line)).collect();
    assert!(recordings.len() > 100);

    for cut in [usize::MAX, 1000, 13] {
        let scripts: Vec<Script> = recordings.iter().map(|recording| script(recording, cut)).collect();
        let upstream = Upstream::start(move |received| {
            let number = received.headers["x-recording"].to_str().unwrap();
            scripts[number.parse::<usize>().unwrap()].clone()
        })
        .await;
        let proxy = Proxy::start(upstream.address, "").await;
        let caller = Caller::new();
        for (number, recording) in recordings.iter().enumerate() {
            let headers = [("x-recording".to_owned(), number.to_string())];
            let answer = caller.send(proxy.address, "POST", &recording.path, &headers, REQUEST.into()).await;
            assert_eq!(answer.status.as_u16(), recording.status, "{}", recording.id);
            assert_eq!(answer.body, recording.body, "{} cut at {cut}", recording.id);
        }
        for received in upstream.received() {
            assert!(!String::from_utf8_lossy(&received.body).contains("4399"));
        }
        assert_eq!(proxy.stop().await.len(), recordings.len());
    }
}

fn recording(folder: &Path, line: &str) -> Option<Recording> {
    let row: Value = serde_json::from_str(line).unwrap();
    let file = row["files"]["response"].as_str()?;
    let told = row["response_headers"]["content-type"].as_str();
    let content_type = match (told, file.rsplit('.').next()?) {
        (Some(told), _) => told,
        (None, "sse") => "text/event-stream",
        (None, "json") => "application/json",
        (None, _) => "application/octet-stream",
    };
    let uri: hyper::Uri = row["uri"].as_str()?.parse().ok()?;
    Some(Recording {
        id: row["id"].as_str()?.to_owned(),
        path: uri.path().to_owned(),
        status: row["status"].as_u64().filter(|status| *status >= 200)? as u16,
        content_type: content_type.to_owned(),
        body: fs::read(folder.join(file)).unwrap().into(),
    })
}

fn script(recording: &Recording, cut: usize) -> Script {
    let chunks = if cut == usize::MAX {
        vec![recording.body.clone()]
    } else {
        recording.body.chunks(cut).map(Bytes::copy_from_slice).collect()
    };
    let headers = vec![("content-type".to_owned(), recording.content_type.clone())];
    Script { status: recording.status, headers, chunks, breaks_off: false }
}
