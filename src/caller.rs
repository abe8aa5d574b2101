//! Who asks: callers, the keys that they show, what each may do, and until when.
//!
//! A key is shown once, when it is made; kept is its keyed hash. A caller goes by its name, and has more than one key while one
//! takes another's place. Where keys are kept is [`config`](crate::config)'s matter, the time of day the reader's.

mod file;
mod key;

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::crypto::{self, Hash, MacKey};
use crate::detect;

pub use key::{NotAName, NotARate, Rate, check_name, fresh};

/// How long before a key's end its coming is told.
pub const NOTICE: SignedDuration = SignedDuration::from_hours(14 * 24);

/// All keys of all callers, in the order in which they were made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Callers {
    keys: Vec<Key>,
}

/// A key of a caller, by its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Whose it is.
    pub name: String,
    /// The keyed hash of what the caller shows.
    pub hash: Hash,
    /// When it was made.
    pub made: Timestamp,
    /// From when on it is worth nothing.
    pub expires: Option<Timestamp>,
    /// Since when it is worth nothing because somebody said so.
    pub revoked: Option<Timestamp>,
    /// What it is good for.
    pub grant: Grant,
}

/// What a key is good for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// The routes that it opens; all, if none is named.
    pub routes: Vec<String>,
    /// The networks that it may be shown from; all, if none is named.
    pub networks: Vec<IpNet>,
    /// How many requests it may make, if that is not what the configuration says for all.
    pub rate: Option<Rate>,
    /// There if the key is for reading on the admin listener, and not for calling.
    pub role: Option<Role>,
}

/// What a reader may see on the admin listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Texts, as the log has them.
    Auditor,
    /// Configuration and metrics.
    Operator,
    /// Sums only.
    Reporter,
}

/// Who reads on the admin listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// Whose key was shown.
    pub name: String,
    /// What may be seen with it.
    pub role: Role,
    /// The hash of the key.
    pub key: Hash,
}

/// How a key stands at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is good.
    Active,
    /// Its time is over.
    Expired,
    /// It is good, and its end is near.
    Expiring(Timestamp),
    /// It was taken back.
    Revoked,
}

/// Why a caller who is known may not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The key's time is over.
    Expired,
    /// It was shown from a network that it is not for.
    Network,
    /// It was taken back.
    Revoked,
    /// It is for reading, not for calling.
    Role,
    /// It is not for this route.
    Route,
}

/// What was done about a caller; of several things the last of these counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// A key is good for something else, or for another time.
    Changed,
    /// A key is not there any more.
    Removed,
    /// The caller is new.
    Made,
    /// There is another key.
    Rotated,
    /// A key was taken back.
    Revoked,
}

/// Why a change to the callers cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotChange {
    /// Every key of the caller is revoked already.
    #[error("every key of `{0}` is revoked already: a new caller needs another name")]
    AllRevoked(String),
    /// The name is taken.
    #[error("there is a caller `{0}` already: choose another name, or give it a new key with `blotter key rotate {0}`")]
    Taken(String),
    /// Nobody has that name.
    #[error("there is no caller `{0}`: see `blotter key list`")]
    Unknown(String),
}

impl Callers {
    /// Every key.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Whether a caller has that name.
    pub fn knows(&self, name: &str) -> bool {
        self.keys.iter().any(|key| key.name == name)
    }

    /// The key that a credential is, whatever it is worth. Takes the same time whichever it is.
    pub fn find(&self, mac: &MacKey, credential: &str) -> Option<&Key> {
        if !is_key(credential) {
            return None;
        }
        let hash = hash(mac, credential);
        self.keys.iter().fold(None, |found, key| if crypto::same(&key.hash, &hash) { Some(key) } else { found })
    }

    /// Whether anybody ever had a key for reading.
    pub fn have_viewers(&self) -> bool {
        self.keys.iter().any(|key| key.grant.role.is_some())
    }

    /// Who may read with this credential, from this address.
    pub fn viewer(&self, mac: &MacKey, credential: &str, now: Timestamp, address: IpAddr) -> Option<Viewer> {
        let key = self.find(mac, credential)?;
        key.admits(now, address).ok()?;
        Some(Viewer { name: key.name.clone(), role: key.grant.role?, key: key.hash })
    }

    /// Whether the key of a viewer is still worth what it was, from this address.
    pub fn still_admit(&self, viewer: &Viewer, now: Timestamp, address: IpAddr) -> bool {
        let same = |key: &&Key| key.hash == viewer.key && key.grant.role == Some(viewer.role);
        self.keys.iter().find(same).is_some_and(|key| key.admits(now, address).is_ok())
    }

    /// The keys whose end is near, but for those that another of the same caller outlasts: they were rotated.
    pub fn expiring(&self, now: Timestamp) -> impl Iterator<Item = (&Key, Timestamp)> {
        self.keys.iter().filter_map(move |key| match key.standing(now) {
            Standing::Expiring(end) if !self.is_outlasted(key, end) => Some((key, end)),
            _ => None,
        })
    }

    fn is_outlasted(&self, key: &Key, end: Timestamp) -> bool {
        let lasts = |other: &Key| other.revoked.is_none() && other.expires.is_none_or(|expires| expires > end);
        self.keys.iter().any(|other| other.name == key.name && lasts(other))
    }

