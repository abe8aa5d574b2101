//! Anthropic's Messages.
//!
//! Source: the request and answer types of anthropic-sdk-python 2.12.0 and recorded traffic.

use serde_json::json;

use super::Shape::{
    self, Credential, Either, File, Kinds, Lane, LaneEnd, Object, Offset, Opaque, Said, Sealed, Signed, Subject, Text,
    Tool,
};
use super::schema::SCHEMA;
use super::{Dialect, End, Refusal, State, Strand, Streams, Tokens, Unit};
use crate::role::Role;
use crate::wire::frame::Framing;

/// `…/messages`, and the same body under Vertex's and Bedrock's paths.
pub(super) static MESSAGES: Dialect = Dialect {
    name: "anthropic/messages",
    endings: &[
        "messages",
        "anthropic/models/{model}:rawPredict",
        "anthropic/models/{model}:streamRawPredict",
        "model/*anthropic*/invoke",
    ],
    ..BASE
};

/// Bedrock's `/model/{id}/invoke-with-response-stream`: events in binary messages.
pub(super) static INVOKE_STREAM: Dialect = Dialect {
    name: "anthropic/invoke-stream",
    endings: &["model/*anthropic*/invoke-with-response-stream"],
    wrapped: Some("bytes"),
    streams: Streams::Always,
    ..BASE
};

/// `…/messages/count_tokens`: the same request, an answer of one number.
pub(super) static COUNT_TOKENS: Dialect = Dialect {
    name: "anthropic/count_tokens",
    endings: &["messages/count_tokens"],
    answer: &Text,
    usage: &[(&["input_tokens"], Tokens::Input)],
    ..BASE
};

/// `…/messages/batches`: many requests, answered later.
pub(super) static BATCHES: Dialect = Dialect {
    name: "anthropic/batches",
    endings: &["messages/batches", "messages/batches/*", "messages/batches/*/results"],
    bytes: Some(Framing::Lines),
    state: State { asks: &[], tells: &[&["id"]] },
    request: &BATCH,
    answer: &Object { fields: &[("data", &Opaque), ("id", &Opaque), ("results_url", &Opaque)], rest: &Text },
    event: &Object {
        fields: &[
            ("custom_id", &Opaque),
            ("result", &Object { fields: &[("message", &Shape::Again(&ANSWER)), ("type", &Opaque)], rest: &Text }),
        ],
        rest: &Text,
    },
    subject: &[],
    usage: &[],
    ..BASE
};

/// `…/complete`, the endpoint before Messages.
pub(super) static COMPLETE: Dialect =
    Dialect { name: "anthropic/complete", endings: &["complete"], answer: &COMPLETION, event: &COMPLETION, ..BASE };

const BASE: Dialect = Dialect {
    name: "",
    endings: &[],
    request: &REQUEST,
    answer: &ANSWER,
    event: &EVENT,
    json: Framing::Whole,
    bytes: None,
    wrapped: None,
    numbers: &["index"],
    streams: Streams::Asked,
    model: &["model"],
    subject: &[&["metadata", "user_id"]],
    usage: &[
        (&["usage", "input_tokens"], Tokens::Input),
        (&["usage", "output_tokens"], Tokens::Output),
        (&["usage", "cache_read_input_tokens"], Tokens::Cached),
        (&["message", "usage", "input_tokens"], Tokens::Input),
        (&["message", "usage", "output_tokens"], Tokens::Output),
        (&["message", "usage", "cache_read_input_tokens"], Tokens::Cached),
    ],
    end: End::Member("type", &["message_stop"]),
    refusal,
    state: State::NONE,
    error_event: None,
};

static BATCH: Shape = Object {
    fields: &[("requests", &Object { fields: &[("custom_id", &Opaque), ("params", &REQUEST)], rest: &Text })],
    rest: &Text,
};

static COMPLETION: Shape = Object {
    fields: &[
        ("completion", &Lane(Strand::Text)),
        ("id", &Opaque),
        ("log_id", &Opaque),
        ("model", &Opaque),
        ("stop", &Opaque),
        ("stop_reason", &Opaque),
        ("type", &Opaque),
    ],
    rest: &Text,
};

