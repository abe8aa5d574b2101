//! Recorded traffic of real providers, with values put into it: every string is either read or on the list of what is not.
//!
//! The recordings lie beside the project, not in it; without them there is nothing to check.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use blotter::provider::Dialect;
use blotter::wire::frame::Framing;
use serde_json::Value;

use crate::support::{SSN, redact, restore_cut_anywhere, ssn};

/// Members that tell what an object is: they keep what they say.
const TAGS: &[&str] = &["event_type", "object", "type"];

/// Members of requests that are never touched, outside of what a program or a model made up.
const NEVER: &[&str] = &[
    "$ref",
    "$schema",
    "assistant_id",
    "call_id",
    "const",
    "conversation",
    "data",
    "detail",
    "effort",
    "encrypted_content",
    "encrypted_index",
    "encrypted_stdout",
    "enum",
    "fileUri",
    "file_data",
    "file_id",
    "file_search_store_names",
    "file_uri",
    "format",
    "functionCallingConfig/mode",
    "id",
    "image_url",
    "include",
    "item_id",
    "media_type",
    "mimeType",
    "mime_type",
    "model",
    "name",
    "namespace",
    "output_modalities",
    "previous_response_id",
    "reasoning_effort",
    "required",
    "responseMimeType",
    "responseModalities",
    "role",
    "service_tier",
    "signature",
    "status",
    "stop",
    "stop_sequences",
    "thoughtSignature",
    "toolUseId",
    "tool_call_id",
    "tool_choice",
    "tool_use_id",
    "tools/type",
    "ttl",
    "url",
    "user_location/type",
    "vector_store_ids",
    "voice",
];

/// Where the model, the user's program or the user itself says anything, under any name.
const FREE: &[&str] = &["args", "arguments", "input", "metadata", "response", "result", "toolUse"];

struct Recording {
    id: String,
    dialect: &'static Dialect,
    request: Option<PathBuf>,
    answer: Option<PathBuf>,
    path: String,
}

fn recordings() -> Vec<Recording> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/wire/fixtures");
    let Ok(index) = fs::read_to_string(folder.join("index.jsonl")) else {
        println!("skipped: there are no recordings beside the project");
        return Vec::new();
    };
    let recording = |line: &str| {
        let row: Value = serde_json::from_str(line).unwrap();
        let file = |of: &str| row["files"][of].as_str().map(|name| folder.join(name));
        let (request, answer) = (file("request"), file("response"));
        let path = path(&row, answer.as_deref());
        Recording { id: row["id"].as_str().unwrap().to_owned(), dialect: Dialect::of(&path), request, answer, path }
    };
    index.lines().map(recording).collect()
}

/// The path of a recording, or the one that its provider's bodies of this look are sent to.
fn path(row: &Value, answer: Option<&Path>) -> String {
    if let Some(uri) = row["uri"].as_str().and_then(|uri| uri.split("://").nth(1)) {
        let path = uri.split(['?', '#']).next().unwrap();
        return path[path.find('/').unwrap_or(path.len())..].to_owned();
    }
    let said = answer.map(|answer| fs::read_to_string(answer).unwrap()).unwrap_or_default();
    let path = match row["provider"].as_str().unwrap() {
        "anthropic" => "/v1/messages",
        "cohere" => "/v2/chat",
        "gemini" => "/v1beta/models/m:generateContent",
        _ if said.contains("\"response") => "/v1/responses",
        _ => "/v1/chat/completions",
    };
    path.to_owned()
}

fn json(path: &Path) -> Option<Value> {
    let is_json = path.extension().is_some_and(|extension| extension == "json");
    serde_json::from_slice(&fs::read(path).ok().filter(|_| is_json)?).ok()
}

/// Calls `change` for every string but the tags, with the names that lead to it.
fn strings(value: &mut Value, path: &mut Vec<String>, change: &mut impl FnMut(&[String], &mut String)) {
    match value {
        Value::String(text) if !path.last().is_some_and(|last| TAGS.contains(&last.as_str())) => change(path, text),
        Value::Array(items) => items.iter_mut().for_each(|item| strings(item, path, change)),
        Value::Object(members) => {
            for (name, member) in members {
                path.push(name.clone());
                strings(member, path, change);
                path.pop();
            }
        }
        _ => {}
    }
}

