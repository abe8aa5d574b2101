//! Any other JSON: every string, number and key is text.

use serde_json::json;

use super::{Dialect, Refusal, Shape};

/// The tables for paths that no other dialect claims.
pub(super) static ANY: Dialect = Dialect {
    name: "any",
    ending: "",
    request: &Shape::Text,
    answer: &Shape::Text,
    event: &Shape::Text,
    model: &["model"],
    subject: &[&["user"]],
    usage: &[],
    refusal,
};

/// `error.message` is where clients of most APIs look first.
fn refusal(refusal: &Refusal) -> String {
    json!({"error": {"message": refusal.message, "type": "blotter_refused", "code": refusal.code}}).to_string()
}
