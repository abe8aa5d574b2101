//! What looks like misuse, told by what callers do: how much, with how many findings, from where, and with which keys.
//!
//! Nothing here has a clock or tells anybody: times come as arguments, and an [`Alarm`] is what there is to tell. What is kept of a
//! caller is bounded, and so is the number of callers; who was not seen for the longest is forgotten. A caller's past is its log's,
//! read again at a start: see [`Alarms::remember`] and [`Alarms::know`].

mod habits;
mod refusals;
mod sources;

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use habits::Habits;
use refusals::Refusals;
use sources::Sources;

pub use habits::WEEK;
pub use sources::{Sight, Source};

/// How many callers are watched.
const CALLERS: usize = 4096;

/// So many alarms about the sources and uses of one caller's keys are told in an hour.
const ALARMS: u32 = 10;

/// So many sources of one caller are learned in an hour.
pub const LEARNED: u32 = 256;

/// When there is an alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How many times the usual is far from it.
    pub factor: u64,
    /// In an hour with fewer exchanges nothing is concluded from them.
    pub exchanges: u64,
    /// So many refused keys within a minute are a burst.
    pub refused_keys: usize,
    /// What is not told.
    pub ignore: Vec<Kind>,
}

/// What looks like misuse. Names and numbers, never a text of an exchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "alarm", rename_all = "kebab-case")]
pub enum Alarm {
    /// The configuration or the callers' keys were changed.
    Configuration {
        /// What changed, in words.
        change: String,
    },
    /// A caller's requests hold far more findings than they did, or far fewer.
    EntityRate {
        /// Who.
        caller: String,
        /// How many exchanges it made in this hour.
        exchanges: u64,
        /// How many findings they had.
        found: u64,
        /// How many they would usually have.
        usual: u64,
    },
    /// A key was shown from an address that it was not shown from before.
    NewAddress {
        /// Whose.
        caller: String,
        /// The key.
        key: String,
        /// From where.
        address: IpAddr,
    },
    /// A key was shown by a program that it was not shown by before.
    NewAgent {
        /// Whose.
        caller: String,
        /// The key.
        key: String,
        /// What the program calls itself, without values.
        agent: String,
        /// By what it is known again.
        token: String,
    },
    /// A key was shown from outside its networks.
    OutsideNetwork {
        /// Whose.
        caller: String,
        /// The key.
        key: String,
        /// From where.
        address: IpAddr,
    },
    /// A key was shown for a route, or a use, that it is not for.
    OutsideRoute {
        /// Whose.
        caller: String,
        /// The key.
        key: String,
        /// For which route.
        route: String,
    },
    /// Many keys were refused.
    RefusedKeys {
        /// How many, within a minute.
        refused: usize,
        /// From how many addresses.
        addresses: usize,
        /// From which address the most of them came.
        address: IpAddr,
    },
    /// A key was shown that was taken back.
    RevokedKey {
        /// Whose.
        caller: String,
        /// The key.
        key: String,
        /// From where.
        address: IpAddr,
    },
    /// A caller makes far more exchanges in an hour than it did, or made far fewer.
    Volume {
        /// Who.
        caller: String,
        /// How many in the hour.
        exchanges: u64,
        /// How many usually.
        usual: u64,
    },
}

/// The kinds of alarms, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// [`Alarm::Configuration`].
    Configuration,
    /// [`Alarm::EntityRate`].
    EntityRate,
    /// [`Alarm::NewAddress`].
    NewAddress,
    /// [`Alarm::NewAgent`].
    NewAgent,
    /// [`Alarm::OutsideNetwork`].
    OutsideNetwork,
    /// [`Alarm::OutsideRoute`].
    OutsideRoute,
    /// [`Alarm::RefusedKeys`].
    RefusedKeys,
    /// [`Alarm::RevokedKey`].
    RevokedKey,
    /// [`Alarm::Volume`].
    Volume,
}

/// What callers did, as far as it is needed to tell what is unusual.
#[derive(Default)]
pub struct Alarms {
    callers: HashMap<String, Watched>,
    refusals: Refusals,
    /// The hour that is next to be looked back on: the first that is seen from its beginning.
    next: Option<i64>,
}

/// What is known of one caller.
struct Watched {
    seen: Timestamp,
    habits: Habits,
    sources: Sources,
    alarms: Few,
    learned: Few,
}

/// Lets few through in an hour, so that a flood of causes is no flood of alarms or entries.
#[derive(Default)]
struct Few {
    hour: i64,
    told: u32,
}

impl Few {
    /// The number of this one in its hour.
    fn count(&mut self, now: Timestamp) -> u32 {
        let hour = hour(now);
        if self.hour != hour {
            *self = Self { hour, told: 0 };
        }
        self.told += 1;
        self.told
    }
}

impl Alarms {
    /// A caller made an exchange whose request had so many findings.
    pub fn exchange(&mut self, rules: &Rules, caller: &str, found: u64, now: Timestamp) -> Vec<Alarm> {
        let far = self.watched(caller, now).habits.exchange(rules, hour(now), found);
        let caller = || caller.to_owned();
        let volume = far.volume.map(|[exchanges, usual]| Alarm::Volume { caller: caller(), exchanges, usual });
        let rate = far.findings.map(|[exchanges, found, usual]| Alarm::EntityRate {
            caller: caller(),
            exchanges,
            found,
            usual,
        });
        volume.into_iter().chain(rate).collect()
    }