/// Every string with the names that lead to it, in order.
fn leaves(value: &Value) -> Vec<(String, String)> {
    let mut leaves = Vec::new();
    strings(&mut value.clone(), &mut Vec::new(), &mut |path, text| leaves.push((path.join("/"), text.clone())));
    leaves
}

fn is_listed(path: &str, list: &[&str]) -> bool {
    list.iter().any(|ending| path == *ending || path.ends_with(&format!("/{ending}")))
}

fn is_free(path: &str) -> bool {
    let mut names: Vec<&str> = path.split('/').collect();
    names.pop();
    // What stands under `input` at the top is a conversation, and a session hears through its `input`.
    let is_free =
        |at: usize| FREE.contains(&names[at]) && !(names[at] == "input" && (at == 0 || names[at - 1] == "audio"));
    (0..names.len()).any(is_free)
}

#[test]
fn recorded_requests_change_in_their_findings_only() {
    for recording in recordings() {
        let Some(body) = recording.request.as_deref().and_then(|path| json(path).map(|_| fs::read(path).unwrap()))
        else {
            continue;
        };
        let (sent, findings) = redact(recording.dialect, &body).unwrap();
        if findings == 0 {
            assert!(sent == body, "{}", recording.id);
        }
        let (before, after): (Value, Value) =
            (serde_json::from_slice(&body).unwrap(), serde_json::from_slice(&sent).unwrap());
        let (before, after) = (leaves(&before), leaves(&after));
        assert!(before.len() <= after.len(), "{}: a number may have become a string, none the other way", recording.id);
        let changed: Vec<_> = before.iter().filter(|leaf| !after.contains(leaf)).collect();
        assert!(changed.len() as u64 <= findings, "{}", recording.id);
        for (path, _) in changed {
            assert!(!is_listed(path, NEVER) || is_free(path), "{}: {path} is never touched", recording.id);
        }
    }
}

