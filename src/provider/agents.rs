//! Agents that a provider runs, and what they work with: sessions, environments, memories, vaults. Anthropic's and Mistral's
//! have the same paths; their members do not contradict each other.
//!
//! Source: the types of anthropic-sdk-python 2.12.0 and mistralai 3.7.0.

use super::Dialect;
use super::Shape::{self, Credential, Either, Object, Opaque, Said, Text};
use super::anthropic::{BLOCK, MCP_SERVER};
use super::any::ANY;
use super::openai::FUNCTION;
use super::schema::SCHEMA;
use crate::role::Role;

/// `…/agents`, `…/sessions` and the like.
pub(super) static AGENTS: Dialect = Dialect {
    name: "agents",
    endings: &[
        "agents",
        "agents/*",
        "deployments",
        "deployments/*",
        "dreams",
        "environments",
        "environments/*",
        "memory_stores",
        "memory_stores/*",
        "memory_stores/*/memories",
        "memory_stores/*/memories/*",
        "sessions",
        "sessions/*",
        "sessions/*/events",
        "sessions/*/resources",
        "vaults",
        "vaults/*",
        "vaults/*/credentials",
        "vaults/*/credentials/*",
    ],
    request: &REQUEST,
    ..ANY
};

static REQUEST: Shape = Object {
    fields: &[
        ("agent", &KEPT),
        ("auth", &AUTH),
        ("environment_id", &Opaque),
        ("events", &EVENT),
        ("file_id", &Opaque),
        ("handoffs", &Opaque),
        ("initial_events", &EVENT),
        ("inputs", &INPUT),
        ("instructions", &Said(Role::System, &Text)),
        ("mcp_servers", &MCP_SERVER),
        ("memory_store_id", &Opaque),
        ("model", &KEPT),
        ("multiagent", &Object { fields: &[("agents", &KEPT), ("type", &Opaque)], rest: &Text }),
        ("output_behavior", &KEPT),
        ("precondition", &Object { fields: &[("content_sha256", &Opaque), ("type", &Opaque)], rest: &Text }),
        ("resources", &RESOURCE),
        ("skills", &SKILL),
        ("system", &Said(Role::System, &Text)),
        ("tools", &Said(Role::System, &TOOL)),
        ("vault_ids", &Opaque),
    ],
    rest: &Text,
};

/// Something that the provider keeps, by its id.
static KEPT: Shape = Either { plain: &Opaque, object: &KEPT_OBJECT };

/// The same, or what an agent is told.
static INPUT: Shape = Either { plain: &Text, object: &KEPT_OBJECT };

static KEPT_OBJECT: Shape = Object {
    fields: &[
        ("id", &Opaque),
        ("memory_store_id", &Opaque),
        ("model", &Opaque),
        ("session_ids", &Opaque),
        ("type", &Opaque),
        ("version", &Opaque),
    ],
    rest: &Text,
};

/// What an agent shows elsewhere.
static AUTH: Shape = Object {
    fields: &[
        ("access_token", &Credential),
        ("mcp_server_url", &Opaque),
        ("refresh", &REFRESH),
        ("secret_value", &Credential),
        ("token", &Credential),
        ("type", &Opaque),
    ],
    rest: &Text,
};

static REFRESH: Shape = Object {
    fields: &[
        ("client_id", &Opaque),
        ("refresh_token", &Credential),
        ("token_endpoint", &Opaque),
        ("token_endpoint_auth", &Credential),
    ],
    rest: &Text,
};

/// What a session is told.
static EVENT: Shape = Object {
    fields: &[
        ("content", &BLOCK),
        ("custom_tool_use_id", &Opaque),
        ("id", &Opaque),
        ("rubric", &Object { fields: &[("file_id", &Opaque), ("type", &Opaque)], rest: &Text }),
        ("tool_use_id", &Opaque),
        ("type", &Opaque),
    ],
    rest: &Text,
};

static RESOURCE: Shape = Object {
    fields: &[
        ("authorization_token", &Credential),
        ("checkout", &Object { fields: &[("sha", &Opaque), ("type", &Opaque)], rest: &Text }),
        ("file_id", &Opaque),
        ("memory_store_id", &Opaque),
        ("type", &Opaque),
        ("url", &Opaque),
    ],
    rest: &Text,
};

static SKILL: Shape = Object { fields: &[("skill_id", &Opaque), ("type", &Opaque), ("version", &Opaque)], rest: &Text };

static TOOL: Shape = Object {
    fields: &[
        ("authorization", &Credential),
        ("connector_id", &Opaque),
        ("function", &FUNCTION),
        ("input_schema", &SCHEMA),
        ("library_ids", &Opaque),
        ("mcp_server_name", &Opaque),
        ("name", &Opaque),
        ("type", &Opaque),
    ],
    rest: &Text,
};
