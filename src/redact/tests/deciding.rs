//! What the policy says is done with a value, by entity, role and tool.

use super::*;

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
