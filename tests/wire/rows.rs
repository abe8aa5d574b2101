//! The table of all APIs (`rows.toml`): each request, whole answer and stream, with text, tool arguments, reasoning and what is
//! repeated. Adding an API needs no Rust.
//!
//! In a row `@` stands for a value or its placeholder that has to change, `^` for one that has to stay, `~` in a lane for the
//! piece of it that a frame brings.

use blotter::provider::Dialect;
use blotter::redact::Unfit;
use blotter::wire::base64;
use blotter::wire::frame::Framing;
use serde::Deserialize;
use serde_json::Value;

use crate::support::{NAME, SSN, name, redact, restore_cut_anywhere, ssn};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    row: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    dialect: String,
    path: String,
    /// Requests.
    #[serde(default)]
    requests: Vec<String>,
    /// Requests that cannot be read.
    #[serde(default)]
    refused: Vec<String>,
    /// Whole answers.
    #[serde(default)]
    answers: Vec<String>,
    #[serde(default)]
    stream: Option<Stream>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stream {
    framing: String,
    /// Frames that bring a piece of the lane that they are named for.
    #[serde(default)]
    lanes: Vec<Lane>,
    /// Frames that stand after the lanes.
    #[serde(default)]
    frames: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lane {
    frame: String,
    /// The lane is the source of a JSON text.
    #[serde(default)]
    json: bool,
}

fn rows() -> Vec<Row> {
    let file: File = toml::from_str(include_str!("rows.toml")).unwrap();
    file.row
}

#[test]
fn the_path_chooses_the_dialect() {
    for row in rows() {
        assert_eq!(Dialect::of(&row.path).name, row.dialect, "{}", row.path);
    }
}

#[test]
fn requests_are_redacted_where_the_model_reads_and_nowhere_else() {
    for row in rows() {
        let dialect = Dialect::of(&row.path);
        for template in &row.requests {
            let clean = template.replace(['@', '^'], "x");
            let (sent, findings) = redact(dialect, clean.as_bytes()).unwrap();
            assert_eq!((sent, findings), (clean.into(), 0), "{}", row.dialect);
            let (sent, _) = redact(dialect, template.replace(['@', '^'], SSN).as_bytes()).unwrap();
            let expected = template.replace('@', &ssn()).replace('^', SSN);
            same(std::str::from_utf8(&sent).unwrap(), &expected, &row.dialect);
        }
        for body in &row.refused {
            assert_eq!(redact(dialect, body.as_bytes()).err(), Some(Unfit::Tokens), "{}: {body}", row.dialect);
        }
    }
}

#[test]
fn numbers_and_keys_of_what_a_model_or_a_program_made_up_are_read() {
    let made_up = r#"{"card":4242424242424242,"ann@x.org":[4242424242424242.0,{"x":1.50}]}"#;
    for (path, around) in [
        (
            "/v1/chat/completions",
            r#"{"messages":[{"role":"assistant","tool_calls":[{"function":{"arguments":"*"}}]}]}"#,
        ),
        ("/v1/chat/completions", r#"{"messages":[{"role":"tool","content":"*"}],"metadata":{"a":1}}"#),
        ("/v1/responses", r#"{"input":[{"type":"function_call","arguments":"*"}]}"#),
        ("/v1/responses", r#"{"input":[{"type":"function_call_output","output":"*"}]}"#),
        ("/v1/messages", r#"{"messages":[{"role":"assistant","content":[{"type":"tool_use","input":#}]}]}"#),
        ("/v1/messages", r#"{"messages":[{"role":"user","content":[{"type":"tool_result","content":"*"}]}]}"#),
        ("/v1beta/models/g:generateContent", r#"{"contents":[{"parts":[{"functionCall":{"args":#}}]}]}"#),
        ("/v1beta/models/g:generateContent", r#"{"contents":[{"parts":[{"functionResponse":{"response":#}}]}]}"#),
        ("/v1beta/interactions", r#"{"input":[{"type":"function_call","arguments":#}]}"#),
        ("/api/chat", r#"{"messages":[{"role":"assistant","tool_calls":[{"function":{"arguments":#}}]}]}"#),
        ("/v2/chat", r#"{"messages":[{"role":"assistant","tool_calls":[{"function":{"arguments":"*"}}]}]}"#),
        ("/model/m/converse", r#"{"messages":[{"role":"assistant","content":[{"toolUse":{"input":#}}]}]}"#),
        ("/v1/new", "#"),
    ] {
        let body = around.replace('#', made_up).replace('*', &in_json(made_up));
        let (sent, findings) = redact(Dialect::of(path), body.as_bytes()).unwrap();
        let sent = String::from_utf8(sent.to_vec()).unwrap();
        assert!(findings >= 2 && !sent.contains("4242424242424242,") && !sent.contains("ann@"), "{path}: {sent}");
        assert!(sent.contains("1.50"), "{path}: {sent}");
    }
}

#[test]
fn files_that_are_texts_are_read() {
    let written = |text: &str| base64::decode("Zg==").unwrap().encode(text.as_bytes());
    let said = |file: &str| String::from_utf8(base64::decode(file).unwrap().bytes).unwrap();
    for (path, before, after) in [
        ("/v1/chat/completions", r#"{"messages":[{"content":[{"file":{"file_data":""#, r#"","filename":"a"}}]}]}"#),
        (
            "/v1/chat/completions",
            r#"{"messages":[{"content":[{"image_url":{"url":"data:text/plain;base64,"#,
            r#""}}]}]}"#,
        ),
        ("/v1/responses", r#"{"input":[{"role":"user","content":[{"file_data":"data:text/csv;base64,"#, r#""}]}]}"#),
        ("/v1/messages", r#"{"messages":[{"content":[{"source":{"type":"base64","data":""#, r#""}}]}]}"#),
        ("/v1beta/models/g:generateContent", r#"{"contents":[{"parts":[{"inlineData":{"data":""#, r#""}}]}]}"#),
        ("/v1beta/models/g:generateContent", r#"{"contents":[{"parts":[{"inline_data":{"data":""#, r#""}}]}]}"#),
        ("/v1beta/interactions", r#"{"input":[{"type":"document","data":""#, r#""}]}"#),
        ("/model/m/converse", r#"{"messages":[{"content":[{"document":{"source":{"bytes":""#, r#""}}}]}]}"#),
        ("/v1/ocr", r#"{"document":{"document_url":"data:text/html;base64,"#, r#""}}"#),
    ] {
        let dialect = Dialect::of(path);
        let body = |file: &str| format!("{before}{file}{after}");
        let text = format!("name,ssn\nAnn,{SSN}\n").repeat(20);
        let (sent, findings) = redact(dialect, body(&written(&text)).as_bytes()).unwrap();
        let sent = std::str::from_utf8(&sent).unwrap();
        let file = sent.strip_prefix(before).unwrap().strip_suffix(after).unwrap();
        assert_eq!((said(file), findings), (text.replace(SSN, &ssn()), 20), "{path}");
        for file in [written("clean"), base64::decode("Zg").unwrap().encode(b"\x89PNG\r\n\x1a\n\0 536-90-4399")] {
            let (sent, _) = redact(dialect, body(&file).as_bytes()).unwrap();
            assert_eq!(sent, body(&file), "{path}");
        }
    }
}

#[test]
fn whole_answers_are_restored() {
    for row in rows() {
        for template in &row.answers {
            let answer = template.replace(['@', '^'], &ssn());
            let delivered =
                restore_cut_anywhere(Dialect::of(&row.path), Framing::Whole, answer.as_bytes(), &row.dialect);
            let expected = template.replace('@', SSN).replace('^', &ssn());
            same(std::str::from_utf8(&delivered).unwrap(), &expected, &row.dialect);
        }
    }
}

#[test]
fn a_value_is_escaped_for_where_it_comes_back() {
    for (path, framing, frame, pointer) in [
        (
            "/v1/responses",
            Framing::Lines,
            r#"{"type":"response.function_call_arguments.done","output_index":0,"arguments":"{\"a\":\"@\"}"}"#,
            "/arguments",
        ),
        (
            "/v1/responses",
            Framing::Lines,
            r#"{"type":"response.completed","response":{"output":[{"arguments":"{\"a\":\"@\"}"}]}}"#,
            "/response/output/0/arguments",
        ),
        ("/v1/responses", Framing::Whole, r#"{"output":[{"arguments":"{\"a\":\"@\"}"}]}"#, "/output/0/arguments"),
        (
            "/v1/chat/completions",
            Framing::Whole,
            r#"{"choices":[{"message":{"content":"{\"a\":\"@\"}"}}]}"#,
            "/choices/0/message/content",
        ),
    ] {
        let out = restore_cut_anywhere(Dialect::of(path), framing, frame.replace('@', &name()).as_bytes(), path);
        let said: Value = serde_json::from_slice(&out).unwrap();
        let inner: Value = serde_json::from_str(said.pointer(pointer).unwrap().as_str().unwrap()).unwrap();
        assert_eq!(inner["a"], NAME, "{frame}");
    }
    for (path, answer, pointer) in [
        (
            "/api/chat",
            r#"{"message":{"tool_calls":[{"function":{"arguments":{"a":"@"}}}]}}"#,
            "/message/tool_calls/0/function/arguments/a",
        ),
        (
            "/m:generateContent",
            r#"{"candidates":[{"content":{"parts":[{"functionCall":{"args":{"a":"@"}}}]}}]}"#,
            "/candidates/0/content/parts/0/functionCall/args/a",
        ),
        (
            "/model/m/converse",
            r#"{"output":{"message":{"content":[{"toolUse":{"input":{"a":"@"}}}]}}}"#,
            "/output/message/content/0/toolUse/input/a",
        ),
    ] {
        let out =
            restore_cut_anywhere(Dialect::of(path), Framing::Whole, answer.replace('@', &name()).as_bytes(), path);
        let said: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(said.pointer(pointer).unwrap(), NAME, "{answer}");
    }
}

#[test]
fn streamed_answers_are_restored_however_they_are_cut() {
    for row in rows() {
        let Some(stream) = &row.stream else { continue };
        // The longer pieces end inside a placeholder or hold a whole one.
        for piece in [1, 2, 5, 40] {
            check_stream(&row, stream, piece);
        }
    }
}

#[test]
fn a_plain_text_is_restored_however_it_is_cut() {
    for (path, text) in [
        ("/v1/audio/transcriptions", "1\n00:00:01,000 --> 00:00:04,000\nIt is @, é 👋\n\n"),
        ("/v1/files/f/content", "{\"custom_id\":\"a\",\"text\":\"#\"}\n{\"custom_id\":\"b\",\"text\":\"@ #\"}\n"),
        ("/v1/files/f/content", "see https://x.org/?q=^ or @"),
    ] {
        let answer = text.replace(['@', '^'], &ssn()).replace('#', &name());
        let out = restore_cut_anywhere(Dialect::of(path), Framing::Text, answer.as_bytes(), path);
        let expected = text.replace('@', SSN).replace('^', &ssn()).replace('#', &in_json(NAME));
        same(std::str::from_utf8(&out).unwrap(), &expected, path);
    }
    let no_text = [b"\xff\xfe ", ssn().as_bytes(), b"\x89PNG\0\xe2\x82"].concat();
    let out = restore_cut_anywhere(Dialect::of("/v1/files/f/content"), Framing::Text, &no_text, "no text");
    assert_eq!(out, [b"\xff\xfe ", SSN.as_bytes(), b"\x89PNG\0\xe2\x82"].concat());
}

/// Sends all lanes at once, each in pieces of this size, and then the other frames.
fn check_stream(row: &Row, stream: &Stream, size: usize) {
    let (framing, wrapped) = match stream.framing.strip_prefix("wrapped ") {
        Some(name) => (framing(name), true),
        None => (framing(&stream.framing), false),
    };
    let said: Vec<(&Lane, Vec<char>)> = stream.lanes.iter().map(|lane| (lane, lane.said().chars().collect())).collect();
    let mut frames: Vec<(Option<usize>, String)> = Vec::new();
    let longest = said.iter().map(|(_, said)| said.len()).max().unwrap_or(0);
    for at in (0..longest).step_by(size) {
        for (number, (lane, said)) in said.iter().enumerate().filter(|(_, (_, said))| at < said.len()) {
            let piece = String::from_iter(&said[at..said.len().min(at + size)]);
            frames.push((Some(number), lane.frame.replace('~', &in_json(&piece))));
        }
    }
    frames.extend(stream.frames.iter().map(|frame| (None, frame.replace(['@', '^'], &ssn()))));
    let wrap = |frame: &String| if wrapped { wrap(frame) } else { frame.clone() };
    let payloads: Vec<String> = frames.iter().map(|(_, frame)| wrap(frame)).collect();
    let payloads: Vec<&str> = payloads.iter().map(String::as_str).collect();
    let what = format!("{} in pieces of {size}", row.dialect);
    let out = restore_cut_anywhere(Dialect::of(&row.path), framing, &write(framing, &payloads), &what);
    let mut out = read(framing, &out);
    if wrapped {
        out.iter_mut().for_each(|frame| *frame = unwrap(frame));
    }
    assert_eq!(out.len(), frames.len(), "{what}: no frame is invented, none is lost");

    let mut delivered = vec![String::new(); said.len()];
    let mut others = stream.frames.iter();
    for ((lane, _), frame) in frames.iter().zip(&out) {
        match lane {
            Some(lane) => delivered[*lane] += &piece(&stream.lanes[*lane].frame, frame),
            None => {
                let template = others.next().unwrap();
                assert_eq!(frame, &template.replace('@', SSN).replace('^', &ssn()), "{what}");
            }
        }
    }
    for (lane, delivered) in stream.lanes.iter().zip(delivered) {
        assert_eq!(delivered, lane.expected(), "{what}: {}", lane.frame);
    }
}

/// Shows where two long texts begin to differ.
fn same(text: &str, expected: &str, what: &str) {
    let at = text.bytes().zip(expected.bytes()).take_while(|(one, other)| one == other).count();
    let around =
        |text: &str| text[text.floor_char_boundary(at.saturating_sub(60))..].chars().take(120).collect::<String>();
    assert!(text == expected, "{what}: at {at}\n{}\n{}", around(text), around(expected));
}

impl Lane {
    /// What the provider says in it.
    fn said(&self) -> String {
        match self.json {
            true => format!("{{\"a\":\"{}\",\"b\":[\"{}\"]}}", ssn(), name()),
            false => format!("It is {}, {} é [x] and {}", ssn(), name(), ssn().to_lowercase()),
        }
    }

    fn expected(&self) -> String {
        match self.json {
            true => format!("{{\"a\":\"{SSN}\",\"b\":[\"{}\"]}}", in_json(NAME)),
            false => format!("It is {SSN}, {NAME} é [x] and {SSN}"),
        }
    }
}

fn in_json(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap();
    quoted[1..quoted.len() - 1].to_owned()
}

/// What stands in `frame` where the template has `~`.
fn piece(template: &str, frame: &str) -> String {
    let (template, frame): (Value, Value) =
        (serde_json::from_str(template).unwrap(), serde_json::from_str(frame).unwrap());
    let pointer = pointer_to(&template, "~").unwrap();
    frame.pointer(&pointer).unwrap().as_str().unwrap().to_owned()
}

fn pointer_to(value: &Value, text: &str) -> Option<String> {
    match value {
        Value::String(string) => (string == text).then(String::new),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(at, item)| Some(format!("/{at}{}", pointer_to(item, text)?)))
        }
        Value::Object(members) => {
            members.iter().find_map(|(key, value)| Some(format!("/{key}{}", pointer_to(value, text)?)))
        }
        _ => None,
    }
}

fn framing(name: &str) -> Framing {
    match name {
        "elements" => Framing::Elements,
        "events" => Framing::Events,
        "lines" => Framing::Lines,
        "messages" => Framing::Messages,
        other => panic!("no framing `{other}`"),
    }
}

fn write(framing: Framing, payloads: &[&str]) -> Vec<u8> {
    match framing {
        Framing::Elements => format!("[{}\n]\n", payloads.join(",\r\n")).into_bytes(),
        Framing::Events => {
            payloads.iter().map(|payload| format!("event: x\ndata: {payload} \r\n\r\n")).collect::<String>().into()
        }
        Framing::Lines => payloads.iter().map(|payload| format!("{payload}\n")).collect::<String>().into(),
        Framing::Messages => payloads.iter().flat_map(|payload| message(payload.as_bytes())).collect(),
        Framing::Text | Framing::Whole => unreachable!("no stream of frames"),
    }
}

fn read(framing: Framing, bytes: &[u8]) -> Vec<String> {
    let text = || std::str::from_utf8(bytes).unwrap();
    match framing {
        Framing::Elements => {
            let inner = text().strip_prefix('[').unwrap().strip_suffix("\n]\n").unwrap();
            inner.split(",\r\n").map(str::to_owned).collect()
        }
        Framing::Events => {
            let event =
                |event: &str| event.strip_prefix("event: x\ndata: ").unwrap().strip_suffix(' ').unwrap().to_owned();
            text().strip_suffix("\r\n\r\n").unwrap().split("\r\n\r\n").map(event).collect()
        }
        Framing::Lines => text().lines().map(str::to_owned).collect(),
        Framing::Messages => messages(bytes),
        Framing::Text | Framing::Whole => unreachable!("no stream of frames"),
    }
}

/// A frame in base64 in a frame.
fn wrap(frame: &str) -> String {
    format!("{{\"bytes\":\"{}\",\"p\":\"abc\"}}", base64::decode("Zg==").unwrap().encode(frame.as_bytes()))
}

fn unwrap(frame: &str) -> String {
    let inner = frame.strip_prefix("{\"bytes\":\"").unwrap().strip_suffix("\",\"p\":\"abc\"}").unwrap();
    String::from_utf8(base64::decode(inner).unwrap().bytes).unwrap()
}

const HEAD: &[u8] = b"\x0d:content-type\x07\x00\x10application/json";

/// A message of Amazon's event stream with checksums by the bit, not by a table.
fn message(payload: &[u8]) -> Vec<u8> {
    let length = (12 + HEAD.len() + payload.len() + 4) as u32;
    let mut message = [length.to_be_bytes(), (HEAD.len() as u32).to_be_bytes()].concat();
    message.extend(crc32(&message).to_be_bytes());
    message.extend_from_slice(HEAD);
    message.extend_from_slice(payload);
    message.extend(crc32(&message).to_be_bytes());
    message
}

/// The payloads of messages whose lengths and checksums are right.
fn messages(mut bytes: &[u8]) -> Vec<String> {
    let mut payloads = Vec::new();
    while !bytes.is_empty() {
        let length = u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize;
        let payload = &bytes[12 + HEAD.len()..length - 4];
        assert_eq!(message(payload), &bytes[..length]);
        payloads.push(String::from_utf8(payload.to_vec()).unwrap());
        bytes = &bytes[length..];
    }
    payloads
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = !0_u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    !crc
}
