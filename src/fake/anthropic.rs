//! Anthropic's Messages, by echo.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::{Reply, arguments, broken_if_asked, pieces, text_of};

/// Echoes the last message, or calls the first tool with it.
pub(super) fn reply(request: &Value, cut: usize) -> Reply {
    let last = request["messages"].as_array().and_then(|messages| messages.last()).cloned().unwrap_or_default();
    let text = text_of(&last["content"]);
    let answers_tool = last["content"][0]["type"] == "tool_result";
    let tool = Some(&request["tools"][0]).filter(|tool| tool.is_object() && !answers_tool);
    match (request["stream"] == true, tool) {
        (false, None) => whole(json!({"type": "text", "text": text}), "end_turn"),
        (false, Some(tool)) => whole(call(tool, arguments(&tool["input_schema"], &text)), "tool_use"),
        (true, None) => {
            let deltas = pieces(&text, cut).into_iter().map(|text| json!({"type": "text_delta", "text": text}));
            broken_if_asked(request, streamed(json!({"type": "text", "text": ""}), deltas, "end_turn"))
        }
        (true, Some(tool)) => {
            let source = arguments(&tool["input_schema"], &text).to_string();
            let deltas = pieces(&source, cut).into_iter();
            let deltas = deltas.map(|piece| json!({"type": "input_json_delta", "partial_json": piece}));
            broken_if_asked(request, streamed(call(tool, json!({})), deltas, "tool_use"))
        }
    }
}

fn call(tool: &Value, input: Value) -> Value {
    json!({"type": "tool_use", "id": "toolu_fake", "name": tool["name"], "input": input})
}

fn whole(block: Value, stop_reason: &str) -> Reply {
    let answer = json!({
        "id": "msg_fake", "type": "message", "role": "assistant", "model": "fake", "content": [block],
        "stop_reason": stop_reason, "stop_sequence": null, "usage": {"input_tokens": 20, "output_tokens": 10},
    });
    Reply::Json(StatusCode::OK, answer)
}

fn streamed(block: Value, deltas: impl Iterator<Item = Value>, stop_reason: &str) -> Vec<String> {
    let message = json!({
        "id": "msg_fake", "type": "message", "role": "assistant", "model": "fake", "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": {"input_tokens": 20, "output_tokens": 1},
    });
    let delta = |delta: Value| event(json!({"type": "content_block_delta", "index": 0, "delta": delta}));
    let stop = json!({"stop_reason": stop_reason, "stop_sequence": null});
    let begin = [
        event(json!({"type": "message_start", "message": message})),
        event(json!({"type": "content_block_start", "index": 0, "content_block": block})),
        event(json!({"type": "ping"})),
    ];
    let end = [
        event(json!({"type": "content_block_stop", "index": 0})),
        event(json!({"type": "message_delta", "delta": stop, "usage": {"output_tokens": 10}})),
        event(json!({"type": "message_stop"})),
    ];
    begin.into_iter().chain(deltas.map(delta)).chain(end).collect()
}

fn event(data: Value) -> String {
    format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap_or_default())
}
