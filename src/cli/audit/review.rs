//! `blotter audit review`: each distinct system prompt and tool that was sent, so that a new one does not come unseen.
//!
//! Read from the sealed texts that can still be opened. A prompt is known by a keyed hash of its text, in which placeholders
//! count by their entity alone; a sign-off is an event that lists the hashes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::super::print::{self, NOTHING, Table};
use super::super::{ConfigFile, Outcome};
use super::list::SpanOptions;
use super::output::Output;
use super::subject::note;
use crate::audit::{EventKind, Filter, Happenings, Reader};
use crate::crypto::{MacKey, Purpose, hex};

#[derive(Args)]
pub(in crate::cli) struct Options {
    #[command(flatten)]
    span: SpanOptions,
    /// Only what is new since the last sign-off
    #[arg(long)]
    new: bool,
    /// Also print each in full
    #[arg(long, conflicts_with_all = ["json", "csv"])]
    text: bool,
    /// Sign off all that is listed; the note goes into the log, so name nobody whom it should not hold
    #[arg(long, value_name = "NOTE")]
    sign_off: Option<String>,
    #[command(flatten)]
    output: Output,
}

/// A system prompt or a tool.
#[derive(Clone, Debug, Serialize)]
struct Seen {
    kind: &'static str,
    /// A tool's name.
    name: Option<String>,
    hash: String,
    #[serde(serialize_with = "crate::audit::display")]
    first: Timestamp,
    #[serde(serialize_with = "crate::audit::display")]
    last: Timestamp,
    /// In how many exchanges.
    times: u64,
    /// What stood in a tool's arguments.
    entities: BTreeSet<String>,
    /// Not signed off yet.
    new: bool,
    #[serde(skip)]
    text: String,
}

/// Lists what was seen, and signs it off if asked to.
pub(super) fn run(config: &ConfigFile, options: &Options) -> anyhow::Result<Outcome> {
    let setup = config.setup()?;
    let reader = Reader::open(&setup.audit.folder)?.unlock(&setup.audit_key.read_ring()?)?;
    let signed = signed_off(&reader)?;
    let mut gathered = Gathered {
        key: setup.key.read()?.derive(Purpose::Identity),
        seen: BTreeMap::new(),
        arguments: BTreeMap::new(),
    };
    for summary in reader.list(&Filter { limit: usize::MAX, ..options.span.filter() })? {
        let Some(record) = reader.show(&summary.exchange.to_string())? else { continue };
        if let Ok(request) = serde_json::from_slice(&record.opened.request) {
            gathered.add(&request, record.opened.at);
        }
    }
    let mut seen = gathered.finish(&signed);
    seen.retain(|one| one.new || !options.new);
    options.output.print(&table(&seen), &seen)?;
    if options.text {
        print_texts(&seen)?;
    }
    let hashes: Vec<&String> = seen.iter().map(|one| &one.hash).collect();
    let (kind, detail) = match &options.sign_off {
        Some(note) => (EventKind::Reviewed, json!({ "note": note, "seen": hashes })),
        None => (EventKind::Viewed, json!({ "reviewed": hashes.len() })),
    };
    note(&setup, kind, detail.to_string())?;
    let open = seen.iter().any(|one| one.new) && options.sign_off.is_none();
    Ok(if open { Outcome::Found } else { Outcome::Fine })
}

/// The hashes that some sign-off lists.
fn signed_off(reader: &Reader) -> anyhow::Result<BTreeSet<String>> {
    let asked = Happenings { names: vec![EventKind::Reviewed.name().to_owned()], ..Happenings::default() };
    let listed = |detail: &str| serde_json::from_str::<Value>(detail).ok().map(|detail| detail["seen"].clone());
    let all = reader.happenings(&asked)?.into_iter().filter_map(|happening| listed(&happening.detail));
    Ok(all.filter_map(|seen| serde_json::from_value::<Vec<String>>(seen).ok()).flatten().collect())
}

