//! Responses: items in, items and typed events out.

use super::super::Shape::{
    self, Again, Credential, Either, File, Kinds, LaneEnd, NamedLane, Object, Opaque, Subject, Text,
};
use super::super::schema::SCHEMA;
use super::super::{Dialect, End, Strand, Tokens};
use super::{ARGUMENTS, BASE, IMAGE, METADATA, TEXT_LANE};

/// `…/responses`, and a response that is fetched later.
pub(in crate::provider) static RESPONSES: Dialect = Dialect {
    name: "openai/responses",
    endings: &["responses", "responses/*", "responses/*/cancel", "responses/*/input_items"],
    ..RESPONSES_BASE
};

/// `…/responses/compact`: a conversation made shorter.
pub(in crate::provider) static COMPACT: Dialect =
    Dialect { name: "openai/compact", endings: &["responses/compact"], ..RESPONSES_BASE };

/// `…/responses/input_tokens`: the same request, an answer of numbers.
pub(in crate::provider) static INPUT_TOKENS: Dialect = Dialect {
    name: "openai/input_tokens",
    endings: &["responses/input_tokens"],
    answer: &Text,
    usage: &[(&["input_tokens"], Tokens::Input)],
    ..RESPONSES_BASE
};

/// `…/realtime/client_secrets`: what a session will be, before it is spoken over another way.
pub(in crate::provider) static SESSIONS: Dialect = Dialect {
    name: "openai/sessions",
    endings: &["realtime/client_secrets", "realtime/sessions", "realtime/transcription_sessions"],
    request: &SESSION,
    answer: &Text,
    ..RESPONSES_BASE
};

/// A session, or an object with one.
static SESSION: Shape = Object {
    fields: &[
        ("include", &Opaque),
        ("model", &Opaque),
        ("modalities", &Opaque),
        ("output_modalities", &Opaque),
        ("prompt", &PROMPT),
        ("session", &SESSION),
        ("tool_choice", &CHOICE),
        ("tools", &TOOL),
        ("type", &Opaque),
        ("voice", &REFERENCE),
    ],
    rest: &Text,
};

const RESPONSES_BASE: Dialect = Dialect {
    request: &REQUEST,
    answer: &RESPONSE,
    event: &EVENT,
    numbers: &["output_index", "content_index", "summary_index", "command_index"],
    usage: &[
        (&["usage", "input_tokens"], Tokens::Input),
        (&["usage", "output_tokens"], Tokens::Output),
        (&["usage", "input_tokens_details", "cached_tokens"], Tokens::Cached),
        (&["response", "usage", "input_tokens"], Tokens::Input),
        (&["response", "usage", "output_tokens"], Tokens::Output),
        (&["response", "usage", "input_tokens_details", "cached_tokens"], Tokens::Cached),
    ],
    end: End::Member("type", &["response.completed", "response.failed", "response.incomplete"]),
    ..BASE
};

static REQUEST: Shape = Object {
    fields: &[
        ("conversation", &REFERENCE),
        ("include", &Opaque),
        ("input", &ITEM),
        ("metadata", &METADATA),
        ("modalities", &Opaque),
        ("model", &Opaque),
        ("previous_response_id", &Opaque),
        ("prompt", &PROMPT),
        ("prompt_cache_retention", &Opaque),
        ("safety_identifier", &Subject),
        ("service_tier", &Opaque),
        ("stop", &Opaque),
        ("text", &Object { fields: &[("format", &FORMAT), ("verbosity", &Opaque)], rest: &Text }),
        ("tool_choice", &CHOICE),
        ("tools", &TOOL),
        ("truncation", &Opaque),
        ("user", &Subject),
    ],
    rest: &Text,
};

/// Something that the provider keeps, by its id.
static REFERENCE: Shape = Either { plain: &Opaque, object: &Object { fields: &[("id", &Opaque)], rest: &Text } };

/// A stored prompt.
static PROMPT: Shape =
    Object { fields: &[("id", &Opaque), ("variables", &VARIABLES), ("version", &Opaque)], rest: &Text };

