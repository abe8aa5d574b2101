use std::sync::{Arc, LazyLock};

use proptest::prelude::*;

use super::*;
use crate::crypto::{MasterKey, Purpose};
use crate::detect::{BUILT_IN, Settings, Source};
use crate::policy::{Restore, Rule, Scope};
use crate::role::Role;
use crate::wire::frame::Framing;
use crate::wire::json;

const SSN: &str = "536-90-4399";
const PHONE: &str = "+1 415 555 2671";
const MAIL: &str = "ann@x.org";

pub(super) static DETECTOR: LazyLock<Arc<Detector>> = LazyLock::new(|| {
    let source = |(name, text): &(&str, &str)| Source { name: (*name).to_owned(), text: (*text).to_owned() };
    let sources: Vec<Source> = BUILT_IN.iter().map(source).collect();
    let settings = Settings { regions: vec!["US".to_owned()], ..Settings::default() };
    Arc::new(Detector::compile(&sources, &settings).unwrap())
});

pub(super) static KEY: LazyLock<MacKey> =
    LazyLock::new(|| MasterKey::from_hex(&"07".repeat(32)).unwrap().derive(Purpose::Placeholder));

const LIMITS: AnswerLimits =
    AnswerLimits { frame_bytes: 1 << 20, held_bytes: 1 << 20, nesting: 64, logged_bytes: 1 << 16 };

fn chat() -> &'static Dialect {
    Dialect::of("/chat/completions")
}

fn messages() -> &'static Dialect {
    Dialect::of("/messages")
}

fn redact_with(policy: &Policy, dialect: &Dialect, json: &str) -> Result<(Redacted, Vault, Account), Unfit> {
    let mut redaction = Redactor { detector: &DETECTOR, policy, key: &KEY, nesting: 64 }.begin();
    let redacted = redaction.body(Bytes::copy_from_slice(json.as_bytes()), &Media::Json, dialect)?;
    let (vault, account) = redaction.finish();
    Ok((redacted, vault, account))
}

/// The code taken out of every placeholder: `[SSN_7K2Q]` reads `[SSN]`.
fn without_codes(bytes: &[u8]) -> String {
    let placeholder = regex::Regex::new(r"\[([A-Z_]+)_[0-9A-Z]{4,}\]").unwrap();
    placeholder.replace_all(std::str::from_utf8(bytes).unwrap(), "[$1]").into_owned()
}

fn check(dialect: &Dialect, json: &str, expected: &str) {
    let (redacted, ..) = redact_with(&Policy::default(), dialect, json).unwrap();
    assert_eq!(without_codes(&redacted.bytes), expected);
}

#[test]
fn only_the_bytes_of_findings_change() {
    check(
        chat(),
        r#"{ "messages":[{"role":"user" ,"content":"\u0073sn 536-90-4399, \ud83d caf\u00e9"}],"temperature": 1.0e0 }"#,
        r#"{ "messages":[{"role":"user" ,"content":"\u0073sn [SSN], \ud83d caf\u00e9"}],"temperature": 1.0e0 }"#,
    );
    let clean = r#"{"messages":[{"content":"hello \/ \u00e9"}],"seed":123456789012345678901234567890}"#;
    let (redacted, vault, _) = redact_with(&Policy::default(), chat(), clean).unwrap();
    assert_eq!(redacted.bytes, clean);
    assert!(vault.is_empty());
}

