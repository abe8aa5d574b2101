//! Cohere.
//!
//! Source: the types of cohere-python 7.3.1 and recorded traffic.

use serde_json::json;

use super::Shape::{
    self, Again, Credential, Either, Kinds, Lane, LaneEnd, Mirror, Object, Offset, Opaque, Said, Text, TextOrTokens,
    Tool,
};
use super::openai::{CHAT_CHOICE, CHAT_MESSAGE, CHAT_TOOL, CHUNK_CHOICE, FUNCTION, IMAGE};
use super::schema::SCHEMA;
use super::{Dialect, End, Refusal, State, Strand, Streams, Tokens, Unit};
use crate::role::Role;
use crate::wire::frame::Framing;

/// `/v2/chat`.
pub(super) static CHAT: Dialect = Dialect {
    name: "cohere/chat",
    endings: &["v2/chat"],
    request: &REQUEST,
    answer: &ANSWER,
    event: &EVENT,
    usage: &[
        (&["usage", "tokens", "input_tokens"], Tokens::Input),
        (&["usage", "tokens", "output_tokens"], Tokens::Output),
        (&["delta", "usage", "tokens", "input_tokens"], Tokens::Input),
        (&["delta", "usage", "tokens", "output_tokens"], Tokens::Output),
    ],
    end: End::Member("type", &["message-end"]),
    ..BASE
};

/// `/v1/chat`, the endpoint before it; Writer's, which speaks as a chat, has the same path.
pub(super) static CHAT_V1: Dialect = Dialect {
    name: "cohere/v1",
    endings: &["v1/chat"],
    request: &REQUEST_V1,
    answer: &ANSWER_V1,
    event: &EVENT_V1,
    usage: &[
        (&["meta", "tokens", "input_tokens"], Tokens::Input),
        (&["meta", "tokens", "output_tokens"], Tokens::Output),
    ],
    end: End::Member("event_type", &["stream-end"]),
    ..BASE
};

/// Endpoints that take texts: embeddings, ranking.
pub(super) static TEXTS: Dialect = Dialect {
    name: "cohere/texts",
    endings: &["v1/embed", "v2/embed", "v1/rerank", "v2/rerank", "v1/classify", "v1/generate", "v1/summarize"],
    request: &TEXTS_REQUEST,
    answer: &Object { fields: &[("embeddings", &Opaque), ("id", &Opaque)], rest: &Text },
    ..BASE
};

/// `…/detokenize`, here and at other vendors: a text as the numbers of a tokenizer.
pub(super) static TOKENS: Dialect = Dialect {
    name: "tokens",
    endings: &["detokenize"],
    request: &Object { fields: &[("model", &Opaque), ("tokens", &TextOrTokens)], rest: &Text },
    ..BASE
};

const BASE: Dialect = Dialect {
    name: "",
    endings: &[],
    request: &Text,
    answer: &Text,
    event: &Text,
    json: Framing::Whole,
    bytes: None,
    wrapped: None,
    numbers: &["index"],
    streams: Streams::Asked,
    model: &["model"],
    subject: &[],
    usage: &[],
    end: End::Close,
    refusal,
    state: State::NONE,
    error_event: None,
};

/// A citation of a lane, by counting its characters.
macro_rules! citation {
    ($lane:literal) => {
        Object {
            fields: &[
                ("end", &Offset($lane, Unit::Characters)),
                ("sources", &Object { fields: &[("id", &Opaque), ("type", &Opaque)], rest: &Text }),
                ("start", &Offset($lane, Unit::Characters)),
                ("type", &Opaque),
            ],
            rest: &Text,
        }
    };
}

static REQUEST: Shape = Object {
    fields: &[
        ("documents", &DOCUMENT),
        ("messages", &MESSAGE),
        ("model", &Opaque),
        ("response_format", &FORMAT),
        ("safety_mode", &Opaque),
        ("seed", &Opaque),
        ("stop_sequences", &Opaque),
        ("tool_choice", &Opaque),
        ("tools", &Said(Role::System, &CHAT_TOOL)),
    ],
    rest: &Text,
};

static DOCUMENT: Shape = Object { fields: &[("id", &Opaque)], rest: &Text };

static FORMAT: Shape =
    Object { fields: &[("json_schema", &SCHEMA), ("schema", &SCHEMA), ("type", &Opaque)], rest: &Text };

static MESSAGE: Shape = Object {
    fields: &[
        ("citations", &CITATION),
        ("content", &PART),
        ("role", &Opaque),
        ("tool_call_id", &Opaque),
        (
            "tool_calls",
            &Object {
                fields: &[
                    ("function", &Object { fields: &[("name", &Opaque)], rest: &Text }),
                    ("id", &Opaque),
                    ("type", &Opaque),
                ],
                rest: &Text,
            },
        ),
    ],
    rest: &Text,
};

static PART: Shape =
    Object { fields: &[("document", &DOCUMENT), ("image_url", &IMAGE), ("type", &Opaque)], rest: &Text };

