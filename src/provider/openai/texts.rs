//! Endpoints that take a text or a few: completions, embeddings, moderations, images, speech.

use super::super::Dialect;
use super::super::Shape::{self, Either, LaneEnd, Mirror, Object, Opaque, Subject, Text, TextOrTokens};
use super::{BASE, IMAGE, TEXT_LANE};

/// `…/completions`.
pub(in crate::provider) static COMPLETIONS: Dialect = Dialect {
    name: "openai/completions",
    endings: &["completions"],
    request: &REQUEST,
    answer: &COMPLETION,
    event: &COMPLETION,
    ..BASE
};

/// `…/embeddings`.
pub(in crate::provider) static EMBEDDINGS: Dialect = Dialect {
    name: "openai/embeddings",
    endings: &["embeddings"],
    request: &REQUEST,
    answer: &Object { fields: &[("data", &Opaque), ("model", &Opaque), ("usage", &Opaque)], rest: &Text },
    ..BASE
};

/// `…/moderations`.
pub(in crate::provider) static MODERATIONS: Dialect =
    Dialect { name: "openai/moderations", endings: &["moderations", "classifications"], request: &REQUEST, ..BASE };

/// `…/images/generations`, `…/images/edits` and the like, as JSON or as parts.
pub(in crate::provider) static IMAGES: Dialect = Dialect {
    name: "openai/images",
    endings: &["images/generations", "images/edits", "images/variations"],
    request: &REQUEST,
    answer: &PICTURES,
    event: &PICTURES,
    ..BASE
};

/// `…/audio/speech`.
pub(in crate::provider) static SPEECH: Dialect = Dialect {
    name: "openai/speech",
    endings: &["audio/speech"],
    request: &REQUEST,
    event: &Object { fields: &[("audio", &Opaque)], rest: &Text },
    ..BASE
};

/// Few members, and no two endpoints mean different things by one.
static REQUEST: Shape = Object {
    fields: &[
        ("image", &PICTURE),
        ("images", &PICTURE),
        ("input", &INPUT),
        ("inputs", &INPUT),
        ("logit_bias", &Opaque),
        ("mask", &PICTURE),
        ("model", &Opaque),
        ("prompt", &TextOrTokens),
        ("safety_identifier", &Subject),
        ("stop", &Opaque),
        ("user", &Subject),
        ("voice", &Either { plain: &Opaque, object: &Object { fields: &[("id", &Opaque)], rest: &Text } }),
    ],
    rest: &Text,
};

static PICTURE: Shape = Either {
    plain: &Opaque,
    object: &Object { fields: &[("file_id", &Opaque), ("image_url", &Opaque), ("url", &Opaque)], rest: &Text },
};

static INPUT: Shape = Either {
    plain: &TextOrTokens,
    object: &Object { fields: &[("image_base64", &Opaque), ("image_url", &IMAGE), ("type", &Opaque)], rest: &Text },
};

static COMPLETION: Shape = Object {
    fields: &[
        (
            "choices",
            &Object {
                fields: &[("finish_reason", &LaneEnd), ("index", &Opaque), ("logprobs", &Mirror), ("text", &TEXT_LANE)],
                rest: &Text,
            },
        ),
        ("id", &Opaque),
        ("model", &Opaque),
        ("object", &Opaque),
        ("obfuscation", &Opaque),
        ("system_fingerprint", &Opaque),
        ("usage", &Opaque),
        // Writer's chunks are no more than this.
        ("value", &TEXT_LANE),
    ],
    rest: &Text,
};

static PICTURES: Shape = Object {
    fields: &[
        ("b64_json", &Opaque),
        ("data", &Object { fields: &[("b64_json", &Opaque), ("url", &Opaque)], rest: &Text }),
        ("usage", &Opaque),
    ],
    rest: &Text,
};
