//! Values in answers that the caller did not send.

use super::*;

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
    let redactor = Redactor { detector: &DETECTOR, policy: &policy, key: &KEY, bounds: Bounds::of_nesting(64) };
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

#[test]
fn what_a_model_nests_however_deep_is_logged_without_values() {
    let policy = Policy::default();
    let redactor = Redactor { detector: &DETECTOR, policy: &policy, key: &KEY, bounds: Bounds::of_nesting(64) };
    let answer = Answer { guard: Answers::Leave, vault: &Vault::default() };
    let said = format!("[\"{} ssn 219-09-9999\"]", "[".repeat(500));
    let (logged, _) = redactor.for_log(said.as_bytes(), answer);
    assert!(logged.starts_with(b"[\"[[") && !String::from_utf8_lossy(&logged).contains("219-09"), "{logged:?}");
}