/// What fills the places of a stored prompt: texts or parts, by names of the caller's program.
static VARIABLES: Shape = Object { fields: &[], rest: &PART };

static FORMAT: Shape = Object { fields: &[("name", &Opaque), ("schema", &SCHEMA), ("type", &Opaque)], rest: &Text };

/// Which tool is to be used, by names that the API resolves.
static CHOICE: Shape = Object {
    fields: &[
        ("connector_id", &Opaque),
        ("mode", &Opaque),
        ("name", &Opaque),
        ("server_label", &Opaque),
        ("tools", &CHOICE),
        ("type", &Opaque),
    ],
    rest: &Opaque,
};

/// An item of a conversation; a plain string is text.
pub(super) static ITEM: Shape = Kinds {
    tag: "type",
    kinds: &[(
        "image_generation_call",
        &Object { fields: &[("id", &Opaque), ("result", &Opaque), ("type", &Opaque)], rest: &Text },
    )],
    rest: &Object {
        fields: &[
            ("action", &ACTION),
            ("actions", &ACTION),
            ("approval_request_id", &Opaque),
            ("call_id", &Opaque),
            ("caller", &CALLER),
            ("container_id", &Opaque),
            ("content", &PART),
            ("encrypted_content", &Opaque),
            ("environment", &ENVIRONMENT),
            ("fingerprint", &Opaque),
            ("id", &Opaque),
            ("name", &Opaque),
            ("namespace", &Opaque),
            ("operation", &Object { fields: &[("type", &Opaque)], rest: &Text }),
            ("output", &PART),
            ("outputs", &Object { fields: &[("type", &Opaque), ("url", &Opaque)], rest: &Text }),
            ("phase", &Opaque),
            ("results", &Object { fields: &[("file_id", &Opaque)], rest: &Text }),
            ("role", &Opaque),
            ("server_label", &Opaque),
            ("signature", &Opaque),
            ("status", &Opaque),
            ("summary", &PART),
            ("tools", &TOOL),
            ("type", &Opaque),
        ],
        rest: &Text,
    },
};

static CALLER: Shape = Object { fields: &[("caller_id", &Opaque), ("type", &Opaque)], rest: &Text };

/// What a tool of the provider's did, on a screen, in a shell or on the web.
static ACTION: Shape = Object {
    fields: &[
        ("button", &Opaque),
        ("sources", &Object { fields: &[("type", &Opaque), ("url", &Opaque)], rest: &Text }),
        ("type", &Opaque),
        ("url", &Opaque),
    ],
    rest: &Text,
};

/// A part of what is said or of what a tool gave; a plain string is text.
pub(super) static PART: Shape = Object {
    fields: &[
        ("annotations", &ANNOTATION),
        ("detail", &Opaque),
        ("file_data", &File),
        ("file_id", &Opaque),
        ("file_url", &Opaque),
        ("image_url", &IMAGE),
        ("input_audio", &Object { fields: &[("data", &Opaque), ("format", &Opaque)], rest: &Text }),
        ("outcome", &Object { fields: &[("type", &Opaque)], rest: &Text }),
        ("type", &Opaque),
    ],
    rest: &Text,
};

static ANNOTATION: Shape = Object {
    fields: &[("container_id", &Opaque), ("file_id", &Opaque), ("type", &Opaque), ("url", &Opaque)],
    rest: &Text,
};

static TOOL: Shape = Object {
    fields: &[
        ("allowed_callers", &Opaque),
        ("allowed_tools", &Object { fields: &[("tool_names", &Opaque)], rest: &Opaque }),
        ("authorization", &Credential),
        ("connector_id", &Opaque),
        ("container", &Either { plain: &Opaque, object: &ENVIRONMENT }),
        ("environment", &ENVIRONMENT),
        ("filters", &FILTER),
        ("format", &Object { fields: &[("syntax", &Opaque), ("type", &Opaque)], rest: &Text }),
        ("headers", &Credential),
        ("input_image_mask", &Object { fields: &[("file_id", &Opaque), ("image_url", &Opaque)], rest: &Text }),
        ("input_schema", &SCHEMA),
        ("model", &Opaque),
        ("name", &Opaque),
        ("output_schema", &SCHEMA),
        ("parameters", &SCHEMA),
        ("server_label", &Opaque),
        ("server_url", &Opaque),
        ("tools", &TOOL),
        ("tunnel_id", &Opaque),
        ("type", &Opaque),
        ("user_location", &Object { fields: &[("type", &Opaque)], rest: &Text }),
        ("vector_store_ids", &Opaque),
    ],
    rest: &Text,
};

