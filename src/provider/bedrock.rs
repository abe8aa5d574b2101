//! Bedrock's Converse, and how any stream of Bedrock's tells an error.
//!
//! Source: the service model of botocore 1.44.5 and recorded traffic.

use serde_json::json;

use super::Shape::{self, File, Lane, LaneEnd, Object, Offset, Opaque, Said, Sealed, Signed, Text, Tool};
use super::schema::SCHEMA;
use super::{Dialect, End, Refusal, State, Strand, Streams, Tokens, Unit};
use crate::role::Role;
use crate::wire::frame::{self, Framing};

/// `/model/{id}/converse`, and the count of its tokens.
pub(super) static CONVERSE: Dialect =
    Dialect { name: "bedrock/converse", endings: &["model/{model}/converse", "model/{model}/count-tokens"], ..BASE };

/// `/model/{id}/converse-stream`: the same request, an answer of binary messages.
pub(super) static CONVERSE_STREAM: Dialect =
    Dialect { name: "bedrock/stream", endings: &["model/{model}/converse-stream"], streams: Streams::Always, ..BASE };

const BASE: Dialect = Dialect {
    name: "",
    endings: &[],
    request: &REQUEST,
    answer: &ANSWER,
    event: &EVENT,
    json: Framing::Whole,
    bytes: None,
    wrapped: None,
    numbers: &["contentBlockIndex"],
    streams: Streams::Asked,
    model: &["model"],
    subject: &[],
    usage: &[
        (&["usage", "inputTokens"], Tokens::Input),
        (&["usage", "outputTokens"], Tokens::Output),
        (&["usage", "cacheReadInputTokens"], Tokens::Cached),
    ],
    end: End::Close,
    refusal,
    state: State::NONE,
    error_event: None,
};

static REQUEST: Shape = Object {
    fields: &[
        ("additionalModelResponseFieldPaths", &Opaque),
        (
            "guardrailConfig",
            &Object {
                fields: &[("guardrailIdentifier", &Opaque), ("guardrailVersion", &Opaque), ("trace", &Opaque)],
                rest: &Text,
            },
        ),
        ("inferenceConfig", &Object { fields: &[("stopSequences", &Opaque)], rest: &Text }),
        ("input", &Object { fields: &[("converse", &REQUEST)], rest: &Text }),
        ("messages", &Object { fields: &[("content", &BLOCK), ("role", &Opaque)], rest: &Text }),
        ("outputConfig", &OUTPUT_FORMAT),
        ("system", &Said(Role::System, &BLOCK)),
        ("toolConfig", &TOOLS),
    ],
    rest: &Text,
};

static OUTPUT_FORMAT: Shape = Object {
    fields: &[("textFormat", &Object { fields: &[("structure", &STRUCTURE), ("type", &Opaque)], rest: &Text })],
    rest: &Text,
};

static STRUCTURE: Shape =
    Object { fields: &[("jsonSchema", &Object { fields: &[("name", &Opaque)], rest: &Text })], rest: &Text };

/// What the model may call.
pub(super) static TOOLS: Shape =
    Said(Role::System, &Object { fields: &[("toolChoice", &CHOICE), ("tools", &TOOL)], rest: &Text });

static CHOICE: Shape =
    Object { fields: &[("tool", &Object { fields: &[("name", &Opaque)], rest: &Text })], rest: &Text };

static TOOL: Shape = Object {
    fields: &[
        ("cachePoint", &CACHE),
        ("systemTool", &Object { fields: &[("name", &Opaque)], rest: &Text }),
        (
            "toolSpec",
            &Object {
                fields: &[("inputSchema", &Object { fields: &[("json", &SCHEMA)], rest: &Text }), ("name", &Opaque)],
                rest: &Text,
            },
        ),
    ],
    rest: &Text,
};

static CACHE: Shape = Object { fields: &[("ttl", &Opaque), ("type", &Opaque)], rest: &Text };

/// A block of a message, of a tool's result or of the system's words.
pub(super) static BLOCK: Shape = Object {
    fields: &[
        ("audio", &MEDIA),
        ("cachePoint", &CACHE),
        ("citationsContent", &Object { fields: &[("citations", &CITATION)], rest: &Text }),
        ("document", &MEDIA),
        (
            "guardContent",
            &Object {
                fields: &[("image", &MEDIA), ("text", &Object { fields: &[("qualifiers", &Opaque)], rest: &Text })],
                rest: &Text,
            },
        ),
        ("image", &MEDIA),
        ("reasoningContent", &REASONING),
        ("toolAddition", &NAMED_TOOL),
        ("toolRemoval", &NAMED_TOOL),
        (
            "toolResult",
            &Said(
                Role::Tool,
                &Object {
                    fields: &[("content", &BLOCK), ("status", &Opaque), ("toolUseId", &Opaque), ("type", &Opaque)],
                    rest: &Text,
                },
            ),
        ),
        ("toolUse", &Object { fields: &[("name", &Opaque), ("toolUseId", &Opaque), ("type", &Opaque)], rest: &Text }),
        ("video", &MEDIA),
    ],
    rest: &Text,
};