fn table(seen: &[Seen]) -> Table {
    let mut table = Table::new(&["KIND", "NAME", "HASH", "FIRST", "LAST", "TIMES", "ARGUMENTS HELD", "NEW"]);
    for one in seen {
        let entities: Vec<&str> = one.entities.iter().map(String::as_str).collect();
        table.row(vec![
            one.kind.to_owned(),
            one.name.clone().unwrap_or_else(|| NOTHING.to_owned()),
            one.hash.clone(),
            format!("{:.0}", one.first),
            format!("{:.0}", one.last),
            one.times.to_string(),
            if entities.is_empty() { NOTHING.to_owned() } else { entities.join(", ") },
            if one.new { "new" } else { NOTHING }.to_owned(),
        ]);
    }
    table
}

fn print_texts(seen: &[Seen]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for Seen { kind, hash, text, .. } in seen {
        writeln!(out, "\n{kind} {hash}:\n{}", print::visible_lines(text))?;
    }
    Ok(())
}

/// What was seen so far.
struct Gathered {
    key: MacKey,
    /// By hash.
    seen: BTreeMap<String, Seen>,
    /// The entities in the arguments of each tool.
    arguments: BTreeMap<String, BTreeSet<String>>,
}

impl Gathered {
    fn add(&mut self, request: &Value, at: Timestamp) {
        for text in system_prompts(request) {
            self.note("system", None, text, at);
        }
        for (name, definition) in tools(request) {
            self.note("tool", name, definition, at);
        }
        self.add_arguments(request);
    }

    fn note(&mut self, kind: &'static str, name: Option<String>, text: String, at: Timestamp) {
        let plain = without_codes(&text);
        let hash = hex(&self.key.mac(&[b"review", kind.as_bytes(), plain.as_bytes()])[..8]);
        let new = || Seen {
            kind,
            name,
            hash: hash.clone(),
            first: at,
            last: at,
            times: 0,
            entities: BTreeSet::new(),
            new: true,
            text,
        };
        let seen = self.seen.entry(hash.clone()).or_insert_with(new);
        seen.first = seen.first.min(at);
        seen.last = seen.last.max(at);
        seen.times += 1;
    }

    /// Looks at every call of a tool: an object with a name and arguments, whatever the API calls those.
    fn add_arguments(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.add_arguments(item)),
            Value::Object(members) => {
                let arguments = ["arguments", "input", "args"].iter().find_map(|key| members.get(*key));
                if let (Some(Value::String(name)), Some(arguments)) = (members.get("name"), arguments) {
                    let text = arguments.as_str().map_or_else(|| arguments.to_string(), str::to_owned);
                    let entities = placeholders(&text).map(|(_, entity)| entity.to_owned());
                    self.arguments.entry(name.clone()).or_default().extend(entities);
                }
                members.values().for_each(|member| self.add_arguments(member));
            }
            _ => {}
        }
    }

    fn finish(self, signed: &BTreeSet<String>) -> Vec<Seen> {
        let mut seen: Vec<Seen> = self.seen.into_values().collect();
        for one in &mut seen {
            one.new = !signed.contains(&one.hash);
            one.entities = one.name.as_ref().and_then(|name| self.arguments.get(name)).cloned().unwrap_or_default();
        }
        seen.sort_by(|one, other| (one.kind, &one.name, one.first).cmp(&(other.kind, &other.name, other.first)));
        seen
    }
}

/// The system prompts of a request, wherever an API has them.
fn system_prompts(request: &Value) -> Vec<String> {
    let whole = ["system", "instructions", "systemInstruction", "system_instruction"].iter().map(|key| &request[*key]);
    let turns = ["messages", "input"].iter().filter_map(|key| request[*key].as_array()).flatten();
    let is_system = |turn: &&Value| matches!(turn["role"].as_str(), Some("system" | "developer"));
    let said = turns.filter(is_system).map(|turn| &turn["content"]);
    whole.chain(said).map(|value| texts(value).join("\n")).filter(|text| !text.is_empty()).collect()
}

/// A text, or the texts of its parts.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => {
            ["text", "parts", "content"].iter().filter_map(|key| members.get(*key)).flat_map(texts).collect()
        }
        _ => Vec::new(),
    }
}