/// Where code and commands run.
static ENVIRONMENT: Shape = Object {
    fields: &[
        ("container_id", &Opaque),
        ("file_ids", &Opaque),
        ("network_policy", &NETWORK),
        ("skills", &SKILL),
        ("type", &Opaque),
    ],
    rest: &Text,
};

static NETWORK: Shape = Object {
    fields: &[
        ("allowed_domains", &Opaque),
        (
            "domain_secrets",
            &Object { fields: &[("domain", &Opaque), ("name", &Opaque), ("value", &Credential)], rest: &Text },
        ),
        ("type", &Opaque),
    ],
    rest: &Text,
};

static SKILL: Shape = Object {
    fields: &[
        ("name", &Opaque),
        ("skill_id", &Opaque),
        ("source", &Object { fields: &[("data", &Opaque), ("media_type", &Opaque), ("type", &Opaque)], rest: &Text }),
        ("type", &Opaque),
        ("version", &Opaque),
    ],
    rest: &Text,
};

/// Which files are searched, by their attributes.
static FILTER: Shape = Object { fields: &[("filters", &FILTER), ("key", &Opaque), ("type", &Opaque)], rest: &Text };

/// A whole answer. What it repeats of the request, as instructions and tools, is text.
static RESPONSE: Shape = Object {
    fields: &[
        ("conversation", &Opaque),
        ("data", &ANSWER_ITEM),
        ("first_id", &Opaque),
        ("id", &Opaque),
        ("last_id", &Opaque),
        ("model", &Opaque),
        ("object", &Opaque),
        ("output", &ANSWER_ITEM),
        ("previous_response_id", &Opaque),
        ("reasoning", &Opaque),
        ("service_tier", &Opaque),
        ("status", &Opaque),
        ("tool_choice", &Opaque),
        ("truncation", &Opaque),
        ("usage", &Opaque),
    ],
    rest: &Text,
};

/// An item that the model or a tool of the provider's made.
pub(super) static ANSWER_ITEM: Shape = Kinds {
    tag: "type",
    kinds: &[("image_generation_call", &Object { fields: &[("revised_prompt", &Text)], rest: &Opaque })],
    rest: &Object {
        fields: &[
            ("arguments", &ARGUMENTS),
            ("call_id", &Opaque),
            ("caller", &Opaque),
            ("code", &TEXT_LANE),
            ("container_id", &Opaque),
            ("content", &ANSWER_PART),
            ("encrypted_content", &Opaque),
            ("fingerprint", &Opaque),
            ("id", &Opaque),
            ("input", &TEXT_LANE),
            ("name", &Opaque),
            ("namespace", &Opaque),
            ("role", &Opaque),
            ("server_label", &Opaque),
            ("signature", &Opaque),
            ("status", &Opaque),
            ("summary", &Object { fields: &[("text", &SUMMARY), ("type", &Opaque)], rest: &Text }),
            ("type", &Opaque),
        ],
        rest: &Text,
    },
};

static ANSWER_PART: Shape = Kinds {
    tag: "type",
    kinds: &[
        (
            "output_text",
            &Object {
                fields: &[
                    ("annotations", &ANNOTATION),
                    ("logprobs", &Opaque),
                    ("text", &OUTPUT_TEXT),
                    ("type", &Opaque),
                ],
                rest: &Text,
            },
        ),
        ("reasoning_text", &Object { fields: &[("text", &REASONING), ("type", &Opaque)], rest: &Text }),
        ("refusal", &Object { fields: &[("refusal", &TEXT_LANE), ("type", &Opaque)], rest: &Text }),
    ],
    rest: &PART,
};

