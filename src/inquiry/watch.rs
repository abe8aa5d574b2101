//! What an overview tells, kept from look to look.

use jiff::{SignedDuration, Timestamp};

use super::{Archive, Chain, Pulse};
use crate::audit::{AuditError, EventKind, Happening, Happenings, Reader};

/// How many suspicious events are counted.
pub const MOST: usize = 1000;

/// What was seen of a log.
#[derive(Default)]
pub struct Watch {
    /// What passed.
    pub pulse: Pulse,
    /// Whether the chain holds.
    pub chain: Chain,
    /// What looked suspicious within a day, the newest first, and at most [`MOST`].
    pub suspicions: Vec<Happening>,
}

impl Watch {
    /// Looks again.
    pub fn catch_up(&mut self, archive: &Archive, reader: &Reader, now: Timestamp) -> Result<(), AuditError> {
        self.pulse.catch_up(reader, now)?;
        self.chain.catch_up(archive, reader, now)?;
        let names = [EventKind::Alarm, EventKind::LoginRefused].map(|kind| kind.name().to_owned()).into();
        let since = Some(now - SignedDuration::from_hours(24));
        self.suspicions = reader.happenings(&Happenings { names, since, limit: MOST, ..Happenings::default() })?;
        Ok(())
    }
}
