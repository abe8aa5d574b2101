//! Responses: what is asked. Its items are in [`items`], what is answered in [`events`].
//!
//! [`events`]: super::events
//! [`items`]: super::items

use super::super::Shape::{self, Media, Object, Opaque, Said, Subject, Text};
use super::super::schema::SCHEMA;
use super::super::{Dialect, End, State, Tokens};
use super::events::{EVENT, RESPONSE};
use super::items::{ITEM, PART, TOOL};
use super::{BASE, METADATA, REFERENCE, error_event};
use crate::role::Role;

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
    endings: &[
        "realtime/client_secrets",
        "realtime/calls/*/accept",
        "realtime/calls/*/refer",
        "realtime/sessions",
        "realtime/transcription_sessions",
        "realtime/translations/client_secrets",
    ],
    ..SESSIONS_BASE
};

/// `…/realtime/calls`: where a conversation in sound goes past every proxy, from the caller to the provider.
pub(in crate::provider) static CALLS: Dialect = Dialect {
    name: "openai/calls",
    endings: &["realtime/calls", "realtime/translations/calls"],
    request: &Object { fields: &[("sdp", &Media), ("session", &SESSION)], rest: &Text },
    bytes: None,
    ..SESSIONS_BASE
};

const SESSIONS_BASE: Dialect = Dialect { request: &SESSION, answer: &Text, state: State::NONE, ..RESPONSES_BASE };

/// A session, or an object with one.
pub(super) static SESSION: Shape = Object {
    fields: &[
        ("audio", &AUDIO),
        ("include", &Opaque),
        ("input_audio_transcription", &TRANSCRIPTION),
        ("instructions", &Said(Role::System, &Text)),
        ("model", &Opaque),
        ("modalities", &Opaque),
        ("output_modalities", &Opaque),
        ("prompt", &PROMPT),
        ("session", &SESSION),
        // Whom a call is handed to: a telephone, not the model, reads it.
        ("target_uri", &Opaque),
        ("tool_choice", &CHOICE),
        ("tools", &Said(Role::System, &TOOL)),
        ("type", &Opaque),
        ("voice", &REFERENCE),
    ],
    rest: &Text,
};

/// How a session hears and speaks.
pub(super) static AUDIO: Shape = Object {
    fields: &[
        ("input", &Object { fields: &[("transcription", &TRANSCRIPTION)], rest: &Text }),
        ("output", &Object { fields: &[("language", &Opaque), ("voice", &REFERENCE)], rest: &Text }),
    ],
    rest: &Text,
};

static TRANSCRIPTION: Shape =
    Object { fields: &[("language", &Opaque), ("languages", &Opaque), ("model", &Opaque)], rest: &Text };

pub(super) const RESPONSES_BASE: Dialect = Dialect {
    request: &REQUEST,
    answer: &RESPONSE,
    event: &EVENT,
    numbers: &["stream_id", "output_index", "content_index", "summary_index", "command_index"],
    usage: &[
        (&["usage", "input_tokens"], Tokens::Input),
        (&["usage", "output_tokens"], Tokens::Output),
        (&["usage", "input_tokens_details", "cached_tokens"], Tokens::Cached),
        (&["response", "usage", "input_tokens"], Tokens::Input),
        (&["response", "usage", "output_tokens"], Tokens::Output),
        (&["response", "usage", "input_tokens_details", "cached_tokens"], Tokens::Cached),
    ],
    state: State {
        asks: &[&["previous_response_id"], &["conversation"], &["conversation", "id"]],
        tells: &[&["id"], &["conversation", "id"], &["response", "id"], &["response", "conversation", "id"]],
    },
    end: End::Member("type", &["response.completed", "response.failed", "response.incomplete"]),
    error_event: Some(error_event),
    ..BASE
};

static REQUEST: Shape = Object {
    fields: &[
        ("conversation", &REFERENCE),
        ("include", &Opaque),
        ("input", &ITEM),
        ("instructions", &Said(Role::System, &ITEM)),
        ("metadata", &METADATA),
        ("modalities", &Opaque),
        ("model", &Opaque),
        ("previous_response_id", &Opaque),
        ("prompt", &PROMPT),
        ("prompt_cache_retention", &Opaque),
        ("response_id", &Opaque),
        ("safety_identifier", &Subject),
        ("service_tier", &Opaque),
        ("stop", &Opaque),
        ("stream_id", &Opaque),
        ("text", &Object { fields: &[("format", &FORMAT), ("verbosity", &Opaque)], rest: &Text }),
        ("tool_choice", &CHOICE),
        ("tools", &Said(Role::System, &TOOL)),
        ("truncation", &Opaque),
        ("user", &Subject),
    ],
    rest: &Text,
};

/// A stored prompt.
pub(super) static PROMPT: Shape =
    Object { fields: &[("id", &Opaque), ("variables", &VARIABLES), ("version", &Opaque)], rest: &Text };

/// What fills the places of a stored prompt: texts or parts, by names of the caller's program.
static VARIABLES: Shape = Object { fields: &[], rest: &PART };

pub(super) static FORMAT: Shape =
    Object { fields: &[("name", &Opaque), ("schema", &SCHEMA), ("type", &Opaque)], rest: &Text };

/// Which tool is to be used, by names that the API resolves.
pub(super) static CHOICE: Shape = Object {
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
