//! What looks like misuse is in the log, in the metrics, and at the webhook; with the real binary.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use blotter::audit::{Closed, Coverage, Event, EventKind, Happenings, Keys, Log, Opened, Outcome, Reader, Settings};
use blotter::crypto::{self, KeyRing, MasterKey};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::callers::{HOOK, House, PATH};
use crate::support::{Received, Script, Upstream};

/// Waits for the first thing that `look` finds.
async fn wait<T>(mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..1500 {
        if let Some(found) = look() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it does not come")
}

/// The log's alarms of that kind, newest first.
fn alarms(house: &House, kind: &str) -> Vec<Value> {
    let asked = Happenings { names: vec!["alarm".to_owned()], ..Happenings::default() };
    let happenings = Reader::open(&house.path("audit")).unwrap().happenings(&asked).unwrap();
    let alarms = happenings.iter().map(|happening| serde_json::from_str::<Value>(&happening.detail).unwrap());
    alarms.filter(|alarm| alarm["alarm"] == kind).collect()
}

async fn alarm(house: &House, kind: &str) -> Value {
    wait(|| alarms(house, kind).into_iter().next()).await
}

/// Writes into the log of a proxy that does not run.
async fn write(house: &House, what: impl AsyncFnOnce(&Log)) {
    let read = |name: &str| std::fs::read_to_string(house.path(name)).unwrap();
    let key = MasterKey::from_hex(&read("blotter.key")).unwrap();
    let keys = Keys::new(&key, KeyRing::parse(&read("audit.key")).unwrap());
    let (log, writer) = Log::open(&Settings::of(&house.path("audit")), &keys).unwrap();
    what(&log).await;
    tokio::task::spawn_blocking(move || writer.close()).await.unwrap().unwrap();
}

fn ago(hours: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(hours)
}

fn with_webhook(house: &House, receiver: &Upstream, more: &str) {
    let address = receiver.address;
    let section = format!(
        "[alarms]\nwebhook = \"http://{address}/hook/s3cret\"\nsecret = {{ env = \"HOOK\" }}\n{more}\n[callers]"
    );
    house.configure("[callers]", &section);
}

/// Checks a message's signature as a receiver does, and gives what it says.
fn opened(message: &Received) -> Value {
    let header = |name: &str| message.headers[name].to_str().unwrap();
    let body = std::str::from_utf8(&message.body).unwrap();
    let signed = format!("{}.{}.{body}", header("webhook-id"), header("webhook-timestamp"));
    let key = crypto::from_base64(HOOK.trim_start_matches("whsec_")).unwrap();
    let expected = crypto::base64(&crypto::hmac_sha256(&key, signed.as_bytes()));
    assert_eq!(header("webhook-signature"), format!("v1,{expected}"));
    assert_eq!(message.target, "/hook/s3cret");
    serde_json::from_str(body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_told_everywhere_and_again_if_the_receiver_fails() {
    let fails = AtomicBool::new(true);
    let receiver = Upstream::start(move |_| Script {
        status: if fails.swap(false, Ordering::SeqCst) { 503 } else { 204 },
        ..Script::json("")
    })
    .await;
    let house = House::build("").await;
    with_webhook(&house, &receiver, "ignore = [\"configuration\"]");
    house.configure("[callers]", "[admin]\nlisten = \"127.0.0.1:0\"\n[callers]");
    let gone = house.run(&["key", "new", "gone"]);
    house.run(&["key", "revoke", "gone"]);
    let proxy = house.serve();
    house.expect(&proxy, PATH, &[("x-api-key", &gone)], 401, "caller/revoked").await;

    let logged = alarm(&house, "revoked-key").await;
    assert_eq!((&logged["caller"], &logged["address"]), (&json!("gone"), &json!("127.0.0.1")));
    let messages = wait(|| Some(receiver.received()).filter(|messages| messages.len() == 2)).await;
    assert_eq!(messages[0].headers["webhook-id"], messages[1].headers["webhook-id"]);
    let told = opened(&messages[1]);
    assert_eq!((&told["type"], &told["data"]), (&json!("alarm"), &logged));
    assert!(told["text"].as_str().unwrap().starts_with("Blotter: the key "), "{told}");
    for line in [
        r#"blotter_webhooks_total{result="delivered"} 1"#,
        r#"blotter_alarms_total{alarm="revoked-key"} 1"#,
        r#"blotter_caller_exchanges_total{caller="gone",outcome="refused"} 1"#,
    ] {
        let counted = async { while !house.counts(line).await {} };
        tokio::time::timeout(Duration::from_secs(20), counted).await.unwrap_or_else(|_| panic!("{line}"));
    }
    let log = house.told();
    assert!(log.contains("alarm=\"revoked-key\"") && !log.contains("s3cret"), "{log}");
    let sent = String::from_utf8_lossy(&messages[1].body);
    assert!(!sent.contains(&gone) && !log.contains(&gone), "{sent}{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_key_is_not_for_is_told_and_what_is_ignored_is_not() {
    let house = House::build("").await;
    house.configure("[callers]", "[alarms]\nrefused_keys = 3\nignore = [\"revoked-key\"]\n[callers]");
    let bot = house.run(&["key", "new", "bot", "--route", "openai"]);
    let far = house.run(&["key", "new", "far", "--cidr", "10.0.0.0/8"]);
    let gone = house.run(&["key", "new", "gone"]);
    house.run(&["key", "revoke", "gone"]);
    let proxy = house.serve();
    house.expect(&proxy, "/anthropic/v1/messages", &[("x-api-key", &bot)], 403, "permission_error").await;
    assert_eq!(alarm(&house, "outside-route").await["route"], "anthropic");
    house.expect(&proxy, PATH, &[("x-api-key", &far)], 403, "caller/network").await;
    assert_eq!(alarm(&house, "outside-network").await["caller"], "far");
    for key in [&gone, "sk-other", "sk-another"] {
        house.expect(&proxy, PATH, &[("x-api-key", key)], 401, "caller/").await;
    }
    let burst = alarm(&house, "refused-keys").await;
    assert_eq!((&burst["refused"], &burst["address"]), (&json!(3), &json!("127.0.0.1")));
    assert_eq!(alarms(&house, "revoked-key"), Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_configuration_or_of_a_key_is_told() {
    let house = House::build("").await;
    let proxy = house.serve();
    house.configure("[callers]", "[limits]\nnesting = 50\n[callers]");
    assert!(alarm(&house, "configuration").await["change"].as_str().unwrap().contains("proxy.toml"));
    house.run(&["key", "new", "bot"]);
    wait(|| alarms(&house, "configuration").iter().find(|alarm| alarm["change"] == "a key of `bot` was made").cloned())
        .await;
    house.configure("nesting = 50", "nesting = \"deep\"");
    wait(|| {
        let told = alarms(&house, "configuration");
        told.into_iter().find(|alarm| alarm["change"].as_str().unwrap().contains("cannot be used"))
    })
    .await;
    drop(proxy);
    house.configure("nesting = \"deep\"", "nesting = 51");
    let _proxy = house.serve();
    wait(|| {
        let told = alarms(&house, "configuration");
        told.into_iter().find(|alarm| alarm["change"].as_str().unwrap().contains("the proxy starts under"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_the_log_does_not_know_is_new() {
    let house = House::build("").await;
    let [bot, fresh] = ["bot", "fresh"].map(|name| house.run(&["key", "new", name]));
    write(&house, async |log| {
        let detail = json!({"caller": "bot", "key": "00000000", "address": "10.9.9.9"}).to_string();
        log.event(Event { at: ago(48), kind: EventKind::Source, detail }).await.unwrap();
    })
    .await;
    let proxy = house.serve();
    for key in [&bot, &fresh] {
        let agent = ("user-agent", "SDK/1 ann@x.org");
        house.expect(&proxy, PATH, &[("x-api-key", key), agent], 200, "{}").await;
    }
    let new = alarm(&house, "new-agent").await;
    assert!(new["caller"] == "bot" && new["agent"].as_str().unwrap().starts_with("SDK/1 [EMAIL_"), "{new}");
    assert_eq!(alarm(&house, "new-address").await["address"], "127.0.0.1");
    let told = house.told();
    assert!(!told.contains("ann@x.org") && !told.contains("`fresh`"), "{told}");

    drop(proxy);
    let proxy = house.serve();
    for agent in ["SDK/1 ann@x.org", "SDK/2"] {
        house.expect(&proxy, PATH, &[("x-api-key", &bot), ("user-agent", agent)], 200, "{}").await;
    }
    wait(|| alarms(&house, "new-agent").into_iter().find(|alarm| alarm["agent"] == "SDK/2")).await;
    let counts = ["new-agent", "new-address"].map(|kind| alarms(&house, kind).len());
    assert_eq!(counts, [2, 1], "what was told before a restart is not told again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_is_compared_with_what_the_log_says_of_the_last_week() {
    let house = House::build("").await;
    house.configure("[callers]", "[alarms]\nfactor = 2\nexchanges = 10\n[callers]");
    let bot = house.run(&["key", "new", "bot"]);
    write(&house, async |log| {
        for hour in 1..=8 {
            for _ in 0..5 {
                let (opened, closed) = refused(ago(hour));
                log.refused(opened, closed).await.unwrap();
            }
        }
    })
    .await;
    let proxy = house.serve();
    let told = async {
        while alarms(&house, "volume").is_empty() {
            house.expect(&proxy, PATH, &[("x-api-key", &bot)], 200, "{}").await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), told).await.expect("it is told");
    let told = alarm(&house, "volume").await;
    assert_eq!((&told["caller"], &told["usual"]), (&json!("bot"), &json!(5)));
    assert!(told["exchanges"].as_u64().unwrap() > 10, "{told}");
}

/// An exchange of `bot` that ended at once.
fn refused(at: Timestamp) -> (Opened, Closed) {
    let opened = Opened {
        exchange: Uuid::now_v7(),
        at,
        caller: "bot".to_owned(),
        subject: None,
        conversation: None,
        purpose: None,
        consent: None,
        route: "openai".to_owned(),
        provider: "openai".to_owned(),
        method: "POST".to_owned(),
        path: "/v1/chat/completions".to_owned(),
        model: None,
        streaming: false,
        ruleset: "toy".to_owned(),
        findings: Vec::new(),
        coverage: Coverage::default(),
        request: Vec::new(),
    };
    let closed = Closed::new(opened.exchange, at, Outcome::Refused);
    (opened, closed)
}