#[test]
fn a_value_is_found_however_it_is_written() {
    check(
        chat(),
        r#"{"messages":[{"content":"\u0035\u0033\u0036-90-4399"}]}"#,
        r#"{"messages":[{"content":"[SSN]"}]}"#,
    );
    check(chat(), r#"{"messages":[{"content":"a\n536-90-4399\tb"}]}"#, r#"{"messages":[{"content":"a\n[SSN]\tb"}]}"#);
    check(chat(), r#"{"messages":[{"content":"\u2028536-90-4399"}]}"#, r#"{"messages":[{"content":"\u2028[SSN]"}]}"#);
}

#[test]
fn a_customers_id_may_be_a_phone_number_without_its_plus() {
    check(chat(), r#"{"user":"14155552671"}"#, r#"{"user":"[PHONE]"}"#);
    check(messages(), r#"{"metadata":{"user_id":"14155552671"}}"#, r#"{"metadata":{"user_id":"[PHONE]"}}"#);
    check(chat(), r#"{"user":"user_20261122"}"#, r#"{"user":"user_20261122"}"#);
    check(
        chat(),
        r#"{"messages":[{"content":"{\"wa_id\":\"14155552671\"}"}]}"#,
        r#"{"messages":[{"content":"{\"wa_id\":\"[PHONE]\"}"}]}"#,
    );
}

#[test]
fn json_that_a_text_quotes_is_read_through_its_escapes() {
    check(
        chat(),
        r#"{"messages":[{"content":"see: {\"a\":\"x\\nann@x.org\",\"s\":\"\\u0035\\u0033\\u0036-90-4399\"}"}]}"#,
        r#"{"messages":[{"content":"see: {\"a\":\"x\\n[EMAIL]\",\"s\":\"[SSN]\"}"}]}"#,
    );
    check(
        chat(),
        r#"{"messages":[{"content":"{\"a\":\"x\\nann@x.org"}]}"#,
        r#"{"messages":[{"content":"{\"a\":\"x\\n[EMAIL]"}]}"#,
    );
}

#[test]
fn the_question_before_is_a_cue() {
    check(
        chat(),
        r#"{"messages":[{"role":"assistant","content":"What is your social security number?"},{"role":"user","content":"536904399"}]}"#,
        r#"{"messages":[{"role":"assistant","content":"What is your social security number?"},{"role":"user","content":"[SSN]"}]}"#,
    );
    let order = r#"{"messages":[{"role":"assistant","content":"What is your order number?"},{"role":"user","content":"536904399"}]}"#;
    check(chat(), order, order);
}

/// Messages of these roles and contents.
fn turns(turns: &[(&str, &str)]) -> String {
    let turn = |(role, content): &(&str, &str)| format!(r#"{{"role":"{role}","content":"{}"}}"#, json::encode(content));
    format!(r#"{{"messages":[{}]}}"#, turns.iter().map(turn).collect::<Vec<_>>().join(","))
}

#[test]
fn a_value_in_two_turns_is_redacted_in_both() {
    let check = |before: &[(&str, &str)], after: &[(&str, &str)]| check(chat(), &turns(before), &turns(after));
    let card = [("user", "4111 1111"), ("user", "1111 1111")];
    check(&card, &[("user", "[CARD]"), ("user", "[CARD]")]);
    check(
        &[("user", "my card is 4111 1111 11"), ("assistant", "Go on"), ("user", "11 1111, exp 12/27")],
        &[("user", "my card is [CARD]"), ("assistant", "Go on"), ("user", "[CARD], exp 12/27")],
    );
    check(
        &[("user", "hi\nDE89 3704 0044"), ("user", " 0532 0130 00\nok?")],
        &[("user", "hi\n[IBAN]"), ("user", " [IBAN]\nok?")],
    );
    check(
        &[("user", "my ssn starts with 536-90"), ("user", "4399 is the rest")],
        &[("user", "my ssn starts with [SSN]"), ("user", "[SSN] is the rest")],
    );
    check(
        &[("assistant", "What is your social security number?"), ("user", "536 90"), ("user", "4399")],
        &[("assistant", "What is your social security number?"), ("user", "[SSN]"), ("user", "[SSN]")],
    );
}

#[test]
fn a_value_in_two_parts_is_redacted_in_both() {
    for key in ["content", "parts"] {
        let message = |one: &str, other: &str| {
            format!(
                r#"{{"messages":[{{"{key}":[{{"text":"{one}"}},{{"type":"image_url"}},{{"text":"{other}"}}],"role":"user"}}]}}"#
            )
        };
        check(chat(), &message(r"pay 4111 11\u0031\u0031 11", "11 1111"), &message("pay [CARD]", "[CARD]"));
    }
}

#[test]
fn numbers_that_only_follow_each_other_stay() {
    let same = |messages: &[(&str, &str)]| check(chat(), &turns(messages), &turns(messages));
    same(&[("user", "4111 1111"), ("assistant", "1111 1111")]);
    same(&[("user", "4111 1111"), ("assistant", &"x".repeat(300)), ("user", "1111 1111")]);
    same(&[("user", "41111111"), ("assistant", "and your customer number?"), ("user", "11111111")]);
    same(&[("tool", "4111 1111"), ("tool", "1111 1111")]);
    same(&[("user", "4111 1111"), ("user", "so: 1111 1111")]);
    same(&[("user", "4111 1111"), ("user", "1111 1112")]);
    same(&[("user", "536-90"), ("user", "4399")]);
    same(&[("user", "+1"), ("user", "4155552671 is my order")]);
    same(&[("user", "4111"), ("user", "1111"), ("user", "2222")]);
    check(
        chat(),
        &turns(&[("user", "4242 4242 4242 4242 4111 1111"), ("user", "1111 1111 4242 4242 4242 4242")]),
        &turns(&[("user", "[CARD] [CARD]"), ("user", "[CARD] [CARD]")]),
    );
    let strings = r#"{"messages":[{"role":"user","content":[{"type":"tool_result","content":["4111 1111","1111 1111"]}]}],"x":["4111 1111","1111 1111"]}"#;
    check(messages(), strings, strings);
}

#[test]
fn a_part_belongs_to_one_value() {
    let quarter = ("user", "4242 4242");
    check(chat(), &turns(&[quarter; 3]), &turns(&[("user", "[CARD]"), ("user", "[CARD]"), quarter]));
    let long = "one and two ".repeat(9) + "4111 1111";
    check(
        chat(),
        &turns(&[("user", &long), ("user", "1111 1111 0")]),
        &turns(&[("user", &long.replace("4111 1111", "[CARD]")), ("user", "[CARD] 0")]),
    );
}

#[test]
fn each_part_of_a_split_value_comes_back_by_itself() {
    let json = turns(&[("user", "card 4111 1111"), ("user", "1111 1112 oh 4111 11"), ("user", "11 1111 1111")]);
    let (redacted, vault, account) = redact_with(&Policy::default(), chat(), &json).unwrap();
    let sent: serde_json::Value = serde_json::from_slice(&redacted.bytes).unwrap();
    let said: Vec<&str> = (0..3).map(|at| sent["messages"][at]["content"].as_str().unwrap()).collect();
    assert_eq!(
        without_codes(&redacted.bytes),
        turns(&[("user", "card [CARD]"), ("user", "[CARD] oh [CARD]"), ("user", "[CARD]")])
    );
    assert_eq!(account.findings.values().sum::<u64>(), 2, "two values");
    let mut restorer = Restorer::new(vault, Arc::default(), chat(), Framing::Events, LIMITS);
    let mut out = restorer.push(content(&said.join("|")).as_bytes()).unwrap();
    out.extend(restorer.finish().unwrap());
    let back = crate::redact::tests::said(std::str::from_utf8(&out.concat()).unwrap(), "content");
    assert_eq!(back, "card 4111 1111|1111 1112 oh 4111 11|11 1111 1111");
    let (twice, vault, _) =
        redact_with(&Policy::default(), chat(), std::str::from_utf8(&redacted.bytes).unwrap()).unwrap();
    assert_eq!(twice.bytes, redacted.bytes);
    assert!(vault.is_empty());
}

#[test]
fn a_split_value_is_treated_as_the_policy_says() {
    let json = turns(&[("user", "4111 1111"), ("user", "1111 1111")]);
    let rule = |action| policy("CARD", Rule { action: Some(action), ..Rule::default() });
    let (alerted, vault, account) = redact_with(&rule(Action::Alert), chat(), &json).unwrap();
    assert_eq!(alerted.bytes, json);
    assert!(vault.is_empty() && !account.findings.is_empty());
    assert_eq!(without_codes(&alerted.logged), turns(&[("user", "[CARD]"), ("user", "[CARD]")]));
    assert!(matches!(redact_with(&rule(Action::Block), chat(), &json), Err(Unfit::Blocked { .. })));
}

#[test]
fn what_recognisers_said_is_redacted_too() {
    let file = r#"
        [[service]]
        name = "names"
        url = "http://x/analyze"
        entities = ["PERSON"]
        source = "x"
    "#;
    let mut sources: Vec<Source> =
        BUILT_IN.iter().map(|(name, text)| Source { name: (*name).into(), text: (*text).into() }).collect();
    sources.push(Source { name: "names.toml".into(), text: file.into() });
    let detector = Detector::compile(&sources, &Settings::default()).unwrap();
    let policy = Policy::default();
    let redactor = Redactor { detector: &detector, policy: &policy, key: &KEY, nesting: 64 };
    let json = r#"{"model":"Ann","messages":[{"content":"I'm Ann, ann@x.org"},{"content":"{\"Ann Fox\":[7,\"Ann\"],\"ann\":1}"},{"content":"4 5"}]}"#;
    let texts = redactor.texts(&json.into(), &Media::Json, chat(), KEY.clone());
    let mut listed: Vec<&str> = texts.iter().map(|(_, text)| text.as_str()).collect();
    listed.sort_unstable();
    assert_eq!(listed, ["Ann", "Ann Fox", "I'm Ann, ann@x.org"]);
    let mut recognised = Recognised::about(&texts);
    let (person, pattern) = &detector.services()[0].entities[0];
    for (hash, text) in texts.iter() {
        let start = text.find("Ann").unwrap();
        recognised.add(hash, &[Finding { entity: person.clone(), span: start..start + 3, pattern: *pattern }]);
    }
    let redacted = redactor.go_on(Vault::default(), Some(&recognised)).body(json.into(), &Media::Json, chat()).unwrap();
    let expected = r#"{"model":"Ann","messages":[{"content":"I'm [PERSON], [EMAIL]"},{"content":"{\"[PERSON] Fox\":[7,\"[PERSON]\"],\"ann\":1}"},{"content":"4 5"}]}"#;
    assert_eq!(without_codes(&redacted.bytes), expected);
    let other = redactor.go_on(Vault::default(), Some(&recognised)).body(
        json.replace("I'm", "Me").into(),
        &Media::Json,
        chat(),
    );
    assert_eq!(other.err(), Some(Unfit::Unasked), "nothing leaves unseen");
}

#[test]
fn tool_arguments_are_read_as_json_inside_a_string() {
    check(
        chat(),
        r#"{"messages":[{"tool_calls":[{"id":"536-90-4399","function":{"name":"f","arguments":"{\"a\":\"x\\nann@x.org\",\"ssn\":536904399}"}}]}]}"#,
        r#"{"messages":[{"tool_calls":[{"id":"536-90-4399","function":{"name":"f","arguments":"{\"a\":\"x\\n[EMAIL]\",\"ssn\":\"[SSN]\"}"}}]}]}"#,
    );
    check(
        messages(),
        r#"{"messages":[{"content":[{"type":"tool_use","id":"t","name":"f","input":{"ann@x.org":[4242424242424242,{"data":"536-90-4399"}]}}]}]}"#,
        r#"{"messages":[{"content":[{"type":"tool_use","id":"t","name":"f","input":{"[EMAIL]":["[CARD]",{"data":"[SSN]"}]}}]}]}"#,
    );
    check(
        chat(),
        r#"{"messages":[{"content":"{broken \"ssn 536-90-4399"}]}"#,
        r#"{"messages":[{"content":"{broken \"ssn [SSN]"}]}"#,
    );
}

#[test]
fn what_the_table_lists_is_left_alone() {
    let same = |dialect: &Dialect, json: &str| check(dialect, json, json);
    same(chat(), r#"{"model":"536-90-4399","tool_choice":{"function":{"name":"536-90-4399"}}}"#);
    same(
        chat(),
        r#"{"messages":[{"content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,ann@x.org"}}]}]}"#,
    );
    same(
        chat(),
        r#"{"tools":[{"function":{"name":"ann@x.org","parameters":{"properties":{"ann@x.org":{"enum":["ann@x.org"]}}}}}]}"#,
    );
    same(messages(), r#"{"messages":[{"content":[{"type":"thinking","thinking":"536-90-4399","signature":"ab"}]}]}"#);
    same(
        messages(),
        r#"{"messages":[{"content":[{"type":"image","source":{"type":"base64","media_type":"x","data":"536-90-4399"}}]}]}"#,
    );
}

#[test]
fn what_no_table_lists_is_scanned() {
    check(chat(), r#"{"new":{"deep":["ann@x.org"]}}"#, r#"{"new":{"deep":["[EMAIL]"]}}"#);
    check(
        chat(),
        r#"{"user":"ann@x.org","metadata":{"ann@x.org":1}}"#,
        r#"{"user":"[EMAIL]","metadata":{"[EMAIL]":1}}"#,
    );
    check(
        chat(),
        r#"{"tools":[{"function":{"description":"for ann@x.org","parameters":{"properties":{"a":{"description":"ann@x.org","default":"ann@x.org"}}}}}]}"#,
        r#"{"tools":[{"function":{"description":"for [EMAIL]","parameters":{"properties":{"a":{"description":"[EMAIL]","default":"[EMAIL]"}}}}}]}"#,
    );
    check(
        messages(),
        r#"{"system":[{"type":"text","text":"ann@x.org"}],"messages":[{"content":[{"type":"thinking","thinking":"536-90-4399"}]}]}"#,
        r#"{"system":[{"type":"text","text":"[EMAIL]"}],"messages":[{"content":[{"type":"thinking","thinking":"[SSN]"}]}]}"#,
    );
    check(
        messages(),
        r#"{"messages":[{"content":[{"type":"document","source":{"type":"text","data":"ann@x.org"},"title":"ann@x.org"}]}]}"#,
        r#"{"messages":[{"content":[{"type":"document","source":{"type":"text","data":"[EMAIL]"},"title":"[EMAIL]"}]}]}"#,
    );
}

#[test]
fn credentials_go_to_the_provider_and_not_to_the_log() {
    let json = r#"{"mcp_servers":[{"authorization_token":"secret","name":"n"}]}"#;
    let (redacted, ..) = redact_with(&Policy::default(), messages(), json).unwrap();
    assert_eq!(redacted.bytes, json);
    assert_eq!(redacted.logged, r#"{"mcp_servers":[{"authorization_token":"(credential)","name":"n"}]}"#);
}

#[test]
fn token_ids_leave_only_where_they_are_exempt_and_not_into_the_log() {
    let embeddings = Dialect::of("/v1/embeddings");
    let json = r#"{"input":[[1,22],[333]],"user":"ann@x.org"}"#;
    assert_eq!(redact_with(&Policy::default(), embeddings, json).err(), Some(Unfit::Tokens));
    let policy = Policy::default();
    let redactor = Redactor { detector: &DETECTOR, policy: &policy, key: &KEY, nesting: 64 };
    let mut redaction = redactor.begin().exempting(&[Exemption::TokenIds]);
    let redacted = redaction.body(json.into(), &Media::Json, embeddings).unwrap();
    assert_eq!(without_codes(&redacted.bytes), r#"{"input":[[1,22],[333]],"user":"[EMAIL]"}"#);
    assert_eq!(without_codes(&redacted.logged), r#"{"input":[[0,0],[0]],"user":"[EMAIL]"}"#);
    assert_eq!(redaction.finish().1.exempted, [(Exemption::TokenIds, 3)].into());
}

#[test]
fn the_log_holds_no_value_that_the_policy_lets_leave_in_a_file() {
    let written = |text: &str| crate::wire::base64::decode("Zg==").unwrap().encode(text.as_bytes());
    let body = |file: &str| format!(r#"{{"messages":[{{"content":[{{"file":{{"file_data":"{file}"}}}}]}}]}}"#);
    let alert = policy("SSN", Rule { action: Some(Action::Alert), ..Rule::default() });
    let (redacted, ..) = redact_with(&alert, chat(), &body(&written("536-90-4399 ann@x.org"))).unwrap();
    let said = |body: &[u8]| {
        let body: serde_json::Value = serde_json::from_slice(body).unwrap();
        let file = body["messages"][0]["content"][0]["file"]["file_data"].as_str().unwrap().to_owned();
        without_codes(&crate::wire::base64::decode(&file).unwrap().bytes)
    };
    assert_eq!(said(&redacted.bytes), "536-90-4399 [EMAIL]");
    assert_eq!(said(&redacted.logged), "[SSN] [EMAIL]");
}

#[test]
fn the_log_has_no_picture() {
    let picture = "iVBORw0KGgo4111111111111111".repeat(20);
    for (url, logged) in [
        (format!("data:image/png;base64,{picture}"), "(file)"),
        (picture, "(file)"),
        ("https://x.org/a.png".to_owned(), "https://x.org/a.png"),
    ] {
        let body = |url: &str| format!(r#"{{"messages":[{{"content":[{{"image_url":{{"url":"{url}"}}}}]}}]}}"#);
        let (redacted, _, account) = redact_with(&Policy::default(), chat(), &body(&url)).unwrap();
        assert_eq!(redacted.bytes, body(&url), "it leaves as it came");
        assert_eq!(redacted.logged, body(logged));
        assert_eq!(account.coverage.opaque, 1);
    }
}

#[test]
fn redacting_twice_changes_nothing() {
    let json = format!(r#"{{"messages":[{{"content":"ssn {SSN}, card 4242 4242 4242 4242, {PHONE}, {MAIL}"}}]}}"#);
    let (once, ..) = redact_with(&Policy::default(), chat(), &json).unwrap();
    let (twice, vault, _) = redact_with(&Policy::default(), chat(), std::str::from_utf8(&once.bytes).unwrap()).unwrap();
    assert_eq!(twice.bytes, once.bytes);
    assert!(vault.is_empty());
}

#[test]
fn the_work_is_linear_in_the_input() {
    let begun = std::time::Instant::now();
    let key = "k".repeat(300_000);
    let (_, found, _) =
        redact_with(&Policy::default(), chat(), &format!("{{\"metadata\":{{\"{key}\":[{}0]}}}}", "0,".repeat(50_000)))
            .unwrap();
    assert!(found.is_empty());
    let answer =
        format!(r#"{{"choices":[{{"message":{{"content":"{}"}}}}]}}"#, format!("{}\\n", vault().1[0]).repeat(20_000));
    assert!(restore(chat(), Framing::Whole, answer.as_bytes()).contains(SSN));
    // Either would take minutes if it looked at all that came before again for each part.
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

#[test]
fn an_object_in_the_place_of_a_name_is_text() {
    check(
        chat(),
        r#"{"model":{"a":"ann@x.org"},"stop":[{"b":"ann@x.org"}]}"#,
        r#"{"model":{"a":"[EMAIL]"},"stop":[{"b":"[EMAIL]"}]}"#,
    );
    check(
        messages(),
        r#"{"messages":[{"content":[{"type":"thinking","thinking":"ann@x.org","signature":"s","more":"ann@x.org"}]}]}"#,
        r#"{"messages":[{"content":[{"type":"thinking","thinking":"ann@x.org","signature":"s","more":"[EMAIL]"}]}]}"#,
    );
}

#[test]
fn json_too_deep_is_refused_inside_strings_too() {
    let nested =
        |depth: usize| format!("{{\"messages\":[{{\"content\":\"{}{}\"}}]}}", "[".repeat(depth), "]".repeat(depth));
    assert!(redact_with(&Policy::default(), chat(), &nested(60)).is_ok());
    assert!(matches!(
        redact_with(&Policy::default(), chat(), &nested(70)),
        Err(Unfit::Json(JsonError::TooDeep { .. }))
    ));
    let deep = (0..10).fold("536904399".to_owned(), |text, _| format!("{{\"ssn\":\"{}\"}}", json::encode(&text)));
    assert!(matches!(redact_with(&Policy::default(), chat(), &deep), Err(Unfit::Json(JsonError::TooDeep { .. }))));
}

#[test]
fn a_guarded_value_comes_back_in_the_arguments_of_named_tools_alone() {
    const EVENTS: Framing = Framing::Events;
    let tools = |names: &[&str]| {
        let tools = Some(names.iter().map(ToString::to_string).collect());
        policy("SSN", Rule { tools, ..Rule::default() })
    };
    let (_, [ssn, ..]) = vault();
    let run = |policy, path: &str, framing, answer: &str| {
        let answer = answer.replace("SSN", &ssn);
        let (out, _) = restore_in(policy, Dialect::of(path), framing, &[answer.as_bytes()]);
        String::from_utf8(out.concat().concat()).unwrap().contains(SSN)
    };
    let check = |path: &str, framing, answer: &str| {
        assert!(!run(Policy::default(), path, framing, answer), "{answer}");
        assert!(!run(tools(&["mail"]), path, framing, answer), "{answer}");
        assert!(run(tools(&["mail", "pay"]), path, framing, answer), "{answer}");
        assert!(run(tools(&["*"]), path, framing, answer), "{answer}");
    };
    check(
        "/v1/chat/completions",
        Framing::Whole,
        r#"{"choices":[{"message":{"tool_calls":[{"function":{"arguments":"{\"a\":\"SSN\"}","name":"pay"}}]}}]}"#,
    );
    check(
        "/v1/chat/completions",
        EVENTS,
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":1,\"function\":{\"name\":\"pay\",\"arguments\":\"\"}},{\"index\":0,\"function\":{\"name\":\"no\"}}]}}]}\n\n\
        data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":1,\"function\":{\"arguments\":\"[\\\"SSN\\\"]\"}}]}}]}\n\n",
    );
    check(
        "/v1/messages",
        EVENTS,
        "data: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"pay\",\"input\":{}}}\n\n\
        data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"[\\\"SSN\\\"]\"}}\n\n",
    );
    check("/v1/messages", Framing::Whole, r#"{"content":[{"type":"tool_use","name":"pay","input":{"a":"SSN"}}]}"#);
    check(
        "/v1/responses",
        EVENTS,
        "data: {\"type\":\"response.output_item.added\",\"output_index\":2,\"item\":{\"type\":\"function_call\",\"name\":\"pay\",\"arguments\":\"\"}}\n\n\
        data: {\"type\":\"response.function_call_arguments.delta\",\"output_index\":2,\"delta\":\"[\\\"SSN\\\"]\"}\n\n",
    );
    check(
        "/v1/responses",
        EVENTS,
        "data: {\"type\":\"response.output_item.done\",\"output_index\":2,\"item\":{\"type\":\"function_call\",\"name\":\"pay\",\"arguments\":\"[\\\"SSN\\\"]\"}}\n\n",
    );
    check(
        "/v1beta/models/g:generateContent",
        Framing::Whole,
        r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"pay","args":{"a":"SSN"}}}]}}]}"#,
    );
    check(
        "/api/chat",
        Framing::Lines,
        "{\"message\":{\"tool_calls\":[{\"function\":{\"name\":\"pay\",\"arguments\":{\"a\":\"SSN\"}}}]}}\n",
    );
    check(
        "/model/m/converse",
        Framing::Whole,
        r#"{"output":{"message":{"content":[{"toolUse":{"name":"pay","input":{"a":"SSN"}}}]}}}"#,
    );
    let text = r#"{"choices":[{"message":{"content":"SSN"}}]}"#;
    assert!(run(Policy::default(), "/v1/chat/completions", Framing::Whole, text), "text is no tool");
}

#[test]
fn a_mask_leaves_the_last_digits_and_the_log_none() {
    let mask = Rule { action: Some(Action::Mask), keep: 4, ..Rule::default() };
    let check = |dialect, json: &str, expected: &str, logged: &str| {
        let (redacted, vault, _) = redact_with(&policy("SSN", mask.clone()), dialect, json).unwrap();
        assert_eq!(std::str::from_utf8(&redacted.bytes).unwrap(), expected);
        assert_eq!(without_codes(&redacted.logged), logged);
        assert!(vault.is_empty(), "nothing can come back");
    };
    check(
        chat(),
        r#"{"messages":[{"role":"user","content":"536-90-4399"}]}"#,
        r#"{"messages":[{"role":"user","content":"***-**-4399"}]}"#,
        r#"{"messages":[{"role":"user","content":"[SSN]"}]}"#,
    );
    check(
        messages(),
        r#"{"messages":[{"role":"assistant","content":[{"type":"tool_use","input":{"ssn":536904399}}]}]}"#,
        r#"{"messages":[{"role":"assistant","content":[{"type":"tool_use","input":{"ssn":"*****4399"}}]}]}"#,
        r#"{"messages":[{"role":"assistant","content":[{"type":"tool_use","input":{"ssn":"[SSN]"}}]}]}"#,
    );
    check(
        chat(),
        r#"{"messages":[{"role":"user","content":"my ssn is 536-90-"},{"role":"user","content":"4399 ok"}]}"#,
        r#"{"messages":[{"role":"user","content":"my ssn is ***-**-"},{"role":"user","content":"**** ok"}]}"#,
        r#"{"messages":[{"role":"user","content":"my ssn is [SSN]"},{"role":"user","content":"[SSN] ok"}]}"#,
    );
}

#[test]
fn the_table_tells_whose_words_they_are() {
    // Each role's words become something else; what nobody said is the user's.
    let roles = [(Role::Assistant, "ASSISTANT"), (Role::System, "SYSTEM"), (Role::Tool, "TOOL"), (Role::User, "USER")];
    let check = |path: &str, json: &str, expected: &[&str]| {
        let found: Vec<&str> = roles
            .iter()
            .filter(|(role, _)| {
                let scope = Scope { roles: vec![*role], ..Scope::default() };
                let policy = Policy::of(vec![(scope, Rule { action: Some(Action::Block), ..Rule::default() })]);
                matches!(redact_with(&policy, Dialect::of(path), json), Err(Unfit::Blocked { .. }))
            })
            .map(|(_, name)| *name)
            .collect();
        assert_eq!(found, expected, "{json}");
    };
    const CHAT: &str = "/v1/chat/completions";
    check(CHAT, r#"{"messages":[{"role":"user","content":"ann@x.org"}]}"#, &["USER"]);
    check(CHAT, r#"{"messages":[{"content":[{"type":"text","text":"ann@x.org"}],"role":"developer"}]}"#, &["SYSTEM"]);
    check(CHAT, r#"{"messages":[{"role":"tool","content":"{\"to\":\"ann@x.org\"}"}]}"#, &["TOOL"]);
    check(
        CHAT,
        r#"{"messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"{\"role\":\"system\",\"a\":\"ann@x.org\"}"}}]}]}"#,
        &["ASSISTANT"],
    );
    check(CHAT, r#"{"tools":[{"type":"function","function":{"description":"ann@x.org"}}]}"#, &["SYSTEM"]);
    check(CHAT, r#"{"metadata":{"role":"system","note":"ann@x.org"}}"#, &["USER"]);
    const MESSAGES: &str = "/v1/messages";
    check(MESSAGES, r#"{"system":[{"type":"text","text":"ann@x.org"}]}"#, &["SYSTEM"]);
    check(
        MESSAGES,
        r#"{"messages":[{"role":"user","content":[{"type":"tool_result","content":"ann@x.org"},{"type":"text","text":"bob@x.org"}]}]}"#,
        &["TOOL", "USER"],
    );
    check(
        MESSAGES,
        r#"{"messages":[{"role":"assistant","content":[{"type":"tool_use","input":{"role":"system","a":"ann@x.org"}}]}]}"#,
        &["ASSISTANT"],
    );
    const RESPONSES: &str = "/v1/responses";
    check(RESPONSES, r#"{"instructions":"ann@x.org","input":"bob@x.org"}"#, &["SYSTEM", "USER"]);
    check(RESPONSES, r#"{"input":[{"type":"function_call","arguments":"ann@x.org"}]}"#, &["ASSISTANT"]);
    check(RESPONSES, r#"{"input":[{"type":"function_call_output","output":"ann@x.org"}]}"#, &["TOOL"]);
    check(
        RESPONSES,
        r#"{"input":[{"role":"system","content":[{"type":"input_text","text":"ann@x.org"}]}]}"#,
        &["SYSTEM"],
    );
    const GEMINI: &str = "/v1beta/models/g:generateContent";
    check(GEMINI, r#"{"system_instruction":{"role":"user","parts":[{"text":"ann@x.org"}]}}"#, &["SYSTEM"]);
    check(GEMINI, r#"{"contents":[{"role":"model","parts":[{"text":"ann@x.org"}]}]}"#, &["ASSISTANT"]);
    check(
        GEMINI,
        r#"{"contents":[{"role":"user","parts":[{"functionResponse":{"response":{"a":"ann@x.org"}}}]}]}"#,
        &["TOOL"],
    );
    check(
        "/model/m/converse",
        r#"{"messages":[{"role":"user","content":[{"toolResult":{"content":[{"text":"ann@x.org"}]}}]}]}"#,
        &["TOOL"],
    );
    check(
        "/v1/chat",
        r#"{"preamble":"ann@x.org","chat_history":[{"role":"CHATBOT","message":"bob@x.org"}]}"#,
        &["ASSISTANT", "SYSTEM"],
    );
    check("/api/chat", r#"{"messages":[{"role":"system","content":"ann@x.org"}]}"#, &["SYSTEM"]);
    const REALTIME: &str = "/v1/realtime";
    check(REALTIME, r#"{"session":{"instructions":"ann@x.org","tools":[{"description":"bob@x.org"}]}}"#, &["SYSTEM"]);
    check(
        REALTIME,
        r#"{"response":{"instructions":"ann@x.org","input":[{"role":"user","content":"bob@x.org"}]}}"#,
        &["SYSTEM", "USER"],
    );
    check(REALTIME, r#"{"item":{"type":"function_call_output","output":"ann@x.org"}}"#, &["TOOL"]);
    check(REALTIME, r#"{"item":{"role":"assistant","content":[{"text":"ann@x.org"}]}}"#, &["ASSISTANT"]);
    const LIVE: &str = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent";
    check(LIVE, r#"{"setup":{"systemInstruction":{"role":"user","parts":[{"text":"ann@x.org"}]}}}"#, &["SYSTEM"]);
    check(LIVE, r#"{"clientContent":{"turns":[{"role":"model","parts":[{"text":"ann@x.org"}]}]}}"#, &["ASSISTANT"]);
    check(LIVE, r#"{"toolResponse":{"functionResponses":[{"response":{"a":"ann@x.org"}}]}}"#, &["TOOL"]);
    check("/v1/models", r#"{"messages":[{"role":"system","content":"ann@x.org"}]}"#, &["USER"]);
}

fn policy(entity: &str, rule: Rule) -> Policy {
    Policy::new([(entity.parse().unwrap(), rule)].into())
}

#[test]
fn the_policy_decides() {
    let json = r#"{"messages":[{"content":"536-90-4399 ann@x.org"}]}"#;
    let run = |action| redact_with(&policy("SSN", Rule { action: Some(action), ..Rule::default() }), chat(), json);
    let (redacted, _, account) = run(Action::Alert).unwrap();
    assert_eq!(without_codes(&redacted.bytes), r#"{"messages":[{"content":"536-90-4399 [EMAIL]"}]}"#);
    assert_eq!(account.findings.len(), 2);
    let Err(refused) = run(Action::Block) else { panic!("a blocked entity stops the body") };
    assert!(refused.to_string().starts_with("SSN was found by the pattern `ssn"), "{refused}");
    assert!(!refused.to_string().contains("536"), "{refused}");
}

#[test]
fn the_log_holds_no_value_that_the_policy_or_a_table_lets_leave() {
    let check = |policy: Policy, dialect, json: &str, logged: &str| {
        let (redacted, vault, _) = redact_with(&policy, dialect, json).unwrap();
        assert_eq!(redacted.bytes, json);
        assert_eq!(without_codes(&redacted.logged), logged);
        assert!(vault.is_empty(), "nothing can come back that never left");
    };
    let alert = || policy("SSN", Rule { action: Some(Action::Alert), ..Rule::default() });
    check(alert(), chat(), r#"{"messages":[{"content":"536-90-4399"}]}"#, r#"{"messages":[{"content":"[SSN]"}]}"#);
    check(
        Policy::default(),
        messages(),
        r#"{"model":"ann@x.org","messages":[{"content":[{"type":"thinking","thinking":"536-90-4399","signature":"ab"}]}]}"#,
        r#"{"model":"[EMAIL]","messages":[{"content":[{"type":"thinking","thinking":"[SSN]","signature":"ab"}]}]}"#,
    );
}

/// A vault that holds [`SSN`], [`PHONE`], [`MAIL`] and a value that JSON must escape, and their placeholders.
fn vault() -> (Vault, [String; 4]) {
    let mut vault = Vault::default();
    let mut hold = |entity: &str, value: &str| vault.placeholder(&KEY, &entity.parse().unwrap(), value, value);
    let placeholders = [hold("SSN", SSN), hold("PHONE", PHONE), hold("EMAIL", MAIL), hold("NAME", "Ann \"A\"\\\nFox")];
    (vault, placeholders)
}

fn restore_in(
    policy: Policy,
    dialect: &'static Dialect,
    framing: Framing,
    chunks: &[&[u8]],
) -> (Vec<Vec<Bytes>>, Restored) {
    let (vault, _) = vault();
    let mut restorer = Restorer::new(vault, Arc::new(policy), dialect, framing, LIMITS);
    let mut out: Vec<Vec<Bytes>> = chunks.iter().map(|chunk| restorer.push(chunk).unwrap()).collect();
    out.push(restorer.finish().unwrap());
    (out, restorer.account().placeholders)
}

fn restore(dialect: &'static Dialect, framing: Framing, bytes: &[u8]) -> String {
    let (out, _) = restore_in(Policy::default(), dialect, framing, &[bytes]);
    String::from_utf8(out.concat().concat()).unwrap()
}

fn chunk(delta: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":null}}]}}\n\n")
}

fn content(text: &str) -> String {
    chunk(&format!("{{\"content\":\"{}\"}}", json::encode(text)))
}

fn arguments(source: &str) -> String {
    chunk(&format!("{{\"tool_calls\":[{{\"index\":0,\"function\":{{\"arguments\":\"{}\"}}}}]}}", json::encode(source)))
}

/// The text of all lanes of a chat stream, by field.
fn said(stream: &str, field: &str) -> String {
    let chunks = stream
        .split("\n\n")
        .filter_map(|event| serde_json::from_str::<serde_json::Value>(event.strip_prefix("data: ")?).ok());
    let delta = |chunk: serde_json::Value| chunk["choices"][0]["delta"].clone();
    chunks
        .map(delta)
        .filter_map(|delta| {
            let text =
                if field == "arguments" { &delta["tool_calls"][0]["function"]["arguments"] } else { &delta[field] };
            text.as_str().map(str::to_owned)
        })
        .collect()
}

#[test]
fn values_come_back_in_whole_answers() {
    let (_, [ssn, phone, _, name]) = vault();
    let answer = format!(
        r#"{{ "id":"{ssn}","choices":[{{"message":{{"content":"is it {ssn}?","tool_calls":[{{"function":{{"name":"f","arguments":"{{\"n\":\"{name}\",\"p\":\"{phone}\"}}"}}}}]}}}}]}}"#
    );
    let expected = format!(
        r#"{{ "id":"{ssn}","choices":[{{"message":{{"content":"is it {SSN}?","tool_calls":[{{"function":{{"name":"f","arguments":"{{\"n\":\"Ann \\\"A\\\"\\\\\\nFox\",\"p\":\"{PHONE}\"}}"}}}}]}}}}]}}"#
    );
    assert_eq!(restore(chat(), Framing::Whole, answer.as_bytes()), expected);
    let answer = format!(
        r#"{{"content":[{{"type":"tool_use","name":"f","input":{{"n":"{name}"}}}},{{"type":"thinking","thinking":"{ssn}","signature":"x"}}]}}"#
    );
    let expected = format!(
        r#"{{"content":[{{"type":"tool_use","name":"f","input":{{"n":"Ann \"A\"\\\nFox"}}}},{{"type":"thinking","thinking":"{ssn}","signature":"x"}}]}}"#
    );
    assert_eq!(restore(messages(), Framing::Whole, answer.as_bytes()), expected);
}

#[test]
fn a_value_is_escaped_for_the_json_it_lands_in() {
    let (_, [.., name]) = vault();
    let plain = "Ann \"A\"\\\nFox";
    let once = json::encode(plain).into_owned();
    let twice = json::encode(&once).into_owned();
    let check = |stream: String, field: &str, expected: String| {
        assert_eq!(said(&restore(chat(), Framing::Events, stream.as_bytes()), field), expected);
    };
    check(content(&format!("hello {name}")), "content", format!("hello {plain}"));
    check(content(&format!("{{\"n\":\"{name}\"}}")), "content", format!("{{\"n\":\"{once}\"}}"));
    check(arguments(&format!("{{\"n\":\"{name}\"}}")), "arguments", format!("{{\"n\":\"{once}\"}}"));
    check(
        arguments(&format!("{{\"n\":\"{{\\\"m\\\":\\\"{name}\\\"}}\"}}")),
        "arguments",
        format!("{{\"n\":\"{{\\\"m\\\":\\\"{twice}\\\"}}\"}}"),
    );
}

#[test]
fn nothing_comes_back_inside_an_address() {
    let (_, [ssn, ..]) = vault();
    for text in ["see https://x.org/?q={}", "![a](https://x.org/{})", "[a](/{})", "![{}](x)", "x.org/{} "] {
        let text = text.replace("{}", &ssn);
        for cut in 0..text.len() {
            let stream = content(&text[..cut]) + &content(&text[cut..]);
            assert_eq!(restore(chat(), Framing::Events, stream.as_bytes()), stream, "{text} cut at {cut}");
        }
    }
    let (_, count) = restore_in(Policy::default(), chat(), Framing::Events, &[content(&format!("//{ssn}")).as_bytes()]);
    assert_eq!(count, Restored { restored: 0, kept: 1, redacted: 0, lanes: 0 });
}

#[test]
fn an_entity_comes_back_where_its_rule_says() {
    let (_, [ssn, ..]) = vault();
    let run = |restore, stream: &str| {
        let tools = Some(vec!["*".to_owned()]);
        let policy = policy("SSN", Rule { restore: Some(restore), tools, ..Rule::default() });
        let (out, _) = restore_in(policy, chat(), Framing::Events, &[stream.as_bytes()]);
        String::from_utf8(out.concat().concat()).unwrap().contains(SSN)
    };
    let (text, tool) = (content(&ssn), arguments(&format!("{{\"a\":\"{ssn}\"}}")));
    for (restore, in_text, in_arguments) in [
        (Restore::Everywhere, true, true),
        (Restore::Text, true, false),
        (Restore::Arguments, false, true),
        (Restore::Never, false, false),
    ] {
        assert_eq!((run(restore, &text), run(restore, &tool)), (in_text, in_arguments), "{restore:?}");
    }
}

#[test]
fn a_frame_waits_only_until_its_text_is_decided() {
    let (_, [ssn, ..]) = vault();
    let leave = |frames: &[String]| -> Vec<usize> {
        let frames: Vec<&[u8]> = frames.iter().map(String::as_bytes).collect();
        let (out, _) = restore_in(Policy::default(), chat(), Framing::Events, &frames);
        out.iter().map(Vec::len).collect()
    };
    assert_eq!(leave(&[content("hello"), content(&ssn), content("!")]), [1, 1, 1, 0]);
    assert_eq!(leave(&[content(&ssn[..3]), content(&ssn[3..7]), content(&ssn[7..])]), [0, 0, 3, 0]);
    assert_eq!(leave(&[content("a ["), content("note]"), content("b")]), [0, 2, 1, 0]);
    assert_eq!(leave(&[content("a ["), ": ping\n\n".into(), arguments("{}"), content("!")]), [0, 0, 0, 4, 0]);
    assert_eq!(leave(&[content("a ["), chunk("{}").replace("null", "\"stop\"")]), [0, 2, 0]);
    assert_eq!(leave(&[content("a [")]), [0, 1]);
}

#[test]
fn frames_keep_their_number_and_order() {
    let (_, [ssn, phone, ..]) = vault();
    let stream = [
        content("a "),
        content(&ssn[..4]),
        arguments(&format!("{{\"p\":\"{}", &phone[..5])),
        content(&ssn[4..]),
        arguments(&phone[5..]),
        arguments("\"}"),
    ]
    .concat();
    let out = restore(chat(), Framing::Events, stream.as_bytes());
    let expected =
        [content("a "), content(""), arguments("{\"p\":\""), content(SSN), arguments(PHONE), arguments("\"}")].concat();
    assert_eq!(out, expected);
}

#[test]
fn lanes_do_not_mix() {
    let (_, [ssn, ..]) = vault();
    let other = |text: &str| content(text).replace("\"index\":0", "\"index\":1");
    let (left, right) = ssn.split_at(4);
    let stream = [content(left), other(left), content(right), other("SSN")].concat();
    let expected = [content(""), other(left), content(SSN), other("SSN")].concat();
    assert_eq!(restore(chat(), Framing::Events, stream.as_bytes()), expected);
}

#[test]
fn what_waits_is_bounded() {
    let (vault, _) = vault();
    let limits = AnswerLimits { held_bytes: 1000, frame_bytes: 2000, ..LIMITS };
    let mut restorer = Restorer::new(vault, Arc::default(), chat(), Framing::Events, limits);
    let mut held = vec![content("[SSN")];
    held.extend((0..10).map(|_| arguments("{\"a\":1}")));
    let out: Vec<Bytes> = held.iter().flat_map(|frame| restorer.push(frame.as_bytes()).unwrap()).collect();
    assert!(!out.is_empty(), "frames leave although the placeholder is not complete");
    assert_eq!(restorer.push(&[b'x'; 3000]), Err(FrameTooLong { limit: 2000 }));
}

#[test]
fn anthropic_streams_are_restored() {
    let (_, [ssn, phone, ..]) = vault();
    let event = |data: String| format!("event: x\r\ndata: {data}  \r\n\r\n");
    let text = |text: &str| {
        event(format!(r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{text}"}} }}"#))
    };
    let input = |source: &str| {
        event(format!(
            r#"{{"type":"content_block_delta","index":1,"delta":{{"type":"input_json_delta","partial_json":"{source}"}}}}"#
        ))
    };
    let thinking = event(format!(
        r#"{{"type":"content_block_delta","index":2,"delta":{{"type":"thinking_delta","thinking":"{ssn}"}}}}"#
    ));
    let stop = event(r#"{"type":"content_block_stop","index":0}"#.to_owned());
    let stream = [
        text("is it "),
        text(&ssn[..5]),
        text(&ssn[5..]),
        text("["),
        stop.clone(),
        input("{\\\"p\\\":"),
        input(&format!("\\\"{phone}\\\"}}")),
        thinking.clone(),
    ]
    .concat();
    let expected = [
        text("is it "),
        text(""),
        text(SSN),
        text("["),
        stop,
        input("{\\\"p\\\":"),
        input(&format!("\\\"{PHONE}\\\"}}")),
        thinking,
    ]
    .concat();
    assert_eq!(restore(messages(), Framing::Events, stream.as_bytes()), expected);
}

#[test]
fn what_is_not_json_passes() {
    for stream in ["data: [DONE]\n\n", ": ping\n\n", "data: {broken\n\n", "event: x\n\n", "data: \u{e9}", "\n\n"] {
        assert_eq!(restore(chat(), Framing::Events, stream.as_bytes()), stream);
    }
    assert_eq!(restore(chat(), Framing::Whole, b"<html>"), "<html>");
}

#[test]
fn a_cut_anywhere_changes_nothing() {
    let (_, [ssn, phone, mail, name]) = vault();
    let stream = [
        ": hello\n\n".to_owned(),
        content(&format!("é😀 {} and {}", ssn.to_lowercase(), &phone[..4])),
        content(&phone[4..]),
        arguments(&format!("{{\"n\":\"{}", &name[..3])),
        content(&format!(" [{mail}")),
        arguments(&format!("{}\"}}", &name[3..])),
        content(&format!("https://x.org/{mail}")),
        chunk("{}").replace("null", "\"stop\""),
        "data: [DONE]".to_owned(),
    ]
    .concat();
    let whole = restore(chat(), Framing::Events, stream.as_bytes());
    assert_eq!(said(&whole, "content"), format!("é😀 {SSN} and {PHONE} [{MAIL}https://x.org/{mail}"));
    let bytes = stream.as_bytes();
    for cut in 0..=bytes.len() {
        let (out, _) = restore_in(Policy::default(), chat(), Framing::Events, &[&bytes[..cut], &bytes[cut..]]);
        assert_eq!(out.concat().concat(), whole.as_bytes(), "cut at {cut}");
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(restore_in(Policy::default(), chat(), Framing::Events, &single).0.concat().concat(), whole.as_bytes());
}

const STRANGER: &str = "219-09-9999";

/// What the caller sent: [`SSN`] and [`PHONE`], and their placeholders.
fn sent() -> (Vault, [String; 2]) {
    let json = turns(&[("user", SSN), ("user", PHONE)]);
    let (redacted, vault, _) = redact_with(&Policy::default(), chat(), &json).unwrap();
    let sent: serde_json::Value = serde_json::from_slice(&redacted.bytes).unwrap();
    (vault, [0, 1].map(|at: usize| sent["messages"][at]["content"].as_str().unwrap().to_owned()))
}

fn guarded(dialect: &'static Dialect, framing: Framing) -> Restorer {
    let guard = Guard::new(Arc::clone(&DETECTOR), Arc::default(), KEY.clone());
    let everywhere = Rule { tools: Some(vec!["*".to_owned()]), ..Rule::default() };
    Restorer::new(sent().0, Arc::new(policy("SSN", everywhere)), dialect, framing, LIMITS).guarded(guard)
}

fn guard(dialect: &'static Dialect, framing: Framing, chunks: &[&[u8]]) -> String {
    let mut restorer = guarded(dialect, framing);
    let mut out: Vec<Bytes> = chunks.iter().flat_map(|chunk| restorer.push(chunk).unwrap()).collect();
    out.extend(restorer.finish().unwrap());
    String::from_utf8(out.concat()).unwrap()
}

#[test]
fn the_callers_own_values_come_back_and_a_strangers_do_not() {
    let (_, [ssn, phone]) = sent();
    let talk = "And this is some more talk, which says nothing, ".repeat(8);
    let text = format!(
        "Your ssn {ssn}, his ssn {STRANGER} and bob@y.org, {talk}her ssn {STRANGER}.\n\nYour own {SSN}, {phone}"
    );
    let expected =
        format!("Your ssn {SSN}, his ssn [SSN] and [EMAIL], {talk}her ssn [SSN].\n\nYour own {SSN}, {PHONE}");
    let source = format!(r#"{{"mine":"{ssn}","ssn":219099999,"note":"{{\"mail\":\"bob@y.org\"}}"}}"#);
    let input = format!(r#"{{"mine":"{SSN}","ssn":"[SSN]","note":"{{\"mail\":\"[EMAIL]\"}}"}}"#);
    let stream = |size: usize| -> String {
        let pieces = |text: &str| -> Vec<String> {
            text.chars().collect::<Vec<_>>().chunks(size).map(String::from_iter).collect()
        };
        let said: String = pieces(&text).iter().map(|piece| content(piece)).collect();
        said + &pieces(&source).iter().map(|piece| arguments(piece)).collect::<String>() + "data: [DONE]\n\n"
    };
    for size in [1, 3, 7, 50, 10_000] {
        let out = guard(chat(), Framing::Events, &[stream(size).as_bytes()]);
        assert_eq!(without_codes(said(&out, "content").as_bytes()), expected, "pieces of {size}");
        assert_eq!(without_codes(said(&out, "arguments").as_bytes()), input, "pieces of {size}");
    }
}

#[test]
fn the_guard_hears_each_string_of_a_tools_arguments_by_itself() {
    let source = r#"{"order":"order number","phone":"4152370800","say":"my \"ssn\" is 219-09-9999"}"#;
    let expected = r#"{"order":"order number","phone":"[PHONE]","say":"my \"ssn\" is [SSN]"}"#;
    for size in [1, 9, 1000] {
        let pieces: Vec<String> =
            source.as_bytes().chunks(size).map(|piece| arguments(std::str::from_utf8(piece).unwrap())).collect();
        let out = guard(chat(), Framing::Events, &[(pieces.concat() + "data: [DONE]\n\n").as_bytes()]);
        assert_eq!(without_codes(said(&out, "arguments").as_bytes()), expected, "pieces of {size}");
    }
}

#[test]
fn the_guard_sees_the_same_wherever_the_stream_is_cut() {
    let (_, [ssn, _]) = sent();
    let text = format!("hi {ssn}, her ssn {STRANGER}, bye");
    let stream: String = text.as_bytes().chunks(6).map(|piece| content(std::str::from_utf8(piece).unwrap())).collect();
    let whole = guard(chat(), Framing::Events, &[stream.as_bytes()]);
    assert_eq!(without_codes(said(&whole, "content").as_bytes()), format!("hi {SSN}, her ssn [SSN], bye"));
    for cut in 0..stream.len() {
        let (left, right) = stream.as_bytes().split_at(cut);
        assert_eq!(guard(chat(), Framing::Events, &[left, right]), whole, "cut at {cut}");
    }
}

#[test]
fn the_guard_reads_a_plain_text_wherever_it_is_cut() {
    let (_, [ssn, _]) = sent();
    let text = format!("WEBVTT\n\n00:01.000 --> 00:02.000\nhi {ssn}, é her ssn {STRANGER}, bob@y.org\n");
    let expected = format!("WEBVTT\n\n00:01.000 --> 00:02.000\nhi {SSN}, é her ssn [SSN], [EMAIL]\n");
    for cut in 0..text.len() {
        let (left, right) = text.as_bytes().split_at(cut);
        let out = guard(chat(), Framing::Text, &[left, right]);
        assert_eq!(without_codes(out.as_bytes()), expected, "cut at {cut}");
    }
}

#[test]
fn a_guarded_stream_that_breaks_off_keeps_what_was_not_decided() {
    let text = format!("hi\\nher ssn {STRANGER}, bye. This is some more talk, which says nothing at all");
    let stream: String = text.as_bytes().chunks(3).map(|piece| content(std::str::from_utf8(piece).unwrap())).collect();
    for cut in 0..stream.len() {
        let mut restorer = guarded(chat(), Framing::Events);
        let mut out = restorer.push(&stream.as_bytes()[..cut]).unwrap();
        out.extend(restorer.break_off().unwrap());
        let said = said(std::str::from_utf8(&out.concat()).unwrap(), "content");
        assert!(!said.contains(&STRANGER[..2]), "cut at {cut}: {said}");
    }
}

#[test]
fn what_a_signature_covers_is_told_and_left() {
    let json =
        format!(r#"{{"messages":[{{"content":[{{"type":"thinking","thinking":"ssn {SSN}","signature":"x"}}]}}]}}"#);
    let (redacted, _, account) = redact_with(&Policy::default(), messages(), &json).unwrap();
    assert_eq!(redacted.bytes, json);
    let actions: Vec<Action> = account.findings.keys().map(|(_, action)| *action).collect();
    assert_eq!(actions, [Action::Alert]);
    assert!(!String::from_utf8_lossy(&redacted.logged).contains(SSN));
}

#[test]
fn offsets_into_what_is_not_known_are_counted() {
    let (vault, [ssn, _]) = sent();
    let mut restorer = Restorer::new(vault, Arc::default(), messages(), Framing::Whole, LIMITS);
    let citation = r#"{"type":"char_location","start_char_index":3,"end_char_index":9}"#;
    let answer = format!(r#"{{"content":[{{"type":"text","text":"{ssn}","citations":[{citation}]}}]}}"#);
    let mut out = restorer.push(answer.as_bytes()).unwrap();
    out.extend(restorer.finish().unwrap());
    assert_eq!(out.concat(), answer.replace(&ssn, SSN).into_bytes());
    assert_eq!(restorer.account().offsets_left, 2);
}

#[test]
fn the_guard_reads_whole_answers_and_what_is_no_json() {
    let check = |dialect, framing, answer: &str, expected: &str| {
        assert_eq!(without_codes(guard(dialect, framing, &[answer.as_bytes()]).as_bytes()), expected);
    };
    check(
        chat(),
        Framing::Whole,
        r#"{"id":"x","choices":[{"message":{"content":"ssn \u0032\u0031\u0039-09-9999 é","new":{"a":"bob@y.org"}}}]}"#,
        r#"{"id":"x","choices":[{"message":{"content":"ssn [SSN] é","new":{"a":"[EMAIL]"}}}]}"#,
    );
    check(
        messages(),
        Framing::Whole,
        r#"{"content":[{"type":"tool_use","name":"f","input":{"ssn":219099999,"n":7,"bob@y.org":["x bob@y.org"]}}]}"#,
        r#"{"content":[{"type":"tool_use","name":"f","input":{"ssn":"[SSN]","n":7,"[EMAIL]":["x [EMAIL]"]}}]}"#,
    );
    check(chat(), Framing::Whole, "no \\u JSON: bob@y.org", "no \\u JSON: [EMAIL]");
    check(chat(), Framing::Events, "data: bob@y.org\ndata: {\n\n", "data: [EMAIL]\ndata: {\n\n");
    let clean = "data: {\"choices\":[{\"delta\":{\"content\":\"1, 2\"}}]}\n\ndata: [DONE]\n\n";
    check(chat(), Framing::Events, clean, clean);
}

#[test]
fn what_the_caller_sent_as_it_is_may_come_back() {
    let alert = policy("EMAIL", Rule { action: Some(Action::Alert), ..Rule::default() });
    let json = r#"{"model":"ssn 219-09-9999","messages":[{"content":"bob@y.org"}]}"#;
    let (_, vault, _) = redact_with(&alert, chat(), json).unwrap();
    let guard = Guard::new(Arc::clone(&DETECTOR), Arc::default(), KEY.clone());
    let mut restorer = Restorer::new(vault, Arc::default(), chat(), Framing::Whole, LIMITS).guarded(guard);
    let answer = format!(r#"{{"choices":[{{"message":{{"content":"ssn {STRANGER}, bob@y.org, ann@x.org"}}}}]}}"#);
    let mut out = restorer.push(answer.as_bytes()).unwrap();
    out.extend(restorer.finish().unwrap());
    assert_eq!(without_codes(&out.concat()), answer.replace("ann@x.org", "[EMAIL]"));
    assert_eq!(restorer.account().placeholders.redacted, 1);
}

#[test]
fn an_account_of_tokens_does_not_pass_a_guard() {
    let with = |account: &str| {
        let choice = format!(r#"{{"index":0,"delta":{{"content":"ssn {STRANGER}. "}},"logprobs":{account}}}"#);
        format!("data: {{\"choices\":[{choice}]}}\n\n")
    };
    let tokens = with(&format!(r#"{{"content":[{{"token":"{STRANGER}","bytes":[50,49]}}]}}"#));
    let out = guard(chat(), Framing::Events, &[tokens.as_bytes(), with("null").as_bytes()]);
    assert_eq!(without_codes(out.as_bytes()), with("null").replace(STRANGER, "[SSN]").repeat(2));
    assert_eq!(restore(chat(), Framing::Events, tokens.as_bytes()), tokens);
    let list = with(&format!(r#"[{{"token":"{STRANGER}"}}]"#));
    assert_eq!(
        without_codes(guard(chat(), Framing::Events, &[list.as_bytes()]).as_bytes()),
        with("[]").replace(STRANGER, "[SSN]")
    );
    for empty in ["[]", r#"{"content":null,"refusal":[]}"#] {
        let out = guard(chat(), Framing::Events, &[with(empty).as_bytes()]);
        assert_eq!(without_codes(out.as_bytes()), with(empty).replace(STRANGER, "[SSN]"));
    }
}

#[test]
fn what_the_guard_holds_is_bounded() {
    let mut restorer = guarded(chat(), Framing::Events);
    let mut left = 0;
    for sent in 1..400_usize {
        left += restorer.push(content("word ").as_bytes()).unwrap().len();
        assert!(sent - left <= 54, "{left} of {sent} frames left");
    }
    // A strand that says no more does not keep another's frames.
    for _ in 0..40 {
        left += restorer.push(chunk(r#"{"reasoning":"so be it\n"}"#).as_bytes()).unwrap().len();
    }
    assert!(left > 399, "{left}");
    let long = "x".repeat(1000);
    let mut restorer = guarded(chat(), Framing::Events);
    let out: Vec<Bytes> = (0..9).flat_map(|_| restorer.push(content(&long).as_bytes()).unwrap()).collect();
    assert!(!out.is_empty(), "a run without a border leaves in the end");
}

#[test]
fn a_key_block_waits_for_its_end() {
    let line = "MIIEpAIBAAKCAQEAx1yZ0aQw8fJ3kq5mVn2b7cD4eF6gH8iJ0kL2mN4oP6qR8sT\n".repeat(20);
    let text = format!("here:\n-----BEGIN RSA PRIVATE KEY-----\n{line}-----END RSA PRIVATE KEY-----\nkeep it well\n");
    let stream: String = text.as_bytes().chunks(5).map(|piece| content(std::str::from_utf8(piece).unwrap())).collect();
    let out = said(&guard(chat(), Framing::Events, &[stream.as_bytes()]), "content");
    assert!(!out.contains("MIIE") && out.starts_with("here:\n[") && out.ends_with("keep it well\n"), "{out}");
}

#[test]
fn the_log_tells_what_was_done_with_an_answers_values() {
    let policy = policy("EMAIL", Rule { action: Some(Action::Allow), ..Rule::default() });
    let redactor = Redactor { detector: &DETECTOR, policy: &policy, key: &KEY, nesting: 64 };
    let (vault, _) = sent();
    for (guard, done) in
        [(Answers::Leave, Action::Allow), (Answers::Alert, Action::Alert), (Answers::Redact, Action::Redact)]
    {
        let answer = Answer { guard, vault: &vault };
        let (scrubbed, account) = redactor.for_log(br#"["ssn 219-09-9999","bob@y.org","536-90-4399"]"#, answer);
        assert_eq!(without_codes(&scrubbed), r#"["ssn [SSN]","[EMAIL]","[SSN]"]"#);
        let of =
            |action| account.findings.iter().filter(|((_, done), _)| *done == action).map(|(_, count)| count).sum();
        let allowed: u64 = of(Action::Allow);
        assert_eq!((of(done), allowed), if done == Action::Allow { (3, 3) } else { (1, 2) });
        assert_eq!(without_codes(&redactor.for_log(b"no JSON: bob@y.org", answer).0), "no JSON: [EMAIL]");
    }
}

/// Pieces of a message: words, brackets and quotes, and values, each in one spelling.
fn message() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[x-zX-Zé😀\\[\\]_\"\\\\\n{}, ]{0,12}".prop_map(String::from),
        Just(format!(" {SSN} ")),
        Just(format!(" {PHONE} ")),
        Just(format!(" {MAIL} ")),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// What stands in a string where values are split: parts of numbers, and words that make or spoil them.
fn split_text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(&[
        "4111 1111",
        "1111 1111",
        "4111111",
        "11 1111 1111",
        "4242 4242",
        "+49 170",
        "1234567",
        "+1 415",
        "555 2671",
        "536-90",
        "-4399",
        "4399",
        "DE89 3704 0044",
        "0532 0130 00",
        " ",
        ", ",
        "\n",
        "ssn ",
        "my card ",
        "order ",
        "phone: ",
        "ann@x.org",
        "12",
        "[CARD_7K2Q]",
    ]);
    prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

fn framing() -> impl Strategy<Value = Framing> {
    use Framing::{Elements, Events, Lines, Messages, Whole};
    prop::sample::select(&[Elements, Events, Lines, Messages, Whole])
}

const PATHS: &[&str] =
    &["/chat/completions", "/responses", "/messages", "/m:streamGenerateContent", "/api/chat", "/new"];

/// Whole frames of several APIs, with a placeholder or half of one, and what breaks frames.
fn piece_of_an_answer() -> impl Strategy<Value = String> {
    let (_, [ssn, ..]) = vault();
    let (half, rest) = ssn.split_at(5);
    let frames: Vec<String> = [&ssn, half, rest, " x "]
        .iter()
        .flat_map(|text| {
            [
                format!(r#"{{"choices":[{{"index":0,"delta":{{"content":"{text}"}}}}]}}"#),
                format!(r#"{{"type":"response.output_text.delta","output_index":0,"delta":"{text}"}}"#),
                format!(
                    r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{text}"}}}}"#
                ),
                format!(r#"{{"candidates":[{{"content":{{"parts":[{{"text":"{text}"}}]}}}}]}}"#),
                format!(r#"{{"message":{{"content":"{text}"}}}}"#),
            ]
        })
        .flat_map(|json| [format!("data: {json}\n\n"), format!("{json}\n"), format!("[{json},")])
        .chain(["\r", "\n", "]", "{", "\"", "data: [DONE]\n\n", ": x\n", "\0\0\0"].map(str::to_owned))
        .collect();
    prop::sample::select(frames)
}

proptest! {
    #[test]
    fn what_the_model_echoes_comes_back(text in message(), piece in 1_usize..9, cut in 1_usize..64) {
        let request = format!("{{\"messages\":[{{\"content\":\"{}\"}}]}}", json::encode(&text));
        let (redacted, vault, _) = redact_with(&Policy::default(), chat(), &request).unwrap();
        let request: serde_json::Value = serde_json::from_slice(&redacted.bytes).unwrap();
        let echoed: Vec<char> = request["messages"][0]["content"].as_str().unwrap().chars().collect();
        for value in [SSN, PHONE, MAIL] {
            prop_assert!(!String::from_iter(&echoed).contains(value));
        }
        let stream: String = echoed.chunks(piece).map(|piece| content(&String::from_iter(piece))).collect();
        let mut restorer = Restorer::new(vault, Arc::default(), chat(), Framing::Events, LIMITS);
        let mut out: Vec<Bytes> = stream.as_bytes().chunks(cut).flat_map(|bytes| restorer.push(bytes).unwrap()).collect();
        out.extend(restorer.finish().unwrap());
        prop_assert_eq!(said(std::str::from_utf8(&out.concat()).unwrap(), "content"), text);
    }

    #[test]
    fn redacting_split_values_again_brings_none_back(said in prop::collection::vec((0..5_usize, split_text()), 0..9)) {
        // What stands between the parts of a value is not scanned anew, so here it says nothing that could be one.
        let turn = |(at, text)| if at == 0 { ("assistant", "and the rest?".to_owned()) } else { ("user", text) };
        let said: Vec<(&str, String)> = said.into_iter().map(turn).collect();
        let said: Vec<(&str, &str)> = said.iter().map(|(role, text)| (*role, text.as_str())).collect();
        let (once, vault, _) = redact_with(&Policy::default(), chat(), &turns(&said)).unwrap();
        let sent = std::str::from_utf8(&once.bytes).unwrap();
        // A second look may find more: what stood between two turns' digits is a placeholder now.
        let (twice, ..) = redact_with(&Policy::default(), chat(), sent).unwrap();
        let again = std::str::from_utf8(&twice.bytes).unwrap();
        for (name, _) in vault.iter() {
            prop_assert!(!sent.contains(name) || again.contains(name), "{}", name);
        }
        let sent: serde_json::Value = serde_json::from_str(sent).unwrap();
        for (at, (_, text)) in said.iter().enumerate() {
            let mut back = sent["messages"][at]["content"].as_str().unwrap().to_owned();
            for (name, held) in vault.iter() {
                back = back.replace(&format!("[{name}]"), &held.value);
            }
            // Spellings of one value share a placeholder, so signs between its digits may differ.
            let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
            prop_assert_eq!(letters(&back), letters(text));
        }
    }

    #[test]
    fn any_bytes_pass_through_an_empty_vault(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        cut in 1_usize..20,
        framing in framing(),
    ) {
        let mut restorer = Restorer::new(Vault::default(), Arc::default(), chat(), framing, LIMITS);
        let mut out: Vec<Bytes> = bytes.chunks(cut).flat_map(|bytes| restorer.push(bytes).unwrap()).collect();
        out.extend(restorer.finish().unwrap());
        prop_assert_eq!(out.concat(), bytes);
    }

    #[test]
    fn a_cut_changes_nothing_whatever_arrives(
        pieces in prop::collection::vec(piece_of_an_answer(), 0..12),
        cut in 1_usize..20,
        framing in framing(),
        path in prop::sample::select(PATHS),
    ) {
        let answer = pieces.concat();
        let restore = |cut| {
            let chunks: Vec<&[u8]> = answer.as_bytes().chunks(cut).collect();
            restore_in(Policy::default(), Dialect::of(path), framing, &chunks).0.concat().concat()
        };
        prop_assert_eq!(restore(cut), restore(usize::MAX));
    }
}
