//! What Gemini answers with.

use super::super::Shape::{self, Flow, Kinds, Lane, Mirror, NamedLane, Object, Offset, Opaque, Text, Tool};
use super::super::{Strand, Unit};
use super::{CODE, RESPONSE};

/// A whole answer and a chunk of a streamed one.
pub(super) static ANSWER: Shape = Object {
    fields: &[
        ("candidates", &CANDIDATE),
        ("modelVersion", &Opaque),
        ("model_version", &Opaque),
        ("name", &Opaque),
        ("responseId", &Opaque),
        ("response_id", &Opaque),
        ("usageMetadata", &Opaque),
        ("usage_metadata", &Opaque),
    ],
    rest: &Text,
};

static CANDIDATE: Shape = Object {
    fields: &[
        ("citationMetadata", &CITATIONS),
        ("content", &Object { fields: &[("parts", &Flow(&ANSWER_PART)), ("role", &Opaque)], rest: &Text }),
        ("finishReason", &Opaque),
        ("finish_reason", &Opaque),
        ("groundingMetadata", &GROUNDING),
        ("index", &Opaque),
        ("logprobsResult", &Mirror),
        ("logprobs_result", &Mirror),
        ("safetyRatings", &Opaque),
        ("safety_ratings", &Opaque),
    ],
    rest: &Text,
};

/// Google AI's name and Vertex's.
static CITATIONS: Shape = Object { fields: &[("citationSources", &CITED), ("citations", &CITED)], rest: &Text };

static CITED: Shape = Object { fields: &[("endIndex", &PLACE), ("startIndex", &PLACE), ("uri", &Opaque)], rest: &Text };

static GROUNDING: Shape =
    Object { fields: &[("groundingSupports", &Object { fields: &[("segment", &SEGMENT)], rest: &Text })], rest: &Text };

static SEGMENT: Shape = Object { fields: &[("endIndex", &PLACE), ("startIndex", &PLACE)], rest: &Text };

static PLACE: Shape = Offset("text", Unit::Bytes);

/// A part that the model said, thought or called. What it thinks and what it says are two lanes.
pub(super) static ANSWER_PART: Shape = Kinds {
    tag: "thought",
    kinds: &[(
        "true",
        &Object {
            fields: &[
                ("text", &NamedLane("thought", Strand::Text)),
                ("thoughtSignature", &Opaque),
                ("thought_signature", &Opaque),
            ],
            rest: &Text,
        },
    )],
    rest: &Object {
        fields: &[
            ("codeExecutionResult", &CODE),
            ("code_execution_result", &CODE),
            ("executableCode", &CODE),
            ("executable_code", &CODE),
            ("fileData", &Opaque),
            ("file_data", &Opaque),
            ("functionCall", &CALLED),
            ("functionResponse", &RESPONSE),
            ("function_call", &CALLED),
            ("function_response", &RESPONSE),
            ("inlineData", &Opaque),
            ("inline_data", &Opaque),
            ("text", &Lane(Strand::Text)),
            ("thoughtSignature", &Opaque),
            ("thought_signature", &Opaque),
            ("toolCall", &CALLED),
            ("tool_call", &CALLED),
        ],
        rest: &Text,
    },
};

pub(super) static CALLED: Shape = Object {
    fields: &[
        ("args", &Lane(Strand::Arguments)),
        ("id", &Opaque),
        ("name", &Tool),
        ("partialArgs", &Flow(&PARTIAL)),
        ("partial_args", &Flow(&PARTIAL)),
    ],
    rest: &Text,
};

/// A piece of one argument.
static PARTIAL: Shape = Object {
    fields: &[
        ("jsonPath", &Opaque),
        ("json_path", &Opaque),
        ("stringValue", &Lane(Strand::Argument)),
        ("string_value", &Lane(Strand::Argument)),
    ],
    rest: &Text,
};
