//! A thousand values that no file may ever hold, sent on every way in, errors included.
//!
//! Looked through afterwards: every byte of every file that the proxy wrote, temporary ones too, all that it said at its most
//! talkative, and every text of the log, opened.

use std::time::Duration;

use aho_corasick::AhoCorasick;
use blotter::audit::{Filter, Reader};
use blotter::crypto::KeyRing;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::support::{self, Installation, tell};

const CANARIES: usize = 1000;

#[tokio::test(flavor = "multi_thread")]
async fn no_value_is_in_any_byte_that_is_written() {
    let here = Installation::new("").await;
    std::fs::create_dir(here.path("tmp")).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_blotter"));
    command.env("BLOTTER_LOG", "blotter=trace").env("TMPDIR", here.path("tmp"));
    let proxy = support::start(command, here.folder.path());
    let canaries: Vec<String> = (0..CANARIES).map(|number| format!("7{:07}", 8191 + number * 7919)).collect();
    for (number, canary) in canaries.iter().enumerate() {
        let way = WAYS[number % WAYS.len()];
        send(proxy.address, way(&format!("LC-{canary}")), number % 13 == 5).await;
    }
    let sent = here.provider.count();
    // While it runs, and after: the write-ahead log is a file too.
    let mut written = here.bytes();
    let said = proxy.said();
    assert_eq!(proxy.stop(), 0);
    written.extend(here.bytes());
    written.push(("stderr".into(), said.into_bytes()));
    let ring = KeyRing::parse(&std::fs::read_to_string(here.path("audit.key")).unwrap()).unwrap();
    let reader = Reader::open(&here.path("audit")).unwrap().unlock(&ring).unwrap();
    let logged = reader.records(&Filter { limit: usize::MAX, ..Filter::default() }).unwrap();
    for record in &logged {
        written.push((record.opened.exchange.to_string().into(), serde_json::to_vec(record).unwrap()));
    }
    written.push(("audit tail".into(), here.fine(&["audit", "tail", "-n", "2000"]).into_bytes()));
    let search = AhoCorasick::new(&canaries).unwrap();
    for (path, bytes) in &written {
        let found = search
            .find(bytes)
            .map(|found| String::from_utf8_lossy(&bytes[found.start().saturating_sub(60)..found.end()]).into_owned());
        assert_eq!(found, None, "{} holds a value", path.display());
    }
    tell(&format!(
        "{CANARIES} values on {} ways, {sent} forwarded, {} logged: none in {} files and texts",
        WAYS.len(),
        logged.len(),
        written.len()
    ));
    assert!(logged.len() > CANARIES / 2 && sent > 100, "the ways lead somewhere: {sent}, {}", logged.len());
}

/// Where a panic may happen while a value is at hand: on the way of a request, in a task, in a thread, on the way out of one.
#[test]
fn no_value_is_in_what_a_panic_says() {
    const CHILD: &str = "BLOTTER_PANICS_HERE";
    if std::env::var_os(CHILD).is_some() {
        return panic_everywhere();
    }
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.env(CHILD, "1").args(["--exact", "canaries::no_value_is_in_what_a_panic_says", "--nocapture"]);
    let output = child.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert_eq!(said.matches("the message is withheld").count(), 4 * PANICS, "{said}");
    assert!(!said.contains("LC-0042"), "{said}");
}

const PANICS: usize = 25;

fn panic_everywhere() {
    blotter::cli::withhold_panics();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for number in 0..PANICS {
        let value = format!("LC-0042{number:04}");
        let (in_task, in_thread, in_drop) = (value.clone(), value.clone(), value.clone());
        assert!(std::panic::catch_unwind(|| panic!("cannot parse {value:?}")).is_err());
        assert!(
            runtime
                .block_on(runtime.spawn(async move { in_task.parse::<u8>().map_err(|_| in_task.clone()).unwrap() }))
                .is_err()
        );
        assert!(std::thread::spawn(move || in_thread.parse::<u8>().expect(&in_thread)).join().is_err());
        assert!(std::panic::catch_unwind(move || drop(Bomb(in_drop))).is_err());
    }
}

struct Bomb(String);

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("{} is dropped", self.0);
    }
}

