//! How the proxy ends, and what it tells those who run it.

use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use blotter::audit::Outcome;
use blotter::crypto::KeyRing;
use blotter::fake::{Manner, Provider};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::support::{Caller, records};

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn configure(folder: &Path, provider: &Provider, limits: &str) {
    let text = format!(
        "listen = \"127.0.0.1:0\"\ndefault_route = \"a\"\n[limits]\n{limits}\n[[route]]\nname = \"a\"\nupstream = \"http://{}\"\n",
        provider.address()
    );
    std::fs::write(folder.join("proxy.toml"), text).unwrap();
}

fn start(folder: &Path, variables: &[(&str, &str)]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_blotter"));
    command.args(["serve", "--config"]).arg(folder.join("proxy.toml")).envs(variables.iter().copied());
    command.stderr(Stdio::piped()).spawn().unwrap()
}

fn terminate(child: &Child) {
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
}

/// A stream of `letters` pieces, 20 ms apart, whose first piece has come.
async fn streaming(proxy: std::net::SocketAddr, letters: usize) -> hyper::Response<hyper::body::Incoming> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let body = format!(r#"{{"stream":true,"messages":[{{"content":"{}"}}]}}"#, "a".repeat(letters));
    let request = Request::post(format!("http://{proxy}/v1/chat/completions")).body(body.into()).unwrap();
    let mut response = client.request(request).await.unwrap();
    response.frame().await.unwrap().unwrap();
    response
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_streams_end_within_its_limit() {
    let provider = Provider::start(Manner { cut: 1, pause: Duration::from_millis(20), keep: false }).await.unwrap();
    for (limits, letters, outcome, range) in
        [("", 50, Outcome::Complete, 0..20), ("drain_seconds = 1", 1000, Outcome::Interrupted, 1..10)]
    {
        let folder = tempfile::tempdir().unwrap();
        configure(folder.path(), &provider, limits);
        let mut proxy = start(folder.path(), &[]);
        let address = crate::crash::address_of(&mut proxy);
        let response = streaming(address, letters).await;
        terminate(&proxy);
        let begun = Instant::now();
        let (mut body, mut rest) = (response.into_body(), Vec::new());
        let end = loop {
            match body.frame().await {
                Some(Ok(frame)) => rest.extend(frame.into_data().unwrap()),
                end => break end,
            }
        };
        let is_whole = outcome == Outcome::Complete;
        assert_eq!((end.is_none(), String::from_utf8_lossy(&rest).contains("proxy/stopping")), (is_whole, !is_whole));
        let status = tokio::task::spawn_blocking(move || proxy.wait().unwrap()).await.unwrap();
        assert!(status.success(), "{status}");
        assert!(range.contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
        assert!(tokio::net::TcpStream::connect(address).await.is_err());
        let ring = std::fs::read_to_string(folder.path().join("audit.key")).unwrap();
        let records = records(&folder.path().join("audit"), &KeyRing::parse(&ring).unwrap());
        assert_eq!(records[0].closed.as_ref().expect("it is closed").outcome, outcome);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_is_told_and_the_log_can_be_json() {
    let provider = Provider::start(Manner::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), &provider, "");
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let told = || {
        let mut text = [0; 64];
        let length = socket.recv(&mut text).unwrap();
        String::from_utf8_lossy(&text[..length]).into_owned()
    };
    let variables = [
        ("NOTIFY_SOCKET", path.to_str().unwrap()),
        ("WATCHDOG_USEC", "200000"),
        ("BLOTTER_LOG_FORMAT", "json"),
        ("BLOTTER_LOG", "blotter=info"),
    ];
    let mut proxy = start(folder.path(), &variables);
    let mut lines = BufReader::new(proxy.stderr.take().unwrap()).lines().map(|line| line.unwrap());
    let listening = |line: String| {
        let told: serde_json::Value = serde_json::from_str(&line).unwrap();
        told["listening"].as_str().map(|address| address.parse().unwrap())
    };
    let address = lines.by_ref().find_map(listening).unwrap();
    let states: Vec<String> = (0..3).map(|_| told()).collect();
    assert!(states.contains(&"READY=1".to_owned()) && states.contains(&"WATCHDOG=1".to_owned()), "{states:?}");
    let status = std::fs::read_to_string(format!("/proc/{}/limits", proxy.id())).unwrap();
    assert!(status.lines().any(|line| line.starts_with("Max core file size") && line.contains(" 0 ")), "{status}");

    let headers = [("traceparent".to_owned(), TRACE.to_owned())];
    let body = r#"{"messages":[{"content":"ssn 536-90-4399"}]}"#;
    Caller::new().send(address, "POST", "/v1/chat/completions", &headers, body.into()).await;
    assert_eq!(provider.seen()[0].headers["traceparent"], TRACE, "it is passed on");
    terminate(&proxy);
    while told() != "STOPPING=1" {}
    let rest: Vec<serde_json::Value> = lines.map(|line| serde_json::from_str(&line).expect(&line)).collect();
    let traced = rest.iter().find(|line| line["traceparent"] == TRACE).expect("it is logged");
    assert!(traced["exchange"].is_string() && !format!("{rest:?}").contains("4399"));
    assert_eq!(rest.last().unwrap()["message"], "stopped; every exchange is in the log");
    assert!(proxy.wait().unwrap().success());
}
