//! Chat completions.

use super::super::Shape::{
    self, Credential, Either, File, Flow, Kinds, LaneEnd, Mirror, NamedLane, Object, Offset, Opaque, Said, Sealed,
    Signed, Subject, Text, Tool,
};
use super::super::anthropic;
use super::super::schema::SCHEMA;
use super::super::{Dialect, Strand, Unit};
use super::{ARGUMENT, ARGUMENTS, BASE, IMAGE, METADATA, TEXT_LANE};
use crate::role::Role;

/// `…/chat/completions`.
pub(in crate::provider) static CHAT: Dialect = Dialect {
    name: "openai/chat",
    endings: &[
        "deployments/{model}/chat/completions",
        "chat/completions",
        "chat/completions/*",
        "mistralai/models/{model}:rawPredict",
        "mistralai/models/{model}:streamRawPredict",
    ],
    request: &REQUEST,
    answer: &ANSWER,
    event: &ANSWER,
    ..BASE
};

pub(in crate::provider) static REQUEST: Shape = Object {
    fields: &[
        ("audio", &Opaque),
        ("data_sources", &Object { fields: &[("parameters", &SEARCH)], rest: &Text }),
        ("function_call", &CALLED),
        ("functions", &Said(Role::System, &FUNCTION)),
        ("include", &Opaque),
        ("logit_bias", &Opaque),
        ("messages", &MESSAGE),
        ("metadata", &METADATA),
        ("modalities", &Opaque),
        ("model", &Opaque),
        ("models", &Opaque),
        (
            "prediction",
            &Said(Role::Assistant, &Object { fields: &[("type", &Opaque), ("content", &PART)], rest: &Text }),
        ),
        ("prompt_cache_retention", &Opaque),
        ("reasoning", &Opaque),
        ("reasoning_effort", &Opaque),
        ("response_format", &Said(Role::System, &RESPONSE_FORMAT)),
        ("safety_identifier", &Subject),
        ("seed", &Opaque),
        ("service_tier", &Opaque),
        ("stop", &Opaque),
        ("stream_options", &Opaque),
        ("tool_choice", &TOOL_CHOICE),
        ("tools", &Said(Role::System, &TOOL)),
        ("user", &Subject),
        ("verbosity", &Opaque),
    ],
    rest: &Text,
};

/// Azure's own search behind a chat.
static SEARCH: Shape = Object { fields: &[("authentication", &Credential), ("endpoint", &Opaque)], rest: &Text };

pub(in crate::provider) static MESSAGE: Shape = Object {
    fields: &[
        ("audio", &Object { fields: &[("id", &Opaque)], rest: &Text }),
        ("content", &PART),
        ("function_call", &CALLED),
        ("reasoning_details", &SEALED_DETAIL),
        ("role", &Opaque),
        ("thinking_blocks", &THINKING),
        ("tool_call_id", &Opaque),
        ("tool_calls", &TOOL_CALL),
    ],
    rest: &Text,
};

/// One part of a message's content; a plain string is text.
pub(in crate::provider) static PART: Shape = Object {
    fields: &[
        ("cache_control", &Opaque),
        ("document_url", &File),
        ("file", &Object { fields: &[("file_data", &File), ("file_id", &Opaque)], rest: &Text }),
        ("file_id", &Opaque),
        ("image_url", &IMAGE),
        ("input_audio", &Object { fields: &[("data", &Opaque), ("format", &Opaque)], rest: &Text }),
        ("type", &Opaque),
    ],
    rest: &Text,
};

/// A gateway's account of Anthropic's thinking.
static THINKING: Shape = Kinds {
    tag: "type",
    kinds: &[("redacted_thinking", &Object { fields: &[("data", &Opaque), ("type", &Opaque)], rest: &Text })],
    rest: &anthropic::THINKING,
};

/// OpenRouter's account of a vendor's signed reasoning.
static SEALED_DETAIL: Shape = Kinds {
    tag: "type",
    kinds: &[("reasoning.encrypted", &DETAIL)],
    rest: &Sealed { seal: "signature", under: &DETAIL },
};

static DETAIL: Shape = Object {
    fields: &[
        ("data", &Opaque),
        ("format", &Opaque),
        ("id", &Opaque),
        ("signature", &Opaque),
        ("summary", &Signed),
        ("text", &Signed),
        ("type", &Opaque),
    ],
    rest: &Text,
};

pub(in crate::provider) static TOOL_CALL: Shape = Object {
    fields: &[
        ("custom", &CALLED),
        ("extra_content", &EXTRA),
        ("function", &CALLED),
        ("id", &Opaque),
        ("type", &Opaque),
    ],
    rest: &Text,
};

