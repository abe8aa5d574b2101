//! What happened to the proxy and the log itself, page by page.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Asked;
use super::answer::{Answer, Failure, json as json_answer};
use super::desk::Desk;
use crate::audit::{EventKind, Happening, Happenings};
use crate::inquiry::Particulars;

/// How many are on a page.
const PAGE: usize = 50;

/// The events that the filters of the address let through.
pub(super) async fn list(desk: &Arc<Desk>, asked: &Asked) -> Result<Answer, Failure> {
    let (query, now) = (&asked.query, Timestamp::now());
    let names = query.text("event").into_iter().flat_map(|names| names.split(','));
    let question = Happenings {
        names: names.map(named).collect::<Result<_, _>>()?,
        since: query.time("since", now)?,
        until: query.time("until", now)?,
        before: query.read("before")?,
        limit: PAGE,
    };
    let found = desk.ask(move |archive| Ok(archive.reader()?.happenings(&question)?)).await?;
    let events: Vec<Value> = found.iter().map(|one| told(one, asked.particulars())).collect();
    let next = found.last().filter(|_| found.len() == PAGE).map(|one| one.seq);
    let kinds = EventKind::ALL.map(EventKind::name);
    json_answer(&json!({ "events": events, "next": next, "kinds": kinds }))
}

fn named(name: &str) -> Result<String, Failure> {
    Ok(name.parse::<EventKind>().map_err(Failure::asked)?.name().to_owned())
}

/// An event as far as its reader may know of it; an alarm by its kind, too.
pub(super) fn told(Happening { seq, at, name, detail, .. }: &Happening, particulars: Particulars) -> Value {
    let detail: Value = serde_json::from_str(detail).unwrap_or_else(|_| json!(detail));
    let mut told = json!({ "seq": seq, "at": at.to_string(), "name": name, "alarm": detail["alarm"] });
    if particulars == Particulars::Told {
        told["detail"] = detail;
    }
    told
}
