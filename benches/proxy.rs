//! What the proxy costs: requests per second and added latency of the release binary, beside calls straight to its upstream.
//!
//! `cargo bench --bench proxy`. A 2 KB chat with three findings, the log on, everything on loopback: this process is caller
//! and upstream, the proxy a process of its own. Rounds with and without it alternate, so that a noisy machine is fair.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use blotter::fake::{Manner, Provider};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(3);
/// Requests a second while latency is measured: well below what either way can do.
const PACE: u64 = 200;

#[tokio::main]
async fn main() {
    let provider = Provider::start(Manner { keep: false, ..Manner::default() }).await.expect("a provider starts");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (mut proxy, address) = start(folder.path(), provider.address());
    let body = chat();
    println!("a chat of {} bytes with 3 findings, the log on", body.len());

    for callers in [1, 16, 64] {
        let mut ways = [(provider.address(), Vec::new()), (address, Vec::new())];
        for _ in 0..ROUNDS {
            for (way, rates) in &mut ways {
                rates.push(throughput(*way, callers, &body).await);
            }
        }
        let [direct, through] = ways.map(|(_, rates)| median(rates));
        println!(
            "{callers:>3} callers: direct {direct:>7.0}/s, through Blotter {through:>6.0}/s ({:.2})",
            through / direct
        );
    }
    let mut ways = [(provider.address(), Vec::new()), (address, Vec::new())];
    for _ in 0..ROUNDS {
        for (way, times) in &mut ways {
            times.append(&mut latencies(*way, &body).await);
        }
    }
    let [direct, through] = ways.map(|(_, times)| times);
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
        let (direct, through) = (quantile(&direct, share), quantile(&through, share));
        let added = through.saturating_sub(direct);
        println!("{name} at {PACE}/s: direct {direct:?}, through Blotter {through:?}, added {added:?}");
    }
    proxy.kill().expect("the proxy runs");
    proxy.wait().expect("the proxy ends");
}

fn start(folder: &Path, upstream: SocketAddr) -> (Child, SocketAddr) {
    let text = format!(
        "listen = \"127.0.0.1:0\"\ndefault_route = \"a\"\n[[route]]\nname = \"a\"\nupstream = \"http://{upstream}\"\n"
    );
    std::fs::write(folder.join("proxy.toml"), text).expect("the folder can be written");
    let mut proxy = Command::new(env!("CARGO_BIN_EXE_blotter"))
        .args(["serve", "--config"])
        .arg(folder.join("proxy.toml"))
        .stderr(Stdio::piped())
        .spawn()
        .expect("the proxy starts");
    let mut lines = BufReader::new(proxy.stderr.take().expect("it is piped")).lines();
    let first = lines.next().expect("it says where it listens").expect("in text");
    std::thread::spawn(move || lines.for_each(drop));
    (proxy, first.rsplit("http://").next().and_then(|address| address.parse().ok()).expect("an address"))
}

fn chat() -> Bytes {
    let history = "Thank you, I will look into that order for you right away. ".repeat(27);
    let last = "My card is 4242 4242 4242 4242, call me at +1 415 555 2671 or write to ann.fox@example.org.";
    let message = |role: &str, text: &str| format!(r#"{{"role":"{role}","content":"{text}"}}"#);
    let messages =
        [message("system", "You help customers of a shop."), message("assistant", &history), message("user", last)];
    format!(r#"{{"model":"m","messages":[{}]}}"#, messages.join(",")).into()
}

type Caller = Client<HttpConnector, Full<Bytes>>;

fn caller() -> Caller {
    Client::builder(TokioExecutor::new()).build_http()
}

async fn call(caller: &Caller, way: SocketAddr, body: &Bytes) -> Duration {
    let request = Request::post(format!("http://{way}/v1/chat/completions"))
        .header("content-type", "application/json")
        .body(Full::new(body.clone()))
        .expect("the request is good");
    let begun = Instant::now();
    let response = caller.request(request).await.expect("it is answered");
    assert!(response.status().is_success());
    response.into_body().collect().await.expect("the answer is whole");
    begun.elapsed()
}

/// Answers per second to so many callers who ask again at once.
async fn throughput(way: SocketAddr, callers: usize, body: &Bytes) -> f64 {
    let count = Arc::new(AtomicU64::new(0));
    let end = Instant::now() + ROUND;
    let tasks = (0..callers).map(|_| {
        let (count, body, caller) = (Arc::clone(&count), body.clone(), caller());
        tokio::spawn(async move {
            while Instant::now() < end {
                call(&caller, way, &body).await;
                count.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("a caller ends well");
    }
    count.load(Ordering::Relaxed) as f64 / ROUND.as_secs_f64()
}

/// How long answers take while requests come at a pace of their own.
async fn latencies(way: SocketAddr, body: &Bytes) -> Vec<Duration> {
    let caller = caller();
    call(&caller, way, body).await;
    let mut ticks = tokio::time::interval(Duration::from_micros(1_000_000 / PACE));
    let mut tasks = Vec::new();
    for _ in 0..PACE * ROUND.as_secs() {
        ticks.tick().await;
        let (caller, body) = (caller.clone(), body.clone());
        tasks.push(tokio::spawn(async move { call(&caller, way, &body).await }));
    }
    let mut times = Vec::new();
    for task in tasks {
        times.push(task.await.expect("a caller ends well"));
    }
    times
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

fn quantile(times: &[Duration], share: f64) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted[((sorted.len() - 1) as f64 * share) as usize]
}
