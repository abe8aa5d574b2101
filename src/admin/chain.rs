//! Whether the chain holds, proven as it grows: from the newest signed checkpoint on, a piece at each look. What was proven may be
//! changed later, so it is gone through again and again.

use jiff::Timestamp;
use serde::Serialize;

use super::answer::Failure;
use crate::audit::{Reader, checkpoint_at, first_entry, last_entry};
use crate::inquiry::Archive;

/// How many entries are proven at a look: the machine is the proxy's first, and under full load the proof may lag behind.
const PIECE: i64 = 5_000;

/// How many are proven again at a look.
const AGAIN: i64 = 1_000;

/// What was proven.
#[derive(Default, Serialize)]
pub(super) struct Chain {
    /// The first entry that was proven.
    from: i64,
    /// The last one.
    to: i64,
    /// When it was.
    #[serde(serialize_with = "spelled")]
    at: Option<Timestamp>,
    /// The first entry that does not hold.
    broken: Option<i64>,
    /// The next entry to be proven again.
    #[serde(skip)]
    again: i64,
}

impl Chain {
    /// Proves what came since the last look or, if nothing did, a piece of what was proven before.
    pub(super) fn catch_up(&mut self, archive: &Archive, reader: &Reader, now: Timestamp) -> Result<(), Failure> {
        let last = last_entry(&archive.settings.folder)?;
        if self.to == 0 {
            let within = (last - PIECE).max(1);
            let signed = checkpoint_at(&archive.settings.folder, &archive.verifier(), within)?;
            let from = signed.map_or(within, |checkpoint| checkpoint.head.seq).clamp(1, last.max(1));
            (self.from, self.to, self.again) = (from, from - 1, from);
        }
        if self.broken.is_some() {
            return Ok(());
        }
        let (first, end) = if self.to < last {
            (self.to + 1, last.min(self.to + PIECE))
        } else {
            (self.again, self.to.min(self.again + AGAIN - 1))
        };
        let proof = reader.prove(&archive.keys.chain, first, end)?;
        if let Some(broken) = proof.broken
            && broken < first_entry(&archive.settings.folder)?
        {
            // Its file was dropped meanwhile, as its time was over: the next look begins anew.
            *self = Self::default();
            return Ok(());
        }
        (self.at, self.broken) = (Some(now), proof.broken);
        if end > self.to {
            self.to = end;
        } else {
            self.again = if end == self.to { self.from } else { end + 1 };
        }
        Ok(())
    }
}

fn spelled<S: serde::Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serializer.collect_str(at),
        None => serializer.serialize_none(),
    }
}
