//! Which files and patterns the proxy runs under, and what differs from before: said by the log whenever it changes.
//!
//! An exchange names its ruleset by version; the newest `configured` event before it says what that version is made of.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::AuditError;
use super::event::{Event, EventKind};
use super::happening::{Happening, Happenings};
use super::query::Reader;
use super::settings::Settings;

/// What a ruleset is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// The ruleset's version.
    pub ruleset: String,
    /// The SHA-256 of each file, by its name, in hexadecimal digits.
    pub files: BTreeMap<String, String>,
    /// What the definition of each pattern hashes to, by its name.
    pub patterns: BTreeMap<String, String>,
}

/// What a `configured` event says: an inventory, and how its patterns differ from those of the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configured {
    /// What the proxy runs under from then on.
    #[serde(flatten)]
    pub inventory: Inventory,
    /// `None` when the log knew of none before.
    #[serde(flatten)]
    pub changes: Option<Changes>,
}

/// How the patterns of one inventory differ from those of another, by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Not there before.
    pub came: Vec<String>,
    /// Not there any more.
    pub went: Vec<String>,
    /// Defined otherwise.
    pub changed: Vec<String>,
}

impl Inventory {
    /// What the log has to say of this inventory; `None` when the newest file says it already.
    pub fn event(&self, settings: &Settings, at: Timestamp) -> Result<Option<Event>, AuditError> {
        let newest = newest(settings)?;
        let before = newest.as_ref().and_then(inventory);
        if newest.is_some_and(|newest| newest.in_newest_file) && before.as_ref() == Some(self) {
            return Ok(None);
        }
        let changes = before.map(|before| self.changes_since(&before));
        let configured = Configured { inventory: self.clone(), changes };
        let detail = serde_json::to_string(&configured).expect("names and hashes become JSON");
        Ok(Some(Event { at, kind: EventKind::Configured, detail }))
    }

    /// What the log said of the proxy last.
    pub fn newest(settings: &Settings) -> Result<Option<Self>, AuditError> {
        Ok(newest(settings)?.as_ref().and_then(inventory))
    }

    fn changes_since(&self, before: &Self) -> Changes {
        let missing = |from: &Self, among: &Self| {
            from.patterns.keys().filter(|name| !among.patterns.contains_key(*name)).cloned().collect()
        };
        let differs = |(name, hash): &(&String, &String)| before.patterns.get(*name).is_some_and(|was| was != *hash);
        let changed = self.patterns.iter().filter(differs).map(|(name, _)| name.clone()).collect();
        Changes { came: missing(self, before), went: missing(before, self), changed }
    }
}

fn newest(settings: &Settings) -> Result<Option<Happening>, AuditError> {
    let asked = Happenings { names: vec![EventKind::Configured.name().into()], limit: 1, ..Happenings::default() };
    Ok(Reader::open(&settings.folder)?.happenings(&asked)?.pop())
}

fn inventory(happening: &Happening) -> Option<Inventory> {
    serde_json::from_str(&happening.detail).map(|configured: Configured| configured.inventory).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_come_go_and_change() {
        let inventory = |patterns: &[(&str, &str)]| Inventory {
            patterns: patterns.iter().map(|(name, hash)| ((*name).into(), (*hash).into())).collect(),
            ..Inventory::default()
        };
        let before = inventory(&[("a", "1"), ("b", "1"), ("c", "1")]);
        let changes = inventory(&[("a", "1"), ("b", "2"), ("d", "1")]).changes_since(&before);
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(changes, Changes { came: names(&["d"]), went: names(&["c"]), changed: names(&["b"]) });
    }
}