/// A tool that comes or goes, by its name.
static NAMED_TOOL: Shape = Object {
    fields: &[(
        "tool",
        &Object { fields: &[("name", &Opaque), ("serverName", &Opaque), ("type", &Opaque)], rest: &Text },
    )],
    rest: &Text,
};

static MEDIA: Shape = Object {
    fields: &[
        ("format", &Opaque),
        (
            "source",
            &Object {
                fields: &[
                    ("bytes", &File),
                    ("s3Location", &Object { fields: &[("bucketOwner", &Opaque), ("uri", &Opaque)], rest: &Text }),
                ],
                rest: &Text,
            },
        ),
    ],
    rest: &Text,
};

static CITATION: Shape = Object {
    fields: &[(
        "location",
        &Object {
            fields: &[
                ("documentChar", &Object { fields: &[("end", &PLACE), ("start", &PLACE)], rest: &Text }),
                ("web", &Object { fields: &[("url", &Opaque)], rest: &Text }),
            ],
            rest: &Text,
        },
    )],
    rest: &Text,
};

/// Where in a document of the request a citation points: no lane of the answer.
static PLACE: Shape = Offset("document", Unit::Characters);

/// Reasoning is signed over its text by some models: that goes both ways as the provider wrote it.
static REASONING: Shape = Object {
    fields: &[("reasoningText", &Sealed { seal: "signature", under: &SIGNED }), ("redactedContent", &Opaque)],
    rest: &Text,
};

static SIGNED: Shape = Object { fields: &[("signature", &Opaque), ("text", &Signed)], rest: &Text };

static ANSWER: Shape = Object {
    fields: &[("metrics", &Opaque), ("output", &OUTPUT), ("stopReason", &Opaque), ("usage", &Opaque)],
    rest: &Text,
};

/// What the model said.
pub(super) static OUTPUT: Shape = Object {
    fields: &[("message", &Object { fields: &[("content", &ANSWER_BLOCK), ("role", &Opaque)], rest: &Text })],
    rest: &Text,
};

/// A block of an answer.
pub(super) static ANSWER_BLOCK: Shape = Object {
    fields: &[
        ("audio", &Opaque),
        ("citationsContent", &Object { fields: &[("citations", &CITATION)], rest: &Text }),
        ("image", &Opaque),
        ("reasoningContent", &REASONING),
        ("text", &Lane(Strand::Text)),
        ("toolResult", &BLOCK),
        (
            "toolUse",
            &Object {
                fields: &[
                    ("input", &Lane(Strand::Arguments)),
                    ("name", &Tool),
                    ("toolUseId", &Opaque),
                    ("type", &Opaque),
                ],
                rest: &Text,
            },
        ),
        ("video", &Opaque),
    ],
    rest: &Text,
};

/// A message of the stream. Its kind stands in the message's head; the members of the kinds do not overlap.
static EVENT: Shape = Object {
    fields: &[
        ("delta", &DELTA),
        ("metrics", &Opaque),
        ("p", &Opaque),
        ("role", &Opaque),
        ("start", &ANSWER_BLOCK),
        ("stopReason", &LaneEnd),
        ("usage", &Opaque),
    ],
    rest: &Text,
};

/// A piece of a block. Whether reasoning is signed shows only at its end, so all of it goes to the caller as it came.
pub(super) static DELTA: Shape = Object {
    fields: &[
        ("citation", &CITATION),
        ("image", &Opaque),
        ("reasoningContent", &Opaque),
        ("text", &Lane(Strand::Text)),
        ("toolResult", &BLOCK),
        ("toolUse", &Object { fields: &[("input", &Lane(Strand::Arguments))], rest: &Text }),
    ],
    rest: &Text,
};

/// Bedrock's error is a message.
pub(super) fn refusal(refusal: &Refusal) -> String {
    json!({"message": refusal.message, "code": refusal.code}).to_string()
}

/// An error of Blotter's own as a message of a stream: one of the exceptions that the service model lists.
pub(super) fn exception(refusal: &Refusal) -> Vec<u8> {
    let kind = match refusal.status {
        429 => "throttlingException",
        400..500 => "validationException",
        502 => "modelStreamErrorException",
        503 => "serviceUnavailableException",
        _ => "internalServerException",
    };
    let headers = [(":exception-type", kind), (":content-type", "application/json"), (":message-type", "exception")];
    frame::message(&headers, json!({"message": refusal.message}).to_string().as_bytes())
}
