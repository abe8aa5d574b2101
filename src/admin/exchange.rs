//! One exchange: what the log says of it, its texts, its place in the chain, and whether that holds.

use std::sync::Arc;

use hyper::StatusCode;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::Asked;
use super::answer::{Answer, Failure, json as json_answer};
use super::desk::Desk;
use crate::audit::{AuditError, EventKind, Happenings, Opened, Reader, Record, Texts, checkpoint_at};
use crate::inquiry::Archive;

/// How many bytes of a text are shown.
const SHOWN: usize = 8 << 20;

/// All that is known of it but its texts.
pub(super) async fn record(desk: &Arc<Desk>, asked: &Asked) -> Result<Answer, Failure> {
    let id = id(asked)?;
    let told = desk.ask(move |archive| {
        let reader = archive.reader()?;
        let record = find(&reader, &id)?;
        let (places, rules) = (reader.places(record.seq)?, rules(&reader, &record.opened)?);
        Ok(json!({ "record": record, "places": places, "rules": rules }))
    });
    json_answer(&told.await?)
}

/// When the rules of an exchange came, and in which files: what the log says of their version, as long as it keeps it.
fn rules(reader: &Reader, opened: &Opened) -> Result<Value, Failure> {
    /// Among so many changes before it.
    const LOOKED_AT: usize = 100;
    let names = [EventKind::Configured, EventKind::Reloaded].map(|kind| kind.name().to_owned()).into();
    let until = Some(opened.at + SignedDuration::from_micros(1));
    let before = reader.happenings(&Happenings { names, until, limit: LOOKED_AT, ..Happenings::default() })?;
    let taken = before.iter().find_map(|one| {
        let detail: Value = serde_json::from_str(&one.detail).ok()?;
        let is_this = ["ruleset", "to"].iter().any(|version| detail[version] == opened.ruleset.as_str());
        is_this.then(|| json!({ "seq": one.seq, "at": one.at.to_string(), "name": one.name, "files": detail["files"] }))
    });
    Ok(taken.unwrap_or_default())
}

/// What the model received and what it answered. The log says who looked before it is shown.
pub(super) async fn texts(desk: &Arc<Desk>, asked: &Asked) -> Result<Answer, Failure> {
    let id = id(asked)?;
    let record = desk.ask(move |archive| find(&archive.unlocked()?, &id)).await?;
    let exchange = record.opened.exchange.to_string();
    desk.note(EventKind::Viewed, &json!({ "exchange": exchange, "by": asked.name() })).await?;
    if record.texts != Texts::Readable {
        return json_answer(&json!({ "texts": record.texts }));
    }
    let answer = record.closed.as_ref().map(|closed| shown(&closed.answer));
    json_answer(&json!({ "texts": record.texts, "request": shown(&record.opened.request), "answer": answer }))
}

/// Computes the hashes of its entries again, and those from its end to the next signed checkpoint.
pub(super) async fn verify(desk: &Arc<Desk>, asked: &Asked) -> Result<Answer, Failure> {
    let id = id(asked)?;
    json_answer(&desk.work(move |archive| proof(archive, &id)).await?)
}

fn proof(archive: &Archive, id: &str) -> Result<Value, Failure> {
    let reader = archive.reader()?;
    let record = find(&reader, id)?;
    let mut entries = Vec::new();
    for place in reader.places(record.seq)? {
        let proof = reader.prove(&archive.keys.chain, place.seq, place.seq)?;
        entries.push(json!({ "seq": place.seq, "holds": proof.broken.is_none() }));
    }
    let last = entries.iter().filter_map(|entry| entry["seq"].as_i64()).max().unwrap_or(record.seq);
    let signed = checkpoint_at(&archive.settings.folder, &archive.verifier(), last)?;
    let signed = signed.map(|checkpoint| -> Result<Value, AuditError> {
        let proof = reader.prove(&archive.keys.chain, last, checkpoint.head.seq)?;
        let holds = proof.broken.is_none() && proof.head == checkpoint.head;
        Ok(json!({ "seq": checkpoint.head.seq, "at": checkpoint.at.to_string(), "entries": proof.entries, "holds": holds }))
    });
    Ok(json!({ "entries": entries, "checkpoint": signed.transpose()? }))
}

fn id(asked: &Asked) -> Result<String, Failure> {
    asked.query.text("id").map(str::to_owned).ok_or_else(|| Failure::asked("say which exchange: ?id=…"))
}

fn find(reader: &Reader, id: &str) -> Result<Record, Failure> {
    reader.show(id)?.ok_or_else(|| Failure::new(StatusCode::NOT_FOUND, "there is no such exchange in the log"))
}

/// A text, or its beginning.
fn shown(text: &[u8]) -> Value {
    let end = text.len().min(SHOWN);
    json!({ "text": String::from_utf8_lossy(&text[..end]), "bytes": text.len(), "shown": end })
}