static OUTPUT_TEXT: Shape = NamedLane("output_text", Strand::Text);
static REASONING: Shape = NamedLane("reasoning", Strand::Text);
static SUMMARY: Shape = NamedLane("reasoning_summary", Strand::Text);

/// An event: a piece of a lane, the end of one, or what was said so far, whole.
static EVENT: Shape = Kinds {
    tag: "type",
    kinds: &[
        ("response.audio.delta", &Opaque),
        (
            "response.audio.transcript.delta",
            &Object { fields: &[("delta", &NamedLane("transcript", Strand::Text))], rest: &Opaque },
        ),
        (
            "response.code_interpreter_call_code.delta",
            &Object { fields: &[("delta", &NamedLane("code", Strand::Text))], rest: &Opaque },
        ),
        ("response.code_interpreter_call_code.done", &DONE),
        ("response.completed", &DONE),
        (
            "response.custom_tool_call_input.delta",
            &Object { fields: &[("delta", &NamedLane("input", Strand::Text))], rest: &Opaque },
        ),
        ("response.custom_tool_call_input.done", &DONE),
        ("response.failed", &DONE),
        ("response.function_call_arguments.delta", &ARGUMENTS_DELTA),
        ("response.function_call_arguments.done", &DONE),
        ("response.image_generation_call.partial_image", &Opaque),
        ("response.incomplete", &DONE),
        ("response.mcp_call_arguments.delta", &ARGUMENTS_DELTA),
        ("response.mcp_call_arguments.done", &DONE),
        ("response.output_item.done", &DONE),
        ("response.output_text.delta", &Object { fields: &[("delta", &OUTPUT_TEXT)], rest: &Opaque }),
        ("response.output_text.done", &DONE),
        ("response.reasoning_summary_text.delta", &Object { fields: &[("delta", &SUMMARY)], rest: &Opaque }),
        ("response.reasoning_summary_text.done", &DONE),
        ("response.reasoning_text.delta", &Object { fields: &[("delta", &REASONING)], rest: &Opaque }),
        ("response.reasoning_text.done", &DONE),
        (
            "response.refusal.delta",
            &Object { fields: &[("delta", &NamedLane("refusal", Strand::Text))], rest: &Opaque },
        ),
        ("response.refusal.done", &DONE),
        (
            "response.shell_call_command.added",
            &Object { fields: &[("command", &NamedLane("command", Strand::Text))], rest: &Opaque },
        ),
        (
            "response.shell_call_command.delta",
            &Object { fields: &[("delta", &NamedLane("command", Strand::Text))], rest: &Opaque },
        ),
        ("response.shell_call_command.done", &DONE),
        ("response.shell_call_output_content.delta", &Object { fields: &[("delta", &SHELL_OUTPUT)], rest: &Opaque }),
        ("response.shell_call_output_content.done", &DONE),
    ],
    rest: &WHOLE,
};

static ARGUMENTS_DELTA: Shape =
    Object { fields: &[("delta", &NamedLane("arguments", Strand::Arguments))], rest: &Opaque };

static SHELL_OUTPUT: Shape = Object { fields: &[("stderr", &TEXT_LANE), ("stdout", &TEXT_LANE)], rest: &Opaque };

/// What an event may hold that says a thing whole.
macro_rules! whole {
    ($kind:expr) => {
        Object {
            fields: &[
                ("annotation", &ANNOTATION),
                ("arguments", &Again(&ARGUMENTS)),
                ("item", &Again(&ANSWER_ITEM)),
                ("item_id", &Opaque),
                ("logprobs", &Opaque),
                ("obfuscation", &Opaque),
                ("part", &Again(&ANSWER_PART)),
                ("response", &Again(&RESPONSE)),
                ("type", $kind),
            ],
            rest: &Text,
        }
    };
}

static WHOLE: Shape = whole!(&Opaque);

/// The lanes of its numbers get no more text; without numbers, none does.
static DONE: Shape = whole!(&LaneEnd);
