//! Uploads, and the lines of the files that APIs read: batches of requests and conversations to learn from. The same for all
//! APIs, whose paths for files end alike.
//!
//! Source: openai-openapi `f85dbe2` (2026-08-21, spec 2.3.0), and the vendors' guides to batches and fine-tuning.

use super::Shape::{self, Kinds, Lane, LaneEnd, NamedLane, Object, Opaque, Said, Text};
use super::any::ANY;
use super::openai::{CHAT_MESSAGE, CHAT_REQUEST, CHAT_TOOL, COMPLETIONS, EMBEDDINGS, IMAGES, MODERATIONS, RESPONSES};
use super::{Dialect, State, Strand, path};
use crate::role::Role;
use crate::wire::frame::Framing;

/// `…/files` and what else takes files.
pub(super) static FILES: Dialect = Dialect {
    name: "files",
    endings: &["files", "containers/*/files", "skills", "skills/*/versions", "uploads"],
    request: &FIELDS,
    state: State { asks: &[], tells: &[&["id"]] },
    ..ANY
};

/// What is in a file: a text, unless its type says otherwise.
pub(super) static CONTENT: Dialect = Dialect {
    name: "files/content",
    endings: &["files/*/content", "files/*:download"],
    json: Framing::Text,
    bytes: Some(Framing::Text),
    state: State { asks: &[], tells: &[&["id"]] },
    ..ANY
};

/// `…/batches`: a file of requests that is answered later, by another file.
pub(super) static BATCHES: Dialect = Dialect {
    name: "batches",
    endings: &["batches", "batches/*", "batches/*/cancel"],
    request: &BATCH,
    answer: &BATCH,
    state: State { asks: &[&["input_file_id"]], tells: &[&["id"], &["output_file_id"], &["error_file_id"]] },
    ..ANY
};

static BATCH: Shape = Object {
    fields: &[
        ("endpoint", &Opaque),
        ("error_file_id", &Opaque),
        ("id", &Opaque),
        ("input_file_id", &Opaque),
        ("model", &Opaque),
        ("output_file_id", &Opaque),
    ],
    rest: &Text,
};

/// `…/audio/transcriptions` and `…/audio/translations`.
pub(super) static TRANSCRIPTIONS: Dialect = Dialect {
    name: "transcriptions",
    endings: &["audio/transcriptions", "audio/translations"],
    request: &FIELDS,
    event: &HEARD,
    ..ANY
};

static HEARD: Shape = Kinds {
    tag: "type",
    kinds: &[
        ("transcript.text.delta", &Object { fields: &[("delta", &Lane(Strand::Text))], rest: &Opaque }),
        (
            "transcript.text.segment",
            &Object { fields: &[("text", &NamedLane("segment", Strand::Text)), ("type", &Opaque)], rest: &Text },
        ),
        ("transcript.text.done", &Object { fields: &[("type", &LaneEnd), ("usage", &Opaque)], rest: &Text }),
    ],
    rest: &Object { fields: &[("type", &Opaque)], rest: &Text },
};

static FIELDS: Shape = Object {
    fields: &[
        ("bytes", &Opaque),
        ("chunking_strategy", &Opaque),
        ("expires_after", &Opaque),
        ("file_id", &Opaque),
        ("include", &Opaque),
        ("language", &Opaque),
        ("mime_type", &Opaque),
        ("model", &Opaque),
        ("part_ids", &Opaque),
        ("purpose", &Opaque),
        ("response_format", &Opaque),
        ("stream", &Opaque),
        ("temperature", &Opaque),
        ("timestamp_granularities", &Opaque),
    ],
    rest: &Text,
};

/// A line of a file of JSON lines: a request, by the table of the endpoint that it names, or a conversation.
pub static LINE: Shape = Kinds {
    tag: "url",
    kinds: &[
        ("/chat/completions", &Object { fields: &[BODY_OF_CHAT, ID, METHOD, URL], rest: &Text }),
        ("/v1/chat/completions", &Object { fields: &[BODY_OF_CHAT, ID, METHOD, URL], rest: &Text }),
        ("/v1/completions", &Object { fields: &[("body", COMPLETIONS.request), ID, METHOD, URL], rest: &Text }),
        ("/v1/embeddings", &Object { fields: &[("body", EMBEDDINGS.request), ID, METHOD, URL], rest: &Text }),
        ("/v1/images/edits", &Object { fields: &[("body", IMAGES.request), ID, METHOD, URL], rest: &Text }),
        ("/v1/images/generations", &Object { fields: &[("body", IMAGES.request), ID, METHOD, URL], rest: &Text }),
        ("/v1/moderations", &Object { fields: &[("body", MODERATIONS.request), ID, METHOD, URL], rest: &Text }),
        ("/v1/responses", &Object { fields: &[("body", RESPONSES.request), ID, METHOD, URL], rest: &Text }),
    ],
    rest: &UNNAMED,
};

const BODY_OF_CHAT: (&str, &Shape) = ("body", &CHAT_REQUEST);
const ID: (&str, &Shape) = ("custom_id", &Opaque);
const METHOD: (&str, &Shape) = ("method", &Opaque);
const URL: (&str, &Shape) = ("url", &Opaque);

/// A line that names no endpoint: a conversation as for fine-tuning, or anything else.
static UNNAMED: Shape = Object {
    fields: &[
        ID,
        ("input", &Object { fields: &[("messages", &CHAT_MESSAGE), ("tools", &TOOLS)], rest: &Text }),
        ("messages", &CHAT_MESSAGE),
        ("non_preferred_output", &CHAT_MESSAGE),
        ("parallel_tool_calls", &Opaque),
        ("preferred_output", &CHAT_MESSAGE),
        ("tools", &TOOLS),
    ],
    rest: &Text,
};

static TOOLS: Shape = Said(Role::System, &CHAT_TOOL);

/// Whether a path takes a piece of a file: where it is cut a value may be cut, and its length was told before.
pub fn takes_pieces(path: &str) -> bool {
    path::ends(path.trim_end_matches('/'), "uploads/*/parts")
}

/// By which headers an upload is told whose first request is answered with an address, to which others bring the file.
///
/// Source: the Gemini API's guide to files, and google-genai 3.4.0 for Python.
pub struct Resumable {
    /// Says, by this value, that an upload is one.
    pub protocol: (&'static str, &'static str),
    /// What the request does: `start`, `upload`, `finalize`, or several of them.
    pub command: &'static str,
    /// Where in the file what is brought belongs.
    pub offset: &'static str,
    /// How long the file will be.
    pub length: &'static str,
    /// The addresses, in the answer.
    pub addresses: &'static [&'static str],
}

/// The one way in which this is done here.
pub static RESUMABLE: Resumable = Resumable {
    protocol: ("x-goog-upload-protocol", "resumable"),
    command: "x-goog-upload-command",
    offset: "x-goog-upload-offset",
    length: "x-goog-upload-header-content-length",
    addresses: &["x-goog-upload-control-url", "x-goog-upload-url"],
};

/// The headers, and what they say, that begin or continue an upload in pieces or past the proxy in another way.
pub const PIECEWISE: &[(&str, &str)] = &[
    ("content-range", ""),
    ("tus-resumable", ""),
    ("upload-offset", ""),
    ("x-upload-content-length", ""),
    ("x-upload-content-type", ""),
];
