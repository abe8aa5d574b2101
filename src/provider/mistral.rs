//! Mistral's endpoints beside those that it shares with OpenAI.
//!
//! Source: the types of mistralai 3.7.0 and recorded traffic.

use super::Dialect;
use super::Shape::{self, File, Object, Opaque, Text};
use super::openai::{BASE, CHAT_ANSWER, CHAT_CALL, CHAT_CHUNK, CHAT_MESSAGE, CHAT_PART, CHAT_REQUEST, IMAGE};

/// `…/fim/completions`: what stands between a prompt and a suffix.
pub(super) static FILL_IN: Dialect = Dialect {
    name: "mistral/fim",
    endings: &["fim/completions"],
    request: &Object { fields: &[("model", &Opaque), ("seed", &Opaque), ("stop", &Opaque)], rest: &Text },
    answer: &CHAT_ANSWER,
    event: &CHAT_CHUNK,
    ..BASE
};

/// `…/agents/completions`: a chat with an agent in the model's place.
pub(super) static AGENTS: Dialect = Dialect {
    name: "mistral/agents",
    endings: &["agents/completions"],
    request: &CHAT_REQUEST,
    answer: &CHAT_ANSWER,
    event: &CHAT_CHUNK,
    model: &["agent_id"],
    ..BASE
};

/// `…/chat/moderations` and `…/chat/classifications`: what is said of a chat.
pub(super) static CHECKS: Dialect = Dialect {
    name: "mistral/checks",
    endings: &["chat/moderations", "chat/classifications"],
    request: &Object { fields: &[("input", &CHECKED), ("model", &Opaque)], rest: &Text },
    ..BASE
};

/// Messages, lists of them, or an object with one.
static CHECKED: Shape = Object {
    fields: &[
        ("content", &CHAT_PART),
        ("messages", &CHAT_MESSAGE),
        ("role", &Opaque),
        ("tool_call_id", &Opaque),
        ("tool_calls", &CHAT_CALL),
    ],
    rest: &Text,
};

/// `…/ocr`.
pub(super) static OCR: Dialect = Dialect {
    name: "mistral/ocr",
    endings: &["ocr"],
    request: &Object {
        fields: &[
            (
                "document",
                &Object {
                    fields: &[("document_url", &File), ("file_id", &Opaque), ("image_url", &IMAGE), ("type", &Opaque)],
                    rest: &Text,
                },
            ),
            ("id", &Opaque),
            ("model", &Opaque),
        ],
        rest: &Text,
    },
    ..BASE
};
