//! Values come back into answers, whole or streamed.

use super::*;

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
    let expected = [
        content("a "),
        content(""),
        arguments(&format!("{{\"p\":\"{}", &PHONE[..1])),
        content(SSN),
        arguments(&PHONE[1..]),
        arguments("\"}"),
    ]
    .concat();
    assert_eq!(out, expected);
}

#[test]
fn no_piece_of_arguments_becomes_empty() {
    let (_, [.., mail, _]) = vault();
    let pieces: String = mail.split_inclusive(|_| true).map(arguments).collect();
    let out = restore(chat(), Framing::Events, pieces.as_bytes());
    assert_eq!(said(&out, "arguments"), MAIL);
    let empty = out.matches(r#""arguments":"""#).count();
    assert_eq!(empty, mail.len().saturating_sub(MAIL.len()), "{out}");
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

#[test]
fn the_log_is_told_which_tool_is_called_once() {
    let check = |path: &str, answer: &str, expected: serde_json::Value| {
        let mut restorer =
            Restorer::new(vault().0, Arc::new(Policy::default()), Dialect::of(path), Framing::Events, LIMITS);
        restorer.push(answer.as_bytes()).unwrap();
        restorer.finish().unwrap();
        let lanes: serde_json::Value = serde_json::from_str(&restorer.account().transcript.to_json()).unwrap();
        assert_eq!(lanes, expected, "{path}");
    };
    let lanes = |at: &[u64], field: &str, arguments: &str| {
        serde_json::json!([
            {"at": at, "field": "tool", "kind": "tool", "text": "pay"},
            {"at": at, "field": field, "kind": "arguments", "text": arguments},
        ])
    };
    let call = |function: &str| chunk(&format!("{{\"tool_calls\":[{{\"index\":1,\"function\":{function}}}]}}"));
    let chat = call(r#"{"name":"pay","arguments":""}"#) + &call(r#"{"arguments":"{}"}"#) + &call(r#"{"name":"pay"}"#);
    check("/v1/chat/completions", &chat, lanes(&[0, 1], "arguments", "{}"));
    check(
        "/v1/responses",
        "data: {\"type\":\"response.output_item.added\",\"output_index\":2,\"item\":{\"type\":\"function_call\",\"name\":\"pay\",\"arguments\":\"\"}}\n\n\
        data: {\"type\":\"response.function_call_arguments.delta\",\"output_index\":2,\"delta\":\"[1]\"}\n\n\
        data: {\"type\":\"response.output_item.done\",\"output_index\":2,\"item\":{\"type\":\"function_call\",\"name\":\"pay\",\"arguments\":\"[1]\"}}\n\n",
        lanes(&[2], "arguments", "[1]"),
    );
    check(
        "/v1/messages",
        "data: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"pay\",\"input\":{}}}\n\n\
        data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{}\"}}\n\n",
        lanes(&[1], "partial_json", "{}"),
    );
}
