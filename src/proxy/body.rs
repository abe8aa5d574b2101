//! The body that an answer is sent as.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::sync::mpsc;

/// The body of an answer to a caller.
pub(super) enum Body {
    /// Known at once.
    Full(Option<Bytes>),
    /// Sent piece by piece.
    Streamed(mpsc::Receiver<Result<Bytes, BrokenOff>>),
}

/// The upstream broke off: the caller's connection is broken off too, so that it does not take the answer for whole.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the upstream broke off")]
pub(super) struct BrokenOff;

/// How many pieces of an answer may wait for a slow caller; then the upstream waits.
const PIECES: usize = 8;

/// The longest piece of a body known at once.
const PIECE: usize = 64 << 10;

impl Body {
    /// A body known at once.
    pub(super) fn full(bytes: impl Into<Bytes>) -> Self {
        Self::Full(Some(bytes.into()).filter(|bytes: &Bytes| !bytes.is_empty()))
    }

    /// A body that is written to the sender; it breaks off where the sender sends an error, and ends when it is dropped.
    pub(super) fn channel() -> (mpsc::Sender<Result<Bytes, BrokenOff>>, Self) {
        let (sender, receiver) = mpsc::channel(PIECES);
        (sender, Self::Streamed(receiver))
    }
}

/// The next piece of a body known at once: cut, so that it leaves as fast as the caller takes it and waits here.
fn piece(left: &mut Option<Bytes>) -> Option<Bytes> {
    let mut bytes = left.take()?;
    let piece = bytes.split_to(bytes.len().min(PIECE));
    *left = Some(bytes).filter(|bytes| !bytes.is_empty());
    Some(piece)
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        match self.get_mut() {
            Self::Full(bytes) => Poll::Ready(piece(bytes).map(|piece| Ok(Frame::data(piece)))),
            Self::Streamed(receiver) => {
                receiver.poll_recv(context).map(|piece| piece.map(|piece| piece.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Full(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Full(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Self::Streamed(_) => SizeHint::default(),
        }
    }
}
