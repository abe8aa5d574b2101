//! Interactions: steps in, steps and typed events out.

use super::super::Shape::{
    self, Again, Credential, Either, File, Kinds, Lane, LaneEnd, NamedLane, Object, Opaque, Said, Sealed, Signed, Text,
    Tool,
};
use super::super::schema::SCHEMA;
use super::super::{Dialect, End, State, Strand, Tokens, Unit};
use super::BASE;
use crate::role::Role;

/// `…/interactions`, and an interaction that is fetched later.
pub(in crate::provider) static INTERACTIONS: Dialect = Dialect {
    name: "gemini/interactions",
    endings: &["interactions", "interactions/*", "interactions/*/cancel"],
    request: &REQUEST,
    answer: &INTERACTION,
    event: &EVENT,
    numbers: &["index"],
    usage: &[
        (&["usage", "total_input_tokens"], Tokens::Input),
        (&["usage", "total_output_tokens"], Tokens::Output),
        (&["usage", "total_cached_tokens"], Tokens::Cached),
        (&["interaction", "usage", "total_input_tokens"], Tokens::Input),
        (&["interaction", "usage", "total_output_tokens"], Tokens::Output),
        (&["interaction", "usage", "total_cached_tokens"], Tokens::Cached),
    ],
    state: State { asks: &[&["previous_interaction_id"]], tells: &[&["id"], &["interaction", "id"]] },
    end: End::Member("event_type", &["interaction.completed", "interaction.complete"]),
    ..BASE
};

static REQUEST: Shape = Object {
    fields: &[
        ("agent", &Opaque),
        ("environment", &ENVIRONMENT),
        ("environment_id", &Opaque),
        ("generation_config", &super::CONFIG),
        ("input", &STEP),
        ("model", &Opaque),
        ("previous_interaction_id", &Opaque),
        ("response_format", &FORMAT),
        ("response_mime_type", &Opaque),
        ("response_modalities", &Opaque),
        ("safety_settings", &super::SAFETY),
        ("service_tier", &Opaque),
        ("system_instruction", &Said(Role::System, &Text)),
        ("tools", &Said(Role::System, &TOOL)),
    ],
    rest: &Text,
};

/// Where an agent works, by its id or as it is to be made.
static ENVIRONMENT: Shape = Either {
    plain: &Opaque,
    object: &Object { fields: &[("environment_id", &Opaque), ("network", &NETWORK), ("type", &Opaque)], rest: &Text },
};

/// Which machines it may reach, with which credentials.
static NETWORK: Shape = Object {
    fields: &[(
        "allowlist",
        &Object {
            fields: &[("credential", &Credential), ("domain", &Opaque), ("transform", &Credential)],
            rest: &Text,
        },
    )],
    rest: &Text,
};

/// A JSON Schema, or an object with one.
static FORMAT: Shape = Kinds {
    tag: "type",
    kinds: &[(
        "text",
        &Object { fields: &[("mime_type", &Opaque), ("schema", &SCHEMA), ("type", &Opaque)], rest: &Text },
    )],
    rest: &SCHEMA,
};

/// A step, a turn or a part; a plain string is text.
static STEP: Shape = Kinds {
    tag: "type",
    kinds: &[
        ("code_execution_call", &CALL),
        ("code_execution_result", &GIVEN),
        ("function_call", &CALL),
        ("function_result", &GIVEN),
        ("google_search_result", &GIVEN),
        ("mcp_server_tool_call", &CALL),
        ("mcp_server_tool_result", &GIVEN),
        ("model_output", &CALL),
        ("thought", &Sealed { seal: "signature", under: &THOUGHT }),
        ("url_context_result", &GIVEN),
    ],
    rest: &PLAIN_STEP,
};

/// What the model did.
static CALL: Shape = Said(Role::Assistant, &PLAIN_STEP);

/// What a tool gave.
static GIVEN: Shape = Said(Role::Tool, &PLAIN_STEP);

static PLAIN_STEP: Shape = Object {
    fields: &[
        ("annotations", &ANNOTATION),
        ("call_id", &Opaque),
        ("content", &STEP),
        ("data", &File),
        ("id", &Opaque),
        ("mime_type", &Opaque),
        ("name", &Opaque),
        ("resolution", &Opaque),
        ("result", &RESULT),
        ("role", &Opaque),
        ("server_name", &Opaque),
        ("signature", &Opaque),
        ("type", &Opaque),
        ("uri", &Opaque),
    ],
    rest: &Text,
};

