//! What points into a text by counting points at the same words after values came back.

use blotter::provider::Dialect;
use blotter::wire::frame::Framing;
use serde_json::{Value, json};

use crate::support::{SSN, restore_cut_anywhere, ssn};

/// Counts what stands before a word, and takes a part of a text.
struct Counting {
    before: fn(&str, &str) -> u64,
    part: fn(&str, u64, u64) -> String,
}

const CHARACTERS: Counting = Counting {
    before: |text, word| text[..text.find(word).unwrap()].chars().count() as u64,
    part: |text, start, end| text.chars().skip(start as usize).take((end - start) as usize).collect(),
};

const BYTES: Counting = Counting {
    before: |text, word| text.find(word).unwrap() as u64,
    part: |text, start, end| text[start as usize..end as usize].to_owned(),
};

/// `frames` are made of the text and where the word in it begins and ends; `places` are where the frame `noted` says so.
struct Case {
    path: &'static str,
    framing: Framing,
    counting: Counting,
    frames: fn(&str, u64, u64) -> Vec<Value>,
    /// The text's pieces, in the frames that have one.
    text: &'static str,
    noted: usize,
    places: [&'static str; 2],
}

fn check(case: &Case) {
    let text = format!("é {} wrote to {}: see this, {}", ssn(), ssn(), ssn());
    let restored = text.replace(&ssn(), SSN);
    for word in ["é", " wrote to", "see this"] {
        let start = (case.counting.before)(&text, word);
        let end = start + (case.counting.before)(&format!("{word}|"), "|");
        let written: Vec<String> = (case.frames)(&text, start, end).iter().map(Value::to_string).collect();
        let body = match case.framing {
            Framing::Events => written.iter().map(|frame| format!("data: {frame}\n\n")).collect::<String>(),
            _ => written.concat(),
        };
        let out = restore_cut_anywhere(Dialect::of(case.path), case.framing, body.as_bytes(), case.path);
        let out = String::from_utf8(out).unwrap();
        let frames =
            out.split("\n\n").map(|frame| frame.trim_start_matches("data: ")).filter(|frame| !frame.is_empty());
        let frames: Vec<Value> = frames.map(|frame| serde_json::from_str(frame).unwrap()).collect();
        let said: String = frames.iter().filter_map(|frame| frame.pointer(case.text)?.as_str()).collect();
        assert_eq!(said, restored, "{}", case.path);
        let [start, end] = case.places.map(|place| frames[case.noted].pointer(place).unwrap().as_u64().unwrap());
        assert_eq!((case.counting.part)(&restored, start, end), word, "{}: {out}", case.path);
    }
}

fn note(start: u64, end: u64) -> Value {
    json!({"type": "url_citation", "url": "https://x.org", "start_index": start, "end_index": end})
}

fn part(text: &str, start: u64, end: u64) -> Value {
    json!({"type": "output_text", "annotations": [note(start, end)], "text": text})
}

#[test]
fn in_responses() {
    check(&Case {
        path: "/v1/responses",
        framing: Framing::Whole,
        counting: CHARACTERS,
        frames: |text, start, end| vec![json!({"output": [{"type": "message", "content": [part(text, start, end)]}]})],
        text: "/output/0/content/0/text",
        noted: 0,
        places: ["/output/0/content/0/annotations/0/start_index", "/output/0/content/0/annotations/0/end_index"],
    });
    let streamed = |noted, places| Case {
        path: "/v1/responses",
        framing: Framing::Events,
        counting: CHARACTERS,
        frames: |text, start, end| {
            let at = |mut event: Value| {
                event["output_index"] = 0.into();
                event["content_index"] = 0.into();
                event
            };
            let (one, other) = text.split_at(text.find("[SSN").unwrap() + 4);
            let delta = |text: &str| at(json!({"type": "response.output_text.delta", "delta": text}));
            let added = json!({"type": "response.output_text.annotation.added", "annotation": note(start, end)});
            let item = json!({"type": "message", "content": [part(text, start, end)]});
            vec![
                delta(one),
                delta(other),
                at(added),
                at(json!({"type": "response.output_text.done"})),
                json!({"type": "response.completed", "response": {"output": [item]}}),
            ]
        },
        text: "/delta",
        noted,
        places,
    };
    check(&streamed(2, ["/annotation/start_index", "/annotation/end_index"]));
    check(&streamed(
        4,
        [
            "/response/output/0/content/0/annotations/0/start_index",
            "/response/output/0/content/0/annotations/0/end_index",
        ],
    ));
}

fn said(key: &str, text: &str, start: u64, end: u64) -> Value {
    let note = json!({"type": "url_citation", "url_citation": note(start, end)});
    json!({"choices": [{"index": 0, key: {"annotations": [note], "content": text}}]})
}

#[test]
fn in_chat() {
    for (framing, key, text, noted, places) in [
        (
            Framing::Whole,
            "message",
            "/choices/0/message/content",
            0,
            [
                "/choices/0/message/annotations/0/url_citation/start_index",
                "/choices/0/message/annotations/0/url_citation/end_index",
            ],
        ),
        (
            Framing::Events,
            "delta",
            "/choices/0/delta/content",
            1,
            [
                "/choices/0/delta/annotations/0/url_citation/start_index",
                "/choices/0/delta/annotations/0/url_citation/end_index",
            ],
        ),
    ] {
        let frames: fn(&str, u64, u64) -> Vec<Value> = match key {
            "message" => |text, start, end| vec![said("message", text, start, end)],
            _ => |text, start, end| {
                let first = json!({"choices": [{"index": 0, "delta": {"content": text}}]});
                vec![first, said("delta", "", start, end)]
            },
        };
        check(&Case { path: "/v1/chat/completions", framing, counting: CHARACTERS, frames, text, noted, places });
    }
}

#[test]
fn in_gemini() {
    check(&Case {
        path: "/v1beta/models/g:streamGenerateContent",
        framing: Framing::Events,
        counting: BYTES,
        frames: |text, start, end| {
            let (one, other) = text.split_at(text.find("[SSN").unwrap() + 4);
            let part = |text: &str| json!({"candidates": [{"index": 0, "content": {"parts": [{"text": text}]}}]});
            let segment = json!({"startIndex": start, "endIndex": end, "text": "see"});
            let grounding = json!({"groundingSupports": [{"segment": segment, "groundingChunkIndices": [0]}]});
            vec![part(one), part(other), json!({"candidates": [{"index": 0, "groundingMetadata": grounding}]})]
        },
        text: "/candidates/0/content/parts/0/text",
        noted: 2,
        places: [
            "/candidates/0/groundingMetadata/groundingSupports/0/segment/startIndex",
            "/candidates/0/groundingMetadata/groundingSupports/0/segment/endIndex",
        ],
    });
}

#[test]
fn in_threads_and_interactions() {
    check(&Case {
        path: "/v1/threads/t/messages",
        framing: Framing::Whole,
        counting: CHARACTERS,
        frames: |text, start, end| {
            let note = json!({"type": "file_citation", "start_index": start, "end_index": end});
            let said = json!({"annotations": [note], "value": text});
            vec![json!({"data": [{"content": [{"type": "text", "text": said}]}]})]
        },
        text: "/data/0/content/0/text/value",
        noted: 0,
        places: ["/data/0/content/0/text/annotations/0/start_index", "/data/0/content/0/text/annotations/0/end_index"],
    });
    check(&Case {
        path: "/v1beta/interactions",
        framing: Framing::Whole,
        counting: BYTES,
        frames: |text, start, end| {
            let note = json!({"type": "url_citation", "start_index": start, "end_index": end});
            let part = json!({"type": "text", "text": text, "annotations": [note]});
            vec![json!({"steps": [{"type": "model_output", "content": [part]}]})]
        },
        text: "/steps/0/content/0/text",
        noted: 0,
        places: ["/steps/0/content/0/annotations/0/start_index", "/steps/0/content/0/annotations/0/end_index"],
    });
}

#[test]
fn in_cohere() {
    check(&Case {
        path: "/v2/chat",
        framing: Framing::Whole,
        counting: CHARACTERS,
        frames: |text, start, end| {
            let content = [json!({"type": "thinking", "thinking": "hm"}), json!({"type": "text", "text": text})];
            vec![json!({"message": {"content": content, "citations": [{"start": start, "end": end, "text": "see"}]}})]
        },
        text: "/message/content/1/text",
        noted: 0,
        places: ["/message/citations/0/start", "/message/citations/0/end"],
    });
    check(&Case {
        path: "/v2/chat",
        framing: Framing::Events,
        counting: CHARACTERS,
        frames: |text, start, end| {
            let (one, other) = text.split_at(text.find("[SSN").unwrap() + 4);
            let delta = |text: &str| json!({"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": text}}}});
            let cited = json!({"start": start, "end": end, "text": "see", "type": "TEXT_CONTENT"});
            let noted = json!({"type": "citation-start", "index": 3, "delta": {"message": {"citations": cited}}});
            vec![delta(one), delta(other), noted]
        },
        text: "/delta/message/content/text",
        noted: 2,
        places: ["/delta/message/citations/start", "/delta/message/citations/end"],
    });
}
