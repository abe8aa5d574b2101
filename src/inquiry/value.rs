//! Which exchanges held a value that the asker knows: found by the placeholder that it was given, for the log has no values.
//!
//! A placeholder is derived from the entity and the value, so the value is replaced once more, as every entity that it could
//! be, and the log is asked for what came out.

use std::collections::BTreeSet;

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
    if placeholders.is_empty() {
        return Err(NotFound::NoValue);
    }
    let asked = |entity: &String| filter.entity.as_ref().is_none_or(|asked| asked == entity);
    let asked = placeholders.into_iter().filter(|(entity, _)| asked(entity)).map(|(_, placeholder)| placeholder);
    Ok(reader.mentioning(&asked.collect::<Vec<_>>(), filter)?)
}

/// What `value` may have been replaced by, by entity.
fn placeholders(detector: &Detector, archive: &Archive, value: &str) -> BTreeSet<(String, String)> {
    // What is no value by itself is one behind its name.
    let names = detector.entities().map(|entity| entity.as_str().to_lowercase().replace('_', " "));
    let mut placeholders = BTreeSet::new();
    for name in [String::new()].into_iter().chain(names) {
        for finding in detector.scan(value.trim(), &name) {
            let canonical = detector.canonical(&finding, value.trim());
            let placeholder = Vault::default().placeholder(&archive.placeholder, &finding.entity, &canonical, "");
            placeholders.insert((finding.entity.to_string(), placeholder));
        }
    }
    placeholders
}
