//! Chat completions.

use super::super::Shape::{
    self, Again, Credential, Either, File, Flow, Kinds, LaneEnd, Mirror, NamedLane, Object, Offset, Opaque, Said,
    Sealed, Signed, Subject, Text, TextOrTokens, Tool,
};
use super::super::anthropic;
use super::super::schema::SCHEMA;
use super::super::{Dialect, Strand, Unit};
use super::{ARGUMENT, ARGUMENTS, BASE, IMAGE, METADATA, REFERENCE, TEXT_LANE};
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
    event: &CHUNK,
    ..BASE
};

pub(in crate::provider) static REQUEST: Shape = Object {
    fields: &[
        ("audio", &Object { fields: &[("format", &Opaque), ("voice", &REFERENCE)], rest: &Text }),
        ("data_sources", &Object { fields: &[("parameters", &SEARCH)], rest: &Text }),
        ("function_call", &CALLED),
        ("functions", &Said(Role::System, &FUNCTION)),
        ("include", &Opaque),
        ("input_ids", &TextOrTokens),
        ("logit_bias", &Opaque),
        ("messages", &MESSAGE),
        ("metadata", &METADATA),
        ("modalities", &Opaque),
        ("model", &Opaque),
        ("models", &Opaque),
        ("moderation", &Object { fields: &[("model", &Opaque)], rest: &Text }),
        (
            "prediction",
            &Said(Role::Assistant, &Object { fields: &[("type", &Opaque), ("content", &PART)], rest: &Text }),
        ),
        ("prompt_cache_retention", &Opaque),
        ("prompt_mode", &Opaque),
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
        ("images", &PART),
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
        ("audio_url", &IMAGE),
        ("cache_control", &Opaque),
        ("document_url", &File),
        ("file", &Object { fields: &[("file_data", &File), ("file_id", &Opaque)], rest: &Text }),
        ("file_id", &Opaque),
        ("image", &IMAGE),
        ("image_url", &IMAGE),
        ("input_audio", &SOUND),
        ("reference_ids", &Opaque),
        ("signature", &Opaque),
        ("thinking", &Object { fields: &[("reference_ids", &Opaque), ("type", &Opaque)], rest: &Text }),
        ("type", &Opaque),
        ("video", &IMAGE),
        ("video_url", &IMAGE),
    ],
    rest: &Text,
};

/// Sound in base64, or (Mistral) perhaps its address.
pub(in crate::provider) static SOUND: Shape =
    Either { plain: &File, object: &Object { fields: &[("data", &Opaque), ("format", &Opaque)], rest: &Text } };

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
        ("authorization", &Credential),
        ("cache_control", &Opaque),
        ("connector_id", &Opaque),
        ("custom", &Object { fields: &[("format", &GRAMMAR), ("name", &Opaque)], rest: &Text }),
        ("function", &FUNCTION),
        ("library_ids", &Opaque),
        ("tool_configuration", &CONFIGURATION),
        ("type", &Opaque),
    ],
    rest: &Text,
};

/// Which of a connector's tools there are (Mistral).
static CONFIGURATION: Shape =
    Object { fields: &[("exclude", &Opaque), ("include", &Opaque), ("requires_confirmation", &Opaque)], rest: &Text };

pub(in crate::provider) static FUNCTION: Shape =
    Object { fields: &[("name", &Opaque), ("parameters", &SCHEMA)], rest: &Text };

static GRAMMAR: Shape = Object {
    fields: &[("grammar", &Object { fields: &[("syntax", &Opaque)], rest: &Text }), ("type", &Opaque)],
    rest: &Text,
};

pub(super) static RESPONSE_FORMAT: Shape = Object {
    fields: &[
        ("json_schema", &Object { fields: &[("name", &Opaque), ("schema", &SCHEMA)], rest: &Text }),
        ("type", &Opaque),
    ],
    rest: &Text,
};

/// An answer with choices of this shape.
macro_rules! answer {
    ($choice:expr) => {
        Object {
            fields: &[
                ("choices", $choice),
                ("created", &Opaque),
                ("id", &Opaque),
                ("model", &Opaque),
                ("object", &Opaque),
                ("obfuscation", &Opaque),
                ("prompt_logprobs", &Mirror),
                ("service_tier", &Opaque),
                ("system_fingerprint", &Opaque),
                ("usage", &Opaque),
            ],
            rest: &Text,
        }
    };
}

/// A choice with a message of this shape.
macro_rules! choice {
    ($message:expr) => {
        Object {
            fields: &[
                ("delta", &SAID),
                ("finish_reason", &LaneEnd),
                ("index", &Opaque),
                ("logprobs", &Mirror),
                ("message", $message),
                ("prompt_logprobs", &Mirror),
                ("text", &TEXT_LANE),
            ],
            rest: &Text,
        }
    };
}

pub(in crate::provider) static ANSWER: Shape = answer!(&CHOICE);

pub(in crate::provider) static CHOICE: Shape = choice!(&SAID);

/// A chunk of a streamed answer.
pub(in crate::provider) static CHUNK: Shape = answer!(&CHUNK_CHOICE);

pub(in crate::provider) static CHUNK_CHOICE: Shape = choice!(&SO_FAR);

/// What a message or a piece of one says. A field that a vendor adds tomorrow is a lane like the others.
pub(in crate::provider) static SAID: Shape = Object {
    fields: &[
        ("annotations", &Object { fields: &[("url_citation", &CITATION)], rest: &Text }),
        ("audio", &Object { fields: &[("transcript", &TEXT_LANE)], rest: &Opaque }),
        ("content", &CONTENT),
        ("function_call", &CALLS),
        ("images", &Opaque),
        ("reasoning", &TEXT_LANE),
        ("reasoning_content", &TEXT_LANE),
        ("reasoning_details", &Opaque),
        ("refusal", &TEXT_LANE),
        ("role", &Opaque),
        ("thinking_blocks", &Opaque),
        ("tool_call_id", &Opaque),
        ("tool_calls", &SAID_CALLS),
    ],
    rest: &TEXT_LANE,
};

static SAID_CALLS: Shape = Object {
    fields: &[
        ("custom", &CALLS),
        ("extra_content", &Opaque),
        ("function", &CALLS),
        ("id", &Opaque),
        ("index", &Opaque),
        ("type", &Opaque),
    ],
    rest: &Text,
};

/// What a chunk repeats as the message: all that was said so far, or the piece once more.
static SO_FAR: Shape = Object {
    fields: &[
        ("content", &NamedLane("message", Strand::Text)),
        ("function_call", &Again(&CALLS)),
        ("role", &Opaque),
        ("tool_calls", &Again(&SAID_CALLS)),
    ],
    rest: &Text,
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
            ("signature", &Opaque),
            ("thinking", &Flow(&Object { fields: &[("text", &NamedLane("thinking", Strand::Text))], rest: &Text })),
            ("type", &Opaque),
        ],
        rest: &Text,
    },
};

static CALLS: Shape =
    Object { fields: &[("arguments", &ARGUMENTS), ("input", &ARGUMENT), ("name", &Tool)], rest: &Text };
