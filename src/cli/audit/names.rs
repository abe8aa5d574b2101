//! Names in a filter that finds nothing: one that nobody knows is a slip of the pen, and an empty list would hide it.

use super::super::ConfigFile;
use crate::audit::{By, Filter, Reader, Span};
use crate::config::{Ruleset, User};
use crate::inquiry::visible;

/// Fails when `filter` asks for a name that neither the log nor the configuration knows; `caller` is the one asked for, as it was
/// written.
pub(super) fn check(filter: &Filter, caller: Option<&str>, config: &ConfigFile, reader: &Reader) -> anyhow::Result<()> {
    let Filter { entity, pattern, route, model, .. } = filter;
    let asked = [
        (By::Entity, entity.as_deref(), Filter { entity: entity.clone(), ..one() }),
        (By::Pattern, pattern.as_deref(), Filter { pattern: pattern.clone(), ..one() }),
        (By::Caller, caller, of_caller(filter.caller.as_deref().unwrap_or_default())),
        (By::Route, route.as_deref(), Filter { route: route.clone(), ..one() }),
        (By::Model, model.as_deref(), Filter { model: model.clone(), ..one() }),
    ];
    for (by, name, alone) in asked {
        let Some(name) = name else { continue };
        if !reader.list(&alone)?.is_empty() {
            continue;
        }
        // A configuration that cannot be used says nothing of names.
        let Ok(setup) = config.setup(User::Command) else { return Ok(()) };
        let mut known = configured(by, &setup.ruleset);
        if !known.iter().any(|known| known == name) {
            known.extend(reader.stats(by, Span::default())?.into_iter().map(|stat| stat.key));
            anyhow::bail!("{}", unknown(&format!("{by:?}").to_lowercase(), name, &known));
        }
    }
    Ok(())
}

/// One exchange of a caller, by what the log calls it.
pub(super) fn of_caller(name: &str) -> Filter {
    Filter { caller: Some(name.to_owned()), ..one() }
}

fn one() -> Filter {
    Filter { limit: 1, ..Filter::default() }
}

fn configured(by: By, ruleset: &Ruleset) -> Vec<String> {
    match by {
        By::Caller => ruleset.keys.callers().keys().iter().map(|key| key.name.clone()).collect(),
        By::Entity => ruleset.detector.entities().map(ToString::to_string).collect(),
        By::Pattern => ruleset.detector.patterns().iter().map(|pattern| pattern.name.clone()).collect(),
        By::Route => ruleset.routes.iter().map(|route| route.name.clone()).collect(),
        By::Day | By::Model | By::Outcome => Vec::new(),
    }
}

/// A caller's name is not repeated: it may be a key.
fn unknown(what: &str, name: &str, known: &[String]) -> String {
    let likeness = |known: &&String| strsim::damerau_levenshtein(&known.to_lowercase(), &name.to_lowercase());
    let nearest = known.iter().min_by_key(likeness).filter(|known| likeness(known) <= 1 + name.len() / 4);
    let remedy = match nearest {
        Some(nearest) => format!("perhaps `{}` is meant", visible(nearest)),
        None => format!("see `blotter audit stats --by {what}`"),
    };
    let name = if what == "caller" { String::new() } else { format!(" `{name}`") };
    format!("neither the log nor the configuration knows this {what}{name}: {remedy}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_known_name_is_told_if_one_is_near() {
        let check = |what: &str, name: &str, expected: &str| {
            let told = unknown(what, name, &["CARD".to_owned(), "Shop-Bot".to_owned()]);
            assert!(told.ends_with(expected), "{told}");
        };
        check("entity", "CRAD", "this entity `CRAD`: perhaps `CARD` is meant");
        check("entity", "SSN", "this entity `SSN`: see `blotter audit stats --by entity`");
        check("caller", "shop-bto", "this caller: perhaps `Shop-Bot` is meant");
        check("caller", "sk-1234567890", "this caller: see `blotter audit stats --by caller`");
    }
}
