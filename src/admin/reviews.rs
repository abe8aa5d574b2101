//! System prompts and tools in use, and their sign-off.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Asked;
use super::answer::{Answer, Failure, json as json_answer};
use super::desk::Desk;
use crate::audit::{EventKind, Filter};
use crate::inquiry::{Seen, review};

/// How many of the newest exchanges are read, unless the address says something else, and at most.
const READ: usize = 1000;
const MOST: usize = 100_000;

/// What was seen in the newest exchanges. That it was looked at is in the log before it is shown.
pub(super) async fn list(desk: &Arc<Desk>, asked: &Asked) -> Result<Answer, Failure> {
    let limit = asked.query.read("last")?.unwrap_or(READ).min(MOST);
    let (seen, read) = desk.work(move |archive| Ok(review(archive, &Filter { limit, ..Filter::default() })?)).await?;
    desk.note(EventKind::Viewed, &json!({ "reviewed": seen.len(), "by": asked.name() })).await?;
    json_answer(&json!({ "read": read, "seen": seen.iter().map(whole).collect::<Vec<_>>() }))
}

fn whole(one: &Seen) -> Value {
    let mut told = json!(one);
    told["text"] = json!(one.text);
    told["previous"] = json!(one.previous);
    told["signed"] = json!(one.signed);
    told
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignOff {
    seen: Vec<String>,
    note: String,
}

/// Signs some of it off.
pub(super) async fn sign_off(desk: &Arc<Desk>, asked: &Asked) -> Result<Answer, Failure> {
    let SignOff { seen, note } = asked.form()?;
    let is_hash = |hash: &String| hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    if seen.is_empty() || seen.len() > 10_000 || !seen.iter().all(is_hash) {
        return Err(Failure::asked("say what is signed off, by its hashes"));
    }
    if note.trim().is_empty() || note.len() > 500 {
        return Err(Failure::asked("say why, in at most 500 bytes, and name nobody whom the log should not hold"));
    }
    desk.note(EventKind::Reviewed, &json!({ "note": note.trim(), "seen": seen, "by": asked.name() })).await?;
    json_answer(&json!({ "signed": seen.len() }))
}
