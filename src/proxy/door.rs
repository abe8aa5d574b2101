//! Who comes in: the caller behind the key that a request shows, and what is told of callers' keys.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::StatusCode;
use hyper::header::HeaderMap;
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::headers;
use super::places::{Share, Who};
use super::refused::Refused;
use crate::caller::{Callers, Change, Denied, Key, is_key};
use crate::config::{CallerFile, Ruleset};
use crate::crypto::{MacKey, MasterKey, Purpose};

/// Knows callers by their keys.
pub(super) struct Door {
    mac: MacKey,
    told: Mutex<Told>,
}

/// What of the callers was told in the program's own log.
#[derive(Default)]
struct Told {
    callers: Option<Arc<Callers>>,
    /// The day on which it was told whose keys end soon.
    day: Option<Date>,
    /// What was done to callers' keys and has raised no alarm yet.
    changes: BTreeMap<String, Change>,
}

/// Whoever sent a request.
#[derive(Clone)]
pub(super) enum Visitor {
    /// The configuration asks nobody for a key.
    Anybody,
    /// A caller, by the key that was shown.
    Caller(Box<Key>),
    /// Somebody without a key that is known.
    Stranger(Shown),
}

/// What a stranger shows.
#[derive(Clone, Copy)]
pub(super) enum Shown {
    Nothing,
    Several,
    Unknown,
}

impl Door {
    /// A door of this installation.
    pub(super) fn new(key: &MasterKey) -> Self {
        Self { mac: key.derive(Purpose::Caller), told: Mutex::default() }
    }

    /// The keys whose end is near: whose, which, and when it comes, in seconds since 1970.
    pub(super) fn expiring(&self, ruleset: &Ruleset, now: Timestamp) -> Vec<(String, String, i64)> {
        let (keys, _) = self.keys(ruleset, now);
        keys.expiring(now).map(|(key, end)| (key.name.clone(), key.id(), end.as_second())).collect()
    }

    /// Whether whoever came in may stay, as callers' keys stand now.
    pub(super) fn stays(
        &self,
        ruleset: &Ruleset,
        visitor: &Visitor,
        now: Timestamp,
        address: IpAddr,
    ) -> Result<(), Refused> {
        let (Visitor::Caller(key), Some(callers)) = (visitor, self.callers(ruleset, now)) else { return Ok(()) };
        match callers.keys().iter().find(|known| known.hash == key.hash) {
            Some(known) => known.admits(now, address).map_err(denied),
            None => Err(Shown::Unknown.refused()),
        }
    }

    /// What was done to callers' keys since this was asked last.
    pub(super) fn take_changes(&self) -> BTreeMap<String, Change> {
        std::mem::take(&mut self.told.lock().unwrap_or_else(PoisonError::into_inner).changes)
    }

    /// Looks whose key a request shows.
    pub(super) fn look(&self, ruleset: &Ruleset, headers: &HeaderMap, now: Timestamp) -> Visitor {
        let Some(callers) = self.callers(ruleset, now) else { return Visitor::Anybody };
        let mut ours: Vec<&str> = headers::credentials(headers).filter(|credential| is_key(credential)).collect();
        ours.dedup();
        match ours[..] {
            [] if headers::credential(headers).is_none() => Visitor::Stranger(Shown::Nothing),
            [] => Visitor::Stranger(Shown::Unknown),
            [one] => match callers.find(&self.mac, one) {
                Some(key) => Visitor::Caller(Box::new(key.clone())),
                None => Visitor::Stranger(Shown::Unknown),
            },
            _ => Visitor::Stranger(Shown::Several),
        }
    }

    /// The keys as their file has them now, and what proves one.
    pub(super) fn keys(&self, ruleset: &Ruleset, now: Timestamp) -> (Arc<Callers>, &MacKey) {
        (self.read(&ruleset.keys, now), &self.mac)
    }

    /// The callers who may come in, if not anybody may.
    fn callers(&self, ruleset: &Ruleset, now: Timestamp) -> Option<Arc<Callers>> {
        ruleset.callers.as_ref().map(|file| self.read(file, now))
    }

