//! Every question to the log, in every form, over one log that a real proxy wrote.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::support::Installation;

/// Two customers, a refused body, a system prompt and a tool with a card in its arguments.
async fn asked() -> Installation {
    let here = Installation::new("").await;
    let proxy = here.serve();
    let headers = [("x-blotter-conversation", "talk-1")];
    proxy.ask("my card is LC-00000001", "ann", &headers).await;
    proxy.ask("mine is LC-00000002, and my club is ZZ-1234", "bob", &[("authorization", "Bearer sk-1")]).await;
    assert_eq!(proxy.post("/v1/chat/completions", r#"{"a":1,"a":2}"#.into(), &[]).await.0, 400);
    let chat = json!({ "model": "large",
        "messages": [{ "role": "system", "content": "You serve LC-00000003." },
            { "role": "assistant", "tool_calls": [{ "id": "1", "type": "function",
                "function": { "name": "pay", "arguments": "{\"card\":\"LC-00000001\"}" } }] }],
        "tools": [{ "type": "function", "function": { "name": "pay", "description": "takes a card" } }] });
    proxy.post("/v1/chat/completions", chat.to_string(), &[]).await;
    assert_eq!(proxy.stop(), 0);
    here
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_answers_its_keepers_questions() {
    let here = asked().await;
    let count = |filter: &[&str]| lines(&here.fine(&[&["audit", "list", "--json"], filter].concat())).len();
    for (filter, expected) in [
        (&[][..], 4),
        (&["--value", "LC-00000001"], 2),
        (&["--value", "LC-00000002", "--subject", "bob"], 1),
        (&["--value", "LC-00000002", "--subject", "ann"], 0),
        (&["--value", "LC-99999999"], 0),
        (&["--pattern", "loyalty"], 3),
        (&["--entity", "loyalty"], 3),
        (&["--model", "large"], 1),
        (&["--caller", "sk-1"], 1),
        (&["--caller", "anonymous"], 3),
        (&["--conversation", "talk-1"], 1),
        (&["--outcome", "Refused"], 1),
        (&["--reason", "json/duplicate-key"], 1),
        (&["--reason", "json"], 0),
        (&["--entity", "LOYALTY", "--until", "2020-01-01"], 0),
    ] {
        assert_eq!(count(filter), expected, "{filter:?}");
    }
    assert_eq!(here.run(&["audit", "list", "--value", "hello"]).code, 2, "no value at all");
    for (filter, told) in [
        (["--entity", "LOYALTI"], "entity `LOYALTI`: perhaps `LOYALTY` is meant"),
        (["--pattern", "royalty"], "pattern `royalty`: perhaps `loyalty` is meant"),
        (["--model", "Large"], "model `Large`: perhaps `large` is meant"),
        (["--route", "elsewhere"], "route `elsewhere`: see `blotter audit stats --by route`"),
        (["--caller", "sk-secret"], "this caller: see `blotter audit stats --by caller`"),
    ] {
        let ran = here.run(&[&["audit", "list"], &filter[..]].concat());
        assert!(ran.code == 2 && ran.out.is_empty() && ran.talk.contains(told), "{filter:?}: {ran:?}");
    }
    let events = here.fine(&["audit", "list", "--event", "started,stopped"]);
    assert!(
        events.starts_with("AT ") && events.contains("  stopped  {") && events.lines().count() == 1 + 2,
        "{events}"
    );
    assert_eq!(
        here.run(&["audit", "list", "--event", "stopped", "--route", "openai"]).code,
        2,
        "an event has no route"
    );
    assert_eq!(here.run(&["audit", "list", "--event", "party"]).code, 2);
    let csv = here.fine(&["audit", "list", "--csv", "--model", "large"]);
    assert!(csv.starts_with("exchange,at,route,model,") && csv.lines().count() == 2, "{csv}");

    let by = |by: &str| here.fine(&["audit", "stats", "--by", by, "--json"]);
    let sums = |by_what: &str| {
        let stats = lines(&by(by_what)).into_iter();
        stats
            .map(|stat| (stat["key"].as_str().unwrap().to_owned(), stat["exchanges"].as_u64().unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(sums("model"), [("-".into(), 1), ("large".into(), 1), ("toy".into(), 2)]);
    assert_eq!(sums("outcome"), [("complete".into(), 3), ("refused".into(), 1)]);
    assert_eq!(sums("day").len(), 1);
    assert_eq!(sums("caller").len(), 2);
    assert_eq!(lines(&by("entity"))[0]["key"], "LOYALTY");
    let table = here.fine(&["audit", "stats", "--by", "route"]);
    assert!(table.starts_with("ROUTE  EXCHANGES  FOUND") && table.contains('█'), "{table}");

    let top = here.fine(&["top", "--once"]);
    assert!(top.contains("4 exchanges, 1 refused, 0 failed, 0 in flight") && top.contains("LOYALTY"), "{top}");
    for light in [
        "ok log         whether it is written ",
        "ok chain       entries 1 to ",
        "ok rules       version ",
        "ok keys ",
        "ok suspicious ",
    ] {
        assert!(top.contains(light), "{light}: {top}");
    }

    let nothing = here.run(&["audit", "verify", "--since", "2020-01-01", "--until", "2020-02-01"]);
    assert!(nothing.code == 2 && nothing.talk.contains("no file of these months"), "{nothing:?}");

    let news = here.fine(&["audit", "tail", "-n", "3"]);
    assert!(news.lines().count() == 3 && news.lines().last().unwrap().contains("  stopped  "), "{news}");
    let news = here.fine(&["audit", "tail", "-n", "4", "--csv"]);
    let rows: Vec<&str> = news.lines().collect();
    assert!(
        rows[0].starts_with("exchange,at,route,") && rows[0].ends_with(",event,detail") && rows.len() == 5,
        "{news}"
    );
    assert!(rows[1].contains(",complete,") && rows[4].contains(",stopped,\"{"), "{news}");
    assert_eq!(here.fine(&["audit", "verify", "--csv"]), "segment,entry,what\r\n", "nothing does not hold");
    for command in [&["audit", "retention", "--json"][..], &["audit", "subject", "ann", "--json"]] {
        assert_eq!(lines(&here.fine(command)).len(), 1, "{command:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_need_nothing_that_only_the_proxy_needs() {
    let here = asked().await;
    let config = std::fs::read_to_string(here.path("proxy.toml")).unwrap();
    let away = "credential = { env = \"BLOTTER_NO_SUCH_KEY\" }\n[tls]\ncertificate = \"a.pem\"\nkey = \"a.key\"\n";
    std::fs::write(here.path("proxy.toml"), config + away).unwrap();
    for command in [&["audit", "list", "--value", "LC-00000001"][..], &["key", "list"], &["top", "--once"]] {
        here.fine(command);
    }
    for command in ["serve", "check"].map(|command| here.run(&[command])) {
        assert!(command.code > 0 && (command.talk + &command.out).contains("BLOTTER_NO_SUCH_KEY"));
    }
    std::fs::write(here.path("patterns/broken.toml"), "[[pattern").unwrap();
    for command in
        ["list", "verify", "stats", "retention", "review --new --sign-off seen", "subject ann", "backup copy"]
    {
        here.fine(&[&["audit"], &command.split(' ').collect::<Vec<_>>()[..]].concat());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prompts_and_tools_are_signed_off() {
    let here = asked().await;
    let ran = here.run(&["audit", "review", "--json"]);
    let seen = lines(&ran.out);
    assert_eq!((ran.code, seen.len()), (1, 2), "something is new: {ran:?}");
    assert_eq!((&seen[0]["kind"], &seen[0]["new"]), (&json!("system"), &json!(true)));
    assert_eq!((&seen[1]["name"], &seen[1]["entities"]), (&json!("pay"), &json!(["LOYALTY"])));
    here.fine(&["audit", "review", "--sign-off", "ticket 12"]);
    let proxy = here.serve();
    assert_eq!(here.run(&["audit", "review", "--new"]).code, 0);
    let chat = json!({ "model": "large", "instructions": "Be somebody else." });
    proxy.post("/v1/responses", chat.to_string(), &[]).await;
    let ran = here.run(&["audit", "review", "--new", "--text"]);
    assert!(ran.code == 1 && ran.out.contains("Be somebody else.") && !ran.out.contains("pay"), "{ran:?}");
    proxy.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_yesterdays_patterns_missed_is_told() {
    let here = asked().await;
    here.fine(&["audit", "leaks"]);
    let club = "[[pattern]]\nname = \"club\"\nentity = \"CLUB\"\nregex = 'ZZ-\\d{4}'\nstrength = \"certain\"\nsource = \"us\"\n\
        examples.match = [\"<<ZZ-0042>>\"]\n";
    std::fs::write(here.path("patterns/club.toml"), club).unwrap();
    let ran = here.run(&["audit", "leaks", "--json"]);
    let leaks = lines(&ran.out);
    assert_eq!((ran.code, leaks.len(), &leaks[0]["pattern"]), (1, 1, &json!("club")), "{ran:?}");
    assert_eq!((&leaks[0]["received"], &leaks[0]["answered"]), (&json!(1), &json!(1)));
    assert!(!ran.out.contains("ZZ-1234") && !ran.talk.contains("ZZ-1234"), "{ran:?}");

    // The next start says which patterns came.
    let proxy = here.serve();
    proxy.ask("hello", "ann", &[]).await;
    assert_eq!(proxy.stop(), 0);
    let report = here.run(&["audit", "report", "--month", &today()]);
    assert_eq!(report.code, 0, "{report:?}");
    for part in [
        "| club | - | - |",
        "1 patterns, the first known",
        "refused (json/duplicate-key) | 1 |",
        "| LOYALTY | ",
        "new |",
        "The chain holds",
    ] {
        assert!(report.out.contains(part), "{part}: {}", report.out);
    }
    let html = here.fine(&["audit", "report", "--week", &today(), "--html"]);
    assert!(html.contains("<td>club</td>") && html.ends_with("</html>\n"), "{html}");
    let empty = here.fine(&["audit", "report", "--week", "2020-01-01"]);
    assert!(empty.contains("from 2019-12-30 to 2020-01-05"), "{empty}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_new_is_followed() {
    let here = Installation::new("").await;
    let proxy = here.serve();
    let mut tail = Command::new(env!("CARGO_BIN_EXE_blotter"))
        .current_dir(here.folder.path())
        .args(["audit", "tail", "-f", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(next()["name"], "started");
    assert_eq!(next()["name"], "configured");
    proxy.ask("hello", "ann", &[]).await;
    assert_eq!(next()["outcome"], "complete");
    proxy.stop();
    assert_eq!(next()["name"], "stopped");
    tail.kill().unwrap();
    tail.wait().unwrap();
}

/// The day, as the report takes it.
fn today() -> String {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}
