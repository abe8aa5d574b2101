//! What goes on on one connection: how many exchanges, and whether the caller takes their answers.
//!
//! A caller that does not read cannot be told from the sending end by waiting for it: over HTTP/2 only its stream stands still.
//! So each answer's body notes when a piece of it was handed over and when the next was asked for.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::sync::watch;

use super::body::{Body, BrokenOff};

/// The exchanges of one connection.
#[derive(Clone)]
pub(super) struct Activity {
    /// By number; when a piece was handed over and no other was asked for since.
    exchanges: Arc<Mutex<HashMap<u64, Option<Instant>>>>,
    count: Arc<watch::Sender<u64>>,
}

/// One exchange of a connection; it ends when this is dropped.
pub(super) struct Active {
    activity: Activity,
    number: u64,
}

/// An answer's body that tells how it is taken.
pub(super) struct Watched {
    body: Body,
    active: Active,
}

impl Activity {
    /// A connection on which nothing goes on yet.
    pub(super) fn new() -> Self {
        Self { exchanges: Arc::default(), count: Arc::new(watch::Sender::new(0)) }
    }

    /// An exchange begins.
    pub(super) fn begin(&self) -> Active {
        let mut number = 0;
        self.count.send_modify(|count| {
            *count += 1;
            number = *count;
        });
        self.note(number, None);
        Active { activity: self.clone(), number }
    }

    /// Returns when no exchange was open for `time` on end.
    pub(super) async fn idle(&self, time: Duration) {
        let mut count = self.count.subscribe();
        loop {
            count.mark_unchanged();
            let still = tokio::time::timeout(time, count.changed()).await.is_err();
            if still && self.lock().is_empty() {
                return;
            }
        }
    }

    /// Returns when a caller took nothing of an answer for `time`.
    pub(super) async fn stalled(&self, time: Duration) {
        let stalled = || self.lock().values().flatten().any(|since| since.elapsed() >= time);
        while !stalled() {
            tokio::time::sleep(time / 4).await;
        }
    }

    fn note(&self, number: u64, handed: Option<Instant>) {
        self.lock().insert(number, handed);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Option<Instant>>> {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Active {
    /// Watches how this exchange's answer is taken.
    pub(super) fn watch(self, body: Body) -> Watched {
        Watched { body, active: self }
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.activity.lock().remove(&self.number);
        // Time without exchanges counts from here.
        self.activity.count.send_modify(|_| {});
    }
}

impl hyper::body::Body for Watched {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.body).poll_frame(context);
        let handed = matches!(polled, Poll::Ready(Some(Ok(_)))).then(Instant::now);
        this.active.activity.note(this.active.number, handed);
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
