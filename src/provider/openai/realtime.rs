//! Realtime: a conversation over one WebSocket, in words and in sound.

use super::super::Shape::{self, Again, Kinds, LaneEnd, Media, NamedLane, Object, Opaque, Said, Text, Tool};
use super::super::{Dialect, State, Strand};
use super::items::TOOL;
use super::responses::{CHOICE, PROMPT, RESPONSES_BASE, SESSION};
use super::{ARGUMENTS, IMAGE, METADATA};
use crate::role::Role;

/// `…/realtime`.
pub(in crate::provider) static REALTIME: Dialect = Dialect {
    name: "openai/realtime",
    endings: &["realtime"],
    request: &ASKED,
    answer: &Text,
    event: &EVENT,
    numbers: &["item_id", "output_index", "content_index"],
    model: &["session", "model"],
    state: State::NONE,
    ..RESPONSES_BASE
};

/// What the caller's events say.
static ASKED: Shape = Object {
    fields: &[
        ("audio", &Media),
        ("event_id", &Opaque),
        ("item", &ITEM),
        ("item_id", &Opaque),
        ("previous_item_id", &Opaque),
        ("response", &RESPONSE),
        ("response_id", &Opaque),
        ("session", &SESSION),
        ("type", &Opaque),
    ],
    rest: &Text,
};

static ITEM: Shape = Kinds {
    tag: "type",
    kinds: &[
        ("function_call", &Said(Role::Assistant, &PLAIN_ITEM)),
        ("function_call_output", &Said(Role::Tool, &PLAIN_ITEM)),
        ("mcp_call", &Said(Role::Tool, &PLAIN_ITEM)),
    ],
    rest: &PLAIN_ITEM,
};

static PLAIN_ITEM: Shape = Object {
    fields: &[
        ("approval_request_id", &Opaque),
        ("call_id", &Opaque),
        ("content", &PART),
        ("id", &Opaque),
        ("name", &Opaque),
        ("object", &Opaque),
        ("role", &Opaque),
        ("server_label", &Opaque),
        ("status", &Opaque),
        ("tools", &TOOL),
        ("type", &Opaque),
    ],
    rest: &Text,
};

static PART: Shape = Object {
    fields: &[("audio", &Media), ("detail", &Opaque), ("id", &Opaque), ("image_url", &IMAGE), ("type", &Opaque)],
    rest: &Text,
};

/// How the next answer is to be.
static RESPONSE: Shape = Object {
    fields: &[
        ("audio", &super::responses::AUDIO),
        ("conversation", &Opaque),
        ("input", &ITEM),
        ("instructions", &Said(Role::System, &Text)),
        ("metadata", &METADATA),
        ("modalities", &Opaque),
        ("output_modalities", &Opaque),
        ("prompt", &PROMPT),
        ("tool_choice", &CHOICE),
        ("tools", &Said(Role::System, &TOOL)),
        ("voice", &Opaque),
    ],
    rest: &Text,
};

/// An event: a piece of a lane, the end of one, or what was said so far, whole.
static EVENT: Shape = Kinds {
    tag: "type",
    kinds: &[
        ("conversation.item.input_audio_transcription.completed", &DONE),
        ("conversation.item.input_audio_transcription.delta", &HEARD),
        ("conversation.item.input_audio_transcription.failed", &DONE),
        ("conversation.item.input_audio_transcription.segment", &SEGMENT),
        ("response.audio.delta", &Opaque),
        ("response.audio_transcript.delta", &SPOKEN),
        ("response.audio_transcript.done", &DONE),
        ("response.done", &DONE),
        ("response.function_call_arguments.delta", &CALLED),
        ("response.function_call_arguments.done", &DONE),
        ("response.mcp_call_arguments.delta", &CALLED),
        ("response.mcp_call_arguments.done", &DONE),
        ("response.output_audio.delta", &Opaque),
        ("response.output_audio_transcript.delta", &SPOKEN),
        ("response.output_audio_transcript.done", &DONE),
        ("response.output_text.delta", &WRITTEN),
        ("response.output_text.done", &DONE),
        ("response.text.delta", &WRITTEN),
        ("response.text.done", &DONE),
    ],
    rest: &WHOLE,
};

static HEARD: Shape = Object { fields: &[("delta", &NamedLane("heard", Strand::Text))], rest: &Opaque };
static SEGMENT: Shape = Object { fields: &[("text", &NamedLane("segment", Strand::Text))], rest: &Opaque };
static SPOKEN: Shape = Object { fields: &[("delta", &NamedLane("transcript", Strand::Text))], rest: &Opaque };
static WRITTEN: Shape = Object { fields: &[("delta", &NamedLane("output_text", Strand::Text))], rest: &Opaque };
static CALLED: Shape = Object { fields: &[("delta", &NamedLane("arguments", Strand::Arguments))], rest: &Opaque };

/// What an event may hold that says a thing whole.
macro_rules! whole {
    ($kind:expr) => {
        Object {
            fields: &[
                ("arguments", &Again(&ARGUMENTS)),
                ("event_id", &Opaque),
                ("item", &ANSWER_ITEM),
                ("item_id", &Opaque),
                ("name", &Tool),
                ("obfuscation", &Opaque),
                ("part", &ANSWER_PART),
                ("previous_item_id", &Opaque),
                ("response", &ANSWER),
                ("response_id", &Opaque),
                ("type", $kind),
            ],
            rest: &Text,
        }
    };
}

static WHOLE: Shape = whole!(&Opaque);

/// The lanes of its item get no more text; without an item, none does.
static DONE: Shape = whole!(&LaneEnd);

static ANSWER: Shape = Object {
    fields: &[
        ("conversation_id", &Opaque),
        ("id", &Opaque),
        ("object", &Opaque),
        ("output", &ANSWER_ITEM),
        ("status", &Opaque),
        ("usage", &Opaque),
    ],
    rest: &Text,
};

static ANSWER_ITEM: Shape = Object {
    fields: &[
        ("arguments", &Again(&ARGUMENTS)),
        ("call_id", &Opaque),
        ("content", &ANSWER_PART),
        ("id", &Opaque),
        ("name", &Tool),
        ("object", &Opaque),
        ("role", &Opaque),
        ("status", &Opaque),
        ("type", &Opaque),
    ],
    rest: &Text,
};

static ANSWER_PART: Shape =
    Object { fields: &[("audio", &Opaque), ("image_url", &Opaque), ("type", &Opaque)], rest: &Text };
