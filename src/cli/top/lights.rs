//! What may need somebody, a line each: the page's lights as far as the log and the files tell.

use jiff::Timestamp;
use serde_json::Value;

use super::super::print;
use crate::audit::{AuditError, EventKind, Happening, Happenings, Reader};
use crate::caller::NOTICE;
use crate::config::{Ruleset, Setup};
use crate::inquiry::{Archive, Chain, MOST, Watch};

/// A line: whether it is as it should be, what it is about, what there is to say.
pub(super) type Light = (bool, &'static str, String);

/// The lights, in the page's order.
pub(super) fn lights(
    setup: &Setup,
    archive: &Archive,
    watch: &Watch,
    now: Timestamp,
) -> Result<Vec<Light>, AuditError> {
    let reader = archive.reader()?;
    Ok(vec![chain(&watch.chain), rules(&reader)?, ends(&setup.ruleset, now), suspicions(&watch.suspicions)])
}

fn chain(chain: &Chain) -> Light {
    let says = match (chain.broken, chain.at) {
        (Some(seq), _) => format!("entry {seq} does not hold: run `blotter audit verify`"),
        (None, Some(_)) => format!("entries {} to {} hold", chain.from, chain.to),
        (None, None) => "nothing was proven yet".to_owned(),
    };
    (chain.broken.is_none() && chain.at.is_some(), "chain", says)
}

/// Which rules the proxy runs under: what the log said last.
fn rules(reader: &Reader) -> Result<Light, AuditError> {
    let names = [EventKind::Configured, EventKind::Reloaded].map(|kind| kind.name().to_owned()).into();
    let newest = reader.happenings(&Happenings { names, limit: 1, ..Happenings::default() })?;
    let detail: Value = newest.first().and_then(|one| serde_json::from_str(&one.detail).ok()).unwrap_or_default();
    Ok(match detail["refused"].as_array() {
        Some(places) => {
            let places: Vec<&str> = places.iter().filter_map(Value::as_str).collect();
            (false, "rules", format!("the files cannot be used, the old rules stay: {}", places.join(", ")))
        }
        None => {
            let version = ["ruleset", "to"].iter().find_map(|name| detail[name].as_str()).unwrap_or("none yet");
            (true, "rules", format!("version {version}"))
        }
    })
}

/// Which keys and certificates end soon.
fn ends(ruleset: &Ruleset, now: Timestamp) -> Light {
    let callers = ruleset.keys.callers();
    let keys = callers.expiring(now).map(|(key, end)| format!("{} ({}) {end:.0}", key.name, key.id()));
    let tls = ruleset.tls.as_ref();
    let certificates = [
        ("the listener's certificate", tls.map(|tls| tls.expires)),
        ("a certificate that signs callers'", tls.and_then(|tls| tls.client_ca_expires)),
    ];
    let soon = certificates.into_iter().filter_map(|(what, end)| {
        let end = Timestamp::from_second(end?).ok()?;
        (end.duration_since(now) <= NOTICE).then(|| format!("{what} {end:.0}"))
    });
    let soon: Vec<String> = keys.chain(soon).collect();
    match soon.is_empty() {
        true => (true, "keys", "none ends within 14 days".to_owned()),
        false => (false, "keys", format!("these end soon: {}", soon.join(", "))),
    }
}

fn suspicions(found: &[Happening]) -> Light {
    let Some(newest) = found.first() else { return (true, "suspicious", "nothing within a day".to_owned()) };
    let detail: Value = serde_json::from_str(&newest.detail).unwrap_or_default();
    let name = detail["alarm"].as_str().unwrap_or(&newest.name);
    let by = ["caller", "address", "change"].iter().find_map(|member| detail[member].as_str());
    let by = by.map(|by| format!(" ({})", print::visible(by))).unwrap_or_default();
    let more = if found.len() == MOST { " or more" } else { "" };
    (false, "suspicious", format!("{}{more} within a day, the newest: {name}{by} {:.0}", found.len(), newest.at))
}
