//! Ollama's own endpoints. Those it shares with OpenAI and Anthropic have their paths too.
//!
//! Source: Ollama `fb30760`, its Go types, and recorded traffic.

use serde_json::json;

use super::Shape::{self, Either, Lane, Mirror, Object, Opaque, Said, Text, TextOrTokens, Tool};
use super::openai::CHAT_TOOL;
use super::schema::SCHEMA;
use super::{Dialect, End, Refusal, State, Strand, Streams, Tokens};
use crate::role::Role;
use crate::wire::frame::Framing;

/// `/api/chat`.
pub(super) static CHAT: Dialect = Dialect { name: "ollama/chat", endings: &["api/chat"], ..BASE };

/// `/api/generate`.
pub(super) static GENERATE: Dialect = Dialect { name: "ollama/generate", endings: &["api/generate"], ..BASE };

/// `/api/embed`, and the endpoint before it.
pub(super) static EMBED: Dialect = Dialect {
    name: "ollama/embed",
    endings: &["api/embed", "api/embeddings"],
    answer: &Text,
    streams: Streams::Asked,
    ..BASE
};

const BASE: Dialect = Dialect {
    name: "",
    endings: &[],
    request: &REQUEST,
    answer: &ANSWER,
    event: &ANSWER,
    json: Framing::Whole,
    bytes: None,
    wrapped: None,
    numbers: &[],
    streams: Streams::UnlessRefused,
    model: &["model"],
    subject: &[],
    usage: &[(&["prompt_eval_count"], Tokens::Input), (&["eval_count"], Tokens::Output)],
    end: End::Member("done", &["true"]),
    refusal,
    state: State::NONE,
    error_event: None,
};

/// The endpoints share their members.
static REQUEST: Shape = Object {
    fields: &[
        // The former turn as the model's tokens.
        ("context", &TextOrTokens),
        ("format", &Either { plain: &Opaque, object: &SCHEMA }),
        ("images", &Opaque),
        ("input", &TextOrTokens),
        ("keep_alive", &Opaque),
        ("messages", &MESSAGE),
        ("model", &Opaque),
        ("options", &Object { fields: &[("seed", &Opaque), ("stop", &Opaque)], rest: &Text }),
        ("system", &Said(Role::System, &Text)),
        ("think", &Opaque),
        ("tools", &Said(Role::System, &CHAT_TOOL)),
    ],
    rest: &Text,
};

static MESSAGE: Shape = Object {
    fields: &[
        ("images", &Opaque),
        ("role", &Opaque),
        ("tool_call_id", &Opaque),
        ("tool_calls", &Object { fields: &[("function", &CALLED), ("id", &Opaque), ("type", &Opaque)], rest: &Text }),
    ],
    rest: &Text,
};

static CALLED: Shape = Object { fields: &[("index", &Opaque), ("name", &Opaque)], rest: &Text };

/// A whole answer and a line of a streamed one.
static ANSWER: Shape = Object {
    fields: &[
        ("context", &Opaque),
        ("created_at", &Opaque),
        ("done_reason", &Opaque),
        ("logprobs", &Mirror),
        ("message", &SAID),
        ("model", &Opaque),
        ("response", &Lane(Strand::Text)),
        ("thinking", &Lane(Strand::Text)),
    ],
    rest: &Text,
};

static SAID: Shape = Object {
    fields: &[
        ("content", &Lane(Strand::Text)),
        ("role", &Opaque),
        ("thinking", &Lane(Strand::Text)),
        (
            "tool_calls",
            &Object {
                fields: &[
                    (
                        "function",
                        &Object {
                            fields: &[("arguments", &Lane(Strand::Arguments)), ("index", &Opaque), ("name", &Tool)],
                            rest: &Text,
                        },
                    ),
                    ("id", &Opaque),
                    ("type", &Opaque),
                ],
                rest: &Text,
            },
        ),
    ],
    rest: &Text,
};

/// Ollama's error is a text.
fn refusal(refusal: &Refusal) -> String {
    json!({"error": refusal.message, "code": refusal.code}).to_string()
}
