//! The items of a conversation in Responses, on their way to the model, and its tools.

use super::super::Shape::{self, Credential, Either, File, Kinds, Object, Offset, Opaque, Said, Text};
use super::super::Unit;
use super::super::schema::SCHEMA;
use super::IMAGE;
use super::chat::SOUND;
use crate::role::Role;

/// An item of a conversation; a plain string is text.
pub(super) static ITEM: Shape = Kinds {
    tag: "type",
    kinds: &[
        ("apply_patch_call", &CALL),
        ("apply_patch_call_output", &RESULT),
        ("code_interpreter_call", &CALL),
        ("computer_call", &CALL),
        ("computer_call_output", &RESULT),
        ("custom_tool_call", &CALL),
        ("custom_tool_call_output", &RESULT),
        ("file_search_call", &RESULT),
        ("function.call", &CALL),
        ("function.result", &RESULT),
        ("function_call", &CALL),
        ("function_call_output", &RESULT),
        (
            "image_generation_call",
            &Object { fields: &[("id", &Opaque), ("result", &Opaque), ("type", &Opaque)], rest: &Text },
        ),
        ("local_shell_call", &CALL),
        ("local_shell_call_output", &RESULT),
        ("mcp_call", &RESULT),
        ("reasoning", &CALL),
        ("shell_call", &CALL),
        ("shell_call_output", &RESULT),
        ("web_search_call", &CALL),
    ],
    rest: &PLAIN_ITEM,
};

/// What the model did.
static CALL: Shape = Said(Role::Assistant, &PLAIN_ITEM);

/// What a tool gave, perhaps with what it was asked.
static RESULT: Shape = Said(Role::Tool, &PLAIN_ITEM);

static PLAIN_ITEM: Shape = Object {
    fields: &[
        ("acknowledged_safety_checks", &CHECK),
        ("action", &ACTION),
        ("actions", &ACTION),
        ("agent", &Object { fields: &[("agent_name", &Opaque)], rest: &Text }),
        ("agent_id", &Opaque),
        ("approval_request_id", &Opaque),
        ("call_id", &Opaque),
        ("caller", &CALLER),
        ("container_id", &Opaque),
        ("content", &PART),
        ("encrypted_content", &Opaque),
        ("environment", &ENVIRONMENT),
        ("fingerprint", &Opaque),
        ("id", &Opaque),
        ("model", &Opaque),
        ("name", &Opaque),
        ("namespace", &Opaque),
        ("operation", &Object { fields: &[("type", &Opaque)], rest: &Text }),
        ("output", &PART),
        ("outputs", &Object { fields: &[("type", &Opaque), ("url", &Opaque)], rest: &Text }),
        ("pending_safety_checks", &CHECK),
        ("phase", &Opaque),
        ("results", &Object { fields: &[("file_id", &Opaque)], rest: &Text }),
        ("role", &Opaque),
        ("server_label", &Opaque),
        ("signature", &Opaque),
        ("status", &Opaque),
        ("summary", &PART),
        ("tool_call_id", &Opaque),
        ("tools", &TOOL),
        ("type", &Opaque),
    ],
    rest: &Text,
};

/// What the provider wants looked at before an action.
static CHECK: Shape = Object { fields: &[("code", &Opaque), ("id", &Opaque)], rest: &Text };

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
        ("document_url", &File),
        ("file_data", &File),
        ("file_id", &Opaque),
        ("file_url", &File),
        ("image_url", &IMAGE),
        ("input_audio", &SOUND),
        ("outcome", &Object { fields: &[("type", &Opaque)], rest: &Text }),
        ("reference_ids", &Opaque),
        ("signature", &Opaque),
        ("thinking", &Object { fields: &[("reference_ids", &Opaque), ("type", &Opaque)], rest: &Text }),
        ("type", &Opaque),
    ],
    rest: &Text,
};

pub(super) static ANNOTATION: Shape = Object {
    fields: &[
        ("container_id", &Opaque),
        ("end_index", &PLACE),
        ("file_id", &Opaque),
        ("start_index", &PLACE),
        ("type", &Opaque),
        ("url", &Opaque),
    ],
    rest: &Text,
};

/// Where in the text around it an annotation points.
static PLACE: Shape = Offset("output_text", Unit::Characters);

pub(super) static TOOL: Shape = Object {
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

pub(super) static NETWORK: Shape = Object {
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

pub(super) static SKILL: Shape = Object {
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
pub(super) static FILTER: Shape =
    Object { fields: &[("filters", &FILTER), ("key", &Opaque), ("type", &Opaque)], rest: &Text };