/// What a citation points at is told by its type.
static CITATION: Shape = Kinds {
    tag: "type",
    kinds: &[("PLAN", &citation!("tool_plan")), ("THINKING_CONTENT", &citation!("thinking"))],
    rest: &citation!("text"),
};

static ANSWER: Shape = Object {
    fields: &[
        ("finish_reason", &Opaque),
        ("id", &Opaque),
        ("logprobs", &Mirror),
        ("message", &SAID),
        ("usage", &Opaque),
    ],
    rest: &Text,
};

/// A whole message, or the piece of one that an event brings.
static SAID: Shape = Object {
    fields: &[
        ("citations", &CITATION),
        (
            "content",
            &Object { fields: &[("text", &TEXT_LANE), ("thinking", &TEXT_LANE), ("type", &Opaque)], rest: &Text },
        ),
        ("role", &Opaque),
        (
            "tool_calls",
            &Object {
                fields: &[
                    (
                        "function",
                        &Object { fields: &[("arguments", &Lane(Strand::Arguments)), ("name", &Tool)], rest: &Text },
                    ),
                    ("id", &Opaque),
                    ("type", &Opaque),
                ],
                rest: &Text,
            },
        ),
        ("tool_plan", &TEXT_LANE),
    ],
    rest: &Text,
};

static TEXT_LANE: Shape = Lane(Strand::Text);

static EVENT: Shape = Kinds {
    tag: "type",
    kinds: &[
        ("content-end", &Object { fields: &[("type", &LaneEnd)], rest: &Opaque }),
        ("tool-call-end", &Object { fields: &[("type", &LaneEnd)], rest: &Opaque }),
    ],
    rest: &Object {
        fields: &[
            (
                "delta",
                &Object { fields: &[("finish_reason", &Opaque), ("message", &SAID), ("usage", &Opaque)], rest: &Text },
            ),
            ("id", &Opaque),
            ("logprobs", &Mirror),
            ("type", &Opaque),
        ],
        rest: &Text,
    },
};

static REQUEST_V1: Shape = Object {
    fields: &[
        ("chat_history", &SAID_V1),
        ("connectors", &Object { fields: &[("id", &Opaque), ("user_access_token", &Credential)], rest: &Text }),
        ("conversation_id", &Opaque),
        ("documents", &DOCUMENT),
        ("messages", &CHAT_MESSAGE),
        ("model", &Opaque),
        ("preamble", &Said(Role::System, &Text)),
        ("prompt_truncation", &Opaque),
        ("response_format", &FORMAT),
        ("stop_sequences", &Opaque),
        ("tool_results", &Said(Role::Tool, &RESULT_V1)),
        ("tools", &Said(Role::System, &TOOL_V1)),
    ],
    rest: &Text,
};

static TOOL_V1: Shape =
    Object { fields: &[("function", &FUNCTION), ("name", &Opaque), ("type", &Opaque)], rest: &Text };

static SAID_V1: Shape = Object {
    fields: &[("role", &Opaque), ("tool_calls", &CALL_V1), ("tool_results", &Said(Role::Tool, &RESULT_V1))],
    rest: &Text,
};

static CALL_V1: Shape = Object { fields: &[("name", &Opaque)], rest: &Text };

static RESULT_V1: Shape = Object { fields: &[("call", &CALL_V1)], rest: &Text };

static ANSWER_V1: Shape = Object {
    fields: &[
        ("chat_history", &Text),
        ("choices", &CHAT_CHOICE),
        ("citations", &CITATION),
        ("finish_reason", &Opaque),
        ("generation_id", &Opaque),
        ("response_id", &Opaque),
        ("text", &TEXT_LANE),
        ("tool_calls", &Object { fields: &[("name", &Tool), ("parameters", &Lane(Strand::Arguments))], rest: &Text }),
    ],
    rest: &Text,
};

static EVENT_V1: Shape = Kinds {
    tag: "event_type",
    kinds: &[
        ("text-generation", &Object { fields: &[("text", &TEXT_LANE)], rest: &Opaque }),
        (
            "tool-calls-chunk",
            &Object {
                fields: &[
                    (
                        "tool_call_delta",
                        &Object {
                            fields: &[("name", &Tool), ("parameters", &Lane(Strand::Arguments)), ("text", &TEXT_LANE)],
                            rest: &Opaque,
                        },
                    ),
                    ("text", &TEXT_LANE),
                ],
                rest: &Opaque,
            },
        ),
    ],
    rest: &Object {
        fields: &[
            ("choices", &CHUNK_CHOICE),
            ("citations", &CITATION),
            ("event_type", &Opaque),
            ("finish_reason", &Opaque),
            ("generation_id", &Opaque),
            ("response", &Again(&ANSWER_V1)),
        ],
        rest: &Text,
    },
};

static TEXTS_REQUEST: Shape = Object {
    fields: &[
        ("images", &Opaque),
        ("inputs", &Object { fields: &[("content", &Either { plain: &Text, object: &PART })], rest: &Text }),
        ("model", &Opaque),
    ],
    rest: &Text,
};

/// Cohere's error is a message.
fn refusal(refusal: &Refusal) -> String {
    json!({"message": refusal.message, "code": refusal.code}).to_string()
}