static REQUEST: Shape = Object {
    fields: &[
        ("betas", &Opaque),
        ("cache_control", &Opaque),
        ("container", &CONTAINER),
        ("diagnostics", &Object { fields: &[("previous_message_id", &Opaque)], rest: &Text }),
        (
            "fallback_credit_token",
            &Either { plain: &Opaque, object: &Object { fields: &[("token", &Opaque)], rest: &Text } },
        ),
        ("mcp_servers", &MCP_SERVER),
        ("messages", &Object { fields: &[("content", &BLOCK), ("role", &Opaque)], rest: &Text }),
        ("metadata", &Object { fields: &[("user_id", &Subject)], rest: &Text }),
        ("model", &Opaque),
        ("output_config", &Object { fields: &[("effort", &Opaque), ("format", &FORMAT)], rest: &Text }),
        ("output_format", &FORMAT),
        ("service_tier", &Opaque),
        ("stop_sequences", &Opaque),
        ("system", &Said(Role::System, &BLOCK)),
        ("thinking", &Opaque),
        ("tool_choice", &Object { fields: &[("name", &Opaque), ("type", &Opaque)], rest: &Opaque }),
        ("tools", &Said(Role::System, &TOOL)),
        ("user_profile_id", &Opaque),
    ],
    rest: &Text,
};

/// Where code runs, by its id.
static CONTAINER: Shape = Either {
    plain: &Opaque,
    object: &Object {
        fields: &[
            ("id", &Opaque),
            (
                "skills",
                &Object { fields: &[("skill_id", &Opaque), ("type", &Opaque), ("version", &Opaque)], rest: &Text },
            ),
        ],
        rest: &Text,
    },
};

pub(super) static MCP_SERVER: Shape = Object {
    fields: &[("authorization_token", &Credential), ("name", &Opaque), ("type", &Opaque), ("url", &Opaque)],
    rest: &Text,
};

static FORMAT: Shape = Object { fields: &[("schema", &SCHEMA), ("type", &Opaque)], rest: &Text };

static TOOL: Shape = Object {
    fields: &[
        ("cache_control", &Opaque),
        ("input_schema", &SCHEMA),
        ("mcp_server_name", &Opaque),
        ("name", &Opaque),
        ("type", &Opaque),
    ],
    rest: &Text,
};

/// A content block of a request; a plain string is text.
pub(super) static BLOCK: Shape = Kinds {
    tag: "type",
    kinds: &[
        ("bash_code_execution_tool_result", &RESULT),
        ("code_execution_tool_result", &RESULT),
        ("mcp_tool_result", &RESULT),
        ("redacted_thinking", &Object { fields: &[("data", &Opaque), ("type", &Opaque)], rest: &Text }),
        ("text_editor_code_execution_tool_result", &RESULT),
        ("thinking", &THINKING),
        ("tool_result", &RESULT),
        ("tool_search_tool_result", &RESULT),
        ("web_fetch_tool_result", &RESULT),
        ("web_search_tool_result", &RESULT),
    ],
    rest: &PLAIN_BLOCK,
};

/// What a tool gave; it stands in a message of the user's or of the model's.
static RESULT: Shape = Said(Role::Tool, &PLAIN_BLOCK);

pub(super) static THINKING: Shape = Sealed { seal: "signature", under: &THOUGHT };

static THOUGHT: Shape =
    Object { fields: &[("signature", &Opaque), ("thinking", &Signed), ("type", &Opaque)], rest: &Text };

/// Who called a tool: the model, or a program of its own.
static CALLER: Shape = Object { fields: &[("tool_id", &Opaque), ("type", &Opaque)], rest: &Text };

static PLAIN_BLOCK: Shape = Object {
    fields: &[
        ("cache_control", &Opaque),
        ("caller", &CALLER),
        ("citations", &CITATION),
        ("content", &BLOCK),
        ("encrypted_content", &Opaque),
        ("encrypted_stdout", &Opaque),
        ("file_id", &Opaque),
        ("id", &Opaque),
        ("name", &Opaque),
        ("server_name", &Opaque),
        ("signature", &Opaque),
        ("source", &SOURCE),
        ("state_changes", &TAB),
        ("tabs", &TAB),
        ("tool_name", &Opaque),
        ("tool_references", &Object { fields: &[("tool_name", &Opaque), ("type", &Opaque)], rest: &Text }),
        ("tool_use_id", &Opaque),
        ("toolset_name", &Opaque),
        ("type", &Opaque),
        ("url", &Opaque),
    ],
    rest: &Text,
};

/// What a browser shows, and what happened in it.
static TAB: Shape = Object { fields: &[("download_id", &Opaque), ("tab_id", &Opaque), ("type", &Opaque)], rest: &Text };

