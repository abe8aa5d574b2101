//! Which exchanges held a value that the asker knows: found by the placeholder that it was given, for the log has no values.
//!
//! A placeholder is derived from the entity and the value, so the value is replaced once more, as every entity that it could
//! be, and the sealed texts of exchanges with such findings are searched for what came out. Texts whose key was destroyed are
//! not found: an erased customer stays erased.

use std::collections::{BTreeMap, BTreeSet};

use memchr::memmem::Finder;

use super::Archive;
use crate::audit::{AuditError, Filter, Reader, Summary};
use crate::detect::Detector;
use crate::redact::Vault;

/// Why a value is not looked for.
#[derive(Debug, thiserror::Error)]
pub enum NotFound {
    /// The log cannot be read.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// It is none.
    #[error("no pattern takes this for a value: check how it is spelled")]
    NoValue,
}

/// The exchanges that `filter` lets through and whose texts hold `value`, newest first.
pub fn find(
    detector: &Detector,
    archive: &Archive,
    reader: &Reader,
    value: &str,
    filter: &Filter,
) -> Result<Vec<Summary>, NotFound> {
    let placeholders = placeholders(detector, archive, value);
    let entities: BTreeSet<&String> = placeholders.iter().map(|(entity, _)| entity).collect();
    if entities.is_empty() {
        return Err(NotFound::NoValue);
    }
    let mut found = BTreeMap::new();
    for entity in entities.into_iter().filter(|entity| filter.entity.as_ref().is_none_or(|asked| asked == *entity)) {
        let begun: Vec<Finder> =
            placeholders.iter().filter(|(of, _)| of == entity).map(|(_, text)| Finder::new(text)).collect();
        let holds = |text: &[u8]| begun.iter().any(|placeholder| placeholder.find(text).is_some());
        let mut of_entity = 0;
        let asked = Filter { entity: Some(entity.clone()), limit: usize::MAX, ..filter.clone() };
        for summary in reader.list(&asked)? {
            let Some(record) = reader.show(&summary.exchange.to_string())? else { continue };
            let answer = record.closed.map(|closed| closed.answer).unwrap_or_default();
            if holds(&record.opened.request) || holds(&answer) {
                found.insert(summary.seq, summary);
                of_entity += 1;
            }
            if of_entity == filter.limit {
                break;
            }
        }
    }
    Ok(found.into_values().rev().take(filter.limit).collect())
}

/// What `value` may have been replaced by, without the closing bracket: two values of one exchange may have longer codes.
fn placeholders(detector: &Detector, archive: &Archive, value: &str) -> BTreeSet<(String, String)> {
    // What is no value by itself is one behind its name.
    let names = detector.entities().map(|entity| entity.as_str().to_lowercase().replace('_', " "));
    let mut placeholders = BTreeSet::new();
    for name in [String::new()].into_iter().chain(names) {
        for finding in detector.scan(value.trim(), &name) {
            let canonical = detector.canonical(&finding, value.trim());
            let placeholder = Vault::default().placeholder(&archive.placeholder, &finding.entity, &canonical, "");
            placeholders.insert((finding.entity.to_string(), placeholder.trim_end_matches(']').to_owned()));
        }
    }
    placeholders
}
