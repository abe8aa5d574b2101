//! Callers and their keys, with the real binary: made, shown where SDKs put them, rotated and revoked while the proxy runs.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output};

use blotter::audit::Record;
use blotter::crypto::KeyRing;

use crate::places::{call, call_until_served, half};
use crate::support::{Answer, Caller, Script, Upstream};

const CHAT: &str = r#"{"messages":[]}"#;

/// What alarms are signed with: 32 bytes of `x`.
pub const HOOK: &str = "whsec_eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=";

/// A proxy that asks for keys, its upstream and one caller.
pub struct House {
    folder: tempfile::TempDir,
    pub upstream: Upstream,
    caller: Caller,
}

/// A proxy that runs.
pub struct Running {
    child: Child,
    pub address: SocketAddr,
}

impl Running {
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl House {
    /// With `more` in the section of callers.
    pub async fn build(more: &str) -> Self {
        let upstream = Upstream::start(|_| Script::json("{}")).await;
        let folder = tempfile::tempdir().unwrap();
        let route = |name: &str| {
            let credential = "{ env = \"PROVIDER_KEY\" }";
            let upstream = upstream.address;
            format!("[[route]]\nname = \"{name}\"\nupstream = \"http://{upstream}\"\ncredential = {credential}\n")
        };
        let text = format!("listen = \"127.0.0.1:0\"\n[callers]\n{more}\n{}{}", route("openai"), route("anthropic"));
        std::fs::write(folder.path().join("proxy.toml"), text).unwrap();
        Self { folder, upstream, caller: Caller::new() }
    }

    /// One that asks nobody for a key, with `more` in its configuration.
    pub async fn open(more: &str) -> Self {
        let house = Self::build("").await;
        house.configure("[callers]\n", &format!("{more}\n"));
        house
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_blotter"));
        command.current_dir(self.folder.path()).args(arguments).env("PROVIDER_KEY", "sk-provider").env("HOOK", HOOK);
        command
    }

    /// Changes the configuration.
    pub fn configure(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.path("proxy.toml")).unwrap();
        assert!(text.contains(from), "{from}: {text}");
        std::fs::write(self.path("proxy.toml"), text.replace(from, to)).unwrap();
    }

    /// Runs a command that goes well, and gives what it prints.
    pub fn run(&self, arguments: &[&str]) -> String {
        let Output { status, stdout, stderr } = self.command(arguments).output().unwrap();
        assert!(status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).unwrap().trim_end().to_owned()
    }

    /// Runs a command that goes wrong, and gives what it says.
    fn fail(&self, arguments: &[&str]) -> String {
        let Output { status, stderr, .. } = self.command(arguments).output().unwrap();
        assert_eq!(status.code(), Some(2), "{arguments:?}");
        String::from_utf8(stderr).unwrap()
    }

    pub fn serve(&self) -> Running {
        self.serve_as(self.command(&["serve"]))
    }

