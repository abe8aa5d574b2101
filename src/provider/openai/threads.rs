//! Assistants: threads, their messages and runs.

use super::super::Shape::{self, Object, Opaque, Said, Text, Tool};
use super::super::schema::SCHEMA;
use super::super::{Dialect, State, Strand, Unit};
use super::{BASE, CHAT_TOOL, IMAGE, METADATA};
use crate::role::Role;

/// `…/threads/…`, `…/assistants`.
pub(in crate::provider) static THREADS: Dialect = Dialect {
    name: "openai/threads",
    endings: &[
        "assistants",
        "assistants/*",
        "threads",
        "threads/*",
        "threads/*/messages",
        "threads/*/messages/*",
        "threads/*/runs",
        "threads/*/runs/*",
        "threads/*/runs/*/submit_tool_outputs",
        "threads/runs",
    ],
    request: &REQUEST,
    answer: &ANSWER,
    event: &EVENT,
    state: State { asks: &[], tells: &[&["id"], &["thread_id"]] },
    ..BASE
};

static REQUEST: Shape = Object {
    fields: &[
        ("additional_instructions", &Said(Role::System, &Text)),
        ("additional_messages", &MESSAGE),
        ("assistant_id", &Opaque),
        ("attachments", &ATTACHMENT),
        ("content", &PART),
        ("include", &Opaque),
        ("instructions", &Said(Role::System, &Text)),
        ("messages", &MESSAGE),
        ("metadata", &METADATA),
        ("model", &Opaque),
        ("response_format", &Object { fields: &[("json_schema", &FORMAT), ("type", &Opaque)], rest: &Text }),
        ("role", &Opaque),
        ("thread", &REQUEST),
        ("tool_choice", &Opaque),
        ("tool_outputs", &Said(Role::Tool, &Object { fields: &[("tool_call_id", &Opaque)], rest: &Text })),
        ("tool_resources", &RESOURCES),
        ("tools", &Said(Role::System, &CHAT_TOOL)),
    ],
    rest: &Text,
};

static MESSAGE: Shape = Object {
    fields: &[("attachments", &ATTACHMENT), ("content", &PART), ("metadata", &METADATA), ("role", &Opaque)],
    rest: &Text,
};

static ATTACHMENT: Shape = Object { fields: &[("file_id", &Opaque), ("tools", &CHAT_TOOL)], rest: &Text };

static PART: Shape = Object {
    fields: &[
        ("image_file", &Object { fields: &[("detail", &Opaque), ("file_id", &Opaque)], rest: &Text }),
        ("image_url", &IMAGE),
        ("type", &Opaque),
    ],
    rest: &Text,
};

static FORMAT: Shape = Object { fields: &[("name", &Opaque), ("schema", &SCHEMA)], rest: &Text };

static RESOURCES: Shape = Object {
    fields: &[
        ("code_interpreter", &Object { fields: &[("file_ids", &Opaque)], rest: &Text }),
        (
            "file_search",
            &Object {
                fields: &[
                    ("vector_store_ids", &Opaque),
                    (
                        "vector_stores",
                        &Object { fields: &[("file_ids", &Opaque), ("metadata", &METADATA)], rest: &Text },
                    ),
                ],
                rest: &Text,
            },
        ),
    ],
    rest: &Text,
};

/// An event: a run, a step, a message, or a piece of one.
static EVENT: Shape = Object { fields: &[("delta", &DELTA), ("id", &Opaque), ("object", &Opaque)], rest: &Text };

static DELTA: Shape = Object {
    fields: &[
        ("content", &Object { fields: &[("text", &SAID), ("type", &Opaque)], rest: &Text }),
        ("step_details", &Object { fields: &[("tool_calls", &CALL), ("type", &Opaque)], rest: &Text }),
    ],
    rest: &Text,
};

static SAID: Shape = Object {
    fields: &[("annotations", &ANNOTATION), ("value", &Shape::NamedLane("content", Strand::Text))],
    rest: &Text,
};

static ANNOTATION: Shape =
    Object { fields: &[("end_index", &PLACE), ("start_index", &PLACE), ("type", &Opaque)], rest: &Text };

static PLACE: Shape = Shape::Offset("content", Unit::Characters);

/// A message, or a list of them.
static ANSWER: Shape = Object {
    fields: &[("content", &Object { fields: &[("text", &SAID), ("type", &Opaque)], rest: &Text }), ("data", &ANSWER)],
    rest: &Text,
};

static CALL: Shape = Object {
    fields: &[
        ("code_interpreter", &Object { fields: &[("input", &Shape::NamedLane("code", Strand::Text))], rest: &Text }),
        ("function", &Object { fields: &[("arguments", &super::ARGUMENTS), ("name", &Tool)], rest: &Text }),
        ("id", &Opaque),
        ("type", &Opaque),
    ],
    rest: &Text,
};
