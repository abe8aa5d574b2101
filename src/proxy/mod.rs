//! The live path: listener, exchanges, the way to the upstream and back.
//!
//! Read [`exchange`] first: it tells the story of a request. Nothing here asks which provider it is; the tables answer.

mod activity;
mod body;
mod broken;
mod connection;
mod content_type;
mod conversations;
mod coverage;
mod declared;
mod dial;
mod door;
mod early;
mod encoding;
mod ending;
mod exchange;
mod expiry;
mod framing;
mod headers;
mod identity;
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
mod scan;
mod server;
mod spans;
mod spool;
mod unfit;
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
use crate::crypto::{MacKey, MasterKey, Purpose};
use crate::metrics::Metrics;
use crate::redact::Redactor;

use conversations::Conversations;
use coverage::Shapes;
use door::Door;
use expiry::Expiry;
use places::Places;
use recognise::Recognisers;
use reload::Live;
pub use reload::Trouble;
use spans::Spans;
use watching::Watching;

pub use identity::{Identities, Identity};
pub use server::serve;
pub use upstream::TlsError;

/// What all exchanges share.
pub struct Gateway {
    live: ArcSwap<Live>,
    /// Why newer files are not used, if they are not.
    trouble: ArcSwap<Vec<Trouble>>,
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
    /// It has waited for answers as long as it may.
    cut: CancellationToken,
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
            cut: CancellationToken::new(),
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
    pub fn trouble(&self) -> Vec<Trouble> {
        let file = &self.ruleset().keys;
        let place = || file.path().display().to_string();
        let callers = file.trouble().map(|why| Trouble { place: place(), why });
        self.trouble.load().iter().cloned().chain(callers).collect()
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
        Redactor { detector, policy, key: &self.placeholder_key, bounds: limits.bounds() }
    }
}