static THOUGHT: Shape = Object {
    fields: &[
        ("signature", &Opaque),
        ("summary", &Object { fields: &[("text", &Signed), ("type", &Opaque)], rest: &Text }),
        ("type", &Opaque),
    ],
    rest: &Text,
};

/// What a tool gave: a text, an object of the caller's program, or parts.
static RESULT: Shape = Kinds {
    tag: "type",
    kinds: &[("audio", &STEP), ("document", &STEP), ("image", &STEP), ("text", &STEP), ("video", &STEP)],
    rest: &Text,
};

static ANNOTATION: Shape = Object {
    fields: &[
        ("end_index", &PLACE),
        ("start_index", &PLACE),
        ("document_uri", &Opaque),
        ("media_id", &Opaque),
        ("place_id", &Opaque),
        ("review_id", &Opaque),
        ("file_id", &Opaque),
        ("source", &Opaque),
        ("type", &Opaque),
        ("uri", &Opaque),
        ("url", &Opaque),
    ],
    rest: &Text,
};

static PLACE: Shape = Shape::Offset("text", Unit::Bytes);

static TOOL: Shape = Object {
    fields: &[
        ("exa_ai_search_config", &super::tools::KEYED),
        ("file_search_store_names", &Opaque),
        ("headers", &Credential),
        ("name", &Opaque),
        ("parallel_ai_search_config", &super::tools::KEYED),
        ("parameters", &SCHEMA),
        ("type", &Opaque),
        ("url", &Opaque),
    ],
    rest: &Text,
};

static INTERACTION: Shape = Object {
    fields: &[
        ("agent", &Opaque),
        ("id", &Opaque),
        ("model", &Opaque),
        ("object", &Opaque),
        ("output_audio", &Opaque),
        ("output_image", &Opaque),
        ("output_text", &Again(&Text)),
        ("output_video", &Opaque),
        ("outputs", &ANSWER_STEP),
        ("previous_interaction_id", &Opaque),
        ("status", &Opaque),
        ("steps", &ANSWER_STEP),
        ("usage", &Opaque),
    ],
    rest: &Text,
};

/// A step of an answer. A thought is signed over its text: it goes to the caller as the provider wrote it.
static ANSWER_STEP: Shape = Kinds {
    tag: "type",
    kinds: &[("audio", &Opaque), ("image", &Opaque), ("thought", &Opaque), ("video", &Opaque)],
    rest: &Object {
        fields: &[
            ("annotations", &ANNOTATION),
            ("arguments", &ARGUMENTS),
            ("call_id", &Opaque),
            ("content", &ANSWER_STEP),
            ("id", &Opaque),
            ("name", &Tool),
            ("server_name", &Opaque),
            ("signature", &Opaque),
            ("text", &Lane(Strand::Text)),
            ("type", &Opaque),
        ],
        rest: &Text,
    },
};

static ARGUMENTS: Shape = NamedLane("arguments", Strand::Arguments);

static EVENT: Shape = Kinds {
    tag: "event_type",
    kinds: &[
        ("content.delta", &PIECE),
        ("content.stop", &Object { fields: &[("event_type", &LaneEnd)], rest: &Opaque }),
        ("step.delta", &PIECE),
        ("step.stop", &Object { fields: &[("event_type", &LaneEnd)], rest: &Opaque }),
    ],
    rest: &Object {
        fields: &[
            ("content", &Again(&ANSWER_STEP)),
            ("event_id", &Opaque),
            ("event_type", &Opaque),
            ("interaction", &Again(&INTERACTION)),
            ("step", &Again(&ANSWER_STEP)),
        ],
        rest: &Text,
    },
};

static PIECE: Shape =
    Object { fields: &[("delta", &DELTA), ("event_id", &Opaque), ("event_type", &Opaque)], rest: &Text };

static DELTA: Shape = Kinds {
    tag: "type",
    kinds: &[
        ("arguments_delta", &Object { fields: &[("arguments", &ARGUMENTS)], rest: &Opaque }),
        ("audio", &Opaque),
        ("image", &Opaque),
        ("text", &Object { fields: &[("text", &Lane(Strand::Text)), ("type", &Opaque)], rest: &Text }),
        ("thought", &Opaque),
        ("thought_signature", &Opaque),
        ("thought_summary", &Opaque),
        ("video", &Opaque),
    ],
    rest: &Object {
        fields: &[
            ("arguments", &ARGUMENTS),
            ("call_id", &Opaque),
            ("id", &Opaque),
            ("signature", &Opaque),
            ("type", &Opaque),
        ],
        rest: &Text,
    },
};
