//! What the proxy costs: requests per second, CPU and added latency of the release binary, beside nginx's plain `proxy_pass` where
//! there is an nginx, and beside calls straight to the upstream; what three open pages cost; and what memory a stream takes that
//! says little for long.
//!
//! `cargo bench --bench proxy`. A 2 KB chat with three findings, the log on, everything on loopback: this process is caller
//! and upstream, the proxies processes of their own. Rounds take turns, so that a noisy machine is fair. `TMPDIR` says where the
//! log is.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use blotter::audit::{Filter, Reader};
use blotter::fake::{Manner, Provider};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(3);
/// Requests a second while latency is measured: well below what either way can do.
const PACE: u64 = 200;

/// Streams that are opened before and after memory is looked at first.
const STREAMS: u64 = 200;

/// A way to the upstream.
struct Way {
    name: &'static str,
    address: SocketAddr,
    /// What is on the way.
    proxy: Option<Child>,
    /// Where its pages are, and the cookie that opens them.
    pages: Option<(SocketAddr, String)>,
}

impl Drop for Way {
    fn drop(&mut self) {
        if let Some(proxy) = &mut self.proxy {
            let _ = proxy.kill();
            let _ = proxy.wait();
        }
    }
}

#[tokio::main]
async fn main() {
    let provider = Provider::start(Manner { keep: false, ..Manner::default() }).await.expect("a provider starts");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let blotter = blotter(folder.path(), provider.address()).await;
    let direct = Way { name: "direct", address: provider.address(), proxy: None, pages: None };
    let ways: Vec<Way> =
        [direct].into_iter().chain(nginx(folder.path(), provider.address())).chain([blotter]).collect();
    let body = chat();
    println!("a chat of {} bytes with 3 findings, the log on", body.len());
    compare_rates(&ways, &body).await;
    compare_waits(&ways, &body).await;
    let [p50, p99] = without_log(folder.path());
    println!("Blotter, its provider included, without the wait for the opening entry: p50 {p50:?}, p99 {p99:?}");
    compare_pages(&ways[ways.len() - 1], &body).await;
    println!("an idle stream takes {:.0} KiB", stream().await);
}

async fn compare_rates(ways: &[Way], body: &Bytes) {
    println!("{:>7}  {:<8}  {:>9}  {:>9}  {:>9}", "CALLERS", "WAY", "A SECOND", "CPU", "OF LOG");
    for callers in [1, 16, 64] {
        let mut rounds: Vec<Vec<Round>> = ways.iter().map(|_| Vec::new()).collect();
        for _ in 0..ROUNDS {
            for (way, rounds) in ways.iter().zip(&mut rounds) {
                rounds.push(throughput(way, callers, body).await);
            }
        }
        for (way, rounds) in ways.iter().zip(rounds) {
            let figure = |which: fn(&Round) -> f64| median(rounds.iter().map(which).collect());
            let [rate, cpu, log] = [figure(|round| round.rate), figure(|round| round.cpu), figure(|round| round.log)];
            println!("{callers:>7}  {:<8}  {rate:>9.0}  {cpu:>6.0} us  {log:>6.0} us", way.name);
        }
    }
}

async fn compare_waits(ways: &[Way], body: &Bytes) {
    let mut times: Vec<Vec<Duration>> = ways.iter().map(|_| Vec::new()).collect();
    for _ in 0..ROUNDS {
        for (way, times) in ways.iter().zip(&mut times) {
            times.append(&mut latencies(way.address, body).await);
        }
    }
    println!("at {PACE}/s");
    for (way, own) in ways.iter().zip(&times) {
        let [p50, p99] = [0.5, 0.99].map(|share| {
            let (time, direct) = (quantile(own, share), quantile(&times[0], share));
            format!("{time:?} ({:?} more)", time.saturating_sub(direct))
        });
        println!("{:<8}: p50 {p50}, p99 {p99}", way.name);
    }
}

/// Keeps the overview open.
async fn look_on(admin: SocketAddr, cookie: String) {
    let asked = Request::get(format!("http://{admin}/api/overview/events")).header("cookie", cookie);
    let asked = asked.body(Full::default()).expect("the request is good");
    let answer = caller().request(asked).await.expect("it is answered");
    assert!(answer.status().is_success());
    let mut told = answer.into_body();
    while told.frame().await.is_some_and(|told| told.is_ok()) {}
}

