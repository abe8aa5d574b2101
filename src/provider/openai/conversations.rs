//! Conversations that the provider keeps. OpenAI's and Mistral's have the same path and other members.

use super::super::Shape::{self, Flow, Object, Opaque, Said, Text, Tool};
use super::super::{Dialect, State, Strand};
use super::chat::RESPONSE_FORMAT;
use super::events::ANSWER_ITEM;
use super::items::ITEM;
use super::{BASE, CHAT_PART, CHAT_TOOL, METADATA};
use crate::role::Role;

/// `…/conversations` and what is in one.
pub(in crate::provider) static CONVERSATIONS: Dialect = Dialect {
    name: "openai/conversations",
    endings: &[
        "conversations",
        "conversations/*",
        "conversations/*/items",
        "conversations/*/items/*",
        "conversations/*/restart",
    ],
    request: &REQUEST,
    answer: &ANSWER,
    event: &EVENT,
    numbers: &["output_index", "content_index"],
    state: State { asks: &[], tells: &[&["id"], &["conversation_id"]] },
    ..BASE
};

static REQUEST: Shape = Object {
    fields: &[
        ("agent_id", &Opaque),
        ("completion_args", &COMPLETION),
        ("from_entry_id", &Opaque),
        ("instructions", &Said(Role::System, &Text)),
        ("inputs", &ITEM),
        ("items", &ITEM),
        ("metadata", &METADATA),
        ("model", &Opaque),
        ("tool_confirmations", &Object { fields: &[("tool_call_id", &Opaque)], rest: &Text }),
        ("tools", &Said(Role::System, &CHAT_TOOL)),
    ],
    rest: &Text,
};

/// How the model is to answer.
static COMPLETION: Shape = Object {
    fields: &[
        ("prediction", &CHAT_PART),
        ("reasoning_effort", &Opaque),
        ("response_format", &RESPONSE_FORMAT),
        ("stop", &Opaque),
        ("tool_choice", &Opaque),
    ],
    rest: &Text,
};

static ANSWER: Shape = Object {
    fields: &[
        ("content", &Object { fields: &[("type", &Opaque)], rest: &Text }),
        ("conversation_id", &Opaque),
        ("data", &ANSWER_ITEM),
        ("first_id", &Opaque),
        ("id", &Opaque),
        ("last_id", &Opaque),
        ("object", &Opaque),
        ("outputs", &ANSWER_ITEM),
        ("usage", &Opaque),
    ],
    rest: &Text,
};

/// Mistral's events, `message.output.delta` and `function.call.delta`.
static EVENT: Shape = Object {
    fields: &[
        ("arguments", &super::ARGUMENTS),
        (
            "content",
            &Shape::Either {
                plain: &CONTENT,
                object: &Object {
                    fields: &[
                        ("reference_ids", &Opaque),
                        ("signature", &Opaque),
                        ("text", &CONTENT),
                        ("thinking", &Flow(&Object { fields: &[("text", &THINKING)], rest: &Text })),
                        ("type", &Opaque),
                    ],
                    rest: &Text,
                },
            },
        ),
        ("agent_id", &Opaque),
        ("conversation_id", &Opaque),
        ("id", &Opaque),
        ("model", &Opaque),
        ("name", &Tool),
        ("tool_call_id", &Opaque),
        ("type", &Opaque),
        ("usage", &Opaque),
    ],
    rest: &Text,
};

static CONTENT: Shape = Shape::NamedLane("content", Strand::Text);
static THINKING: Shape = Shape::NamedLane("thinking", Strand::Text);
