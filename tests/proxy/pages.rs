//! The pages of the admin listener: who may read what, and what the log says of it.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use blotter::admin::{self, Desk, PAGES, Reader};
use blotter::audit::{self, Event, EventKind, Happening, Happenings};
use blotter::caller::{self, Callers, Grant, Key, Role};
use blotter::config::Look;
use blotter::crypto::{MasterKey, Purpose};
use blotter::detect::Source;
use blotter::fake::{Manner, Provider};
use blotter::inquiry::Archive;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{Answer, Caller, Proxy, sealing};

const CHAT: &str =
    r#"{"model":"fake","messages":[{"role":"user","content":"<script>alert(1)</script> my ssn is 536-90-4399"}]}"#;

fn master() -> MasterKey {
    MasterKey::from_hex(&"07".repeat(32)).unwrap()
}

/// Opens the admin listener of `proxy`.
pub async fn open(proxy: &Proxy) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let settings = audit::Settings::of(&proxy.folder.path().join("audit"));
    let desk = Desk::new(proxy.gateway.clone(), Archive::new(settings, &master(), sealing()));
    tokio::spawn(admin::serve(listener, Arc::new(desk), std::future::pending()));
    address
}

/// A proxy with pages, a provider behind it, and a client.
struct House {
    proxy: Proxy,
    admin: SocketAddr,
    client: Caller,
    _provider: Provider,
}

/// How a reader shows who they are.
type Shown = Vec<(String, String)>;

impl House {
    async fn build() -> Self {
        Self::build_with("").await
    }

    /// `more` is added to the configuration.
    async fn build_with(more: &str) -> Self {
        let provider = Provider::start(Manner::default()).await.unwrap();
        let proxy = Proxy::start(provider.address(), more).await;
        let admin = open(&proxy).await;
        Self { proxy, admin, client: Caller::new(), _provider: provider }
    }

    fn keys(&self) -> std::path::PathBuf {
        self.proxy.folder.path().join("callers.toml")
    }

    /// Changes the file of keys, as `blotter key` does.
    fn change(&self, change: impl FnOnce(&mut Callers)) {
        let text = std::fs::read_to_string(self.keys()).unwrap_or_default();
        let mut callers = Callers::parse(&Source { name: "callers.toml".into(), text }).unwrap();
        change(&mut callers);
        let fresh = self.proxy.folder.path().join("callers.new");
        std::fs::write(&fresh, callers.to_text()).unwrap();
        std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::rename(fresh, self.keys()).unwrap();
    }

    /// Makes a key for a reader.
    fn key(&self, name: &str, role: Option<Role>) -> String {
        let secret = caller::fresh().to_string();
        let hash = caller::hash(&master().derive(Purpose::Caller), &secret);
        let grant = Grant { role, ..Grant::default() };
        let key = Key { name: name.into(), hash, made: Timestamp::now(), expires: None, revoked: None, grant };
        self.change(|callers| callers.add(key).unwrap());
        secret
    }

    fn own(&self) -> (String, String) {
        ("origin".into(), format!("http://{}", self.admin))
    }

    async fn log_in(&self, key: &str) -> Answer {
        let form = json!({ "key": key }).to_string();
        self.client.send(self.admin, "POST", "/api/login", &[self.own()], form.into()).await
    }

    /// A key, and a session that it began.
    async fn enter(&self, name: &str, role: Role) -> Shown {
        let answer = self.log_in(&self.key(name, Some(role))).await;
        assert_eq!(answer.status, 200);
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        vec![("cookie".into(), cookie.split(';').next().unwrap().into()), self.own()]
    }