/// The rates of rounds with and without three pages that look on, each beside the other.
async fn compare_pages(way: &Way, body: &Bytes) {
    let (admin, cookie) = way.pages.as_ref().expect("it has pages");
    let page = || tokio::spawn(look_on(*admin, cookie.clone()));
    let mut rounds = [Vec::new(), Vec::new()];
    for _ in 0..3 * ROUNDS {
        rounds[0].push(throughput(way, 16, body).await);
        let pages = [page(), page(), page()];
        rounds[1].push(throughput(way, 16, body).await);
        assert!(pages.iter().all(|page| !page.is_finished()));
        pages.iter().for_each(|page| page.abort());
    }
    for (rounds, pages) in rounds.iter().zip(["no page", "three pages"]) {
        let [rate, cpu] = [|round: &Round| round.rate, |round: &Round| round.cpu]
            .map(|figure| median(rounds.iter().map(figure).collect()));
        println!("16 callers, {pages} open: {rate:.0} a second, {cpu:.0} us of CPU");
    }
}

async fn blotter(folder: &Path, upstream: SocketAddr) -> Way {
    let admin = free_port();
    let text = format!(
        "listen = \"127.0.0.1:0\"\ndefault_route = \"a\"\n[admin]\nlisten = \"{admin}\"\n[limits]\naddress_exchanges = 1024\n\
         [[route]]\nname = \"a\"\nupstream = \"http://{upstream}\"\n"
    );
    std::fs::write(folder.join("proxy.toml"), text).expect("the folder can be written");
    let blotter = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_blotter"));
        command.arg("--config").arg(folder.join("proxy.toml"));
        command
    };
    let made = blotter().args(["key", "new", "ann", "--role", "operator"]).output().expect("it runs");
    let mut proxy = blotter().arg("serve").stderr(Stdio::piped()).spawn().expect("the proxy starts");
    let mut lines = BufReader::new(proxy.stderr.take().expect("it is piped")).lines();
    let first = lines.next().expect("it says where it listens").expect("in text");
    std::thread::spawn(move || lines.for_each(drop));
    let address = first.rsplit("http://").next().and_then(|address| address.parse().ok()).expect("an address");
    let cookie = log_in(admin, String::from_utf8_lossy(&made.stdout).trim()).await;
    Way { name: "Blotter", address, proxy: Some(proxy), pages: Some((admin, cookie)) }
}

fn free_port() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port")
}

