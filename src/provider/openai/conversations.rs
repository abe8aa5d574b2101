//! Conversations that the provider keeps. OpenAI's and Mistral's have the same path and other members.

use super::super::Shape::{self, Object, Opaque, Said, Text, Tool};
use super::super::{Dialect, State, Strand};
use super::events::ANSWER_ITEM;
use super::items::ITEM;
use super::{BASE, CHAT_TOOL, METADATA};
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
        ("from_entry_id", &Opaque),
        ("instructions", &Said(Role::System, &Text)),
        ("inputs", &ITEM),
        ("items", &ITEM),
        ("metadata", &METADATA),
        ("model", &Opaque),
        ("tools", &Said(Role::System, &CHAT_TOOL)),
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
                object: &Object { fields: &[("text", &CONTENT), ("type", &Opaque)], rest: &Text },
            },
        ),
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
