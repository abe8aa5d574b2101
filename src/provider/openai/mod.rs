//! OpenAI's endpoints, and every vendor that speaks them. Azure's paths end alike.
//!
//! Source: openai-openapi `f85dbe2` (2026-08-21, spec 2.3.0), the types of openai-python 2.54.0 and recorded traffic; vendors'
//! extras where they are known.

mod chat;
mod conversations;
mod events;
mod items;
mod realtime;
mod responses;
mod stores;
mod texts;
mod threads;

use serde_json::json;

use super::Shape::{self, Either, File, Lane, Object, Opaque, Text};
use super::{Dialect, End, Pointer, Refusal, State, Strand, Streams, Tokens};
use crate::wire::frame::Framing;

pub(super) use chat::{
    ANSWER as CHAT_ANSWER, CHAT, CHOICE as CHAT_CHOICE, CHUNK as CHAT_CHUNK, CHUNK_CHOICE, FUNCTION,
    MESSAGE as CHAT_MESSAGE, PART as CHAT_PART, REQUEST as CHAT_REQUEST, SAID as CHAT_SAID, TOOL as CHAT_TOOL,
    TOOL_CALL as CHAT_CALL,
};
pub(super) use conversations::CONVERSATIONS;
pub(super) use realtime::REALTIME;
pub(super) use responses::{CALLS, COMPACT, INPUT_TOKENS, RESPONSES, SESSIONS};
pub(super) use stores::STORES;
pub(super) use texts::{COMPLETIONS, EMBEDDINGS, IMAGES, MODERATIONS, SPEECH};
pub(super) use threads::THREADS;

/// What OpenAI's endpoints have in common.
pub(super) const BASE: Dialect = Dialect {
    name: "",
    endings: &[],
    request: &Text,
    answer: &Text,
    event: &Text,
    json: Framing::Whole,
    bytes: None,
    wrapped: None,
    numbers: &[],
    streams: Streams::Asked,
    model: &["model"],
    subject: SUBJECT,
    usage: &[
        (&["usage", "prompt_tokens"], Tokens::Input),
        (&["usage", "completion_tokens"], Tokens::Output),
        (&["usage", "prompt_tokens_details", "cached_tokens"], Tokens::Cached),
    ],
    end: End::Payload("[DONE]"),
    refusal,
    state: State::NONE,
    error_event: None,
};

const SUBJECT: &[Pointer] = &[&["safety_identifier"], &["user"], &["metadata", "user_id"]];

pub(super) static TEXT_LANE: Shape = Lane(Strand::Text);

pub(super) static ARGUMENTS: Shape = Lane(Strand::Arguments);

/// What a tool takes that is no JSON.
static ARGUMENT: Shape = Lane(Strand::Argument);

/// Something that the provider keeps, by its id.
static REFERENCE: Shape = Either { plain: &Opaque, object: &Object { fields: &[("id", &Opaque)], rest: &Text } };

/// Notes of the caller's own program.
static METADATA: Shape = Object { fields: &[("user_id", &Shape::Subject)], rest: &Text };

/// An image's address, or an object with it.
pub(super) static IMAGE: Shape = Either {
    plain: &File,
    object: &Object { fields: &[("detail", &Opaque), ("file_id", &Opaque), ("url", &File)], rest: &Text },
};

/// OpenAI's error object.
fn refusal(refusal: &Refusal) -> String {
    let kind = if refusal.status < 500 { "invalid_request_error" } else { "server_error" };
    json!({"error": {"message": refusal.message, "type": kind, "param": null, "code": refusal.code}}).to_string()
}

/// The same as an event, in Realtime and in Responses: clients read it as either writes it.
fn error_event(refusal: &Refusal) -> String {
    let kind = if refusal.status < 500 { "invalid_request_error" } else { "server_error" };
    let error = json!({"type": kind, "code": refusal.code, "message": refusal.message, "param": null});
    let Refusal { status, code, message } = refusal;
    json!({"type": "error", "status": status, "code": code, "message": message, "param": null, "error": error})
        .to_string()
}