    /// Starts the proxy by a command, and waits until it says where it listens.
    pub fn serve_as(&self, mut command: Command) -> Running {
        let log = std::fs::File::create(self.path("proxy.log")).unwrap();
        let mut child = command.stderr(log).spawn().unwrap();
        loop {
            let told = self.told();
            let lines = told.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
            let address = lines.filter_map(|line| line.split_once(" listens on http://")).next();
            if let Some((_, address)) = address {
                return Running { child, address: address.parse().unwrap() };
            }
            assert!(child.try_wait().unwrap().is_none(), "it ended before it listened: {told}");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }

    /// What the proxy said on its own log so far.
    pub fn told(&self) -> String {
        std::fs::read_to_string(self.path("proxy.log")).unwrap()
    }

    pub async fn call(&self, proxy: &Running, path: &str, headers: &[(&str, &str)]) -> Answer {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        self.caller.send(proxy.address, "POST", path, &headers, CHAT.into()).await
    }

    pub async fn expect(&self, proxy: &Running, path: &str, headers: &[(&str, &str)], status: u16, says: &str) {
        let answer = self.call(proxy, path, headers).await;
        let body = String::from_utf8_lossy(&answer.body);
        assert_eq!(answer.status.as_u16(), status, "{headers:?}: {body}");
        assert!(body.contains(says), "`{says}` in {body}");
    }

    /// Whether the admin listener of the proxy that was started last says this line.
    pub async fn counts(&self, line: &str) -> bool {
        let told = self.told();
        let admin =
            told.lines().find_map(|line| line.trim_start().strip_prefix("admin")?.trim().strip_prefix("http://"));
        let admin =
            admin.and_then(|address| address.split('/').next()?.parse().ok()).expect("it has an admin listener");
        let metrics = self.caller.send(admin, "GET", "/metrics", &[], "".into()).await.body;
        String::from_utf8_lossy(&metrics).lines().any(|counted| counted == line)
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }
}

pub const PATH: &str = "/openai/v1/chat/completions";

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_shown_where_sdks_put_theirs_and_never_goes_upstream() {
    let house = House::build("").await;
    let key = house.run(&["key", "new", "bot"]);
    let proxy = house.serve();
    let bearer = format!("Bearer {key}");
    let shown: [&[(&str, &str)]; 6] = [
        &[("authorization", &bearer)],
        &[("authorization", &bearer), ("x-api-key", "unused")],
        &[("x-api-key", &key)],
        &[("x-goog-api-key", &key)],
        &[("api-key", &key), ("cf-aig-authorization", &bearer)],
        &[("x-api-key", &key), ("authorization", &bearer)],
    ];
    for headers in shown {
        house.expect(&proxy, PATH, headers, 200, "{}").await;
    }
    let received = house.upstream.received();
    assert_eq!(received.len(), shown.len());
    for received in received {
        assert_eq!(received.headers["authorization"], "Bearer sk-provider");
        let sent = format!("{:?} {} {:?}", received.headers, received.target, received.body);
        assert!(!sent.contains(&key), "{sent}");
        assert!(!received.headers.contains_key("x-api-key") && !received.headers.contains_key("cf-aig-authorization"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_come_in_is_told_in_the_apis_own_shape_and_logged() {
    let house = House::build("").await;
    let bot = house.run(&["key", "new", "bot", "--route", "openai", "--cidr", "127.0.0.0/8", "--cidr", "::1/128"]);
    let far = house.run(&["key", "new", "far", "--cidr", "10.0.0.0/8"]);
    let late = house.run(&["key", "new", "late"]);
    house.run(&["key", "rotate", "late", "--overlap", "0s"]);
    let gone = house.run(&["key", "new", "gone"]);
    let eyes = house.run(&["key", "new", "eyes", "--role", "auditor"]);
    house.run(&["key", "revoke", "gone"]);
    let proxy = house.serve();
    let check = async |key: &str, path: &str, status: u16, says: &str| {
        house.expect(&proxy, path, &[("x-api-key", key)], status, says).await;
    };
    check(&bot, PATH, 200, "{}").await;
    check(&bot, "/anthropic/v1/messages", 403, r#""type":"permission_error"}"#).await;
    check(&far, PATH, 403, r#""code":"caller/network""#).await;
    check(&late, PATH, 401, r#""code":"caller/expired""#).await;
    check(&gone, PATH, 401, r#""code":"caller/revoked""#).await;
    check(&eyes, PATH, 403, r#""code":"caller/role""#).await;
    check("sk-provider", PATH, 401, r#""code":"caller/unknown""#).await;
    check(&format!("{}x", &bot[..bot.len() - 1]), "/anthropic/v1/messages", 401, r#""type":"authentication_error"}"#)
        .await;
    house.expect(&proxy, "/nowhere", &[], 401, "`blotter key new`").await;
    let both = [("x-api-key", &*bot), ("api-key", &*gone)];
    house.expect(&proxy, PATH, &both, 401, "caller/several-keys").await;
    assert_eq!(house.upstream.received().len(), 1);
    drop(proxy);
    let log = std::fs::read_to_string(house.path("audit.key")).unwrap();
    let reasons: Vec<(String, String)> = records(&house.path("audit"), &log)
        .iter()
        .rev()
        .map(|record| {
            (record.opened.caller.clone(), record.closed.as_ref().unwrap().reason.clone().unwrap_or_default())
        })
        .collect();
    let named = |name: &str, reason: &str| (name.to_owned(), reason.to_owned());
    assert_eq!(
        reasons[..6],
        [
            named("bot", ""),
            named("bot", "caller/route"),
            named("far", "caller/network"),
            named("late", "caller/expired"),
            named("gone", "caller/revoked"),
            named("eyes", "caller/role"),
        ]
    );
    assert!(reasons[6].0.starts_with("key_"), "{reasons:?}");
    assert_eq!(reasons[8], named("anonymous", "caller/no-key"));
    let listed = house.run(&["audit", "list", "--caller", "bot"]);
    assert_eq!(listed.lines().count(), 3, "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_change_at_once_in_a_proxy_that_runs() {
    let house = House::build("file = \"who.toml\"").await;
    let proxy = house.serve();
    house.expect(&proxy, PATH, &[], 401, "caller/no-key").await;
    let old = house.run(&["key", "new", "bot", "--expires", "10d"]);
    house.expect(&proxy, PATH, &[("x-api-key", &old)], 200, "{}").await;
    let new = house.run(&["key", "rotate", "bot"]);
    for key in [&old, &new] {
        house.expect(&proxy, PATH, &[("x-api-key", key)], 200, "{}").await;
    }
    let newest = house.run(&["key", "rotate", "bot", "--overlap", "0s"]);
    house.expect(&proxy, PATH, &[("x-api-key", &new)], 401, "caller/expired").await;
    house.expect(&proxy, PATH, &[("x-api-key", &newest)], 200, "{}").await;

    let kept = std::fs::read_to_string(house.path("who.toml")).unwrap();
    std::fs::write(house.path("who.toml"), "[[key]]\nname = 1\n").unwrap();
    house.expect(&proxy, PATH, &[("x-api-key", &newest)], 200, "{}").await;
    assert_eq!(house.told().matches("the callers stay as they were").count(), 1, "{}", house.told());
    std::fs::write(house.path("who.toml"), kept).unwrap();
    house.expect(&proxy, PATH, &[("x-api-key", &newest)], 200, "{}").await;

    house.run(&["key", "revoke", "bot"]);
    house.expect(&proxy, PATH, &[("x-api-key", &newest)], 401, "caller/revoked").await;
    drop(proxy);
    let events = events(&house.path("audit"));
    assert_eq!(events, ["made", "rotated", "rotated", "revoked"]);
    let told = house.told();
    for says in ["change=\"made\"", "a key ends soon: run `blotter key rotate bot`", "change=\"revoked\""] {
        assert!(told.contains(says), "`{says}` in {told}");
    }
    assert!(![old, new, newest].iter().any(|key| told.contains(key)), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_held_to_its_rate_and_its_share() {
    let house = House::build("rate = \"3/min\"\nexchanges = 1").await;
    let fast = house.run(&["key", "new", "fast"]);
    let slow = house.run(&["key", "new", "slow", "--rate", "1/min"]);
    let many = house.run(&["key", "new", "many", "--rate", "1000/min"]);
    let proxy = house.serve();
    for _ in 0..3 {
        house.expect(&proxy, PATH, &[("x-api-key", &fast)], 200, "{}").await;
    }
    house.expect(&proxy, PATH, &[("x-api-key", &slow)], 200, "{}").await;
    let answer = house.call(&proxy, "/anthropic/v1/messages", &[("x-api-key", &slow)]).await;
    let wait: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert!(String::from_utf8_lossy(&answer.body).contains("rate_limit_error"), "{:?}", answer.body);
    house.expect(&proxy, PATH, &[("x-api-key", &fast)], 429, "caller/rate").await;

    let other = half(proxy.address, &format!("x-api-key: {many}\r\n")).await;
    let headers = [("x-api-key".to_owned(), many)];
    let answer = call(proxy.address, &headers, CHAT).await;
    assert!(String::from_utf8_lossy(&answer.body).contains("caller/busy"), "{:?}", answer.body);
    drop(other);
    call_until_served(proxy.address, &headers, CHAT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_may_be_for_one_caller() {
    let house = House::build("").await;
    let [bot, cat] = ["bot", "cat"].map(|name| house.run(&["key", "new", name]));
    let rule = "[[rule]]\nentities = [\"SSN\"]\ncallers = [\"cat\"]\naction = \"block\"\n";
    let config = std::fs::read_to_string(house.path("proxy.toml")).unwrap() + rule;
    std::fs::write(house.path("proxy.toml"), config).unwrap();
    let proxy = house.serve();
    for (key, status) in [(bot, 200), (cat, 403)] {
        let headers = [("x-api-key".to_owned(), key)];
        let body = r#"{"messages":[{"role":"user","content":"SSN 536-90-4399"}]}"#;
        assert_eq!(call(proxy.address, &headers, body).await.status.as_u16(), status);
    }
}

#[tokio::test]
async fn keys_are_listed_without_their_secrets() {
    use std::os::unix::fs::PermissionsExt;
    let house = House::build("").await;
    let key = house.run(&["key", "new", "bot", "--expires", "13d", "--rate", "60/min", "--route", "openai"]);
    assert_eq!(std::fs::metadata(house.path("callers.toml")).unwrap().permissions().mode() & 0o777, 0o600);
    let listed = house.run(&["key", "list"]);
    let row: Vec<&str> = listed.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!((row[0], &row[2..6]), ("bot", &["ends", "in", "12", "days"][..]), "{listed}");
    assert!(listed.contains("60/min") && !listed.contains(&key), "{listed}");
    let listed: serde_json::Value = serde_json::from_str(&house.run(&["key", "list", "--json"])).unwrap();
    assert_eq!((&listed["caller"], &listed["requests_per_minute"]), (&"bot".into(), &60.into()));
    let scanned = house.command(&["scan", "callers.toml"]).output().unwrap();
    assert_eq!(scanned.status.code(), Some(0), "no secret is found: {}", String::from_utf8_lossy(&scanned.stdout));

    assert!(house.fail(&["key", "new", "bot"]).contains("there is a caller `bot` already"));
    assert!(house.fail(&["key", "new", "bot-2", "--route", "nowhere"]).contains("there is no route `nowhere`"));
    assert!(house.fail(&["key", "rotate", "cat"]).contains("there is no caller `cat`"));
    assert!(house.fail(&["key", "new", "key_1"]).contains("cannot name a caller"));
    assert!(house.fail(&["key", "new", "bot-2", "--expires", "0d"]).contains("would be over at once"));
    let open = std::fs::Permissions::from_mode(0o666);
    std::fs::set_permissions(house.path("callers.toml"), open).unwrap();
    assert!(house.fail(&["serve"]).contains("others can write to the file of callers"));
}

/// What the log says was done about callers, oldest first.
fn events(folder: &Path) -> Vec<String> {
    let file = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files = file.filter(|path| path.file_stem().is_some_and(|name| name.to_string_lossy().starts_with("20")));
    let file = files.find(|path| path.extension().is_some_and(|kind| kind == "db")).unwrap();
    let connection = rusqlite::Connection::open(file).unwrap();
    let sql = "SELECT detail ->> 'what' FROM event WHERE name = 'caller' ORDER BY seq";
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn records(folder: &Path, ring: &str) -> Vec<Record> {
    crate::support::records(folder, &KeyRing::parse(ring).unwrap())
}
