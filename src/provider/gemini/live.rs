//! Live: contents in, contents and transcripts out, over one WebSocket.

use super::super::Shape::{self, Flow, LaneEnd, Media, NamedLane, Object, Opaque, Said, Text};
use super::super::{Dialect, End, State, Strand, Tokens};
use super::answer::{ANSWER_PART, CALLED};
use super::{BASE, CONFIG, CONTENT, RESPONSE, SYSTEM, TOOL};
use crate::role::Role;

/// `…BidiGenerateContent`, on Google AI and on Vertex.
pub(in crate::provider) static LIVE: Dialect = Dialect {
    name: "gemini/live",
    endings: &["*.BidiGenerateContent*", "*BidiService/BidiGenerateContent"],
    request: &ASKED,
    answer: &Text,
    event: &EVENT,
    model: &["setup", "model"],
    usage: &[
        (&["usageMetadata", "promptTokenCount"], Tokens::Input),
        (&["usageMetadata", "responseTokenCount"], Tokens::Output),
        (&["usageMetadata", "cachedContentTokenCount"], Tokens::Cached),
    ],
    end: End::Close,
    state: State::NONE,
    ..BASE
};

static ASKED: Shape = Object {
    fields: &[
        ("clientContent", &TURNS),
        ("client_content", &TURNS),
        ("realtimeInput", &INPUT),
        ("realtime_input", &INPUT),
        ("setup", &SETUP),
        ("toolResponse", &Said(Role::Tool, &RESULTS)),
        ("tool_response", &Said(Role::Tool, &RESULTS)),
    ],
    rest: &Text,
};

static SETUP: Shape = Object {
    fields: &[
        ("generationConfig", &CONFIG),
        ("generation_config", &CONFIG),
        ("model", &Opaque),
        ("sessionResumption", &RESUMPTION),
        ("session_resumption", &RESUMPTION),
        ("systemInstruction", &SYSTEM),
        ("system_instruction", &SYSTEM),
        ("tools", &Said(Role::System, &TOOL)),
    ],
    rest: &Text,
};

static RESUMPTION: Shape = Object { fields: &[("handle", &Opaque)], rest: &Text };

static TURNS: Shape = Object { fields: &[("turns", &CONTENT)], rest: &Text };

static INPUT: Shape = Object {
    fields: &[("audio", &Media), ("mediaChunks", &Media), ("media_chunks", &Media), ("video", &Media)],
    rest: &Text,
};

static RESULTS: Shape =
    Object { fields: &[("functionResponses", &RESPONSE), ("function_responses", &RESPONSE)], rest: &Text };

/// A message: a piece of what the model says, of what it heard or spoke, a call, or the end of a turn.
static EVENT: Shape = Object {
    fields: &[
        ("serverContent", &SAID),
        ("sessionResumptionUpdate", &Object { fields: &[("newHandle", &Opaque)], rest: &Text }),
        ("toolCall", &Object { fields: &[("functionCalls", &CALLED)], rest: &Text }),
        ("toolCallCancellation", &Opaque),
        ("usageMetadata", &Opaque),
    ],
    rest: &Text,
};

static SAID: Shape = Object {
    fields: &[
        ("generationComplete", &LaneEnd),
        ("inputTranscription", &HEARD),
        ("interrupted", &LaneEnd),
        ("modelTurn", &Object { fields: &[("parts", &Flow(&ANSWER_PART)), ("role", &Opaque)], rest: &Text }),
        ("outputTranscription", &SPOKEN),
        ("turnComplete", &LaneEnd),
    ],
    rest: &Text,
};

static HEARD: Shape = Object { fields: &[("text", &NamedLane("heard", Strand::Text))], rest: &Opaque };
static SPOKEN: Shape = Object { fields: &[("text", &NamedLane("transcript", Strand::Text))], rest: &Opaque };