    /// The callers as their file has them now. What is new about them is told.
    fn read(&self, file: &CallerFile, now: Timestamp) -> Arc<Callers> {
        if let Err(error) = file.refresh() {
            tracing::error!("the callers stay as they were: {error}");
        }
        let callers = file.callers();
        // What was told is whole at any moment.
        self.told.lock().unwrap_or_else(PoisonError::into_inner).tell(&callers, now);
        callers
    }
}

impl Told {
    fn tell(&mut self, callers: &Arc<Callers>, now: Timestamp) {
        let before = self.callers.get_or_insert_with(|| Arc::clone(callers));
        let is_new = !Arc::ptr_eq(before, callers);
        if is_new {
            for (caller, change) in callers.changes_since(before) {
                tracing::info!(caller, change = change.name(), "a caller's key");
                self.changes.insert(caller.to_owned(), change);
            }
            *before = Arc::clone(callers);
        }
        let today = now.to_zoned(TimeZone::UTC).date();
        if is_new || self.day != Some(today) {
            self.day = Some(today);
            for (key, end) in callers.expiring(now) {
                let (caller, id) = (&key.name, key.id());
                tracing::warn!(caller, key = id, %end, "a key ends soon: run `blotter key rotate {caller}`");
            }
        }
    }
}

impl Visitor {
    /// The caller's name, if it is known.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Caller(key) => Some(&key.name),
            Self::Anybody | Self::Stranger(_) => None,
        }
    }

    /// Who takes a share of the proxy's work, and how much it may be.
    pub(super) fn share(&self, ruleset: &Ruleset, address: IpAddr) -> (Who, Share) {
        let bytes = ruleset.limits.caller_flight_bytes;
        match (self, &ruleset.callers) {
            (Self::Caller(key), Some(file)) => {
                let rate = Some(key.grant.rate.unwrap_or(file.rate));
                (Who::Caller(key.name.clone()), Share { exchanges: file.exchanges, bytes, rate })
            }
            _ => (Who::at(address), Share { exchanges: ruleset.limits.address_exchanges, bytes, rate: None }),
        }
    }

    /// Lets in whoever may come in, from this address.
    pub(super) fn enter(&self, now: Timestamp, address: IpAddr) -> Result<(), Refused> {
        match self {
            Self::Anybody => Ok(()),
            Self::Caller(key) => key.admits(now, address).map_err(denied),
            Self::Stranger(shown) => Err(shown.refused()),
        }
    }

    /// Lets through to a route whoever may use it.
    pub(super) fn go_on(&self, route: &str) -> Result<(), Refused> {
        match self {
            Self::Caller(key) => key.opens(route).map_err(denied),
            Self::Anybody | Self::Stranger(_) => Ok(()),
        }
    }
}

impl Shown {
    fn refused(&self) -> Refused {
        let (code, message) = match self {
            Self::Nothing => (
                "caller/no-key",
                "This proxy asks for a key of its own: give the client the key that `blotter key new` printed as its API key.",
            ),
            Self::Several => (
                "caller/several-keys",
                "The request shows more than one key of this proxy: send the one that is meant.",
            ),
            Self::Unknown => (
                "caller/unknown",
                "This proxy does not know the key: give the client the key that `blotter key new` printed, not the provider's.",
            ),
        };
        Refused::request(StatusCode::UNAUTHORIZED, code, message)
    }
}

fn denied(denied: Denied) -> Refused {
    const WHO: &str = "ask whoever runs the proxy";
    let (status, code, what) = match denied {
        Denied::Expired => (StatusCode::UNAUTHORIZED, "caller/expired", "The key has expired"),
        Denied::Network => {
            (StatusCode::FORBIDDEN, "caller/network", "The key is not for the network that it came from")
        }
        Denied::Revoked => (StatusCode::UNAUTHORIZED, "caller/revoked", "The key was revoked"),
        Denied::Role => (StatusCode::FORBIDDEN, "caller/role", "The key is for reading, not for calling"),
        Denied::Route => (StatusCode::FORBIDDEN, "caller/route", "The key is not for this route"),
    };
    Refused::request(status, code, format!("{what}: {WHO} for another."))
}