    /// Time went on: looks back, once, on each hour that is over, for who did far less in it than usual.
    pub fn pass(&mut self, rules: &Rules, now: Timestamp) -> Vec<Alarm> {
        let hour = hour(now);
        if *self.next.get_or_insert(hour + 1) >= hour {
            return Vec::new();
        }
        self.next = Some(hour);
        let quiet = |(caller, watched): (&String, &mut Watched)| {
            let [exchanges, usual] = watched.habits.quiet(rules, hour)?;
            Some(Alarm::Volume { caller: caller.clone(), exchanges, usual })
        };
        self.callers.iter_mut().filter_map(quiet).collect()
    }

    /// A caller's key was shown from there, or by that program. What is new is known from then on, if it is told.
    pub fn see(&mut self, caller: &str, source: Source, now: Timestamp) -> Sight {
        let Watched { sources, alarms, learned, .. } = self.watched(caller, now);
        // What is not told stays unknown, so that it is told in another hour.
        match sources.see(source, now) {
            Sight::Learned if learned.count(now) > LEARNED => match learned.told - LEARNED {
                1 => Sight::TooMany,
                _ => Sight::Known,
            },
            Sight::New if alarms.count(now) > ALARMS => Sight::Known,
            sight => {
                sources.keep(source);
                sight
            }
        }
    }

    /// Whether to tell that a caller's key was used in a way that it is not for.
    pub fn is_told(&mut self, caller: &str, now: Timestamp) -> bool {
        self.watched(caller, now).alarms.count(now) <= ALARMS
    }

    /// A key was refused.
    pub fn refused(&mut self, rules: &Rules, address: IpAddr, now: Timestamp) -> Option<Alarm> {
        self.refusals.add(rules.refused_keys, address, now)
    }

    /// In an hour of the last week, counted from 1970, a caller made so many exchanges with so many findings.
    pub fn remember(&mut self, caller: &str, hour: i64, exchanges: u64, found: u64, now: Timestamp) {
        self.watched(caller, now).habits.remember(hour, exchanges, found);
    }

    /// A caller's key was shown from there, or by that program, at that time.
    pub fn know(&mut self, caller: &str, source: Source, then: Timestamp) {
        self.watched(caller, then).sources.know(source, then);
    }

    fn watched(&mut self, caller: &str, now: Timestamp) -> &mut Watched {
        if !self.callers.contains_key(caller) {
            self.make_room();
        }
        let fresh = || Watched {
            seen: now,
            habits: Habits::default(),
            sources: Sources::since(now),
            alarms: Few::default(),
            learned: Few::default(),
        };
        let watched = self.callers.entry(caller.to_owned()).or_insert_with(fresh);
        watched.seen = watched.seen.max(now);
        watched
    }

    fn make_room(&mut self) {
        if self.callers.len() < CALLERS {
            return;
        }
        let oldest = self.callers.iter().min_by_key(|(_, watched)| watched.seen).map(|(caller, _)| caller.clone());
        if let Some(caller) = oldest {
            self.callers.remove(&caller);
        }
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self { factor: 5, exchanges: 100, refused_keys: 20, ignore: Vec::new() }
    }
}

impl Alarm {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Configuration { .. } => Kind::Configuration,
            Self::EntityRate { .. } => Kind::EntityRate,
            Self::NewAddress { .. } => Kind::NewAddress,
            Self::NewAgent { .. } => Kind::NewAgent,
            Self::OutsideNetwork { .. } => Kind::OutsideNetwork,
            Self::OutsideRoute { .. } => Kind::OutsideRoute,
            Self::RefusedKeys { .. } => Kind::RefusedKeys,
            Self::RevokedKey { .. } => Kind::RevokedKey,
            Self::Volume { .. } => Kind::Volume,
        }
    }
}

/// A sentence for people.
impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configuration { change } => write!(f, "the configuration changed: {change}"),
            Self::EntityRate { caller, exchanges, found, usual } => {
                write!(f, "`{caller}` made {exchanges} exchanges in this hour with {found} findings, usually {usual}")
            }
            Self::NewAddress { caller, key, address } => {
                write!(f, "the key {key} of `{caller}` was shown from {address} for the first time")
            }
            Self::NewAgent { caller, key, agent, .. } => {
                write!(f, "the key {key} of `{caller}` was shown by {agent:?} for the first time")
            }
            Self::OutsideNetwork { caller, key, address } => {
                write!(f, "the key {key} of `{caller}` was shown from {address}, outside its networks")
            }
            Self::OutsideRoute { caller, key, route } => {
                write!(f, "the key {key} of `{caller}` was shown for the route `{route}`, which it is not for")
            }
            Self::RefusedKeys { refused, addresses: 1, address } => {
                write!(f, "{refused} keys from {address} were refused within a minute")
            }
            Self::RefusedKeys { refused, addresses, address } => {
                write!(f, "{refused} keys from {addresses} addresses were refused within a minute, most from {address}")
            }
            Self::RevokedKey { caller, key, address } => {
                write!(f, "the key {key} of `{caller}`, which was revoked, was shown from {address}")
            }
            Self::Volume { caller, exchanges, usual } => {
                write!(f, "`{caller}` made {exchanges} exchanges in an hour, usually {usual}")
            }
        }
    }
}

impl Kind {
    /// The name in metrics, in the log and in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::EntityRate => "entity-rate",
            Self::NewAddress => "new-address",
            Self::NewAgent => "new-agent",
            Self::OutsideNetwork => "outside-network",
            Self::OutsideRoute => "outside-route",
            Self::RefusedKeys => "refused-keys",
            Self::RevokedKey => "revoked-key",
            Self::Volume => "volume",
        }
    }
}

/// The hours from 1970 to then.
fn hour(now: Timestamp) -> i64 {
    now.as_second().div_euclid(3600)
}

#[cfg(test)]
mod tests;
