//! What leaves of a request: where values are found, what is left alone, what is refused.

use super::*;

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
    let redactor = Redactor { detector: &detector, policy: &policy, key: &KEY, bounds: Bounds::of_nesting(64) };
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
    let redactor = Redactor { detector: &DETECTOR, policy: &policy, key: &KEY, bounds: Bounds::of_nesting(64) };
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
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
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
