//! The real binary, killed in the middle of its work: what a provider has seen is in the log.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use blotter::audit::{self, Filter, Outcome, Reader};
use blotter::crypto::{KeyRing, MasterKey, Purpose};
use blotter::fake::{Manner, Provider};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

/// `BLOTTER_KILLS` asks for another number.
const KILLS: u64 = 20;
const CALLERS: usize = 8;
/// How long a proxy may take until its first request has arrived.
const WARM: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn what_a_provider_saw_is_in_the_log_after_any_kill() {
    let provider = Provider::start(Manner { cut: 3, ..Manner::default() }).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), provider.address());
    let number = Arc::new(AtomicU64::new(0));
    let kills = std::env::var("BLOTTER_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(KILLS);
    for kill in 0..kills {
        let (mut proxy, address) = start(folder.path());
        let callers: Vec<_> = (0..CALLERS).map(|_| tokio::spawn(call(address, Arc::clone(&number)))).collect();
        // The kill has to come at any moment of the work: every other time only once there is some.
        if kill % 2 == 1 {
            let before = provider.count();
            let _ = tokio::time::timeout(WARM, async {
                while provider.count() == before {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            })
            .await;
        }
        tokio::time::sleep(Duration::from_millis(5 + kill * 3)).await;
        proxy.kill().unwrap();
        proxy.wait().unwrap();
        for caller in callers {
            caller.await.unwrap();
        }
    }
    let (mut proxy, _) = start(folder.path());
    proxy.kill().unwrap();
    proxy.wait().unwrap();

    let log = folder.path().join("audit");
    let key = MasterKey::from_hex(&std::fs::read_to_string(folder.path().join("blotter.key")).unwrap()).unwrap();
    let report = audit::verify(&log, &key.derive(Purpose::Chain)).unwrap();
    assert_eq!(report.problems, []);
    assert!(report.open.is_empty(), "what a crash left open was closed at the next start");
    let ring = std::fs::read_to_string(folder.path().join("audit.key")).unwrap();
    let logged = logged(&log, &KeyRing::parse(&ring).unwrap());
    let seen: Vec<String> = provider.seen().iter().map(|seen| mark(&seen.body)).collect();
    assert!(seen.len() as u64 > kills, "there was load: {} requests", seen.len());
    let known: HashSet<&String> = logged.iter().map(|(mark, _)| mark).collect();
    for mark in &seen {
        assert!(known.contains(mark), "{mark} was seen by the provider and is not in the log");
    }
    let interrupted = logged.iter().filter(|(_, outcome)| *outcome == Outcome::Interrupted).count();
    println!("{kills} kills, {} requests seen, {} logged, {interrupted} interrupted", seen.len(), logged.len());
}

fn configure(folder: &Path, provider: SocketAddr) {
    let text = format!(
        "listen = \"127.0.0.1:0\"\ndefault_route = \"a\"\n[[route]]\nname = \"a\"\nupstream = \"http://{provider}\"\n"
    );
    std::fs::write(folder.join("proxy.toml"), text).unwrap();
}

fn start(folder: &Path) -> (Child, SocketAddr) {
    let mut proxy = Command::new(env!("CARGO_BIN_EXE_blotter"))
        .args(["serve", "--config"])
        .arg(folder.join("proxy.toml"))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let address = address_of(&mut proxy);
    (proxy, address)
}

/// Where a proxy that has just been started says that it listens.
pub fn address_of(proxy: &mut Child) -> SocketAddr {
    let mut lines = BufReader::new(proxy.stderr.take().unwrap()).lines().map(|line| line.unwrap());
    // Its own log may say something before, as that a checkpoint was signed.
    let mut before = Vec::new();
    let address = loop {
        let line = lines.next().unwrap_or_else(|| panic!("it ended before it listened: {before:?}"));
        match line.split_once(" listens on ") {
            Some((_, address)) => break address.rsplit("://").next().unwrap().parse().unwrap(),
            None => before.push(line),
        }
    };
    std::thread::spawn(move || lines.for_each(drop));
    address
}

/// Asks until the proxy is gone; each request says its number.
async fn call(address: SocketAddr, number: Arc<AtomicU64>) {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    loop {
        let mark = format!("mark {} ssn 536-90-4399", number.fetch_add(1, Ordering::Relaxed));
        let body = format!(r#"{{"stream":true,"messages":[{{"content":"{mark}"}}]}}"#);
        let request = Request::post(format!("http://{address}/v1/chat/completions")).body(body.into()).unwrap();
        let Ok(response) = client.request(request).await else { return };
        if response.into_body().collect().await.is_err() {
            return;
        }
    }
}

/// The number that a body says.
fn mark(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let start = text.find("mark ").expect("every request has its mark");
    text[start..].chars().skip(5).take_while(char::is_ascii_digit).collect()
}

fn logged(log: &Path, sealing: &KeyRing) -> Vec<(String, Outcome)> {
    let reader = Reader::open(log).unwrap().unlock(sealing).unwrap();
    let records = reader.records(&Filter { limit: usize::MAX, ..Filter::default() }).unwrap().into_iter();
    records.map(|record| (mark(&record.opened.request), record.closed.expect("all are closed").outcome)).collect()
}