/// Where a document or an image comes from. `data` is base64 or, in a source of type `text`, text.
static SOURCE: Shape = Kinds {
    tag: "type",
    kinds: &[
        ("base64", &Object { fields: &[("data", &File), ("media_type", &Opaque), ("type", &Opaque)], rest: &Text }),
        ("content", &Object { fields: &[("content", &BLOCK), ("type", &Opaque)], rest: &Text }),
        ("file", &Object { fields: &[("file_id", &Opaque), ("type", &Opaque)], rest: &Text }),
        ("url", &Object { fields: &[("type", &Opaque), ("url", &Opaque)], rest: &Text }),
    ],
    rest: &Object { fields: &[("media_type", &Opaque), ("type", &Opaque)], rest: &Text },
};

static CITATION: Shape = Object {
    fields: &[
        ("encrypted_index", &Opaque),
        ("end_char_index", &PLACE),
        ("file_id", &Opaque),
        ("start_char_index", &PLACE),
        ("type", &Opaque),
        ("url", &Opaque),
    ],
    rest: &Text,
};

/// Where in a document of the request a citation points: no lane of the answer.
static PLACE: Shape = Offset("document", Unit::Characters);

pub(super) static ANSWER: Shape = Object {
    fields: &[
        ("container", &Opaque),
        ("content", &ANSWER_BLOCK),
        ("id", &Opaque),
        ("model", &Opaque),
        ("request_id", &Opaque),
        ("role", &Opaque),
        ("stop_reason", &Opaque),
        ("stop_sequence", &Opaque),
        ("type", &Opaque),
        ("usage", &Opaque),
    ],
    rest: &Text,
};

/// A content block of an answer. Thinking is signed over its text: it goes to the caller as the provider wrote it.
pub(super) static ANSWER_BLOCK: Shape = Kinds {
    tag: "type",
    kinds: &[("redacted_thinking", &Opaque), ("thinking", &Opaque)],
    rest: &Object {
        fields: &[
            ("caller", &Opaque),
            ("citations", &CITATION),
            ("content", &BLOCK),
            ("encrypted_content", &Opaque),
            ("id", &Opaque),
            ("input", &Lane(Strand::Arguments)),
            ("name", &Tool),
            ("server_name", &Opaque),
            ("signature", &Opaque),
            ("text", &Lane(Strand::Text)),
            ("tool_use_id", &Opaque),
            ("type", &Opaque),
        ],
        rest: &Text,
    },
};

static EVENT: Shape =
    Kinds { tag: "type", kinds: EVENT_KINDS, rest: &Object { fields: &[("type", &Opaque)], rest: &Text } };

/// What an event may say that it is.
pub(super) const EVENT_KINDS: &[(&str, &Shape)] = &[
    ("content_block_delta", &Object { fields: &[("delta", &DELTA)], rest: &Opaque }),
    ("content_block_start", &Object { fields: &[("content_block", &ANSWER_BLOCK)], rest: &Opaque }),
    ("content_block_stop", &Object { fields: &[("index", &LaneEnd)], rest: &Opaque }),
    (
        "message_delta",
        &Object {
            fields: &[("delta", &Object { fields: &[("stop_details", &STOPPED)], rest: &Opaque })],
            rest: &Opaque,
        },
    ),
    ("message_start", &Object { fields: &[("message", &ANSWER)], rest: &Opaque }),
    ("message_stop", &Opaque),
    ("ping", &Opaque),
];

/// Why the model stopped.
static STOPPED: Shape = Object { fields: &[("explanation", &Text)], rest: &Opaque };

static DELTA: Shape = Kinds {
    tag: "type",
    kinds: &[
        (
            "compaction_delta",
            &Object { fields: &[("content", &Lane(Strand::Text)), ("encrypted_content", &Opaque)], rest: &Opaque },
        ),
        ("citations_delta", &Object { fields: &[("citation", &CITATION), ("type", &Opaque)], rest: &Text }),
        ("signature_delta", &Opaque),
        ("thinking_delta", &Opaque),
    ],
    rest: &Object {
        fields: &[
            ("encrypted_content", &Opaque),
            ("partial_json", &Lane(Strand::Arguments)),
            ("text", &Lane(Strand::Text)),
            ("type", &Opaque),
        ],
        rest: &Text,
    },
};

/// Anthropic's error object.
fn refusal(refusal: &Refusal) -> String {
    let kind = match refusal.status {
        401 => "authentication_error",
        403 => "permission_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        400..500 => "invalid_request_error",
        503 => "overloaded_error",
        _ => "api_error",
    };
    json!({"type": "error", "error": {"type": kind, "message": refusal.message}, "blotter": refusal.code}).to_string()
}