/// Where Gemini behind this API keeps a thought's signature.
static EXTRA: Shape =
    Object { fields: &[("google", &Object { fields: &[("thought_signature", &Opaque)], rest: &Text })], rest: &Text };

static TOOL_CHOICE: Shape = Object {
    fields: &[
        ("allowed_tools", &Object { fields: &[("mode", &Opaque), ("tools", &TOOL_CHOICE)], rest: &Text }),
        ("custom", &CALLED),
        ("function", &CALLED),
        ("name", &Opaque),
        ("type", &Opaque),
    ],
    rest: &Opaque,
};

static CALLED: Shape = Object { fields: &[("name", &Opaque)], rest: &Text };

pub(in crate::provider) static TOOL: Shape = Object {
    fields: &[
        ("cache_control", &Opaque),
        ("custom", &Object { fields: &[("format", &GRAMMAR), ("name", &Opaque)], rest: &Text }),
        ("function", &FUNCTION),
        ("type", &Opaque),
    ],
    rest: &Text,
};

pub(in crate::provider) static FUNCTION: Shape =
    Object { fields: &[("name", &Opaque), ("parameters", &SCHEMA)], rest: &Text };

static GRAMMAR: Shape = Object {
    fields: &[("grammar", &Object { fields: &[("syntax", &Opaque)], rest: &Text }), ("type", &Opaque)],
    rest: &Text,
};

static RESPONSE_FORMAT: Shape = Object {
    fields: &[
        ("json_schema", &Object { fields: &[("name", &Opaque), ("schema", &SCHEMA)], rest: &Text }),
        ("type", &Opaque),
    ],
    rest: &Text,
};

/// A whole answer and a chunk of a streamed one: they differ in `message` and `delta` only.
pub(in crate::provider) static ANSWER: Shape = Object {
    fields: &[
        ("choices", &CHOICE),
        ("created", &Opaque),
        ("id", &Opaque),
        ("model", &Opaque),
        ("object", &Opaque),
        ("obfuscation", &Opaque),
        ("service_tier", &Opaque),
        ("system_fingerprint", &Opaque),
        ("usage", &Opaque),
    ],
    rest: &Text,
};

pub(in crate::provider) static CHOICE: Shape = Object {
    fields: &[
        ("delta", &SAID),
        ("finish_reason", &LaneEnd),
        ("index", &Opaque),
        ("logprobs", &Mirror),
        ("message", &SAID),
    ],
    rest: &Text,
};

/// What a message or a piece of one says. A field that a vendor adds tomorrow is a lane like the others.
pub(in crate::provider) static SAID: Shape = Object {
    fields: &[
        ("annotations", &Object { fields: &[("url_citation", &CITATION)], rest: &Text }),
        ("audio", &Object { fields: &[("transcript", &TEXT_LANE)], rest: &Opaque }),
        ("content", &CONTENT),
        ("function_call", &CALLS),
        ("reasoning", &TEXT_LANE),
        ("reasoning_content", &TEXT_LANE),
        ("reasoning_details", &Opaque),
        ("refusal", &TEXT_LANE),
        ("role", &Opaque),
        ("thinking_blocks", &Opaque),
        (
            "tool_calls",
            &Object {
                fields: &[
                    ("custom", &CALLS),
                    ("extra_content", &Opaque),
                    ("function", &CALLS),
                    ("id", &Opaque),
                    ("index", &Opaque),
                    ("type", &Opaque),
                ],
                rest: &Text,
            },
        ),
    ],
    rest: &TEXT_LANE,
};

static CITATION: Shape =
    Object { fields: &[("end_index", &PLACE), ("start_index", &PLACE), ("url", &Opaque)], rest: &Text };

static PLACE: Shape = Offset("content", Unit::Characters);

/// What is said, or (Mistral) a list of parts, of which each chunk brings the next piece.
static CONTENT: Shape = Flow(&Either { plain: &TEXT_LANE, object: &SAID_PART });

static SAID_PART: Shape = Kinds {
    tag: "type",
    kinds: &[("text", &Object { fields: &[("text", &TEXT_LANE), ("type", &Opaque)], rest: &Text })],
    rest: &Object {
        fields: &[
            ("image_url", &Opaque),
            ("reference_ids", &Opaque),
            ("thinking", &Flow(&Object { fields: &[("text", &NamedLane("thinking", Strand::Text))], rest: &Text })),
            ("type", &Opaque),
        ],
        rest: &Text,
    },
};

static CALLS: Shape =
    Object { fields: &[("arguments", &ARGUMENTS), ("input", &ARGUMENT), ("name", &Tool)], rest: &Text };
