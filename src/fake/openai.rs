//! OpenAI's chat completions, by echo.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::{Reply, arguments, broken_if_asked, pieces, text_of};

/// Echoes the last message, or calls the first tool with it.
pub(super) fn reply(request: &Value, cut: usize) -> Reply {
    let last = request["messages"].as_array().and_then(|messages| messages.last()).cloned().unwrap_or_default();
    let text = text_of(&last["content"]);
    let tool = Some(&request["tools"][0]["function"]).filter(|tool| tool.is_object() && last["role"] != "tool");
    match (request["stream"] == true, tool) {
        (false, None) => whole(json!({"role": "assistant", "content": text, "refusal": null}), "stop"),
        (false, Some(tool)) => {
            whole(json!({"role": "assistant", "content": null, "tool_calls": [call(tool, &text)]}), "tool_calls")
        }
        (true, None) => broken_if_asked(request, streamed(pieces(&text, cut).into_iter().map(said), "stop")),
        (true, Some(tool)) => broken_if_asked(request, streamed(called(tool, &text, cut).into_iter(), "tool_calls")),
    }
}

fn whole(message: Value, finish_reason: &str) -> Reply {
    let choice = json!({"index": 0, "message": message, "logprobs": null, "finish_reason": finish_reason});
    let usage = json!({"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30});
    let answer = json!({
        "id": "chatcmpl-fake", "object": "chat.completion", "created": 1_700_000_000, "model": "fake",
        "choices": [choice], "usage": usage,
    });
    Reply::Json(StatusCode::OK, answer)
}

fn call(tool: &Value, text: &str) -> Value {
    let arguments = arguments(&tool["parameters"], text).to_string();
    json!({"id": "call_fake", "type": "function", "function": {"name": tool["name"], "arguments": arguments}})
}

fn said(text: String) -> Value {
    json!({"content": text})
}

fn called(tool: &Value, text: &str, cut: usize) -> Vec<Value> {
    let mut call = call(tool, text);
    let arguments = call["function"]["arguments"].take();
    call["index"] = 0.into();
    call["function"]["arguments"] = "".into();
    let pieces = pieces(arguments.as_str().unwrap_or_default(), cut);
    let piece = |piece: String| json!({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]});
    std::iter::once(json!({"tool_calls": [call]})).chain(pieces.into_iter().map(piece)).collect()
}

fn streamed(deltas: impl Iterator<Item = Value>, finish_reason: &str) -> Vec<String> {
    let chunk = |choices: Value, usage: Value| {
        let chunk = json!({
            "id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "fake",
            "choices": choices, "usage": usage,
        });
        format!("data: {chunk}\n\n")
    };
    let choice = |delta: Value, finish: Value| json!([{"index": 0, "delta": delta, "finish_reason": finish}]);
    let first = chunk(choice(json!({"role": "assistant", "content": ""}), Value::Null), Value::Null);
    let said = deltas.map(|delta| chunk(choice(delta, Value::Null), Value::Null));
    let finish = chunk(choice(json!({}), finish_reason.into()), Value::Null);
    let usage = chunk(json!([]), json!({"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}));
    std::iter::once(first).chain(said).chain([finish, usage, "data: [DONE]\n\n".to_owned()]).collect()
}
