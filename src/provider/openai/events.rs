//! What Responses answers with: the items that the model makes, the whole, and the events of a stream.

use super::super::Shape::{self, Again, Kinds, LaneEnd, Mirror, NamedLane, Object, Opaque, Text, Tool};
use super::super::Strand;
use super::items::{ANNOTATION, PART};
use super::{ARGUMENT, ARGUMENTS, TEXT_LANE};

/// An item that the model or a tool of the provider's made.
pub(super) static ANSWER_ITEM: Shape = Kinds {
    tag: "type",
    kinds: &[("image_generation_call", &Object { fields: &[("revised_prompt", &Text)], rest: &Opaque })],
    rest: &Object {
        fields: &[
            ("action", &ARGUMENT),
            ("arguments", &ARGUMENTS),
            ("call_id", &Opaque),
            ("caller", &Opaque),
            ("code", &TEXT_LANE),
            ("container_id", &Opaque),
            ("content", &ANSWER_PART),
            ("encrypted_content", &Opaque),
            ("fingerprint", &Opaque),
            ("id", &Opaque),
            ("input", &ARGUMENT),
            ("name", &Tool),
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
                    ("logprobs", &Mirror),
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

/// A whole answer. What it repeats of the request, as instructions and tools, is text.
pub(super) static RESPONSE: Shape = Object {
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

/// An event: a piece of a lane, the end of one, or what was said so far, whole.
pub(super) static EVENT: Shape = Kinds {
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
            &Object { fields: &[("delta", &NamedLane("input", Strand::Argument))], rest: &Opaque },
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
            &Object { fields: &[("command", &NamedLane("command", Strand::Argument))], rest: &Opaque },
        ),
        (
            "response.shell_call_command.delta",
            &Object { fields: &[("delta", &NamedLane("command", Strand::Argument))], rest: &Opaque },
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
                ("logprobs", &Mirror),
                ("name", &Tool),
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
