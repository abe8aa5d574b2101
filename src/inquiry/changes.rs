//! What a report says of changes of configuration and patterns: those that a proxy started under, and those that it took while it ran.

use serde_json::Value;

use super::paper::Part;
use crate::audit::{Configured, EventKind, Happening};

/// The changes, newest first.
pub(super) fn configurations(happenings: &[Happening]) -> Vec<Part> {
    let row = |happening: &Happening| {
        let told = match &happening.name {
            name if name == EventKind::Configured.name() => at_start(&happening.detail)?,
            name if name == EventKind::Reloaded.name() => while_running(&happening.detail)?,
            _ => return None,
        };
        Some([format!("{:.0}", happening.at)].into_iter().chain(told).collect())
    };
    vec![
        Part::heading("Changes of configuration and patterns"),
        Part::table(&["at", "version", "came", "went", "changed"], happenings.iter().rev().filter_map(row).collect()),
    ]
}

/// What a proxy started under.
fn at_start(detail: &str) -> Option<[String; 4]> {
    let Configured { inventory, changes } = serde_json::from_str(detail).ok()?;
    let [came, went, changed] = match changes {
        Some(changes) => [changes.came, changes.went, changes.changed].map(listed),
        None => [format!("{} patterns, the first known", inventory.patterns.len()), "-".into(), "-".into()],
    };
    Some([inventory.ruleset, came, went, changed])
}

/// What a running proxy took, or could not use.
fn while_running(detail: &str) -> Option<[String; 4]> {
    let detail: Value = serde_json::from_str(detail).ok()?;
    let names = |member: &str| {
        let names = detail[member].as_array().into_iter().flatten();
        listed(names.filter_map(Value::as_str).map(str::to_owned).collect())
    };
    if detail["refused"].is_array() {
        return Some(["not used".to_owned(), "-".into(), "-".into(), names("refused")]);
    }
    Some([detail["to"].as_str()?.to_owned(), names("came"), names("went"), names("changed")])
}

fn listed(names: Vec<String>) -> String {
    if names.is_empty() { "-".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_running_proxy_took_or_could_not_use_is_told() {
        let reloaded = |detail: &str| Happening {
            seq: 1,
            at: "2026-11-30T10:00:00Z".parse().unwrap(),
            name: EventKind::Reloaded.name().to_owned(),
            detail: detail.to_owned(),
            in_newest_file: true,
        };
        let parts = configurations(&[
            reloaded(
                r#"{"from":"a1","to":"b2","files":{},"came":["loyalty"],"went":[],"changed":["ssn","iban"],"restart":[]}"#,
            ),
            reloaded(r#"{"refused":["proxy.toml:16"],"files":{}}"#),
        ]);
        let Part::Table(rows) = &parts[1] else { panic!("there are changes") };
        let at = "2026-11-30T10:00:00Z";
        assert_eq!(rows[1], [at, "not used", "-", "-", "proxy.toml:16"]);
        assert_eq!(rows[2], [at, "b2", "loyalty", "-", "ssn, iban"]);
    }
}
