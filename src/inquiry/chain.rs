//! Whether the chain holds, proven as it grows: from the newest entries on, a piece at each look. What was proven may be
//! changed later, so it is gone through again and again.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::Archive;
use crate::audit::{AuditError, EventKind, Happenings, Reader, first_entry, last_entry};

/// How many entries are proven at a look: the machine is the proxy's first, and under full load the proof may lag behind.
const PIECE: i64 = 5_000;

/// How many are proven again at a look.
const AGAIN: i64 = 1_000;

/// What was proven.
#[derive(Default, Serialize)]
pub struct Chain {
    /// The first entry that was proven.
    pub from: i64,
    /// The last one.
    pub to: i64,
    /// When it was.
    #[serde(serialize_with = "spelled")]
    pub at: Option<Timestamp>,
    /// The first entry that does not hold.
    pub broken: Option<i64>,
    /// The next entry to be proven again.
    #[serde(skip)]
    again: i64,
}

impl Chain {
    /// Proves what came since the last look or, if nothing did, a piece of what was proven before.
    pub fn catch_up(&mut self, archive: &Archive, reader: &Reader, now: Timestamp) -> Result<(), AuditError> {
        let folder = &archive.settings.folder;
        let (oldest, last) = (first_entry(folder)?, last_entry(folder)?);
        if self.to == 0 {
            let from = oldest.max(last - PIECE);
            (self.from, self.to, self.again) = (from, from - 1, from);
        }
        if self.broken.is_some() {
            return Ok(());
        }
        if self.from < oldest && was_dropped(reader, now)? {
            (self.from, self.to, self.again) = (oldest, self.to.max(oldest - 1), self.again.max(oldest));
        }
        let (first, end) = if self.to < last {
            (self.to + 1, last.min(self.to + PIECE))
        } else {
            (self.again, self.to.min(self.again + AGAIN - 1))
        };
        let proof = reader.prove(&archive.keys.chain, first, end)?;
        (self.at, self.broken) = (Some(now), proof.broken);
        if end > self.to {
            self.to = end;
        } else {
            self.again = if end == self.to { self.from } else { end + 1 };
        }
        Ok(())
    }
}

/// Whether the log says that a file was dropped just now. One that went without is missed.
fn was_dropped(reader: &Reader, now: Timestamp) -> Result<bool, AuditError> {
    const LATELY: SignedDuration = SignedDuration::from_hours(1);
    let names = vec![EventKind::Dropped.name().to_owned()];
    let asked = Happenings { names, since: Some(now - LATELY), limit: 1, ..Happenings::default() };
    Ok(!reader.happenings(&asked)?.is_empty())
}

fn spelled<S: serde::Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serializer.collect_str(at),
        None => serializer.serialize_none(),
    }
}
