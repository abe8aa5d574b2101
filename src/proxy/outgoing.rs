//! The body that a request is sent on as: bytes that are there, or what waits in a spool.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::task::{JoinHandle, spawn_blocking};

use super::spool::Spool;

/// The body of a request.
#[derive(Clone)]
pub(super) enum Outgoing {
    Bytes(Option<Bytes>),
    Spooled(Spooled),
}

/// What waits in a spool, block by block; a copy begins at the beginning.
pub(super) struct Spooled {
    spool: Arc<Spool>,
    next: usize,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
}

impl<B: Into<Bytes>> From<B> for Outgoing {
    fn from(bytes: B) -> Self {
        Self::Bytes(Some(bytes.into()).filter(|bytes: &Bytes| !bytes.is_empty()))
    }
}

impl Outgoing {
    /// All that waits in `spool`.
    pub(super) fn of(spool: Spool) -> Self {
        Self::Spooled(Spooled { spool: Arc::new(spool), next: 0, reading: None })
    }

    /// Whether what waited could not be read back when it was to leave.
    pub(super) fn is_lost(&self) -> bool {
        matches!(self, Self::Spooled(spooled) if spooled.spool.is_lost())
    }

    /// How many bytes it is.
    pub(super) fn length(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.as_ref().map_or(0, Bytes::len),
            Self::Spooled(spooled) => spooled.spool.length(),
        }
    }
}

impl Clone for Spooled {
    fn clone(&self) -> Self {
        Self { spool: Arc::clone(&self.spool), next: 0, reading: None }
    }
}

impl Spooled {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.next == self.spool.blocks() {
            return Poll::Ready(None);
        }
        let (spool, next) = (&self.spool, self.next);
        let reading = self.reading.get_or_insert_with(|| {
            let spool = Arc::clone(spool);
            spawn_blocking(move || spool.block(next))
        });
        let block = ready!(Pin::new(reading).poll(context)).unwrap_or_else(|error| Err(io::Error::other(error)));
        (self.reading, self.next) = (None, self.next + 1);
        Poll::Ready(Some(block))
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Bytes(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Spooled(spooled) => spooled.poll(context).map(|block| block.map(|block| block.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Bytes(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Bytes(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            // What was sent of it is not counted, and hyper asks before it sends.
            Self::Spooled(spooled) => SizeHint::with_exact(spooled.spool.length() as u64),
        }
    }
}
