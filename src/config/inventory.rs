//! What a ruleset is made of, for the log: each file by its hash, each pattern by the hash of its definition.

use toml::{Table, Value};

use super::Setup;
use crate::audit::Inventory;
use crate::crypto::{hex, sha256};
use crate::detect::Source;

impl Setup {
    /// What the log says that the proxy runs under.
    pub fn inventory(&self) -> Inventory {
        let hashed = |source: &Source| (source.name.clone(), hex(&sha256(source.text.as_bytes())));
        Inventory {
            ruleset: self.ruleset.version.clone(),
            files: self.sources.iter().map(hashed).collect(),
            patterns: self.sources.iter().flat_map(patterns).collect(),
        }
    }
}

/// The patterns and services that a file defines, and what each definition hashes to: comments and spacing do not count.
fn patterns(source: &Source) -> Vec<(String, String)> {
    let table: Table = source.text.parse().unwrap_or_default();
    let of_kind = |kind: &str, prefix: &str| -> Vec<(String, String)> {
        let all = table.get(kind).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let hashed = |one: &Value| {
            let name = one.get("name")?.as_str()?;
            let hash = sha256(serde_json::to_string(one).ok()?.as_bytes());
            Some((format!("{prefix}{name}"), hex(&hash[..8])))
        };
        all.iter().filter_map(hashed).collect()
    };
    [of_kind("pattern", ""), of_kind("service", "service/")].concat()
}
