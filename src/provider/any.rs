//! Any other JSON: every string, number and key is text. Answers with `choices` are read as those of a chat.

use serde_json::json;

use super::Shape::{self, Credential, Either, Lane, NamedLane, Object, Text, TextOrTokens};
use super::openai::CHAT_CHOICE as CHOICE;
use super::{Dialect, End, Refusal, State, Strand, Streams};
use crate::wire::frame::Framing;

/// The tables for paths that no other dialect claims.
pub(super) static ANY: Dialect = Dialect {
    name: "any",
    endings: &[],
    request: &REQUEST,
    answer: &ANSWER,
    event: &EVENT,
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

/// LM Studio's `/api/v1/chat`.
pub(super) static LM_STUDIO: Dialect = Dialect { name: "lmstudio/chat", endings: &["api/v1/chat"], ..ANY };

/// All is text but the credentials for tools and what a tokenizer made, which most APIs take under these names.
static REQUEST: Shape = Object {
    fields: &[
        ("input_ids", &TextOrTokens),
        ("mcp_servers", &Object { fields: &[("authorization_token", &Credential)], rest: &Text }),
        ("prompt", &TextOrTokens),
        ("prompt_token_ids", &TextOrTokens),
        ("safety_identifier", &Shape::Subject),
        ("tools", &Object { fields: &[("authorization", &Credential), ("headers", &Credential)], rest: &Text }),
        ("user", &Shape::Subject),
    ],
    rest: &Text,
};

static ANSWER: Shape = Object { fields: &[("choices", &CHOICE)], rest: &Text };

/// Most APIs bring the pieces of a text under one of these names.
static EVENT: Shape = Object {
    fields: &[
        ("choices", &CHOICE),
        ("completion", &TEXT_LANE),
        ("content", &TEXT_LANE),
        ("delta", &DELTA),
        ("generated_text", &TEXT_LANE),
        ("output", &Object { fields: &[("choices", &CHOICE), ("text", &TEXT_LANE)], rest: &Text }),
        ("response", &TEXT_LANE),
        ("results", &Object { fields: &[("generated_text", &TEXT_LANE)], rest: &Text }),
        ("text", &TEXT_LANE),
        ("token", &Object { fields: &[("text", &NamedLane("token", Strand::Text))], rest: &Text }),
    ],
    rest: &Text,
};

static DELTA: Shape = Either {
    plain: &NamedLane("delta", Strand::Text),
    object: &Object { fields: &[("content", &TEXT_LANE), ("text", &TEXT_LANE)], rest: &Text },
};

static TEXT_LANE: Shape = Lane(Strand::Text);

/// `error.message` is where clients of most APIs look first.
fn refusal(refusal: &Refusal) -> String {
    json!({"error": {"message": refusal.message, "type": "blotter_refused", "code": refusal.code}}).to_string()
}
