//! What looks like misuse is told: in the program's own log, in the metrics, in the audit log, and to the webhook if there is one.
//!
//! What looks like it is [`alarm`](crate::alarm)'s matter. Nobody waits here but the tasks that write and deliver.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::header::{HeaderMap, USER_AGENT};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Gateway;
use super::door::Visitor;
use crate::alarm::{Alarm, Alarms, LEARNED, Sight, Source};
use crate::audit::{Event, EventKind};
use crate::caller::Key;
use crate::config::Ruleset;

/// How much of a program's name for itself is kept.
const LONGEST_AGENT: usize = 200;

/// What is known of callers.
#[derive(Default)]
pub(super) struct Watching(Mutex<Alarms>);

impl Watching {
    /// What is known is whole at any moment.
    pub(super) fn alarms(&self) -> MutexGuard<'_, Alarms> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gateway {
    /// A caller's key opened a route: looks whether it is shown from where it always is.
    pub(super) fn watch_source(
        self: &Arc<Self>,
        ruleset: &Ruleset,
        visitor: &Visitor,
        address: IpAddr,
        headers: &HeaderMap,
    ) {
        let Visitor::Caller(key) = visitor else { return };
        let now = Timestamp::now();
        let address = address.to_canonical();
        let caller = &key.name;
        // The lock is not held while something is told.
        let sight = self.watching.alarms().see(caller, Source::Address(address), now);
        match sight {
            Sight::Known => {}
            Sight::Learned => self.note_source(json!({"caller": caller, "key": key.id(), "address": address})),
            Sight::New => self.raise(Alarm::NewAddress { caller: caller.clone(), key: key.id(), address }),
            Sight::TooMany => self.note_too_many(key),
        }
        let agent = headers.get(USER_AGENT).map_or(&[][..], |agent| agent.as_bytes());
        let token = self.identities.agent(agent);
        let sight = self.watching.alarms().see(caller, Source::Agent(token), now);
        let told = || (self.agent_for_log(ruleset, agent), format!("{token:016x}"));
        match sight {
            Sight::Known => {}
            Sight::Learned => {
                let (agent, token) = told();
                self.note_source(json!({"caller": caller, "key": key.id(), "agent": agent, "token": token}));
            }
            Sight::New => {
                let (agent, token) = told();
                self.raise(Alarm::NewAgent { caller: caller.clone(), key: key.id(), agent, token });
            }
            Sight::TooMany => self.note_too_many(key),
        }
    }

    /// An exchange of this caller began whose request had so many findings.
    pub(super) fn watch_exchange(self: &Arc<Self>, ruleset: &Ruleset, caller: &str, found: u64) {
        let raised = self.watching.alarms().exchange(&ruleset.alarms.rules, caller, found, Timestamp::now());
        raised.into_iter().for_each(|alarm| self.raise(alarm));
    }

    /// A request was refused for this reason: looks whether a key was misused.
    pub(super) fn watch_refusal(
        self: &Arc<Self>,
        ruleset: &Ruleset,
        visitor: &Visitor,
        reason: &str,
        address: IpAddr,
        route: &str,
    ) {
        let (now, address) = (Timestamp::now(), address.to_canonical());
        if REFUSED_KEYS.contains(&reason) {
            let burst = self.watching.alarms().refused(&ruleset.alarms.rules, address, now);
            burst.into_iter().for_each(|alarm| self.raise(alarm));
        }
        let Visitor::Caller(key) = visitor else { return };
        if let Some(alarm) = misuse(key, reason, address, route)
            && self.watching.alarms().is_told(&key.name, now)
        {
            self.raise(alarm);
        }
    }

    /// Looks after what goes by time: what is kept too long, what ends soon, and what was done to callers' keys.
    pub(super) fn sweep(self: &Arc<Self>) {
        self.conversations.sweep();
        let now = Timestamp::now();
        self.tell_expiry(now);
        self.metrics.stale(!self.trouble().is_empty());
        let quiet = self.watching.alarms().pass(&self.ruleset().alarms.rules, now);
        quiet.into_iter().for_each(|alarm| self.raise(alarm));
        for (caller, change) in self.door.take_changes() {
            let change = format!("a key of `{caller}` was {}", change.name());
            self.raise(Alarm::Configuration { change });
        }
    }

    /// Tells of an alarm, unless it is one that the configuration ignores.
    pub fn raise(self: &Arc<Self>, alarm: Alarm) {
        let live = self.live.load_full();
        let alarms = Arc::clone(&live.ruleset.alarms);
        if alarms.rules.ignore.contains(&alarm.kind()) {
            return;
        }
        self.metrics.alarm(alarm.kind().name());
        tracing::warn!(alarm = alarm.kind().name(), "{alarm}");
        let at = Timestamp::now();
        self.log_event(Event { at, kind: EventKind::Alarm, detail: json!(alarm).to_string() });
        if let Some(webhook) = &alarms.webhook {
            self.deliver(&live.client, webhook, &alarm, at);
        }
    }

    /// Says of a caller's further sources in this hour that they are not in the log.
    fn note_too_many(self: &Arc<Self>, key: &Key) {
        self.note_source(json!({"caller": key.name, "key": key.id(), "more_than": LEARNED}));
    }

    fn note_source(self: &Arc<Self>, detail: Value) {
        self.log_event(Event { at: Timestamp::now(), kind: EventKind::Source, detail: detail.to_string() });
    }

    /// Appends an event for which nobody waits but the end of the process.
    fn log_event(self: &Arc<Self>, event: Event) {
        let gateway = Arc::clone(self);
        self.answers.spawn(async move {
            if let Err(error) = gateway.log.event(event).await {
                gateway.metrics.log_failed();
                tracing::error!(%error, "an event could not be logged");
            }
        });
    }

    /// What a program calls itself, without values and not at length.
    fn agent_for_log(&self, ruleset: &Ruleset, agent: &[u8]) -> String {
        let agent = String::from_utf8_lossy(agent);
        let agent: String = agent.chars().filter(|c| !c.is_control()).collect();
        // Cut afterwards: the head of a value is not known for what it is.
        self.redactor(ruleset).begin().text_for_log(&agent).unwrap_or_default().chars().take(LONGEST_AGENT).collect()
    }
}

/// Reasons for which keys are refused that somebody may be trying.
const REFUSED_KEYS: [&str; 5] =
    ["caller/expired", "caller/no-key", "caller/revoked", "caller/several-keys", "caller/unknown"];

/// What a refusal says about the use of a key that is known.
fn misuse(key: &Key, reason: &str, address: IpAddr, route: &str) -> Option<Alarm> {
    let (caller, key) = (key.name.clone(), key.id());
    match reason {
        "caller/network" => Some(Alarm::OutsideNetwork { caller, key, address }),
        "caller/revoked" => Some(Alarm::RevokedKey { caller, key, address }),
        "caller/role" | "caller/route" => Some(Alarm::OutsideRoute { caller, key, route: route.to_owned() }),
        _ => None,
    }
}
