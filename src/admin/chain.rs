//! Whether the chain holds, proven as it grows: from the newest signed checkpoint on, a piece at each look.

use jiff::Timestamp;
use serde::Serialize;

use super::answer::Failure;
use crate::audit::{Reader, checkpoint_at, last_entry};
use crate::inquiry::Archive;

/// How many entries are proven at a look: the machine is the proxy's first, and under full load the proof may lag behind.
const PIECE: i64 = 5_000;

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
}

impl Chain {
    /// Proves what came since the last look.
    pub(super) fn catch_up(&mut self, archive: &Archive, reader: &Reader, now: Timestamp) -> Result<(), Failure> {
        let last = last_entry(&archive.settings.folder)?;
        if self.to == 0 {
            let within = (last - PIECE).max(1);
            let signed = checkpoint_at(&archive.settings.folder, &archive.verifier(), within)?;
            let from = signed.map_or(within, |checkpoint| checkpoint.head.seq).clamp(1, last.max(1));
            (self.from, self.to) = (from, from - 1);
        }
        if self.broken.is_some() || self.to >= last {
            return Ok(());
        }
        let proof = reader.prove(&archive.keys.chain, self.to + 1, last.min(self.to + PIECE))?;
        (self.to, self.at, self.broken) = (proof.head.seq, Some(now), proof.broken);
        Ok(())
    }
}

fn spelled<S: serde::Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serializer.collect_str(at),
        None => serializer.serialize_none(),
    }
}
