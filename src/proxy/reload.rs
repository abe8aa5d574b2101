//! New rules for a running proxy: all of them or none.
//!
//! An exchange keeps the rules that it began with, and so does a connection its certificate and limits.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::upstream::{self, Client, TlsError};
use super::{Gateway, Recognisers};
use crate::alarm::Alarm;
use crate::audit::{Event, EventKind};
use crate::config::{Look, Outbound, Ruleset};
use crate::detect::Problem;

/// What a reload replaces.
pub(super) struct Live {
    pub ruleset: Arc<Ruleset>,
    pub client: Client,
    pub recognisers: Recognisers,
}

/// Why newer files are not used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// The file and its line, or what else it is about.
    pub place: String,
    /// What is wrong, and what to do about it. It may quote the file, in which customers may be named.
    pub why: String,
}

impl From<Problem> for Trouble {
    fn from(Problem { file, line, what, remedy }: Problem) -> Self {
        Self { place: format!("{file}:{line}"), why: format!("{what}: {remedy}") }
    }
}

impl Live {
    /// Rules at work; with the connections of `before`, where they would be made the same way.
    pub(super) fn new(ruleset: Ruleset, before: Option<&Self>) -> Result<Self, TlsError> {
        let kept = before.filter(|before| are_reached_alike(&before.ruleset, &ruleset));
        let client = match kept {
            Some(before) => before.client.clone(),
            None => upstream::client(&ruleset.limits, &ruleset.outbound)?,
        };
        let recognisers = Recognisers::new(ruleset.detector.services(), &client);
        Ok(Self { ruleset: Arc::new(ruleset), client, recognisers })
    }
}

/// Whether upstreams are reached the same way under both. A given file of roots may be another under the same name.
fn are_reached_alike(one: &Ruleset, other: &Ruleset) -> bool {
    let Outbound { roots: None, proxy } = &one.outbound else { return false };
    let alike = other.outbound.roots.is_none() && *proxy == other.outbound.proxy;
    alike && one.limits.connect_seconds == other.limits.connect_seconds
}

impl Gateway {
    /// Lets exchanges begin under `ruleset` from now on. Where that fails the old rules stay.
    pub fn adopt(&self, ruleset: Ruleset) -> Result<(), TlsError> {
        let version = ruleset.version.clone();
        let live = Live::new(ruleset, Some(&self.live.load()))?;
        self.live.store(Arc::new(live));
        self.metrics.rules(&version);
        self.tell_expiry(Timestamp::now());
        Ok(())
    }

    /// Takes what a look at the files found, and tells of it.
    pub async fn take(self: &Arc<Self>, look: Look) {
        match look {
            Look::Same => {}
            Look::Changed(setup, change) => match self.adopt(setup.ruleset) {
                Ok(()) => {
                    tracing::info!(%change, "reloaded");
                    if !change.restart.is_empty() {
                        tracing::warn!(settings = ?change.restart, "these settings are taken at the next start only");
                    }
                    self.told(true, Vec::new(), json!(change)).await;
                    self.raise(Alarm::Configuration { change: change.to_string() });
                }
                Err(error) => {
                    tracing::error!(%error, "the files changed and cannot be used: the old rules stay");
                    let trouble = Trouble { place: "TLS".to_owned(), why: error.to_string() };
                    self.told(false, vec![trouble], json!({"refused": [error.to_string()]})).await;
                }
            },
            Look::Unusable(problems, files) => {
                for problem in &problems {
                    tracing::error!(%problem, "the files changed and cannot be used: the old rules stay");
                }
                let trouble: Vec<Trouble> = problems.into_iter().map(Trouble::from).collect();
                let places: Vec<&String> = trouble.iter().map(|trouble| &trouble.place).collect();
                let detail = json!({"refused": places, "files": files});
                self.told(false, trouble, detail).await;
            }
        }
    }

    async fn told(self: &Arc<Self>, taken: bool, trouble: Vec<Trouble>, detail: serde_json::Value) {
        self.metrics.reloaded(taken);
        if !taken {
            let places: Vec<&str> = trouble.iter().map(|trouble| trouble.place.as_str()).collect();
            let change = format!("what it says now cannot be used: {}", places.join(", "));
            self.raise(Alarm::Configuration { change });
        }
        self.trouble.store(Arc::new(trouble));
        self.metrics.stale(!self.trouble().is_empty());
        let event = Event { at: Timestamp::now(), kind: EventKind::Reloaded, detail: detail.to_string() };
        if let Err(error) = self.log.event(event).await {
            self.metrics.log_failed();
            tracing::error!(%error, "a reload could not be logged");
        }
    }

    /// Which rules run, for a person, and which newer files could not be used.
    pub fn describe_rules(&self) -> String {
        let mut text = format!("rules {}\n", self.ruleset().version);
        for Trouble { place, .. } in self.trouble() {
            text.push_str(&format!("not used, the rules above stay: {place}\n"));
        }
        text
    }
}
