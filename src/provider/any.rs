//! Any other JSON: every string, number and key is text. Answers with `choices` are read as those of a chat.

use serde_json::json;

use super::Shape::{self, Credential, Object, Text};
use super::openai::CHAT_CHOICE as CHOICE;
use super::{Dialect, End, Refusal, State, Streams};
use crate::wire::frame::Framing;

/// The tables for paths that no other dialect claims.
pub(super) static ANY: Dialect = Dialect {
    name: "any",
    endings: &[],
    request: &REQUEST,
    answer: &ANSWER,
    event: &ANSWER,
    json: Framing::Whole,
    bytes: None,
    wrapped: None,
    numbers: &[],
    streams: Streams::Asked,
    model: &["model"],
    subject: &[&["user"]],
    usage: &[],
    end: End::Close,
    refusal,
    state: State::NONE,
    error_event: None,
};

/// All is text but the credentials for tools, which most APIs take under these names.
static REQUEST: Shape = Object {
    fields: &[
        ("mcp_servers", &Object { fields: &[("authorization_token", &Credential)], rest: &Text }),
        ("safety_identifier", &Shape::Subject),
        ("tools", &Object { fields: &[("authorization", &Credential), ("headers", &Credential)], rest: &Text }),
        ("user", &Shape::Subject),
    ],
    rest: &Text,
};

static ANSWER: Shape = Object { fields: &[("choices", &CHOICE)], rest: &Text };

/// `error.message` is where clients of most APIs look first.
fn refusal(refusal: &Refusal) -> String {
    json!({"error": {"message": refusal.message, "type": "blotter_refused", "code": refusal.code}}).to_string()
}
