//! Each distinct system prompt and tool that was sent, so that a new one does not come unseen.
//!
//! Read from the sealed texts that can still be opened. A prompt is known by a keyed hash of its text, in which placeholders
//! count by their entity alone; a sign-off is an event that lists the hashes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::Archive;
use crate::audit::{AuditError, EventKind, Filter, Happenings, Reader};
use crate::crypto::{MacKey, hex};

/// A system prompt or a tool.
#[derive(Clone, Debug, Serialize)]
pub struct Seen {
    /// `system` or `tool`.
    pub kind: &'static str,
    /// A tool's name.
    pub name: Option<String>,
    /// What it is known by.
    pub hash: String,
    /// When it was sent first.
    #[serde(serialize_with = "crate::audit::display")]
    pub first: Timestamp,
    /// When it was sent last.
    #[serde(serialize_with = "crate::audit::display")]
    pub last: Timestamp,
    /// In how many exchanges.
    pub times: u64,
    /// What stood in a tool's arguments.
    pub entities: BTreeSet<String>,
    /// Not signed off yet.
    pub new: bool,
    /// Who signed it off last, and when.
    #[serde(skip)]
    pub signed: Option<Signed>,
    /// The hash of what it seems to have been before.
    #[serde(skip)]
    pub previous: Option<String>,
    /// All of it.
    #[serde(skip)]
    pub text: String,
}

/// A sign-off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Signed {
    /// When.
    #[serde(serialize_with = "crate::audit::display")]
    pub at: Timestamp,
    /// Who, if it was done on the page.
    pub by: Option<String>,
    /// What was said.
    pub note: String,
}

type Signatures = BTreeMap<String, Signed>;

/// What was seen in the exchanges that `filter` lets through and whose texts can be read, and in how many of them.
pub fn review(archive: &Archive, filter: &Filter) -> Result<(Vec<Seen>, u64), AuditError> {
    let reader = archive.unlocked()?;
    let signed = signed_off(&reader)?;
    let mut gathered =
        Gathered { key: archive.identity.clone(), seen: BTreeMap::new(), arguments: BTreeMap::new(), read: 0 };
    reader.each_record(filter, |record| {
        if let Ok(request) = serde_json::from_slice(&record.opened.request) {
            gathered.add(&request, record.opened.at);
        }
    })?;
    let read = gathered.read;
    Ok((gathered.finish(&signed), read))
}

/// What was signed off, and by whom last.
fn signed_off(reader: &Reader) -> Result<Signatures, AuditError> {
    let asked = Happenings { names: vec![EventKind::Reviewed.name().to_owned()], ..Happenings::default() };
    let mut signed = Signatures::new();
    for happening in reader.happenings(&asked)?.into_iter().rev() {
        let detail: Value = serde_json::from_str(&happening.detail).unwrap_or_default();
        let text = |name: &str| detail[name].as_str().map(str::to_owned);
        let one = Signed { at: happening.at, by: text("by"), note: text("note").unwrap_or_default() };
        let seen = serde_json::from_value::<Vec<String>>(detail["seen"].clone()).unwrap_or_default();
        signed.extend(seen.into_iter().map(|hash| (hash, one.clone())));
    }
    Ok(signed)
}

/// What was seen so far.
struct Gathered {
    key: MacKey,
    /// By hash.
    seen: BTreeMap<String, Seen>,
    /// The entities in the arguments of each tool.
    arguments: BTreeMap<String, BTreeSet<String>>,
    /// In how many exchanges.
    read: u64,
}

impl Gathered {
    fn add(&mut self, request: &Value, at: Timestamp) {
        self.read += 1;
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
            signed: None,
            previous: None,
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

    fn finish(self, signed: &Signatures) -> Vec<Seen> {
        let mut seen: Vec<Seen> = self.seen.into_values().collect();
        seen.sort_by(|one, other| (one.kind, &one.name, one.first).cmp(&(other.kind, &other.name, other.first)));
        let nearest = |place: usize| &seen[place.saturating_sub(NEAREST)..place];
        let before: Vec<Option<String>> =
            seen.iter().enumerate().map(|(place, one)| previous(one, nearest(place))).collect();
        for (one, previous) in seen.iter_mut().zip(before) {
            one.signed = signed.get(&one.hash).cloned();
            one.new = one.signed.is_none();
            one.previous = previous;
            one.entities = one.name.as_ref().and_then(|name| self.arguments.get(name)).cloned().unwrap_or_default();
        }
        seen
    }
}

/// With how many that were seen shortly before it a prompt or tool is compared: there may be as many prompts as customers.
const NEAREST: usize = 50;

/// What `one` seems to have been before: of a tool the same name, of prompts the one that shares the most words, if it shares half.
fn previous(one: &Seen, seen: &[Seen]) -> Option<String> {
    let earlier = seen.iter().filter(|other| {
        other.hash != one.hash && other.kind == one.kind && other.name == one.name && other.first < one.first
    });
    let words = |text: &'_ str| text.split_whitespace().map(str::to_owned).collect::<BTreeSet<String>>();
    let own = words(&one.text);
    let alike = |other: &Seen| {
        let others = words(&other.text);
        let shared = own.intersection(&others).count();
        100 * shared / (own.len() + others.len() - shared).max(1)
    };
    let is_version = |(likeness, _): &(usize, &Seen)| one.name.is_some() || *likeness >= 50;
    let best = earlier.map(|other| (alike(other), other)).filter(is_version);
    best.max_by_key(|(likeness, other)| (one.name.is_none().then_some(*likeness), other.first))
        .map(|(_, other)| other.hash.clone())
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
    use serde_json::json;

    use super::*;
    use crate::crypto::{MasterKey, Purpose};

    fn gathered() -> Gathered {
        let key = MasterKey::generate().derive(Purpose::Identity);
        Gathered { key, seen: BTreeMap::new(), arguments: BTreeMap::new(), read: 0 }
    }

    #[test]
    fn a_version_knows_the_one_before_and_who_signed_it_off() {
        let mut gathered = gathered();
        let at = |second| Timestamp::from_second(second).unwrap();
        for (second, system) in [(1, "be kind to all"), (2, "sell many things"), (3, "be kind to all people")] {
            gathered.add(&json!({ "system": system, "tools": [{ "name": "pay", "v": second }] }), at(second));
        }
        let signed = Signed { at: at(9), by: Some("ann".into()), note: "fine".into() };
        let hash = |text: &str| gathered.seen.values().find(|one| one.text == text).unwrap().hash.clone();
        let [kind, sell] = ["be kind to all", "sell many things"].map(hash);
        let seen = gathered.finish(&Signatures::from([(kind.clone(), signed.clone())]));
        let one = |text: &str| seen.iter().find(|one| one.text == text).unwrap();
        assert_eq!(one("be kind to all people").previous, Some(kind));
        assert_eq!((&one("sell many things").previous, &one("be kind to all").signed), (&None, &Some(signed)));
        assert!(one("sell many things").new && sell != one("be kind to all").hash);
        let tools: Vec<bool> = seen.iter().filter(|one| one.kind == "tool").map(|one| one.previous.is_some()).collect();
        assert_eq!(tools, [false, true, true]);
    }

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
            let mut gathered = gathered();
            gathered.add(&json!({ "messages": [{ "content": [call] }] }), Timestamp::UNIX_EPOCH);
            assert!(gathered.arguments["pay"].contains("CARD"));
        }
    }
}