/// The tools of a request: name and definition.
fn tools(request: &Value) -> Vec<(Option<String>, String)> {
    let lists = [&request["tools"], &request["functions"], &request["toolConfig"]["tools"]];
    let listed = lists.into_iter().filter_map(Value::as_array).flatten();
    let each = listed.flat_map(|tool| match tool["functionDeclarations"].as_array() {
        Some(declared) => declared.iter().collect(),
        None => vec![tool],
    });
    each.map(|tool| {
        let inner = ["function", "toolSpec"].iter().find_map(|key| tool.get(*key)).unwrap_or(tool);
        let name = inner["name"].as_str().or(tool["type"].as_str());
        (name.map(str::to_owned), tool.to_string())
    })
    .collect()
}

/// A text with `[PHONE]` for each `[PHONE_7K2Q]`, so that one prompt is one whoever it is about.
fn without_codes(text: &str) -> String {
    let (mut plain, mut at) = (String::new(), 0);
    for (span, entity) in placeholders(text) {
        plain.push_str(&text[at..span.start]);
        plain.push_str(&format!("[{entity}]"));
        at = span.end;
    }
    plain + &text[at..]
}

/// The placeholders of a text: where, and of which entity.
fn placeholders(text: &str) -> impl Iterator<Item = (std::ops::Range<usize>, &str)> {
    let places = text.match_indices('[').map(|(at, _)| at);
    places.filter_map(|start| {
        let name = &text[start + 1..start + 1 + text[start + 1..].find(']')?];
        let (entity, code) = name.rsplit_once('_')?;
        let spelled =
            |part: &str| part.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
        (code.len() >= 4 && !entity.is_empty() && spelled(name)).then_some((start..start + name.len() + 2, entity))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_is_one_whoever_it_is_about() {
        assert_eq!(without_codes("call [PHONE_7K2Q] or [US_SSN_ABCDEF]!"), "call [PHONE] or [US_SSN]!");
        for other in ["[PHONE]", "[x_1234]", "[", "[A_1]", "a[1]"] {
            assert_eq!(without_codes(other), other);
        }
    }

    #[test]
    fn prompts_and_tools_are_found_in_every_api() {
        let openai = json!({ "messages": [{ "role": "system", "content": "be kind" }, { "role": "user", "content": "x" }],
            "tools": [{ "type": "function", "function": { "name": "pay" } }] });
        let anthropic = json!({ "system": [{ "type": "text", "text": "be kind" }], "tools": [{ "name": "pay" }] });
        let gemini = json!({ "systemInstruction": { "parts": [{ "text": "be kind" }] },
            "tools": [{ "functionDeclarations": [{ "name": "pay" }] }] });
        for request in [openai, anthropic, gemini] {
            assert_eq!(system_prompts(&request), ["be kind"], "{request}");
            assert_eq!(tools(&request)[0].0.as_deref(), Some("pay"), "{request}");
        }
        let bedrock = json!({ "toolConfig": { "tools": [{ "toolSpec": { "name": "pay" } }] } });
        assert_eq!(tools(&bedrock)[0].0.as_deref(), Some("pay"));
    }

    #[test]
    fn arguments_are_found_in_every_api() {
        for call in [
            json!({ "function": { "name": "pay", "arguments": "{\"card\":\"[CARD_7K2Q]\"}" } }),
            json!({ "type": "tool_use", "name": "pay", "input": { "card": "[CARD_7K2Q]" } }),
            json!({ "functionCall": { "name": "pay", "args": { "card": "[CARD_7K2Q]" } } }),
        ] {
            let key = crate::crypto::MasterKey::generate().derive(Purpose::Identity);
            let mut gathered = Gathered { key, seen: BTreeMap::new(), arguments: BTreeMap::new() };
            gathered.add(&json!({ "messages": [{ "content": [call] }] }), Timestamp::UNIX_EPOCH);
            assert!(gathered.arguments["pay"].contains("CARD"));
        }
    }
}
