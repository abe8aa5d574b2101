//! What a reload changed, for the log and for people.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use super::{LogPlace, Setup};
use crate::crypto::{Hash, hex, sha256};
use crate::detect::Source;

/// What differs between two setups. Names, hashes of files without secrets, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The version of the rules before.
    pub from: String,
    /// The version of the rules now.
    pub to: String,
    /// The files that came, went or say something else, with the beginning of the SHA-256 of what they say now; none where a
    /// file went or holds a secret.
    pub files: BTreeMap<String, Option<String>>,
    /// Patterns that are new.
    pub came: BTreeSet<String>,
    /// Patterns that are no more.
    pub went: BTreeSet<String>,
    /// Patterns that say something else.
    pub changed: BTreeSet<String>,
    /// Settings that say something else and are taken at a start only.
    pub restart: Vec<&'static str>,
}

/// What is remembered of a setup, to be compared with the next.
pub(super) struct Outline {
    version: String,
    patterns: BTreeMap<String, Hash>,
    /// The settings that are taken at a start only.
    fixed: Vec<(&'static str, String)>,
}

impl Outline {
    pub(super) fn of(setup: &Setup) -> Self {
        let Setup { listen, admin, log: LogPlace { settings, audit_key, key }, .. } = setup;
        let fixed = vec![
            ("listen", format!("{listen}")),
            ("[admin]", format!("{admin:?}")),
            ("[audit]", format!("{settings:?} {audit_key:?}")),
            ("[key]", format!("{key:?}")),
            ("connections", setup.ruleset.limits.connections.to_string()),
        ];
        let patterns = setup.sources.iter().skip(1).flat_map(patterns).collect();
        Self { version: setup.ruleset.version.clone(), patterns, fixed }
    }
}

impl Change {
    /// What `after` has that `before` had not, and the other way round.
    pub(super) fn between(before: &Outline, after: &Outline, files: BTreeMap<String, Option<Hash>>) -> Self {
        let names = |in_one: &Outline, in_other: &Outline| {
            let missing = |name: &&String| !in_other.patterns.contains_key(*name);
            in_one.patterns.keys().filter(missing).cloned().collect()
        };
        let differs = |(name, hash): &(&String, &Hash)| before.patterns.get(*name).is_some_and(|known| known != *hash);
        let restart = after.fixed.iter().zip(&before.fixed).filter(|(after, before)| after != before);
        Self {
            from: before.version.clone(),
            to: after.version.clone(),
            files: files.into_iter().map(|(file, hash)| (file, hash.map(|hash| hex(&hash[..6])))).collect(),
            came: names(after, before),
            went: names(before, after),
            changed: after.patterns.iter().filter(differs).map(|(name, _)| name.clone()).collect(),
            restart: restart.map(|((name, _), _)| *name).collect(),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |names: &BTreeSet<String>| names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let files = self.files.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        write!(f, "rules {} -> {}; files: {files}", self.from, self.to)?;
        for (what, names) in [("came", &self.came), ("went", &self.went), ("changed", &self.changed)] {
            if !names.is_empty() {
                write!(f, "; patterns that {what}: {}", list(names))?;
            }
        }
        match self.restart.is_empty() {
            true => Ok(()),
            false => write!(f, "; needs a restart: `{}`", self.restart.join("`, `")),
        }
    }
}

/// A file's patterns by name, each with a hash over what it says.
fn patterns(source: &Source) -> Vec<(String, Hash)> {
    let table: toml::Table = source.text.parse().unwrap_or_default();
    let listed = table.get("pattern").and_then(toml::Value::as_array).map_or(&[][..], Vec::as_slice);
    let named = |pattern: &toml::Value| {
        let name = pattern.get("name")?.as_str()?.to_owned();
        Some((name, sha256(pattern.to_string().as_bytes())))
    };
    listed.iter().filter_map(named).collect()
}