#[test]
fn every_string_of_a_recorded_request_is_read_or_listed() {
    let mut wrong = BTreeMap::<String, String>::new();
    for recording in recordings() {
        let Some(mut body) = recording.request.as_deref().and_then(json) else { continue };
        strings(&mut body, &mut Vec::new(), &mut |_, text| *text = SSN.to_owned());
        let (sent, _) = redact(recording.dialect, body.to_string().as_bytes()).unwrap();
        for (path, text) in leaves(&serde_json::from_slice(&sent).unwrap()) {
            let listed = is_listed(&path, NEVER) || is_sealed(recording.dialect, &path);
            let (listed, free) = (listed && !is_free(&path), is_free(&path));
            if (text == SSN) != listed && (text == SSN || !free) && recording.dialect.name != "any" {
                let what = if text == SSN { "left alone" } else { "touched" };
                wrong.insert(format!("{} {path}: {what}", recording.dialect.name), recording.id.clone());
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Thinking under a signature.
fn is_sealed(dialect: &Dialect, path: &str) -> bool {
    dialect.name.starts_with("anthropic") && path.ends_with("content/thinking")
}

/// Members of answers that go to the caller as they came.
const AS_IT_CAME: &[&str] = &[
    "annotations/url",
    "b64_json",
    "call_id",
    "caller/tool_id",
    "container/expires_at",
    "container_id",
    "created_at",
    "data",
    "done_reason",
    "embedding",
    "encrypted_content",
    "encrypted_index",
    "file_id",
    "finishReason",
    "finish_reason",
    "id",
    "inference_geo",
    "item_id",
    "language",
    "log_id",
    "modality",
    "model",
    "modelVersion",
    "name",
    "outcome",
    "previous_response_id",
    "reasoning/context",
    "reasoning/effort",
    "reasoning/mode",
    "reasoning_details/format",
    "reasoning_details/summary",
    "request_id",
    "responseId",
    "role",
    "server_name",
    "service_tier",
    "signature",
    "status",
    "stop",
    "stopReason",
    "stop_reason",
    "system_fingerprint",
    "thinking",
    "thoughtSignature",
    "token",
    "tool_choice",
    "tool_references/tool_name",
    "tool_use_id",
    "trafficType",
    "truncation",
];

#[test]
fn every_string_of_a_recorded_answer_comes_back_or_is_listed() {
    let mut wrong = BTreeMap::<String, String>::new();
    for recording in recordings() {
        let Some(mut answer) = recording.answer.as_deref().and_then(json) else { continue };
        strings(&mut answer, &mut Vec::new(), &mut |_, text| *text = ssn());
        let answer = answer.to_string();
        let delivered = restore_cut_anywhere(recording.dialect, Framing::Whole, answer.as_bytes(), &recording.id);
        for (path, text) in leaves(&serde_json::from_slice(&delivered).unwrap()) {
            if text != SSN && !is_listed(&path, AS_IT_CAME) {
                wrong.insert(format!("{} {path}", recording.dialect.name), recording.id.clone());
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Members by which frames bring pieces of a text.
const PIECES: &[&str] = &[
    "arguments",
    "content",
    "delta",
    "input",
    "output",
    "partial_json",
    "reasoning",
    "reasoning_content",
    "refusal",
    "response",
    "stderr",
    "stdout",
    "text",
    "thinking",
    "value",
];

#[test]
fn every_lane_of_a_recorded_stream_comes_back_wherever_it_is_cut() {
    let mut lanes = 0;
    for recording in recordings() {
        let Some((framing, mut frames)) = recording.answer.as_deref().and_then(stream) else { continue };
        let placed = place(&mut frames, &recording);
        let bytes = frames.iter().map(|frame| frame.written(framing)).collect::<String>();
        let out = restore_cut_anywhere(recording.dialect, framing, bytes.as_bytes(), &recording.id);
        let out = read(framing, std::str::from_utf8(&out).unwrap());
        assert_eq!(out.len(), frames.len(), "{}", recording.id);
        let mut said = BTreeMap::<String, String>::new();
        for frame in &out {
            for (lane, text) in frame.pieces() {
                *said.entry(lane).or_default() += &text;
            }
        }
        for (lane, expected) in &placed {
            lanes += 1;
            assert_eq!(&said[lane], expected, "{} ({}): {lane}", recording.id, recording.path);
        }
    }
    assert!(lanes == 0 || lanes > 80, "{lanes} lanes");
}

/// A frame's line with its event's name, and its JSON; `None` for `[DONE]`.
struct Frame {
    head: String,
    payload: String,
    json: Option<Value>,
}

fn stream(path: &Path) -> Option<(Framing, Vec<Frame>)> {
    let framing = match path.extension()?.to_str()? {
        "sse" => Framing::Events,
        "jsonl" | "ndjson" => Framing::Lines,
        _ => return None,
    };
    let text = fs::read_to_string(path).unwrap().replace("\r\n", "\n");
    Some((framing, read(framing, &text)))
}

fn read(framing: Framing, text: &str) -> Vec<Frame> {
    let end = if framing == Framing::Events { "\n\n" } else { "\n" };
    let frame = |frame: &str| {
        let (head, payload) = frame.find("data: ").map_or(("", frame), |at| (&frame[..at], &frame[at + 6..]));
        let json = serde_json::from_str(payload).ok();
        Frame { head: head.to_owned(), payload: payload.trim_end().to_owned(), json }
    };
    text.split(end).filter(|part| !part.trim().is_empty()).map(frame).collect()
}

impl Frame {
    fn written(&self, framing: Framing) -> String {
        let payload = self.json.as_ref().map_or_else(|| self.payload.clone(), Value::to_string);
        match framing {
            Framing::Events if payload.starts_with(':') => format!("{payload}\n\n"),
            Framing::Events => format!("{}data: {payload}\n\n", self.head),
            _ => format!("{payload}\n"),
        }
    }

    /// The texts that may be pieces of a lane, each with what tells the lanes apart.
    fn pieces(&self) -> Vec<(String, String)> {
        let mut pieces = Vec::new();
        if let Some(json) = &self.json {
            find_pieces(json, &root_name(json), &mut |lane, text| pieces.push((lane, text.to_owned())));
        }
        pieces
    }
}

/// What a frame says about itself as a whole.
fn root_name(json: &Value) -> String {
    let numbers = ["index", "output_index", "content_index", "summary_index"].map(|name| json[name].to_string());
    format!("{} {}", json["type"].as_str().or(json["event_type"].as_str()).unwrap_or_default(), numbers.join(" "))
}

fn find_pieces(value: &Value, name: &str, found: &mut impl FnMut(String, &str)) {
    match value {
        Value::Array(items) => {
            for item in items {
                let number = item.get("index").map(Value::to_string).unwrap_or_default();
                find_pieces(item, &format!("{name}[{number}]"), found);
            }
        }
        Value::Object(members) => {
            let thought = if value["thought"] == true { "thought " } else { "" };
            for (key, member) in members {
                let name = format!("{name}/{thought}{key}");
                match member {
                    Value::String(text) if PIECES.contains(&key.as_str()) => found(name, text),
                    other => find_pieces(other, &name, found),
                }
            }
        }
        _ => {}
    }
}

/// Puts placeholders into every lane that spans frames, a few characters into each, and tells what each lane has to say then.
fn place(frames: &mut [Frame], recording: &Recording) -> BTreeMap<String, String> {
    let mut counts = BTreeMap::<String, usize>::new();
    for (lane, _) in frames.iter().flat_map(Frame::pieces).filter(|(_, text)| !text.is_empty()) {
        *counts.entry(lane).or_default() += 1;
    }
    counts.retain(|lane, count| *count > 1 && is_lane(lane) && !is_sealed_lane(recording.dialect, lane));
    let mut sent = BTreeMap::<String, String>::new();
    for frame in frames {
        let Some(json) = &mut frame.json else { continue };
        let root = root_name(json);
        replace_pieces(json, &root, &mut |lane| {
            let left = counts.get_mut(&lane)?;
            *left -= 1;
            let said = sent.entry(lane).or_default();
            let cycle = format!(" {} é", ssn());
            let at = said.chars().count() % cycle.chars().count();
            let size = if *left == 0 { usize::MAX } else { 1 + (said.len() * 7) % 5 };
            let piece: String = cycle.chars().skip(at).take(size).collect();
            *said += &piece;
            Some(piece)
        });
    }
    sent.into_iter().map(|(lane, said)| (lane, said.replace(&ssn(), SSN))).collect()
}

/// Whether these are pieces, and not the same thing said again.
fn is_lane(lane: &str) -> bool {
    let whole = ["/response/", "/item/", "/part/", "/message/content/", ".done", ".added", "annotation", "input_json"];
    !whole.iter().any(|part| lane.contains(part)) || lane.starts_with("content-delta")
}

fn is_sealed_lane(dialect: &Dialect, lane: &str) -> bool {
    dialect.name.starts_with("anthropic") && lane.ends_with("/thinking")
}

fn replace_pieces(value: &mut Value, name: &str, piece: &mut impl FnMut(String) -> Option<String>) {
    match value {
        Value::Array(items) => {
            for item in items {
                let number = item.get("index").map(Value::to_string).unwrap_or_default();
                replace_pieces(item, &format!("{name}[{number}]"), piece);
            }
        }
        Value::Object(members) => {
            let thought = if members.get("thought") == Some(&Value::Bool(true)) { "thought " } else { "" };
            for (key, member) in members {
                let name = format!("{name}/{thought}{key}");
                match member {
                    // Nothing is said after the end of a lane.
                    Value::String(text) if PIECES.contains(&key.as_str()) && !text.is_empty() => {
                        if let Some(piece) = piece(name) {
                            *text = piece;
                        }
                    }
                    other => replace_pieces(other, &name, piece),
                }
            }
        }
        _ => {}
    }
}