/// Sends bytes as they are and reads what comes; or goes away after the first of it.
async fn send(address: std::net::SocketAddr, request: Vec<u8>, goes_away: bool) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&request).await.unwrap();
    let mut answer = vec![0; 1 << 16];
    let first = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut answer)).await;
    if goes_away || !matches!(first, Ok(Ok(1..))) {
        return;
    }
    let rest = async { while stream.read(&mut answer).await.is_ok_and(|read| read > 0) {} };
    tokio::time::timeout(Duration::from_secs(5), rest).await.unwrap_or_default();
}

type Way = fn(&str) -> Vec<u8>;

const WAYS: [Way; 26] = [
    |canary| chat(&format!(r#"{{"messages":[{{"role":"user","content":"it is {canary}"}}]}}"#), ""),
    |canary| chat(&format!(r#"{{"stream":true,"messages":[{{"role":"user","content":"it is {canary}"}}]}}"#), ""),
    |canary| chat(&format!(r#"{{"messages":[{{"role":"user","content":"x"}}],"{canary}":1}}"#), ""),
    |canary| chat(&format!(r#"{{"messages":[{{"content":"\u004c{}"}}]}}"#, &canary[1..]), ""),
    |canary| {
        chat(
            &format!(
                r#"{{"messages":[{{"tool_calls":[{{"function":{{"name":"f","arguments":"{{\"a\":\"{canary}\"}}"}}}}]}}]}}"#
            ),
            "",
        )
    },
    |canary| chat(&format!(r#"{{"model":"{canary}","messages":[]}}"#), ""),
    |canary| chat(&format!(r#"{{"user":"{canary}","messages":[]}}"#), ""),
    |canary| chat(&format!(r#"{{"metadata":{{"a":"{canary}"}},"messages":[]}}"#), ""),
    |canary| chat(&format!(r#"{{"model":"fake-status-429","messages":[{{"content":"{canary}"}}]}}"#), ""),
    |canary| {
        chat(
            &format!(
                r#"{{"model":"fake-break-off","stream":true,"messages":[{{"role":"user","content":"{canary}"}}]}}"#
            ),
            "",
        )
    },
    |canary| chat(&format!(r#"{{"messages":"{canary}"#), ""),
    |canary| chat(&format!(r#"{{"{canary}":1,"{canary}":2}}"#), ""),
    |canary| chat(&format!("{{\"a\":{canary}}}"), ""),
    |canary| chat(&format!("{}{canary}{}", "[".repeat(500), "]".repeat(500)), ""),
    |canary| [chat("{\"a\":\"bcdefghijkl\"}", ""), canary.as_bytes().to_vec(), vec![0xff, 0xfe]].concat(),
    |canary| chat("{}", &format!("authorization: Bearer {canary}\r\n")),
    |canary| chat("{}", &format!("x-blotter-subject: {canary}\r\nx-blotter-conversation: {canary}\r\n")),
    |canary| chat("{}", &format!("x-note: {canary}\r\nuser-agent: {canary}\r\nhost: {canary}.example\r\n")),
    |canary| chat(canary, "content-encoding: gzip\r\n"),
    |canary| post("/v1/chat/completions", canary, "content-type: text/plain\r\n"),
    |canary| post("/v1/files", canary, &format!("content-type: multipart/form-data; boundary={canary}\r\n")),
    |canary| post(&format!("/v1/chat/completions?q={canary}"), "{}", "content-type: application/json\r\n"),
    |canary| post(&format!("/v1/{canary}/x"), "{}", "content-type: application/json\r\n"),
    |canary| post(&format!("/{canary}/v1/chat/completions"), "{}", &format!("content-type: {canary}\r\n")),
    |canary| format!("{canary} /v1/chat/completions HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").into_bytes(),
    |canary| format!("{canary}\r\n\r\n\r\n").into_bytes(),
];

fn chat(body: &str, headers: &str) -> Vec<u8> {
    post("/v1/chat/completions", body, &format!("content-type: application/json\r\n{headers}"))
}

fn post(path: &str, body: &str, headers: &str) -> Vec<u8> {
    let host = if headers.contains("host:") { "" } else { "host: a\r\n" };
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\n{host}{headers}connection: close\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}
