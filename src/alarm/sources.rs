//! From where, and by which programs, a caller's key is shown.

use std::collections::VecDeque;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

/// How many sources of a caller are known. A new one takes the place of the one that was not seen for the longest.
const SOURCES: usize = 256;

/// For so long after its first request whatever a caller comes from is new to everybody.
const LEARNING: SignedDuration = SignedDuration::from_hours(24);

/// Something that a key is shown from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// An address.
    Address(IpAddr),
    /// A program, by the keyed hash of what it calls itself.
    Agent(u64),
}

/// What is known of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// It was seen before.
    Known,
    /// It was not, but neither was the caller.
    Learned,
    /// The caller is known, and this is new.
    New,
    /// Neither was known, and more such were seen in this hour than are learned; said once.
    TooMany,
}

/// The sources of a caller, the one seen last at the end.
pub(super) struct Sources {
    since: Timestamp,
    known: VecDeque<Source>,
}

impl Sources {
    /// Of a caller that was first seen then.
    pub(super) fn since(since: Timestamp) -> Self {
        Self { since, known: VecDeque::new() }
    }

    /// What is known of a source.
    pub(super) fn see(&self, source: Source, now: Timestamp) -> Sight {
        let is_new_caller = now.duration_since(self.since) < LEARNING;
        match (self.known.contains(&source), is_new_caller) {
            (true, _) => Sight::Known,
            (false, true) => Sight::Learned,
            (false, false) => Sight::New,
        }
    }

    /// The source is known from now on.
    pub(super) fn keep(&mut self, source: Source) {
        if self.known.back() == Some(&source) {
            return;
        }
        self.known.retain(|known| *known != source);
        if self.known.len() == SOURCES {
            self.known.pop_front();
        }
        self.known.push_back(source);
    }

    /// The source was seen then.
    pub(super) fn know(&mut self, source: Source, then: Timestamp) {
        self.since = self.since.min(then);
        self.keep(source);
    }
}
