//! The tools that Gemini may call.

use super::super::Shape::{self, Credential, Object, Opaque, Text};
use super::super::schema::SCHEMA;

pub(super) static TOOL_CONFIG: Shape =
    Object { fields: &[("functionCallingConfig", &CALLING), ("function_calling_config", &CALLING)], rest: &Text };

static CALLING: Shape = Object {
    fields: &[("allowedFunctionNames", &Opaque), ("allowed_function_names", &Opaque), ("mode", &Opaque)],
    rest: &Text,
};

pub(super) static TOOL: Shape = Object {
    fields: &[
        ("exaAiSearch", &KEYED),
        ("exa_ai_search", &KEYED),
        ("fileSearch", &FILE_SEARCH),
        ("file_search", &FILE_SEARCH),
        ("functionDeclarations", &FUNCTION),
        ("function_declarations", &FUNCTION),
        ("googleMaps", &KEYED),
        ("google_maps", &KEYED),
        ("mcpServers", &MCP_SERVER),
        ("mcp_servers", &MCP_SERVER),
        ("parallelAiSearch", &KEYED),
        ("parallel_ai_search", &KEYED),
        ("retrieval", &RETRIEVAL),
    ],
    rest: &Text,
};

/// A tool that needs a key of its own.
pub(super) static KEYED: Shape = Object {
    fields: &[
        ("apiAuth", &Credential),
        ("apiKey", &Credential),
        ("api_auth", &Credential),
        ("api_key", &Credential),
        ("authConfig", &Credential),
        ("auth_config", &Credential),
    ],
    rest: &Text,
};

static RETRIEVAL: Shape = Object {
    fields: &[
        ("externalApi", &KEYED),
        ("external_api", &KEYED),
        ("vertexAiSearch", &SEARCH),
        ("vertexRagStore", &RAG),
        ("vertex_ai_search", &SEARCH),
        ("vertex_rag_store", &RAG),
    ],
    rest: &Text,
};

/// A search, by the names of what is searched.
static SEARCH: Shape = Object { fields: &[("datastore", &Opaque), ("engine", &Opaque)], rest: &Text };

static RAG: Shape = Object {
    fields: &[
        ("ragCorpora", &Opaque),
        ("ragResources", &RAG_RESOURCE),
        ("rag_corpora", &Opaque),
        ("rag_resources", &RAG_RESOURCE),
    ],
    rest: &Text,
};

static RAG_RESOURCE: Shape = Object {
    fields: &[("ragCorpus", &Opaque), ("ragFileIds", &Opaque), ("rag_corpus", &Opaque), ("rag_file_ids", &Opaque)],
    rest: &Text,
};

static FILE_SEARCH: Shape =
    Object { fields: &[("fileSearchStoreNames", &Opaque), ("file_search_store_names", &Opaque)], rest: &Text };

static FUNCTION: Shape = Object {
    fields: &[
        ("behavior", &Opaque),
        ("name", &Opaque),
        ("parameters", &SCHEMA),
        ("parametersJsonSchema", &SCHEMA),
        ("parameters_json_schema", &SCHEMA),
        ("response", &SCHEMA),
        ("responseJsonSchema", &SCHEMA),
        ("response_json_schema", &SCHEMA),
    ],
    rest: &Text,
};

static MCP_SERVER: Shape = Object {
    fields: &[("name", &Opaque), ("streamableHttpTransport", &TRANSPORT), ("streamable_http_transport", &TRANSPORT)],
    rest: &Text,
};

static TRANSPORT: Shape = Object { fields: &[("headers", &Credential), ("url", &Opaque)], rest: &Text };
