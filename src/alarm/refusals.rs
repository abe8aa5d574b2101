//! Bursts of refused keys: somebody tries.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use super::Alarm;

/// Within this time refusals are one burst.
const MINUTE: SignedDuration = SignedDuration::from_secs(60);

/// So long after an alarm there is no other.
const QUIET: SignedDuration = SignedDuration::from_mins(10);

/// The newest refusals, as many as make a burst.
#[derive(Default)]
pub(super) struct Refusals {
    newest: VecDeque<(Timestamp, IpAddr)>,
    told: Option<Timestamp>,
}

impl Refusals {
    /// Counts one; tells of a burst where `burst` came within a minute.
    pub(super) fn add(&mut self, burst: usize, address: IpAddr, now: Timestamp) -> Option<Alarm> {
        self.newest.push_back((now, address));
        while self.newest.len() > burst.max(1) {
            self.newest.pop_front();
        }
        let (oldest, _) = self.newest.front()?;
        let is_burst = self.newest.len() >= burst && now.duration_since(*oldest) <= MINUTE;
        let is_quiet = self.told.is_some_and(|told| now.duration_since(told) < QUIET);
        if !is_burst || is_quiet {
            return None;
        }
        self.told = Some(now);
        let mut counts = HashMap::<IpAddr, usize>::new();
        for (_, address) in &self.newest {
            *counts.entry(*address).or_default() += 1;
        }
        let (address, _) = counts.iter().max_by_key(|(address, count)| (**count, **address))?;
        Some(Alarm::RefusedKeys { refused: self.newest.len(), addresses: counts.len(), address: *address })
    }
}
