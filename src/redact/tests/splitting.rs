//! Values that their author split over two parts or turns.

use super::*;

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
    let back = super::said(std::str::from_utf8(&out.concat()).unwrap(), "content");
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
