//! What is done with a finding of each entity, and where its value may come back.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::detect::Entity;

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
            Self::Redact => "redact",
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

/// The rule for one entity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    /// What is done with a finding.
    pub action: Action,
    /// Where its value comes back.
    pub restore: Restore,
}

/// Entity → rule; entities without a rule of their own are redacted and restored everywhere.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    rules: BTreeMap<Entity, Rule>,
}

impl Policy {
    /// A policy with these rules.
    pub fn new(rules: BTreeMap<Entity, Rule>) -> Self {
        Self { rules }
    }

    /// What is done with a finding of `entity`.
    pub fn action(&self, entity: &Entity) -> Action {
        self.rule(entity).action
    }

    /// Where a value of `entity` comes back.
    pub fn restore(&self, entity: &Entity) -> Restore {
        self.rule(entity).restore
    }

    fn rule(&self, entity: &Entity) -> Rule {
        self.rules.get(entity).copied().unwrap_or_default()
    }
}
