//! What a provider keeps and works on by itself: vector stores, containers, evaluations, fine-tuning, videos.

use super::super::Dialect;
use super::super::Shape::{self, Either, Object, Opaque, Said, Subject, Text};
use super::chat::RESPONSE_FORMAT;
use super::items::{FILTER, ITEM, NETWORK, SKILL, TOOL};
use super::responses::FORMAT;
use super::{BASE, IMAGE, METADATA};
use crate::role::Role;

/// `…/vector_stores`, `…/evals` and the like.
pub(in crate::provider) static STORES: Dialect = Dialect {
    name: "openai/stores",
    endings: &[
        "chatkit/sessions",
        "containers",
        "evals",
        "evals/*",
        "evals/*/runs",
        "fine_tuning/alpha/graders/run",
        "fine_tuning/alpha/graders/validate",
        "fine_tuning/jobs",
        "uploads/*/complete",
        "vector_stores",
        "vector_stores/*",
        "vector_stores/*/file_batches",
        "vector_stores/*/files",
        "vector_stores/*/files/*",
        "vector_stores/*/search",
        "videos",
        "videos/*",
        "videos/*/remix",
    ],
    request: &REQUEST,
    ..BASE
};

/// The endpoints' members do not contradict each other.
static REQUEST: Shape = Object {
    fields: &[
        ("data_source", &DATA),
        ("file_id", &Opaque),
        ("file_ids", &Opaque),
        ("files", &Object { fields: &[("file_id", &Opaque)], rest: &Text }),
        ("filters", &FILTER),
        ("grader", &GRADER),
        ("input_reference", &IMAGE),
        ("md5", &Opaque),
        ("metadata", &METADATA),
        ("method", &METHOD),
        ("model", &Opaque),
        ("network_policy", &NETWORK),
        ("part_ids", &Opaque),
        ("skills", &SKILL),
        ("testing_criteria", &GRADER),
        ("training_file", &Opaque),
        ("user", &Subject),
        ("validation_file", &Opaque),
        ("video", &KEPT),
        ("workflow", &KEPT),
    ],
    rest: &Text,
};

/// Something kept, by its id.
static KEPT: Shape =
    Either { plain: &Opaque, object: &Object { fields: &[("id", &Opaque), ("version", &Opaque)], rest: &Text } };

/// What an evaluation runs on, and how.
static DATA: Shape = Object {
    fields: &[
        ("input_messages", &Object { fields: &[("template", &ITEM), ("type", &Opaque)], rest: &Text }),
        ("model", &Opaque),
        ("sampling_params", &SAMPLING),
        ("source", &Object { fields: &[("id", &Opaque), ("model", &Opaque), ("type", &Opaque)], rest: &Text }),
        ("type", &Opaque),
    ],
    rest: &Text,
};

static SAMPLING: Shape = Object {
    fields: &[
        ("response_format", &RESPONSE_FORMAT),
        ("text", &Object { fields: &[("format", &FORMAT)], rest: &Text }),
        ("tools", &Said(Role::System, &TOOL)),
    ],
    rest: &Text,
};

/// What judges an answer; one may hold others by name.
static GRADER: Shape = Object {
    fields: &[("graders", &GRADER), ("image_tag", &Opaque), ("input", &ITEM), ("model", &Opaque), ("type", &Opaque)],
    rest: &Text,
};

/// How a model learns.
static METHOD: Shape = Object {
    fields: &[("reinforcement", &Object { fields: &[("grader", &GRADER)], rest: &Text }), ("type", &Opaque)],
    rest: &Text,
};
