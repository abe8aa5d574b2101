//! What is done with a finding of each entity, and where its value may come back.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Deserialize;

use crate::detect::Entity;
use crate::role::Role;

/// What is done with a finding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It stays, and is counted in the log: for trying a pattern on live traffic.
    Alert,
    /// It stays.
    Allow,
    /// The request is refused.
    Block,
    /// All but its last letters and digits are hidden, for good.
    Mask,
    /// A placeholder takes its place.
    #[default]
    Redact,
}

impl Action {
    /// The action's name in `proxy.toml` and in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Allow => "allow",
            Self::Block => "block",
            Self::Mask => "mask",
            Self::Redact => "redact",
        }
    }

    /// How little of a value is left to see.
    fn strictness(self) -> u8 {
        match self {
            Self::Allow => 0,
            Self::Alert => 1,
            Self::Mask => 2,
            Self::Redact => 3,
            Self::Block => 4,
        }
    }
}

/// Where in an answer a value comes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Restore {
    /// In tool arguments only.
    Arguments,
    /// In text and in tool arguments.
    #[default]
    Everywhere,
    /// Nowhere: the placeholder stays.
    Never,
    /// In text only.
    Text,
}

/// What is done with a value in an answer that the caller did not send. The log never has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answers {
    /// It stays, and is told and counted in the log.
    Alert,
    /// It stays.
    #[default]
    Leave,
    /// A placeholder takes its place.
    Redact,
}

/// What leaves although it cannot be read, because whoever runs the proxy says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exemption {
    /// Sound and video.
    Audio,
    /// Files that are no text, such as PDF, office documents and archives.
    Documents,
    /// Pictures.
    Images,
    /// Texts as the numbers of a tokenizer.
    TokenIds,
}

impl Exemption {
    /// The exemption's name in `proxy.toml` and in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Documents => "documents",
            Self::Images => "images",
            Self::TokenIds => "token-ids",
        }
    }
}

/// What a rule says; what it does not say is left to others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// What is done with a finding.
    pub action: Option<Action>,
    /// How many letters and digits a mask leaves, if it masks.
    pub keep: usize,
    /// Where the value comes back.
    pub restore: Option<Restore>,
    /// The tools in whose arguments the value comes back; `*` stands for all.
    pub tools: Option<Vec<String>>,
}

/// What a rule is for. What is not named may be any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Kinds of values.
    pub entities: Vec<Entity>,
    /// Whose words they stand in.
    pub roles: Vec<Role>,
    /// Routes by name.
    pub routes: Vec<String>,
    /// Callers by name.
    pub callers: Vec<String>,
}

/// All rules. An entity without one is redacted and restored everywhere, but cards and social security numbers not into the
/// arguments of tools.
///
/// Of the rules that are for a finding the one that names the most counts; of those that name as many, the strictest.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    rules: Vec<(Scope, Rule)>,
}

/// What a model could be led to spend or to send away by calling a tool.
const KEPT_FROM_TOOLS: [&str; 2] = ["CARD", "SSN"];

impl Policy {
    /// A policy with rules for entities alone.
    pub fn new(rules: BTreeMap<Entity, Rule>) -> Self {
        let scoped = |(entity, rule)| (Scope { entities: vec![entity], ..Scope::default() }, rule);
        Self::of(rules.into_iter().map(scoped).collect())
    }

    /// A policy with these rules.
    pub fn of(rules: Vec<(Scope, Rule)>) -> Self {
        Self { rules }
    }

    /// The policy for what a caller sends on a route; `None` if that makes no difference.
    pub fn narrowed(&self, route: &str, caller: &str) -> Option<Self> {
        let narrow = |(scope, _): &(Scope, Rule)| !scope.routes.is_empty() || !scope.callers.is_empty();
        let applies = |(scope, _): &&(Scope, Rule)| {
            let Scope { routes, callers, .. } = scope;
            let is_for = |names: &[String], name| names.is_empty() || names.iter().any(|known| known == name);
            is_for(routes, route) && is_for(callers, caller)
        };
        self.rules.iter().any(narrow).then(|| Self { rules: self.rules.iter().filter(applies).cloned().collect() })
    }

    /// What is done with a finding of `entity` in words of `role`.
    pub fn action(&self, entity: &Entity, role: Role) -> Action {
        self.acting(entity, role).and_then(|rule| rule.action).unwrap_or_default()
    }

    /// How many letters and digits a mask leaves of it.
    pub fn keep(&self, entity: &Entity, role: Role) -> usize {
        self.acting(entity, role).map_or(0, |rule| rule.keep)
    }