    async fn get(&self, path: &str, shown: &[(String, String)]) -> (u16, Value) {
        let Answer { status, body, .. } = self.client.send(self.admin, "GET", path, shown, "".into()).await;
        (status.as_u16(), serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn post(&self, path: &str, shown: &[(String, String)], form: Value) -> (u16, Value) {
        let answer = self.client.send(self.admin, "POST", path, shown, form.to_string().into()).await;
        (answer.status.as_u16(), serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    /// Sends a chat through the proxy and gives its exchange.
    async fn chat(&self) -> String {
        let answer =
            self.client.send(self.proxy.address, "POST", "/openai/v1/chat/completions", &[], CHAT.into()).await;
        assert_eq!(answer.status, 200);
        answer.headers["x-blotter-exchange"].to_str().unwrap().to_owned()
    }

    fn happened(&self, name: &str) -> Vec<Happening> {
        let reader = audit::Reader::open(&self.proxy.folder.path().join("audit")).unwrap();
        reader.happenings(&Happenings { names: vec![name.into()], ..Happenings::default() }).unwrap()
    }
}

fn guarded() -> impl Iterator<Item = &'static admin::Page> {
    PAGES.iter().filter(|page| page.reader != Reader::Anyone)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_session_nothing_is_read() {
    let house = House::build().await;
    house.key("ann", Some(Role::Auditor));
    let bot = house.key("bot", None);
    house.chat().await;
    let forged = ("cookie".to_owned(), format!("blotter_session={}", "0".repeat(64)));
    for page in guarded() {
        let as_bot = ("authorization".to_owned(), format!("Bearer {bot}"));
        for shown in [vec![], vec![forged.clone(), house.own()]] {
            let shown: Shown = shown.into_iter().chain([house.own()]).collect();
            let answer = house.client.send(house.admin, page.method.as_str(), page.path, &shown, "{}".into()).await;
            assert_eq!(answer.status, 401, "{}", page.path);
            assert!(answer.body.starts_with(b"{\"error\":"), "{}", page.path);
        }
        let (status, _) = house.get(page.path, &[as_bot]).await;
        assert!([401, 405, 429].contains(&status), "{}: {status}: a caller's key is none for reading", page.path);
    }
    house.proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_reaches_what_is_for_it_and_nothing_else() {
    let house = House::build().await;
    let exchange = house.chat().await;
    for role in [Role::Auditor, Role::Operator, Role::Reporter] {
        let shown = house.enter(&role.to_string(), role).await;
        for page in guarded() {
            let allowed = match page.reader {
                Reader::Roles(roles) => roles.contains(&role),
                Reader::Collector => role == Role::Operator,
                Reader::Anyone => true,
            };
            let path = format!("{}?id={exchange}", page.path);
            if page.path.ends_with("/events") && allowed {
                continue;
            }
            let answer = house.client.send(house.admin, page.method.as_str(), &path, &shown, "{}".into()).await;
            assert_eq!(answer.status != 403, allowed, "{role} at {}: {}", page.path, answer.status);
            let text = String::from_utf8_lossy(&answer.body);
            assert!(!text.contains("536-90-4399"), "no page has a value: {}", page.path);
            assert!(role == Role::Auditor || !text.contains("alert(1)"), "{role} read a text at {}", page.path);
        }
    }
    house.proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reporter_is_told_of_events_and_not_of_whom() {
    let house = House::build().await;
    house.chat().await;
    let detail = json!({ "subject": "sub_0011223344556677", "reason": "case 8-15" }).to_string();
    let now = Timestamp::now();
    let held = Event { at: now, kind: EventKind::Held, detail };
    house.proxy.gateway.log().event(held).await.unwrap();
    house.log_in(&caller::fresh()).await;
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    for role in [Role::Auditor, Role::Operator, Role::Reporter] {
        let shown = house.enter(&role.to_string(), role).await;
        for (path, event, particular) in [
            (format!("/api/report?month={today}"), "held", "case 8-15"),
            (format!("/api/report.md?month={today}"), "held", "case 8-15"),
            ("/api/overview".to_owned(), "login-refused", "127.0.0.1"),
            ("/api/events?event=held,alarm&since=1h".to_owned(), "held", "case 8-15"),
        ] {
            let answer = house.client.send(house.admin, "GET", &path, &shown, "".into()).await;
            let text = String::from_utf8_lossy(&answer.body);
            assert!(answer.status == 200 && text.contains(event), "{role} at {path}: {text}");
            assert_eq!(text.contains(particular), role != Role::Reporter, "{role} at {path}: {text}");
        }
    }
    house.proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_a_text_is_in_the_log_before_it_is_shown() {
    let house = House::build().await;
    let exchange = house.chat().await;
    let ann = house.enter("ann", Role::Auditor).await;
    let (status, told) = house.get(&format!("/api/texts?id={exchange}"), &ann).await;
    let text = told["request"]["text"].as_str().unwrap();
    assert!(status == 200 && text.contains("<script>") && text.contains("[SSN_"), "{told}");
    let looks = house.happened("viewed");
    let detail: Value = serde_json::from_str(&looks[0].detail).unwrap();
    assert_eq!((looks.len(), &detail), (1, &json!({ "by": "ann", "exchange": exchange })));
    assert_eq!(house.get("/api/texts?id=00000000", &ann).await.0, 404);
    assert_eq!(house.get("/api/texts?id=x", &ann).await.0, 400);
    assert_eq!(house.happened("viewed").len(), 1, "nothing was seen");
    house.proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_a_short_lived_cookie_that_ends_with_its_key() {
    let house = House::build().await;
    let key = house.key("ann", Some(Role::Reporter));
    let answer = house.log_in(&key).await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap().to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains(&key));
    let shown = [("cookie".to_owned(), cookie.split(';').next().unwrap().to_owned()), house.own()];
    assert_eq!(house.get("/api/me", &shown).await.1["role"], "reporter");
    let entered = house.happened("logged-in");
    assert!(entered.len() == 1 && entered[0].detail.contains("\"by\":\"ann\""), "{entered:?}");
    house.change(|callers| assert_eq!(callers.revoke("ann", Timestamp::now()), Ok(1)));
    assert_eq!(house.get("/api/overview", &shown).await.0, 401, "a revoked key ends its sessions at once");

    let bob = house.enter("bob", Role::Reporter).await;
    assert_eq!(house.get("/api/overview", &bob).await.0, 200);
    let client = Caller::new();
    let watching = client.send(house.admin, "GET", "/api/overview/events", &bob, "".into());
    let leaving = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        house.client.send(house.admin, "POST", "/api/logout", &bob, "{}".into()).await;
    };
    let (watched, ()) = tokio::time::timeout(Duration::from_secs(30), async { tokio::join!(watching, leaving) })
        .await
        .expect("what it watched ends with the session");
    assert!(watched.body.starts_with(b"data: "));
    assert_eq!(house.get("/api/overview", &bob).await.0, 401);
    house.proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_is_edited_after_it_was_proven_is_told() {
    let house = House::build().await;
    let ann = house.enter("ann", Role::Operator).await;
    let broken = async || house.get("/api/overview", &ann).await.1["lights"]["chain"]["broken"].clone();
    assert_eq!(broken().await, Value::Null);
    let files = std::fs::read_dir(house.proxy.folder.path().join("audit")).unwrap().map(|file| file.unwrap().path());
    let month =
        files.into_iter().find(|path| path.extension().is_some_and(|kind| kind == "db") && !path.ends_with("keys.db"));
    let log = rusqlite::Connection::open(month.unwrap()).unwrap();
    let triggers: Vec<String> = log
        .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        .and_then(|mut names| names.query_map([], |row| row.get(0))?.collect())
        .unwrap();
    triggers.iter().for_each(|name| log.execute_batch(&format!("DROP TRIGGER {name}")).unwrap());
    log.execute_batch("UPDATE event SET detail = '{}' WHERE seq = (SELECT min(seq) FROM event)").unwrap();
    for _ in 0..100 {
        if broken().await != Value::Null {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("the edited entry was not missed");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_sites_can_change_nothing() {
    let house = House::build().await;
    let ann = house.enter("ann", Role::Auditor).await;
    let key = house.key("bob", Some(Role::Auditor));
    for page in PAGES.iter().filter(|page| page.method == "POST") {
        for origin in [None, Some("http://evil.example"), Some("null"), Some("http://127.0.0.1")] {
            let cookie = ann[0].clone();
            let shown: Shown = [cookie].into_iter().chain(origin.map(|at| ("origin".into(), at.into()))).collect();
            let (status, _) = house.post(page.path, &shown, json!({ "key": key })).await;
            assert_eq!(status, 403, "{} from {origin:?}", page.path);
        }
        let form = [ann.clone(), vec![("content-type".into(), "text/plain".into())]].concat();
        let (status, _) = house.post(page.path, &form, json!({})).await;
        assert_eq!(status, 415, "{}: what a form can send", page.path);
    }
    assert_eq!(house.get("/api/overview", &ann).await.0, 200, "still logged in");
    house.proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_is_in_the_log_and_many_have_to_wait() {
    let house = House::build().await;
    let right = house.key("ann", Some(Role::Auditor));
    let wrong = caller::fresh();
    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(house.log_in(&wrong).await.status.as_u16());
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429, 429]);
    let refused = house.happened("login-refused");
    assert_eq!(refused.len(), 5, "not as many entries as tries");
    assert!(refused.iter().all(|refused| refused.detail.contains("127.0.0.1") && !refused.detail.contains(&*wrong)));
    assert_eq!(house.log_in(&right).await.status, 429, "nobody can tell a right key from a wrong one then");
    house.proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_nobody_has_a_key_the_metrics_alone_are_open() {
    let house = House::build().await;
    assert_eq!(house.get("/api/me", &[]).await.1["keys"], false);
    let status =
        |path: &'static str| async { house.client.send(house.admin, "GET", path, &[], "".into()).await.status };
    assert_eq!(status("/metrics").await, 200);
    assert_eq!(status("/api/overview").await, 401);
    let operator = ("authorization".to_owned(), format!("Bearer {}", house.key("prometheus", Some(Role::Operator))));
    assert_eq!(status("/metrics").await, 401);
    let answer = house.client.send(house.admin, "GET", "/metrics", &[operator], "".into()).await;
    assert!(answer.status == 200 && answer.body.starts_with(b"#"));
    assert_eq!(status("/health").await, 200);
    house.proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_forbids_what_the_pages_do_not_need() {
    let house = House::build().await;
    for path in ["/", "/page/app.js", "/page/style.css", "/api/me", "/api/overview", "/nowhere"] {
        let answer = house.client.send(house.admin, "GET", path, &[], "".into()).await;
        let header = |name: &str| answer.headers[name].to_str().unwrap();
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("unsafe"), "{path}");
        assert_eq!((header("x-content-type-options"), header("cache-control")), ("nosniff", "no-store"), "{path}");
    }
    let page = house.client.send(house.admin, "GET", "/", &[], "".into()).await.body;
    let page = String::from_utf8_lossy(&page);
    assert!(!page.contains("http") && !page.contains("style=") && !page.contains("onclick"), "{page}");
    house.proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn exchanges_are_filtered_paged_and_proven() {
    let house = House::build().await;
    let exchange = house.chat().await;
    house.client.send(house.proxy.address, "POST", "/openai/v1/chat/completions", &[], "{".into()).await;
    for _ in 0..50 {
        house.chat().await;
    }
    let shown = house.enter("ann", Role::Operator).await;
    let (_, first) = house.get("/api/exchanges", &shown).await;
    assert_eq!(first["exchanges"].as_array().unwrap().len(), 50);
    let (_, second) = house.get(&format!("/api/exchanges?before={}", first["next"]), &shown).await;
    let ids: Vec<&str> =
        second["exchanges"].as_array().unwrap().iter().filter_map(|one| one["exchange"].as_str()).collect();
    assert_eq!((ids.len(), ids[1], &second["next"]), (2, exchange.as_str(), &Value::Null));
    let (_, refused) = house.get("/api/exchanges?outcome=refused", &shown).await;
    assert_eq!(refused["exchanges"][0]["reason"], "json/syntax");
    let (_, found) = house.get("/api/exchanges?entity=SSN&since=1h", &shown).await;
    assert_eq!(found["exchanges"].as_array().unwrap().len(), 50);
    for wrong in ["status=9xx", "outcome=odd", "since=then", "before=x"] {
        let (status, told) = house.get(&format!("/api/exchanges?{wrong}"), &shown).await;
        assert!(status == 400 && told["error"].is_string(), "{wrong}: {told}");
    }
    let (_, one) = house.get(&format!("/api/exchange?id={exchange}"), &shown).await;
    assert_eq!(one["record"]["opened"]["findings"][0]["entity"], "SSN");
    assert_eq!((&one["record"]["opened"]["request"], one["places"].as_array().unwrap().len()), (&json!(""), 2));
    let (_, proof) = house.get(&format!("/api/verify?id={exchange}"), &shown).await;
    assert_eq!((&proof["entries"][0]["holds"], &proof["entries"][1]["holds"]), (&json!(true), &json!(true)));
    house.proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_and_conversations_are_singled_out_by_auditors_alone() {
    let house = House::build().await;
    house.chat().await;
    for role in [Role::Auditor, Role::Operator] {
        let shown = house.enter(&role.to_string(), role).await;
        for filter in ["subject=customer-7", "conversation=talk-7", "since=1h&subject=sub_0011223344556677"] {
            let (status, told) = house.get(&format!("/api/exchanges?{filter}"), &shown).await;
            let expected = if role == Role::Auditor { 200 } else { 403 };
            assert_eq!(status, expected, "{role}: {filter}: {told}");
        }
    }
    house.proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_value_is_found_by_an_auditor_and_the_search_is_logged() {
    let house = House::build().await;
    let exchange = house.chat().await;
    let ann = house.enter("ann", Role::Auditor).await;
    let form = json!({ "value": "536-90-4399", "query": "" });
    let (status, found) = house.post("/api/exchanges/value", &ann, form).await;
    assert_eq!((status, found["exchanges"][0]["exchange"].as_str()), (200, Some(exchange.as_str())));
    let looks = house.happened("viewed");
    assert!(looks.len() == 1 && !looks[0].detail.contains("536-90-4399"), "{looks:?}");
    let (status, _) = house.post("/api/exchanges/value", &ann, json!({ "value": "hello", "query": "" })).await;
    assert_eq!(status, 400);
    house.proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_pattern_is_compared_on_stored_texts_and_the_look_is_logged() {
    let house = House::build().await;
    let exchange = house.chat().await;
    let ann = house.enter("ann", Role::Auditor).await;
    let (_, files) = house.get("/api/patterns", &ann).await;
    let file = files["files"][0].as_str().unwrap();
    let (_, told) = house.get(&format!("/api/patterns?file={file}"), &ann).await;
    let toml = told["toml"].as_str().unwrap().to_owned()
        + "\n[[pattern]]\nname = \"alert\"\nentity = \"ALERT\"\nregex = 'alert\\(1\\)'\nstrength = \"certain\"\nsource = \"us\"\n\
           examples.match = [\"<<alert(1)>>\"]\n";
    let form = json!({ "edited": { "file": file, "toml": toml }, "last": 10 });
    let (status, told) = house.post("/api/workbench/stored", &ann, form).await;
    assert_eq!((status, &told["problems"], &told["missed"]), (200, &json!([]), &json!(0)), "{told}");
    let change = &told["changes"][0];
    assert_eq!((change["where"].as_str(), &change["value"]), (Some(&*exchange), &json!("alert(1)")), "{told}");
    assert!(house.happened("viewed")[0].detail.contains("\"compared\""));
    house.proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overview_tells_until_when_certificates_are_good() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::build_with(&crate::tls::ending(folder.path())).await;
    let shown = house.enter("rob", Role::Reporter).await;
    let (_, seen) = house.get("/api/overview", &shown).await;
    let end = |name: &str| seen["lights"][name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert_eq!(end("certificate").as_second() - end("client_ca").as_second(), 86_400);
    house.proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn why_files_are_not_used_is_told_to_all_but_reporters() {
    let house = House::build().await;
    let problem = Source { name: "patterns/b.toml".into(), text: "a\nb".into() }.problem(
        2..3,
        "`Ann Fox` is no regex",
        "escape it",
    );
    house.proxy.gateway.take(Look::Unusable(vec![problem], Default::default())).await;
    for role in [Role::Operator, Role::Reporter] {
        let shown = house.enter(&role.to_string(), role).await;
        let (_, seen) = house.get("/api/overview", &shown).await;
        let why = (role == Role::Operator).then_some("`Ann Fox` is no regex: escape it");
        let told = &seen["lights"]["trouble"][0];
        assert_eq!((told["place"].as_str(), told["why"].as_str()), (Some("patterns/b.toml:2"), why));
    }
    let logged = house.happened(EventKind::Reloaded.name());
    assert!(logged[0].detail.contains("patterns/b.toml:2") && !logged[0].detail.contains("Ann"), "{logged:?}");
    house.proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_logs_light_is_on_again_when_it_can_be_written_again() {
    let house = House::build().await;
    let shown = house.enter("rob", Role::Reporter).await;
    let (folder, moved) = (house.proxy.folder.path().join("audit"), house.proxy.folder.path().join("moved"));
    std::fs::rename(&folder, &moved).unwrap();
    house.client.send(house.proxy.address, "POST", "/openai/v1/chat/completions", &[], CHAT.into()).await;
    assert!(!house.proxy.gateway.log_is_writable().await);
    std::fs::rename(&moved, &folder).unwrap();
    let (_, seen) = house.get("/api/overview", &shown).await;
    assert_eq!(seen["lights"]["writable"], true, "nobody has to call first");
    house.proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overview_counts_and_proves_what_passed() {
    let house = House::build().await;
    house.chat().await;
    house.client.send(house.proxy.address, "POST", "/openai/v1/chat/completions", &[], "{".into()).await;
    let shown = house.enter("rob", Role::Reporter).await;
    // What was just written is in what is told some looks later.
    let seen = async {
        loop {
            let (status, seen) = house.get("/api/overview?range=day", &shown).await;
            assert_eq!(status, 200);
            if seen["lights"]["chain"]["to"].as_i64() > Some(5) && seen["found"]["SSN"] == 1 {
                break seen;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let seen = tokio::time::timeout(Duration::from_secs(60), seen).await.expect("it is told");
    let total =
        |name: &str| seen["columns"].as_array().unwrap().iter().map(|one| one[name].as_u64().unwrap()).sum::<u64>();
    assert_eq!((total("exchanges"), total("refused"), total("failed")), (2, 1, 0));
    assert_eq!(&seen["refusals"]["json/syntax"], 1);
    assert_eq!((&seen["lights"]["writable"], &seen["lights"]["chain"]["broken"]), (&json!(true), &Value::Null));
    assert_eq!(house.get("/api/overview?range=year", &shown).await.0, 400);
    house.proxy.stop().await;
}