/// Begins a session; gives its cookie.
async fn log_in(admin: SocketAddr, key: &str) -> String {
    let form = Full::from(format!(r#"{{"key":"{key}"}}"#));
    let asked = Request::post(format!("http://{admin}/api/login")).header("content-type", "application/json");
    let asked = asked.header("origin", format!("http://{admin}")).body(form).expect("the request is good");
    let answer = caller().request(asked).await.expect("it is answered");
    let cookie = answer.headers().get("set-cookie").expect("the key is good").to_str().expect("a plain text");
    cookie.split(';').next().unwrap_or_default().to_owned()
}

/// An nginx of one process that passes everything on over kept connections; none where there is no nginx.
fn nginx(folder: &Path, upstream: SocketAddr) -> Option<Way> {
    let free = free_port();
    let folders: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {}/{kind};", folder.display()))
        .concat();
    let text = format!(
        "daemon off; master_process off; pid {folder}/pid; error_log /dev/null; events {{ worker_connections 1024; }}
         http {{ access_log off; keepalive_requests 1000000000; {folders}
         upstream up {{ server {upstream}; keepalive 64; keepalive_requests 1000000000; }}
         server {{ listen {free}; location / {{
         proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection \"\"; }} }} }}",
        folder = folder.display()
    );
    std::fs::write(folder.join("nginx.conf"), text).expect("the folder can be written");
    let mut nginx = Command::new("nginx").arg("-c").arg(folder.join("nginx.conf")).spawn().ok()?;
    while std::net::TcpStream::connect(free).is_err() {
        assert!(nginx.try_wait().expect("it can be asked").is_none(), "nginx ended");
        std::thread::sleep(Duration::from_millis(10));
    }
    Some(Way { name: "nginx", address: free, proxy: Some(nginx), pages: None })
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

fn request(way: SocketAddr, body: &Bytes) -> Request<Full<Bytes>> {
    Request::post(format!("http://{way}/v1/chat/completions"))
        .header("content-type", "application/json")
        .body(Full::new(body.clone()))
        .expect("the request is good")
}

async fn call(caller: &Caller, way: SocketAddr, body: &Bytes) -> Duration {
    let request = request(way, body);
    let begun = Instant::now();
    let response = caller.request(request).await.expect("it is answered");
    assert!(response.status().is_success());
    response.into_body().collect().await.expect("the answer is whole");
    begun.elapsed()
}

/// What callers who ask again at once come to.
struct Round {
    /// Answers per second.
    rate: f64,
    /// CPU of the proxy for each, and of its log's thread, in microseconds.
    cpu: f64,
    log: f64,
}

async fn throughput(way: &Way, callers: usize, body: &Bytes) -> Round {
    let count = Arc::new(AtomicU64::new(0));
    let (before, end) = (cpu(way), Instant::now() + ROUND);
    let tasks = (0..callers).map(|_| {
        let (count, body, caller, address) = (Arc::clone(&count), body.clone(), caller(), way.address);
        tokio::spawn(async move {
            while Instant::now() < end {
                call(&caller, address, &body).await;
                count.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("a caller ends well");
    }
    let (after, count) = (cpu(way), count.load(Ordering::Relaxed) as f64);
    let [cpu, log] = [0, 1].map(|which| after[which].saturating_sub(before[which]) as f64 / 1e3 / count);
    Round { rate: count / ROUND.as_secs_f64(), cpu, log }
}

/// The nanoseconds for which all threads of a proxy ran, and its log's.
fn cpu(way: &Way) -> [u64; 2] {
    let Some(proxy) = &way.proxy else { return [0; 2] };
    let threads = std::fs::read_dir(format!("/proc/{}/task", proxy.id())).expect("it runs").flatten();
    let ran = threads.map(|thread| {
        let read = |file| std::fs::read_to_string(thread.path().join(file)).unwrap_or_default();
        let ran = read("schedstat").split(' ').next().and_then(|ran| ran.parse().ok()).unwrap_or(0);
        [ran, if read("comm").trim() == "audit" { ran } else { 0 }]
    });
    ran.fold([0; 2], |sum, ran| [sum[0] + ran[0], sum[1] + ran[1]])
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

/// The median and the 99th percentile of what the last exchanges took from their arrival to their end, without the wait until they
/// were opened in the log. They are closed in it after that.
fn without_log(folder: &Path) -> [Duration; 2] {
    let reader = Reader::open(&folder.join("audit")).expect("the log can be read");
    let paced = PACE * ROUND.as_secs() * ROUNDS as u64;
    let last = reader.list(&Filter { limit: paced as usize, ..Filter::default() }).expect("the log can be read");
    let timings = last.iter().filter_map(|exchange| exchange.timings);
    let times: Vec<_> = timings.map(|took| Duration::from_micros(took.total_us - took.commit_us)).collect();
    [0.5, 0.99].map(|share| quantile(&times, share))
}

/// How many KiB a proxy takes for a stream that said one word.
async fn stream() -> f64 {
    let manner = Manner { pause: Duration::from_secs(2), keep: false, ..Manner::default() };
    let slow = Provider::start(manner).await.expect("a provider starts");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let way = blotter(folder.path(), slow.address()).await;
    let body: Bytes = String::from_utf8_lossy(&chat()).replacen('{', r#"{"stream":true,"#, 1).into();
    let streams = open(&way, &body).await;
    let before = memory(&way);
    let further = open(&way, &body).await;
    let grown = memory(&way).saturating_sub(before);
    assert_eq!((streams.len() + further.len()) as u64, 2 * STREAMS);
    grown as f64 / STREAMS as f64
}

/// Opens streams, and gives them when the first word of each has come.
async fn open(way: &Way, body: &Bytes) -> Vec<Incoming> {
    let open = async |caller: Caller, request| {
        let mut answer = caller.request(request).await.expect("it is answered").into_body();
        answer.frame().await.expect("it says something").expect("it goes on");
        answer
    };
    let streams = (0..STREAMS).map(|_| tokio::spawn(open(caller(), request(way.address, body))));
    let mut opened = Vec::new();
    for stream in streams.collect::<Vec<_>>() {
        opened.push(stream.await.expect("a stream begins well"));
    }
    opened
}

/// What the kernel says that a proxy has in memory, in KiB.
fn memory(way: &Way) -> u64 {
    let proxy = way.proxy.as_ref().expect("it runs").id();
    let status = std::fs::read_to_string(format!("/proc/{proxy}/status")).expect("it runs");
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    resident.and_then(|kib| kib.trim().trim_end_matches(" kB").parse().ok()).expect("a number")
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
