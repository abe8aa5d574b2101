//! Which exchanges there were, page by page, with the filters of `blotter audit list`.

use std::sync::Arc;

use hyper::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Asked;
use super::answer::{Answer, Failure, json as json_answer};
use super::desk::Desk;
use super::query::Query;
use crate::audit::{EventKind, Filter, Summary};
use crate::caller::Role;
use crate::inquiry::value;
use crate::proxy::Identity;

/// How many are on a page.
const PAGE: usize = 50;

/// The exchanges that the filters of the address let through; the answer says which filters those were in the log's own words.
pub(super) async fn list(desk: &Arc<Desk>, asked: &Asked) -> Result<Answer, Failure> {
    let filter = filter(desk, asked, &asked.query)?;
    let tokens = json!({ "caller": filter.caller, "subject": filter.subject,
        "conversation": filter.conversations.as_ref().and_then(|all| all.first()) });
    let found = desk.ask(move |archive| Ok(archive.unlocked()?.list(&filter)?)).await?;
    page(&found, tokens)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    value: String,
    /// The filters, as the address has them.
    query: String,
}

/// The exchanges that held a value which the asker knows. It is sent, for an address stays in a browser's memory.
pub(super) async fn with_value(desk: &Arc<Desk>, asked: &Asked) -> Result<Answer, Failure> {
    let Known { value, query } = asked.form()?;
    let filter = filter(desk, asked, &Query::parse(&query))?;
    let ruleset = desk.gateway.ruleset();
    let found = desk
        .work(move |archive| {
            let reader = archive.unlocked()?;
            value::find(&ruleset.detector, archive, &reader, &value, &filter).map_err(|error| match error {
                value::NotFound::Audit(error) => error.into(),
                value::NotFound::NoValue => Failure::asked(error.to_string()),
            })
        })
        .await?;
    let detail = json!({ "searched_for_a_value": true, "found": found.len(), "by": asked.name() });
    desk.note(EventKind::Viewed, &detail).await?;
    page(&found, Value::Null)
}

fn page(found: &[Summary], tokens: Value) -> Result<Answer, Failure> {
    let next = found.last().filter(|_| found.len() == PAGE).map(|summary| summary.seq);
    json_answer(&json!({ "exchanges": found, "next": next, "tokens": tokens }))
}

/// The filters that single out a customer.
const OF_CUSTOMERS: [&str; 2] = ["subject", "conversation"];

/// The filter that an address asks for, if it is one for the asker.
fn filter(desk: &Desk, asked: &Asked, query: &Query) -> Result<Filter, Failure> {
    let singles_out = OF_CUSTOMERS.iter().find(|name| query.text(name).is_some());
    if let Some(name) = singles_out.filter(|_| !asked.is_by(Role::Auditor)) {
        let message = format!("`{name}` singles out a customer: that is for the role `auditor`");
        return Err(Failure::new(StatusCode::FORBIDDEN, message));
    }
    let text = |name| query.text(name).map(str::to_owned);
    let now = Timestamp::now();
    let token = |identity, name| query.text(name).map(|id| desk.gateway.identities().asked(identity, id));
    Ok(Filter {
        since: query.time("since", now)?,
        until: query.time("until", now)?,
        entity: text("entity").map(|name| name.to_ascii_uppercase()),
        pattern: text("pattern"),
        caller: match query.text("caller") {
            Some(name) if desk.gateway.keys().knows(name) || name == "anonymous" => Some(name.to_owned()),
            _ => token(Identity::Caller, "caller"),
        },
        subject: token(Identity::Subject, "subject"),
        conversations: token(Identity::Conversation, "conversation").map(|token| vec![token]),
        route: text("route"),
        model: text("model"),
        status: query.read("status")?,
        outcome: query.read("outcome")?,
        reason: text("reason"),
        seqs: None,
        before: query.read("before")?,
        limit: PAGE,
    })
}
