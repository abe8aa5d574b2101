//! The live path: listener, exchanges, the way to the upstream and back.
//!
//! Read [`exchange`] first: it tells the story of a request. Nothing here asks which provider it is; the tables answer.

mod activity;
mod body;
mod broken;
mod connection;
mod conversations;
mod coverage;
mod declared;
mod dial;
mod door;
mod encoding;
mod ending;
mod exchange;
mod expiry;
mod framing;
mod headers;
mod incoming;
mod intake;
mod memory;
mod outgoing;
mod places;
mod recall;
mod recognise;
mod refused;
mod relay;
mod reload;
mod request;
mod resumable;
mod server;
mod spans;
mod spool;
mod upload;
mod upstream;
mod watching;
mod webhook;
mod websocket;

use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::audit::{Event, EventKind, Log};
use crate::caller::{Callers, Viewer};
use crate::config::Ruleset;
use crate::crypto::{MacKey, MasterKey, Purpose, hex};
use crate::metrics::Metrics;
use crate::redact::Redactor;

use conversations::Conversations;
use coverage::Shapes;
use door::Door;
use expiry::Expiry;
use places::Places;
use recognise::Recognisers;
use reload::Live;
use spans::Spans;
use watching::Watching;

pub use server::serve;
pub use upstream::TlsError;

/// What all exchanges share.
pub struct Gateway {
    live: ArcSwap<Live>,
    /// Why newer files are not used, if they are not.
    trouble: ArcSwap<Vec<String>>,
    log: Log,
    shapes: Shapes,
    placeholder_key: MacKey,
    recognised_key: MacKey,
    identities: Identities,
    door: Door,
    expiry: Expiry,
    places: Places,
    conversations: Conversations,
    watching: Watching,
    /// Places for messages to the webhook.
    messages: Arc<Semaphore>,
    spans: Arc<Spans>,
    metrics: Arc<Metrics>,
    /// Answers on their way, which the end of the process waits for.
    answers: TaskTracker,
    /// The proxy was told to stop.
    draining: CancellationToken,
}

/// Turns what names a caller, a customer or a conversation into a token for the log.
///
/// The log holds no original value, and a customer's id is often a phone number. Equal ids give equal tokens, so the log can
/// be asked for an id by whoever has the key.
#[derive(Clone)]
pub struct Identities(MacKey);

/// What a token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Who calls: told by the credential.
    Caller,
    /// The conversation.
    Conversation,
    /// The customer.
    Subject,
}

impl Gateway {
    /// Brings the parts together.
    pub fn new(ruleset: Ruleset, log: Log, key: &MasterKey) -> Result<Self, TlsError> {
        let door = Door::new(key);
        let conversations = Conversations::new(&ruleset.limits, key.derive(Purpose::Conversation));
        let metrics = Arc::new(Metrics::default());
        metrics.rules(&ruleset.version);
        let live = Live::new(ruleset, None)?;
        let gateway = Self {
            live: ArcSwap::from_pointee(live),
            trouble: ArcSwap::default(),
            conversations,
            shapes: Shapes::default(),
            metrics,
            log,
            placeholder_key: key.derive(Purpose::Placeholder),
            recognised_key: key.derive(Purpose::Recognised),
            identities: Identities::new(key),
            door,
            expiry: Expiry::default(),
            places: Places::default(),
            watching: Watching::default(),
            messages: Arc::new(Semaphore::new(webhook::MESSAGES)),
            spans: Arc::default(),
            answers: TaskTracker::new(),
            draining: CancellationToken::new(),
        };
        gateway.tell_expiry(Timestamp::now());
        Ok(gateway)
    }

    /// The rules that exchanges begin under now.
    pub fn ruleset(&self) -> Arc<Ruleset> {
        Arc::clone(&self.live.load().ruleset)
    }

    /// The keys of callers and readers as their file has them now.
    pub fn keys(&self) -> Arc<Callers> {
        self.door.keys(&self.ruleset(), Timestamp::now()).0
    }

    /// Who may read with this key on the admin listener, from this address.
    pub fn viewer(&self, credential: &str, address: std::net::IpAddr) -> Option<Viewer> {
        let now = Timestamp::now();
        let ruleset = self.ruleset();
        let (keys, mac) = self.door.keys(&ruleset, now);
        keys.viewer(mac, credential, now, address)
    }

    /// The log, for what is done beside exchanges.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// What this installation calls callers, customers and conversations.
    pub fn identities(&self) -> &Identities {
        &self.identities
    }

    /// Why newer files are not used, if they are not.
    pub fn trouble(&self) -> Arc<Vec<String>> {
        self.trouble.load_full()
    }

    /// What is counted and measured.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Whether the proxy was told to stop, and takes no new connections.
    pub fn is_draining(&self) -> bool {
        self.draining.is_cancelled()
    }

    /// Whether entries reach the disk; where the last did not, an entry of its own is tried.
    pub async fn log_is_writable(&self) -> bool {
        if self.metrics.log_is_writable() {
            return true;
        }
        let tried = Event { at: Timestamp::now(), kind: EventKind::Tried, detail: "{}".to_owned() };
        let written = self.log.event(tried).await.is_ok();
        if written {
            self.metrics.log_recovered();
        }
        written
    }

    fn redactor<'a>(&'a self, ruleset: &'a Ruleset) -> Redactor<'a> {
        let Ruleset { detector, policy, limits, .. } = ruleset;
        Redactor { detector, policy, key: &self.placeholder_key, nesting: limits.nesting }
    }
}

impl Identities {
    /// Tokens under this installation's key.
    pub fn new(key: &MasterKey) -> Self {
        Self(key.derive(Purpose::Identity))
    }

    /// The token for `id`.
    pub fn token(&self, identity: Identity, id: &str) -> String {
        let prefix = identity.prefix();
        format!("{prefix}{}", hex(&self.0.mac(&[prefix.as_bytes(), normalised(id).as_bytes()])[..8]))
    }

    /// What a program that shows a key is known by: what it calls itself may be anything.
    fn agent(&self, name: &[u8]) -> u64 {
        let hash = self.0.mac(&[b"agent", name]);
        hash[..8].iter().fold(0, |token, byte| token << 8 | u64::from(*byte))
    }

    /// What a question to the log means by `asked`: a token as the log shows it, or an id.
    pub fn asked(&self, identity: Identity, asked: &str) -> String {
        let is_token = |rest: &str| rest.len() == 16 && rest.bytes().all(|byte| byte.is_ascii_hexdigit());
        match asked.strip_prefix(identity.prefix()) {
            Some(rest) if is_token(rest) => asked.to_owned(),
            _ => self.token(identity, asked),
        }
    }
}

impl Identity {
    fn prefix(self) -> &'static str {
        match self {
            Self::Caller => "key_",
            Self::Conversation => "con_",
            Self::Subject => "sub_",
        }
    }
}

/// An id as it is known by: a phone number with its plus is what WhatsApp calls the same person, digits alone.
fn normalised(id: &str) -> String {
    let id = id.trim();
    let number = id.strip_prefix('+').filter(|rest| rest.chars().all(|c| c.is_ascii_digit() || " -.()".contains(c)));
    number.map_or_else(|| id.to_owned(), |number| number.chars().filter(char::is_ascii_digit).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_number_is_one_customer_however_it_is_spelled() {
        assert_eq!(normalised(" +1 (415) 555-2671 "), "14155552671");
        assert_eq!(normalised("14155552671"), "14155552671");
        for other in ["12-34567", "customer-7", "+a", "AbC"] {
            assert_eq!(normalised(other), other);
        }
    }
}
