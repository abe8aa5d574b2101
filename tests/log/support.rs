//! An installation in a folder of its own: a configuration, a provider that answers by echo, and the program.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use blotter::fake::{Manner, Provider};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustix::process::{Pid, Signal, kill_process};

/// The one pattern file of an installation: few patterns start fast.
const PATTERNS: &str = "[[pattern]]\nname = \"loyalty\"\nentity = \"LOYALTY\"\nregex = 'LC-\\d{8}'\nstrength = \"certain\"\n\
    source = \"us\"\nexamples.match = [\"<<LC-00420042>>\"]\n";

/// A folder with a configuration, and a provider.
pub struct Installation {
    pub folder: tempfile::TempDir,
    pub provider: Provider,
}

/// A proxy that runs.
pub struct Proxy {
    pub address: SocketAddr,
    child: Child,
    /// What it says on stderr.
    said: Arc<Mutex<String>>,
    /// Ends when nobody can say anything there any more.
    hears: Option<JoinHandle<()>>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub talk: String,
}

impl Installation {
    /// `audit` is added to the configuration's section about the log.
    pub async fn new(audit: &str) -> Self {
        let provider = Provider::start(Manner { cut: 5, keep: true, ..Manner::default() }).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("patterns")).unwrap();
        std::fs::write(folder.path().join("patterns/loyalty.toml"), PATTERNS).unwrap();
        let text = format!(
            "listen = \"127.0.0.1:0\"\ndefault_route = \"a\"\npatterns = \"patterns\"\n[audit]\n{audit}\n\
             [[route]]\nname = \"a\"\nupstream = \"http://{}\"\n",
            provider.address()
        );
        std::fs::write(folder.path().join("proxy.toml"), text).unwrap();
        Self { folder, provider }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The log's file.
    pub fn segment(&self) -> PathBuf {
        let is_segment = |path: &PathBuf| path.extension().is_some_and(|end| end == "db") && !path.ends_with("keys.db");
        files(&self.path("audit")).into_iter().find(is_segment).unwrap()
    }

    /// Starts the proxy and waits until it listens.
    pub fn serve(&self) -> Proxy {
        let command = Command::new(env!("CARGO_BIN_EXE_blotter"));
        start(command, self.folder.path())
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_blotter"));
        let Output { status, stdout, stderr } =
            command.current_dir(self.folder.path()).args(arguments).stdin(Stdio::null()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { code: status.code().unwrap(), out: text(stdout), talk: text(stderr) }
    }

    /// Runs a command that has to end well, and gives what it prints.
    pub fn fine(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
        ran.out
    }

    /// Every byte of every file of the installation's folders.
    pub fn bytes(&self) -> Vec<(PathBuf, Vec<u8>)> {
        files(self.folder.path()).into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Starts `serve` by a command that may run it under another program.
pub fn start(mut command: Command, folder: &Path) -> Proxy {
    let mut child = command.current_dir(folder).arg("serve").stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let said = Arc::new(Mutex::new(String::new()));
    let address = loop {
        let line = lines.next().expect("the proxy says where it listens").unwrap();
        said.lock().unwrap().push_str(&format!("{line}\n"));
        if let Some((_, address)) = line.split_once("listens on http://") {
            break address.parse().unwrap();
        }
    };
    let hears = Arc::clone(&said);
    let hears = std::thread::spawn(move || {
        lines.map_while(Result::ok).for_each(|line| hears.lock().unwrap().push_str(&format!("{line}\n")));
    });
    Proxy { address, child, said, hears: Some(hears) }
}

impl Proxy {
    /// Sends a chat of one message about a customer, and gives the status and the answer.
    pub async fn ask(&self, message: &str, subject: &str, more: &[(&str, &str)]) -> (u16, String) {
        let chat = serde_json::json!({ "model": "toy", "messages": [{ "role": "user", "content": message }] });
        self.post("/v1/chat/completions", chat.to_string(), &[&[("x-blotter-subject", subject)], more].concat()).await
    }

    /// Sends any body.
    pub async fn post(&self, path: &str, body: String, headers: &[(&str, &str)]) -> (u16, String) {
        let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
        let mut request = Request::post(format!("http://{}{path}", self.address));
        request = request.header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = client.request(request.body(body.into()).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    /// The process that runs.
    pub fn process(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// What it has said so far.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits until it has ended by itself, and gives its exit code.
    pub fn wait(mut self) -> i32 {
        self.child.wait().unwrap().code().unwrap()
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(mut self) -> i32 {
        let mut kill = Command::new("kill").arg(self.child.id().to_string()).stdin(Stdio::null()).spawn().unwrap();
        kill.wait().unwrap();
        self.child.wait().unwrap().code().unwrap()
    }

    /// Gives a line to the shell that it runs under.
    pub fn give_line(&mut self) {
        self.child.stdin.take().unwrap().write_all(b"\n").unwrap();
    }

    /// The program that runs under a tracer or a shell.
    pub fn traced(&self) -> Pid {
        self.below().unwrap()
    }

    /// The child of the process that was started, if that is a tracer or a shell.
    fn below(&self) -> Option<Pid> {
        let above = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{above}/task/{above}/children")).unwrap();
        children.split(' ').find_map(|child| Pid::from_raw(child.parse().ok()?))
    }

    /// Kills the program that runs under a tracer, and waits for the tracer.
    pub fn kill_traced(mut self) {
        kill_process(self.traced(), Signal::KILL).unwrap();
        self.child.wait().unwrap();
    }

    /// Ends the tracer, and waits for it; the program goes on.
    pub fn end_tracer(&mut self) {
        kill_process(self.process(), Signal::TERM).unwrap();
        self.child.wait().unwrap();
    }

    /// Kills the program, which nobody traces any more, and waits until it is gone.
    pub fn kill_untraced(mut self, process: Pid) {
        kill_process(process, Signal::KILL).unwrap();
        self.hears.take().unwrap().join().unwrap();
    }

    /// Kills it as a crash would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A test that fails leaves no proxy behind.
impl Drop for Proxy {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.below().map(|below| kill_process(below, Signal::KILL));
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
    }
}

/// Says something on the test's own output.
pub fn tell(text: &str) {
    std::io::stdout().write_all(format!("{text}\n").as_bytes()).unwrap();
}
