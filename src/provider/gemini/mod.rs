//! Gemini, on Google AI and on Vertex. Names come in camel case or in snake case.
//!
//! Source: the types of google-genai 3.4.0 for Python and recorded traffic.

mod answer;
mod interactions;
mod live;
mod tools;

use serde_json::json;

use super::Shape::{self, File, Object, Opaque, Said, Text};
use super::schema::SCHEMA;
use super::{Dialect, End, Refusal, State, Streams, Tokens};
use crate::role::Role;
use crate::wire::frame::Framing;

use answer::ANSWER;
use tools::{TOOL, TOOL_CONFIG};

pub(super) use interactions::INTERACTIONS;
pub(super) use live::LIVE;

/// `…:generateContent`, and what else takes contents and answers whole.
pub(super) static GENERATE: Dialect = Dialect {
    name: "gemini/generate",
    endings: &[
        "{model}:generateContent",
        "{model}:countTokens",
        "{model}:batchGenerateContent",
        "cachedContents",
        "cachedContents/*",
    ],
    ..BASE
};

/// `…:streamGenerateContent`: events if asked for with `alt=sse`, else one JSON list that grows.
pub(super) static STREAM: Dialect = Dialect {
    name: "gemini/stream",
    endings: &["{model}:streamGenerateContent"],
    json: Framing::Elements,
    streams: Streams::Always,
    ..BASE
};

/// `…:embedContent`.
pub(super) static EMBED: Dialect = Dialect {
    name: "gemini/embed",
    endings: &["{model}:embedContent", "{model}:batchEmbedContents", "{model}:asyncBatchEmbedContent"],
    answer: &Text,
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
    streams: Streams::Asked,
    model: &["model"],
    subject: &[],
    usage: &[
        (&["usageMetadata", "promptTokenCount"], Tokens::Input),
        (&["usageMetadata", "candidatesTokenCount"], Tokens::Output),
        (&["usageMetadata", "cachedContentTokenCount"], Tokens::Cached),
        (&["totalTokens"], Tokens::Input),
    ],
    // Some models write a finish reason into every chunk, so none ends the stream.
    end: End::Close,
    refusal,
    state: State { asks: &[&["cachedContent"], &["cached_content"]], tells: &[&["name"]] },
    error_event: None,
};

/// The endpoints share their members.
static REQUEST: Shape = Object {
    fields: &[
        ("batch", &BATCH),
        ("cachedContent", &Opaque),
        ("cached_content", &Opaque),
        ("content", &CONTENT),
        ("contents", &CONTENT),
        ("generateContentRequest", &REQUEST),
        ("generate_content_request", &REQUEST),
        ("generationConfig", &CONFIG),
        ("generation_config", &CONFIG),
        ("model", &Opaque),
        ("name", &Opaque),
        ("request", &REQUEST),
        ("requests", &REQUEST),
        ("safetySettings", &SAFETY),
        ("safety_settings", &SAFETY),
        ("systemInstruction", &SYSTEM),
        ("system_instruction", &SYSTEM),
        ("taskType", &Opaque),
        ("task_type", &Opaque),
        ("toolConfig", &TOOL_CONFIG),
        ("tool_config", &TOOL_CONFIG),
        ("tools", &Said(Role::System, &TOOL)),
        ("ttl", &Opaque),
    ],
    rest: &Text,
};

static BATCH: Shape = Object {
    fields: &[("inputConfig", &BATCH_INPUT), ("input_config", &BATCH_INPUT), ("model", &Opaque)],
    rest: &Text,
};

static BATCH_INPUT: Shape = Object {
    fields: &[
        ("fileName", &Opaque),
        ("file_name", &Opaque),
        ("requests", &Object { fields: &[("requests", &REQUEST)], rest: &Text }),
    ],
    rest: &Text,
};

static CONTENT: Shape = Object { fields: &[("parts", &PART), ("role", &Opaque)], rest: &Text };

static SYSTEM: Shape = Said(Role::System, &CONTENT);

