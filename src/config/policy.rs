//! The `[entities.NAME]` and `[[rule]]` sections: what is done with what is found.

use serde::Deserialize;
use toml::Spanned;

use super::callers::CallerFile;
use super::sections::Sections;
use crate::detect::Entity;
use crate::policy::{Action, Policy, Restore, Rule, Scope};
use crate::role::Role;
use crate::route::Routes;

/// How many letters and digits a mask leaves if nothing is said, and at most.
const KEEP: (usize, usize) = (4, 8);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntitySection {
    action: Option<Action>,
    keep: Option<Spanned<usize>>,
    restore: Option<Spanned<Restore>>,
    tools: Option<Spanned<Vec<String>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleSection {
    #[serde(default)]
    entities: Vec<Spanned<String>>,
    #[serde(default)]
    roles: Vec<Role>,
    #[serde(default)]
    routes: Vec<Spanned<String>>,
    #[serde(default)]
    callers: Vec<Spanned<String>>,
    action: Option<Action>,
    keep: Option<Spanned<usize>>,
    restore: Option<Spanned<Restore>>,
    tools: Option<Spanned<Vec<String>>>,
}

/// The policy, and the entities that have rules with the places where they stand. What is wrong is told.
pub(super) fn read(
    sections: &mut Sections,
    routes: &Routes,
    callers: Option<&CallerFile>,
) -> (Policy, Vec<Spanned<Entity>>) {
    let (mut rules, mut ruled) = (Vec::new(), Vec::new());
    for (name, section) in sections.take_members::<EntitySection>("entities") {
        let EntitySection { action, keep, restore, tools } = section;
        let rule = rule(sections, action, keep, restore, tools);
        if let Some(entity) = entity(sections, &name) {
            ruled.push(Spanned::new(name.span(), entity.clone()));
            rules.push((Scope { entities: vec![entity], ..Scope::default() }, rule));
        }
    }
    for section in sections.take_list::<Spanned<RuleSection>>("rule") {
        let span = section.span();
        let RuleSection { entities, roles, routes: of, callers: by, action, keep, restore, tools } =
            section.into_inner();
        let for_answers = restore.as_ref().map(Spanned::span).or(tools.as_ref().map(Spanned::span));
        if let Some(span) = for_answers.filter(|_| !roles.is_empty()) {
            let remedy = "leave `roles` out, or write it in a rule of its own".to_owned();
            sections.problem(
                span,
                "where a value comes back does not hang on whose words it stood in".to_owned(),
                remedy,
            );
        }
        if action.is_none() && restore.is_none() && tools.is_none() {
            sections.problem(span, "the rule says nothing".to_owned(), "add `action`, `restore` or `tools`".to_owned());
        }
        let known: Vec<&str> = routes.iter().map(|route| route.name.as_str()).collect();
        let of = names(sections, of, |name| known.contains(&name), "route", "name a `[[route]]` of this file");
        let by = names(sections, by, |name| callers.is_some_and(|file| file.callers().knows(name)), "caller", BY);
        let found = entities.iter().filter_map(|name| {
            let entity = entity(sections, name)?;
            ruled.push(Spanned::new(name.span(), entity.clone()));
            Some(entity)
        });
        let scope = Scope { entities: found.collect(), roles, routes: of, callers: by };
        rules.push((scope, rule(sections, action, keep, restore, tools)));
    }
    (Policy::of(rules), ruled)
}

const BY: &str = "make its key with `blotter key new`, under `[callers]`, before it has rules";

fn rule(
    sections: &mut Sections,
    action: Option<Action>,
    keep: Option<Spanned<usize>>,
    restore: Option<Spanned<Restore>>,
    tools: Option<Spanned<Vec<String>>>,
) -> Rule {
    if let Some(keep) = &keep {
        if action != Some(Action::Mask) {
            let what = "`keep` is for a mask alone".to_owned();
            sections.problem(keep.span(), what, "add `action = \"mask\"`, or take it out".to_owned());
        } else if *keep.get_ref() > KEEP.1 {
            let remedy = format!("give a number from 0 to {}", KEEP.1);
            sections.problem(keep.span(), "`keep` is out of range".to_owned(), remedy);
        }
    }
    let restore = restore.map(Spanned::into_inner);
    if let Some(tools) = tools.as_ref().filter(|_| matches!(restore, Some(Restore::Never | Restore::Text))) {
        let what = "`tools` are named, but the value comes back in no arguments".to_owned();
        sections.problem(tools.span(), what, "let `restore` be \"everywhere\" or \"arguments\"".to_owned());
    }
    Rule { action, keep: keep.map_or(KEEP.0, Spanned::into_inner), restore, tools: tools.map(Spanned::into_inner) }
}

fn entity(sections: &mut Sections, name: &Spanned<String>) -> Option<Entity> {
    let mut told =
        |error| sections.problem(name.span(), format!("`{}` is no entity", name.get_ref()), format!("{error}"));
    name.get_ref().parse().map_err(|error: crate::detect::NotAnEntity| told(error)).ok()
}

/// Names that all are known.
fn names(
    sections: &mut Sections,
    names: Vec<Spanned<String>>,
    is_known: impl Fn(&str) -> bool,
    what: &str,
    remedy: &str,
) -> Vec<String> {
    for name in names.iter().filter(|name| !is_known(name.get_ref())) {
        sections.problem(name.span(), format!("there is no {what} `{}`", name.get_ref()), remedy.to_owned());
    }
    names.into_iter().map(Spanned::into_inner).collect()
}
