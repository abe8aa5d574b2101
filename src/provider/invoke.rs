//! Bedrock's InvokeModel: the vendors' own bodies under one path, whole and as binary messages that hold events in base64.
//!
//! Where the path names Anthropic its own tables are used; it may name a profile as well, which hides the vendor, so here the
//! shapes of all stand side by side: their members do not contradict each other. Source: Amazon's guide "Inference request
//! parameters and response fields for foundation models", from general knowledge, without recordings.

use super::Shape::{self, Kinds, Lane, LaneEnd, Mirror, Object, Opaque, Said, Text, Tool};
use super::anthropic::{self, EVENT_KINDS};
use super::bedrock::{self, OUTPUT, TOOLS};
use super::openai::{CHAT_CALL, CHAT_PART, CHAT_SAID, FUNCTION};
use super::schema::SCHEMA;
use super::{Dialect, End, State, Strand, Streams, Tokens};
use crate::role::Role;
use crate::wire::frame::Framing;

/// `/model/{id}/invoke`.
pub(super) static INVOKE: Dialect = Dialect { name: "bedrock/invoke", endings: &["model/{model}/invoke"], ..BASE };

/// `/model/{id}/invoke-with-response-stream`.
pub(super) static INVOKE_STREAM: Dialect = Dialect {
    name: "bedrock/invoke-stream",
    endings: &["model/{model}/invoke-with-response-stream"],
    wrapped: Some("bytes"),
    streams: Streams::Always,
    ..BASE
};

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
        (&["usage", "inputTokens"], Tokens::Input),
        (&["usage", "outputTokens"], Tokens::Output),
        (&["usage", "prompt_tokens"], Tokens::Input),
        (&["usage", "completion_tokens"], Tokens::Output),
        (&["prompt_token_count"], Tokens::Input),
        (&["generation_token_count"], Tokens::Output),
        (&["inputTextTokenCount"], Tokens::Input),
        (&["amazon-bedrock-invocationMetrics", "inputTokenCount"], Tokens::Input),
        (&["amazon-bedrock-invocationMetrics", "outputTokenCount"], Tokens::Output),
    ],
    end: End::Close,
    refusal: bedrock::refusal,
    state: State::NONE,
    error_event: None,
};

static REQUEST: Shape = Object {
    fields: &[
        ("anthropic_beta", &Opaque),
        ("anthropic_version", &Opaque),
        ("chat_history", &Object { fields: &[("role", &Opaque)], rest: &Text }),
        ("documents", &Object { fields: &[("id", &Opaque)], rest: &Text }),
        ("images", &Opaque),
        ("inferenceConfig", &Object { fields: &[("stopSequences", &Opaque)], rest: &Text }),
        ("inputImage", &Opaque),
        ("messages", &MESSAGE),
        ("model", &Opaque),
        ("preamble", &Said(Role::System, &Text)),
        ("schemaVersion", &Opaque),
        ("seed", &Opaque),
        ("stop", &Opaque),
        ("stop_sequences", &Opaque),
        ("system", &Said(Role::System, &PART)),
        ("textGenerationConfig", &Object { fields: &[("stopSequences", &Opaque)], rest: &Text }),
        ("thinking", &Opaque),
        ("toolConfig", &TOOLS),
        ("tool_choice", &Object { fields: &[("name", &Opaque), ("type", &Opaque)], rest: &Opaque }),
        ("tool_results", &Said(Role::Tool, &Text)),
        ("tools", &Said(Role::System, &TOOL)),
    ],
    rest: &Text,
};

static MESSAGE: Shape = Object {
    fields: &[("content", &PART), ("role", &Opaque), ("tool_call_id", &Opaque), ("tool_calls", &CHAT_CALL)],
    rest: &Text,
};

/// A part as Anthropic's, a chat's or Converse's, which says no type; a plain string is text.
static PART: Shape = Kinds {
    tag: "type",
    kinds: &[
        ("file", &CHAT_PART),
        ("image_url", &CHAT_PART),
        ("input_audio", &CHAT_PART),
        ("document", &anthropic::BLOCK),
        ("image", &anthropic::BLOCK),
        ("redacted_thinking", &anthropic::BLOCK),
        ("search_result", &anthropic::BLOCK),
        ("server_tool_use", &anthropic::BLOCK),
        ("text", &anthropic::BLOCK),
        ("thinking", &anthropic::BLOCK),
        ("tool_result", &anthropic::BLOCK),
        ("tool_use", &anthropic::BLOCK),
    ],
    rest: &bedrock::BLOCK,
};

static TOOL: Shape = Object {
    fields: &[
        ("cache_control", &Opaque),
        ("function", &FUNCTION),
        ("input_schema", &SCHEMA),
        ("name", &Opaque),
        ("type", &Opaque),
    ],
    rest: &Text,
};

/// A whole answer, and an event of a vendor whose events say no type.
static ANSWER: Shape = Object {
    fields: &[
        ("amazon-bedrock-guardrailAction", &Opaque),
        ("amazon-bedrock-invocationMetrics", &Opaque),
        ("choices", &CHOICE),
        ("completion", &TEXT_LANE),
        ("completionReason", &LaneEnd),
        ("content", &anthropic::ANSWER_BLOCK),
        ("contentBlockDelta", &Object { fields: &[("delta", &bedrock::DELTA)], rest: &Opaque }),
        ("contentBlockStart", &Object { fields: &[("start", &bedrock::ANSWER_BLOCK)], rest: &Opaque }),
        ("contentBlockStop", &LaneEnd),
        ("embedding", &Opaque),
        ("embeddings", &Opaque),
        ("event_type", &Opaque),
        ("finish_reason", &LaneEnd),
        ("generation", &TEXT_LANE),
        ("generation_id", &Opaque),
        ("generations", &GENERATION),
        ("id", &Opaque),
        ("images", &Opaque),
        ("messageStart", &Opaque),
        ("messageStop", &LaneEnd),
        ("metadata", &Opaque),
        ("model", &Opaque),
        ("object", &Opaque),
        ("output", &OUTPUT),
        ("outputText", &TEXT_LANE),
        ("outputs", &GENERATION),
        ("p", &Opaque),
        ("response_id", &Opaque),
        ("results", &GENERATION),
        ("role", &Opaque),
        ("stopReason", &LaneEnd),
        ("stop_reason", &LaneEnd),
        ("text", &TEXT_LANE),
        ("tool_calls", &Object { fields: &[("name", &Tool), ("parameters", &Lane(Strand::Arguments))], rest: &Text }),
        ("type", &Opaque),
        ("usage", &Opaque),
    ],
    rest: &Text,
};

static EVENT: Shape = Kinds { tag: "type", kinds: EVENT_KINDS, rest: &ANSWER };

static TEXT_LANE: Shape = Lane(Strand::Text);

static CHOICE: Shape = Object {
    fields: &[
        ("delta", &CHAT_SAID),
        ("finish_reason", &LaneEnd),
        ("index", &Opaque),
        ("logprobs", &Mirror),
        ("message", &CHAT_SAID),
        ("stop_reason", &LaneEnd),
        ("text", &TEXT_LANE),
    ],
    rest: &Text,
};

/// One of the texts of an answer.
static GENERATION: Shape = Object {
    fields: &[
        ("completionReason", &LaneEnd),
        ("finish_reason", &LaneEnd),
        ("id", &Opaque),
        ("outputText", &TEXT_LANE),
        ("stop_reason", &LaneEnd),
        ("text", &TEXT_LANE),
    ],
    rest: &Text,
};