static PART: Shape = Object {
    fields: &[
        ("codeExecutionResult", &Said(Role::Tool, &CODE)),
        ("code_execution_result", &Said(Role::Tool, &CODE)),
        ("executableCode", &CODE),
        ("executable_code", &CODE),
        ("fileData", &MEDIA),
        ("file_data", &MEDIA),
        ("functionCall", &CALL),
        ("functionResponse", &Said(Role::Tool, &RESPONSE)),
        ("function_call", &CALL),
        ("function_response", &Said(Role::Tool, &RESPONSE)),
        ("inlineData", &MEDIA),
        ("inline_data", &MEDIA),
        ("mediaResolution", &Opaque),
        ("media_resolution", &Opaque),
        ("thoughtSignature", &Opaque),
        ("thought_signature", &Opaque),
        ("toolCall", &CALL),
        ("toolResponse", &Said(Role::Tool, &RESPONSE)),
        ("tool_call", &CALL),
        ("tool_response", &Said(Role::Tool, &RESPONSE)),
        ("videoMetadata", &Opaque),
        ("video_metadata", &Opaque),
    ],
    rest: &Text,
};

static CODE: Shape = Object { fields: &[("id", &Opaque), ("language", &Opaque), ("outcome", &Opaque)], rest: &Text };

static MEDIA: Shape = Object {
    fields: &[
        ("data", &File),
        ("fileUri", &Opaque),
        ("file_uri", &Opaque),
        ("mimeType", &Opaque),
        ("mime_type", &Opaque),
    ],
    rest: &Text,
};

static CALL: Shape = Object {
    fields: &[("id", &Opaque), ("name", &Opaque), ("toolType", &Opaque), ("tool_type", &Opaque)],
    rest: &Text,
};

static RESPONSE: Shape = Object {
    fields: &[
        ("id", &Opaque),
        ("name", &Opaque),
        ("parts", &PART),
        ("scheduling", &Opaque),
        ("toolType", &Opaque),
        ("tool_type", &Opaque),
    ],
    rest: &Text,
};

static CONFIG: Shape = Object {
    fields: &[
        ("_responseJsonSchema", &SCHEMA),
        ("mediaResolution", &Opaque),
        ("media_resolution", &Opaque),
        ("responseJsonSchema", &SCHEMA),
        ("responseMimeType", &Opaque),
        ("responseModalities", &Opaque),
        ("responseSchema", &SCHEMA),
        ("response_json_schema", &SCHEMA),
        ("response_mime_type", &Opaque),
        ("response_modalities", &Opaque),
        ("response_schema", &SCHEMA),
        ("seed", &Opaque),
        ("speechConfig", &SPEECH),
        ("speech_config", &SPEECH),
        ("stopSequences", &Opaque),
        ("stop_sequences", &Opaque),
    ],
    rest: &Text,
};

/// How an answer sounds, with samples of voices.
static SPEECH: Shape = Object {
    fields: &[
        ("consentAudio", &Opaque),
        ("consent_audio", &Opaque),
        ("mimeType", &Opaque),
        ("mime_type", &Opaque),
        ("multiSpeakerVoiceConfig", &SPEECH),
        ("multi_speaker_voice_config", &SPEECH),
        ("replicatedVoiceConfig", &SPEECH),
        ("replicated_voice_config", &SPEECH),
        ("signature", &Opaque),
        ("speakerVoiceConfigs", &SPEECH),
        ("speaker_voice_configs", &SPEECH),
        ("voiceConfig", &SPEECH),
        ("voiceConsentSignature", &SPEECH),
        ("voiceSampleAudio", &Opaque),
        ("voice_config", &SPEECH),
        ("voice_consent_signature", &SPEECH),
        ("voice_sample_audio", &Opaque),
    ],
    rest: &Text,
};

static SAFETY: Shape =
    Object { fields: &[("category", &Opaque), ("method", &Opaque), ("threshold", &Opaque)], rest: &Text };

/// Google's error object.
fn refusal(refusal: &Refusal) -> String {
    let status = match refusal.status {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        408 | 504 => "DEADLINE_EXCEEDED",
        429 => "RESOURCE_EXHAUSTED",
        400..500 => "INVALID_ARGUMENT",
        502 | 503 => "UNAVAILABLE",
        _ => "INTERNAL",
    };
    let details =
        json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": refusal.code, "domain": "blotter"}]);
    json!({"error": {"code": refusal.status, "message": refusal.message, "status": status, "details": details}})
        .to_string()
}