    /// Where a value of `entity` comes back.
    pub fn restore(&self, entity: &Entity) -> Restore {
        let rules = self.rules_for(entity, Role::Assistant).filter_map(|(named, rule)| Some((named, rule.restore?)));
        rules
            .max_by_key(|(named, restore)| (*named, restore.strictness()))
            .map_or_else(Restore::default, |(_, best)| best)
    }

    /// Whether a value of `entity` comes back in the arguments of this tool; `None` is one whose name was not told.
    pub fn is_for_tool(&self, entity: &Entity, tool: Option<&str>) -> bool {
        let rules = self.rules_for(entity, Role::Assistant);
        let rules = rules.filter_map(|(named, rule)| Some((named, rule.tools.as_ref()?)));
        match rules.max_by_key(|(named, tools)| (*named, Reverse(tools.len()))) {
            None => !KEPT_FROM_TOOLS.contains(&entity.as_str()),
            Some((_, tools)) => tools.iter().any(|known| known == "*" || Some(known.as_str()) == tool),
        }
    }

    /// The rule that says what is done.
    fn acting(&self, entity: &Entity, role: Role) -> Option<&Rule> {
        let rules = self.rules_for(entity, role).filter_map(|(named, rule)| Some((named, rule.action?, rule)));
        let strictest = rules.max_by_key(|(named, action, rule)| (*named, action.strictness(), Reverse(rule.keep)));
        strictest.map(|(.., rule)| rule)
    }

    /// The rules for a finding, each with how many things it names.
    fn rules_for(&self, entity: &Entity, role: Role) -> impl Iterator<Item = (usize, &Rule)> {
        let rules = self.rules.iter().filter(move |(Scope { entities, roles, .. }, _)| {
            (entities.is_empty() || entities.contains(entity)) && (roles.is_empty() || roles.contains(&role))
        });
        rules.map(|(scope, rule)| (scope.named(), rule))
    }
}

impl Scope {
    /// How many of entity, role, route and caller it names.
    fn named(&self) -> usize {
        let Self { entities, roles, routes, callers } = self;
        [entities.is_empty(), roles.is_empty(), routes.is_empty(), callers.is_empty()]
            .iter()
            .filter(|is_empty| !**is_empty)
            .count()
    }
}

impl Restore {
    /// How seldom a value comes back.
    fn strictness(self) -> u8 {
        match self {
            Self::Everywhere => 0,
            Self::Arguments | Self::Text => 1,
            Self::Never => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(name: &str) -> Entity {
        name.parse().unwrap()
    }

    fn act(action: Action) -> Rule {
        Rule { action: Some(action), ..Rule::default() }
    }

    #[test]
    fn the_rule_that_names_the_most_counts_and_then_the_strictest() {
        let (card, bot) = (vec![entity("CARD")], vec!["bot".to_owned()]);
        let policy = Policy::of(vec![
            (Scope { entities: card.clone(), ..Scope::default() }, act(Action::Block)),
            (Scope { roles: vec![Role::System], ..Scope::default() }, act(Action::Allow)),
            (Scope { entities: card, roles: vec![Role::System], ..Scope::default() }, act(Action::Alert)),
            (Scope { callers: bot, ..Scope::default() }, act(Action::Mask)),
        ]);
        let check =
            |policy: &Policy, name: &str, role, expected| assert_eq!(policy.action(&entity(name), role), expected);
        let anybody = policy.narrowed("a", "cat").unwrap();
        check(&anybody, "CARD", Role::User, Action::Block);
        check(&anybody, "CARD", Role::System, Action::Alert);
        check(&anybody, "PHONE", Role::System, Action::Allow);
        check(&anybody, "PHONE", Role::User, Action::Redact);
        let bots = policy.narrowed("a", "bot").unwrap();
        check(&bots, "CARD", Role::User, Action::Block);
        check(&bots, "PHONE", Role::System, Action::Mask);
        assert!(Policy::default().narrowed("a", "bot").is_none());
    }

    #[test]
    fn cards_come_back_in_the_arguments_of_tools_that_are_named() {
        let tools = |tools: &[&str]| {
            let tools = Some(tools.iter().map(ToString::to_string).collect());
            Policy::new([(entity("CARD"), Rule { tools, ..Rule::default() })].into())
        };
        let check = |policy: Policy, name: &str, tool, expected| {
            assert_eq!(policy.is_for_tool(&entity(name), tool), expected, "{name} {tool:?}");
        };
        check(Policy::default(), "CARD", Some("pay"), false);
        check(Policy::default(), "PHONE", None, true);
        check(tools(&["pay"]), "CARD", Some("pay"), true);
        check(tools(&["pay"]), "CARD", Some("mail"), false);
        check(tools(&["pay"]), "CARD", None, false);
        check(tools(&["*"]), "CARD", None, true);
    }
}
