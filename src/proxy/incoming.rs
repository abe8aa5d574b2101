//! An answer's bytes as the upstream sends them, decoded.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::encoding::{Decoder, Undecodable};

/// The body of an answer on its way in.
pub(super) struct Source {
    incoming: Incoming,
    /// How long the upstream may say nothing.
    idle: Duration,
    /// There for a compressed body.
    decoder: Option<Decoder>,
    /// What has come and is not decoded yet.
    pending: Bytes,
    ended: bool,
    /// What was looked at before it was taken, and why no more came of it.
    head: Vec<u8>,
    dry: Option<Dry>,
}

/// Why there is no more of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dry {
    BrokenOff,
    TimedOut,
    Undecodable(Undecodable),
}

/// How many compressed bytes are decoded at a time: what they say is held in memory.
const SLICE: usize = 4 << 10;

impl Source {
    /// Reads `incoming`, through `decoder` where it is compressed.
    pub(super) fn new(incoming: Incoming, decoder: Option<Decoder>, idle: Duration) -> Self {
        Self { incoming, idle, decoder, pending: Bytes::new(), ended: false, head: Vec::new(), dry: None }
    }

    /// The first `length` bytes of the answer, or all where there are fewer; they are still to be taken.
    pub(super) async fn head(&mut self, length: usize) -> &[u8] {
        while self.head.len() < length && self.dry.is_none() {
            match self.more().await {
                Ok(Some(bytes)) => self.head.extend_from_slice(&bytes),
                Ok(None) => break,
                Err(dry) => self.dry = Some(dry),
            }
        }
        &self.head
    }

    /// The answer's next bytes; `None` at the end. Loses nothing when it is dropped before it is done.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Dry> {
        if !self.head.is_empty() {
            return Ok(Some(std::mem::take(&mut self.head).into()));
        }
        match self.dry.take() {
            Some(dry) => Err(dry),
            None => self.more().await,
        }
    }

    async fn more(&mut self) -> Result<Option<Bytes>, Dry> {
        loop {
            if !self.pending.is_empty() {
                let decoded = self.decode()?;
                if !decoded.is_empty() {
                    return Ok(Some(decoded));
                }
                continue;
            }
            if self.ended {
                return Ok(None);
            }
            match self.receive().await? {
                Some(bytes) => self.pending = bytes,
                None => {
                    self.ended = true;
                    let rest = self.decoder.as_mut().map_or(Ok(Vec::new()), Decoder::finish)?;
                    return Ok((!rest.is_empty()).then(|| rest.into()));
                }
            }
        }
    }

    fn decode(&mut self) -> Result<Bytes, Undecodable> {
        let Some(decoder) = &mut self.decoder else { return Ok(std::mem::take(&mut self.pending)) };
        let slice = self.pending.split_to(self.pending.len().min(SLICE));
        decoder.push(&slice).map(Bytes::from)
    }

    async fn receive(&mut self) -> Result<Option<Bytes>, Dry> {
        loop {
            match tokio::time::timeout(self.idle, self.incoming.frame()).await {
                Err(_) => return Err(Dry::TimedOut),
                Ok(None) => return Ok(None),
                Ok(Some(Err(_))) => return Err(Dry::BrokenOff),
                Ok(Some(Ok(frame))) => {
                    // Trailers carry nothing that an SDK reads.
                    if let Ok(bytes) = frame.into_data() {
                        return Ok(Some(bytes));
                    }
                }
            }
        }
    }
}

impl From<Undecodable> for Dry {
    fn from(undecodable: Undecodable) -> Self {
        Self::Undecodable(undecodable)
    }
}
