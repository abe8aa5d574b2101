//! The real binary takes new files while it serves: all or nothing, and it says what it did.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use blotter::fake::{Manner, Provider};

use crate::support::Caller;

/// A proxy whose talk is read line by line.
struct Running {
    child: Child,
    lines: Receiver<String>,
    proxy: std::net::SocketAddr,
    admin: std::net::SocketAddr,
}

impl Running {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_blotter"))
            .args(["serve", "--config"])
            .arg(folder.join("proxy.toml"))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let address = |line: String| line.rsplit("://").next().unwrap().split('/').next().unwrap().parse().unwrap();
        let mut running = Self { child, lines, proxy: ([0; 4], 0).into(), admin: ([0; 4], 0).into() };
        running.proxy = address(running.line("listens on"));
        running.admin = address(running.line("admin"));
        running
    }

    /// The next line that holds `part`.
    fn line(&self, part: &str) -> String {
        loop {
            let line =
                self.lines.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|_| panic!("no line with {part}"));
            if line.contains(part) {
                return line;
            }
        }
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }

    async fn page(&self, path: &str) -> String {
        let answer = Caller::new().send(self.admin, "GET", path, &[], "".into()).await;
        String::from_utf8(answer.body.to_vec()).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().unwrap_or_default();
        self.child.wait().unwrap();
    }
}

const PATTERN: &str = "[[pattern]]\nname = \"loyalty\"\nentity = \"LOYALTY\"\nregex = 'LC-\\d{8}'\nstrength = \"certain\"\n\
    source = \"x\"\n[pattern.examples]\nmatch = [\"<<LC-00420042>>\"]\nignore = [\"LC-42\"]\n";

const CHAT: &str = r#"{"messages":[{"content":"my cards LC-00420042 and GC-00420042"}]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn new_files_are_taken_and_bad_ones_are_not() {
    let provider = Provider::start(Manner::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    std::fs::create_dir(folder.path().join("patterns")).unwrap();
    let config = |more: &str| {
        format!(
            "listen = \"127.0.0.1:0\"\npatterns = \"patterns\"\ndefault_route = \"a\"\n{more}[admin]\nlisten = \"127.0.0.1:0\"\n\
            [[route]]\nname = \"a\"\nupstream = \"http://{}\"\n",
            provider.address()
        )
    };
    write("proxy.toml", &config(""));
    write("patterns/a.toml", PATTERN);
    let proxy = Running::start(folder.path());
    let sent = async || {
        Caller::new().send(proxy.proxy, "POST", "/v1/chat/completions", &[], CHAT.into()).await;
        String::from_utf8(provider.seen().last().unwrap().body.to_vec()).unwrap()
    };
    let first = sent().await;
    assert!(first.contains("my cards [LOYALTY_") && first.contains("GC-00420042"), "{first}");

    // By itself, when a file changes.
    write("patterns/b.toml", &PATTERN.replace("loyalty", "gift").replace("LOYALTY", "GIFT").replace("LC-", "GC-"));
    let told = proxy.line("reloaded");
    assert!(told.contains("patterns that came: gift") && told.contains("b.toml"), "{told}");
    let second = sent().await;
    assert!(second.contains("and [GIFT_"), "{second}");

    // A bad file changes nothing, and is told.
    write("patterns/b.toml", "[[pattern\n");
    proxy.signal("-HUP");
    let told = proxy.line("the old rules stay");
    assert!(told.contains("b.toml:1: "), "{told}");
    assert!(sent().await.contains("and [GIFT_"));
    let ready = proxy.page("/ready").await;
    assert!(ready.starts_with("ready\n") && ready.contains("not used, the rules above stay: "), "{ready}");
    assert!(ready.contains("b.toml:1\n"), "{ready}");
    let metrics = proxy.page("/metrics").await;
    assert!(
        metrics.contains("blotter_rules_stale 1") && metrics.contains(r#"blotter_reloads_total{result="refused"} 1"#)
    );

    // Gone, it is no trouble any more; and what takes a restart is said.
    std::fs::remove_file(folder.path().join("patterns/b.toml")).unwrap();
    write("proxy.toml", &config("").replace("127.0.0.1:0\"\npatterns", "127.0.0.1:1\"\npatterns"));
    proxy.signal("-HUP");
    let told = proxy.line("reloaded");
    assert!(told.contains("patterns that went: gift") && told.contains("needs a restart: `listen`"), "{told}");
    assert!(sent().await.contains("and GC-00420042"));
    assert!(proxy.page("/metrics").await.contains("blotter_rules_stale 0"));
    proxy.signal("-HUP");
    proxy.line("say what they said");

    proxy.signal("-TERM");
    proxy.line("stopped; every exchange is in the log");
    let list = Command::new(env!("CARGO_BIN_EXE_blotter"))
        .args(["audit", "verify", "--config"])
        .arg(folder.path().join("proxy.toml"))
        .output()
        .unwrap();
    assert!(list.status.success(), "{list:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_keeps_the_rules_that_it_began_with() {
    use blotter::config::{self, User};
    use blotter::detect::Source;
    use http_body_util::BodyExt;

    let provider = Provider::start(Manner { cut: 2, pause: Duration::from_millis(10), keep: false }).await.unwrap();
    let proxy = crate::support::Proxy::start(provider.address(), "").await;
    let client = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new()).build_http();
    let body = r#"{"stream":true,"messages":[{"content":"ssn 536-90-4399 and so on"}]}"#;
    let request = hyper::Request::post(format!("http://{}/v1/chat/completions", proxy.address));
    let request = request.body(http_body_util::Full::<bytes::Bytes>::from(body)).unwrap();
    let mut response = client.request(request).await.unwrap();
    response.frame().await.unwrap().unwrap();

    let text = "[[route]]\nname = \"other\"\nupstream = \"https://127.0.0.1:1\"\n[entities.SSN]\nrestore = \"never\"\n";
    let source = Source { name: "proxy.toml".to_owned(), text: text.to_owned() };
    let setup =
        config::from_source(source, proxy.folder.path(), User::Proxy).unwrap_or_else(|problems| panic!("{problems:?}"));
    let before = proxy.gateway.ruleset().version.clone();
    proxy.gateway.adopt(setup.ruleset).unwrap();
    let rest = response.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&rest).contains("536-90-4399"));
    let answer = Caller::new().send(proxy.address, "POST", "/v1/chat/completions", &[], CHAT.into()).await;
    assert_eq!(answer.status, 404, "the next exchange has the new rules");
    let records = proxy.stop().await;
    assert_eq!(records[1].opened.ruleset, before);
    assert_ne!(records[0].opened.ruleset, before);
}