    /// Takes in a new caller.
    pub fn add(&mut self, key: Key) -> Result<(), CannotChange> {
        if self.knows(&key.name) {
            return Err(CannotChange::Taken(key.name));
        }
        self.keys.push(key);
        Ok(())
    }

    /// Gives a caller another key, good for the same and for as long; the old ones end at `end` at the latest.
    pub fn rotate(&mut self, name: &str, hash: Hash, now: Timestamp, end: Timestamp) -> Result<&Key, CannotChange> {
        let newest = self.keys.iter().rev().find(|key| key.name == name);
        let newest = newest.ok_or_else(|| CannotChange::Unknown(name.to_owned()))?;
        if self.keys.iter().all(|key| key.name != name || key.revoked.is_some()) {
            return Err(CannotChange::AllRevoked(name.to_owned()));
        }
        let expires = newest.expires.and_then(|old| now.checked_add(old.duration_since(newest.made)).ok());
        let fresh = Key { hash, made: now, expires, revoked: None, ..newest.clone() };
        for key in self.keys.iter_mut().filter(|key| key.name == name) {
            key.expires = Some(key.expires.map_or(end, |expires| expires.min(end)));
        }
        self.keys.push(fresh);
        Ok(&self.keys[self.keys.len() - 1])
    }

    /// Takes all keys of a caller back, and says how many were good until now.
    pub fn revoke(&mut self, name: &str, now: Timestamp) -> Result<usize, CannotChange> {
        if !self.knows(name) {
            return Err(CannotChange::Unknown(name.to_owned()));
        }
        let mut revoked = 0;
        for key in self.keys.iter_mut().filter(|key| key.name == name && key.revoked.is_none()) {
            key.revoked = Some(now);
            revoked += 1;
        }
        if revoked > 0 { Ok(revoked) } else { Err(CannotChange::AllRevoked(name.to_owned())) }
    }

    /// What was done since `before`, by names.
    pub fn changes_since<'c>(&'c self, before: &'c Self) -> BTreeMap<&'c str, Change> {
        let by_hash = |callers: &Self, hash: &Hash| callers.keys.iter().position(|key| key.hash == *hash);
        let removed = before.keys.iter().filter(|key| by_hash(self, &key.hash).is_none());
        let removed = removed.map(|gone| (gone.name.as_str(), Change::Removed));
        let done = self.keys.iter().filter_map(|key| {
            let old = by_hash(before, &key.hash).map(|at| &before.keys[at]);
            let change = match old {
                Some(old) if old == key => return None,
                Some(old) if old.revoked.is_none() && key.revoked.is_some() => Change::Revoked,
                Some(_) => Change::Changed,
                None if before.knows(&key.name) => Change::Rotated,
                None => Change::Made,
            };
            Some((key.name.as_str(), change))
        });
        let mut changes = BTreeMap::new();
        for (name, change) in removed.chain(done) {
            changes.entry(name).and_modify(|known: &mut Change| *known = change.max(*known)).or_insert(change);
        }
        changes
    }
}

impl Change {
    /// The change's name in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Made => "made",
            Self::Removed => "removed",
            Self::Revoked => "revoked",
            Self::Rotated => "rotated",
        }
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "auditor" => Ok(Self::Auditor),
            "operator" => Ok(Self::Operator),
            "reporter" => Ok(Self::Reporter),
            _ => Err(format!("`{name}` is no role: use `operator`, `auditor` or `reporter`")),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Auditor => "auditor",
            Self::Operator => "operator",
            Self::Reporter => "reporter",
        })
    }
}

impl Key {
    /// What people call the key: the beginning of its hash.
    pub fn id(&self) -> String {
        crypto::hex(&self.hash[..4])
    }

    /// How the key stands.
    pub fn standing(&self, now: Timestamp) -> Standing {
        match (self.revoked, self.expires) {
            (Some(_), _) => Standing::Revoked,
            (None, Some(end)) if end <= now => Standing::Expired,
            (None, Some(end)) if end.duration_since(now) <= NOTICE => Standing::Expiring(end),
            _ => Standing::Active,
        }
    }

    /// Whether the key is worth something, shown from this address.
    pub fn admits(&self, now: Timestamp, address: IpAddr) -> Result<(), Denied> {
        match self.standing(now) {
            Standing::Revoked => Err(Denied::Revoked),
            Standing::Expired => Err(Denied::Expired),
            Standing::Active | Standing::Expiring(_) => {
                let address = address.to_canonical();
                let networks = &self.grant.networks;
                let within = networks.is_empty() || networks.iter().any(|network| network.contains(&address));
                if within { Ok(()) } else { Err(Denied::Network) }
            }
        }
    }

    /// Whether the key is for calling on this route.
    pub fn opens(&self, route: &str) -> Result<(), Denied> {
        let Grant { routes, role, .. } = &self.grant;
        match role {
            Some(_) => Err(Denied::Role),
            None if routes.is_empty() || routes.iter().any(|open| open == route) => Ok(()),
            None => Err(Denied::Route),
        }
    }
}

/// Whether a credential has the form of a caller's key.
pub fn is_key(credential: &str) -> bool {
    detect::is_caller_key(credential)
}

/// The hash by which a key is kept.
pub fn hash(mac: &MacKey, secret: &str) -> Hash {
    mac.mac(&[secret.as_bytes()])
}

#[cfg(test)]
mod tests;
