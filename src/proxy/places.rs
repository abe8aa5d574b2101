//! How much is done at a time: places for exchanges, overall and for each caller, bytes of requests, and callers' rates.
//!
//! The limits are those of the moment, so that they can change while exchanges run.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::refused::Refused;
use crate::caller::Rate;

/// What is taken at the moment.
#[derive(Default)]
pub(super) struct Places {
    exchanges: Counter,
    bytes: Counter,
    callers: Mutex<HashMap<String, Taken>>,
}

/// What one caller has taken.
#[derive(Default)]
struct Taken {
    exchanges: Counter,
    bucket: Bucket,
}

/// What a caller may take.
#[derive(Clone, Copy)]
pub(super) struct Share {
    pub exchanges: usize,
    pub rate: Rate,
}

/// A place that is given back when it is dropped.
pub(super) struct Place {
    _overall: Hold,
    _own: Option<Hold>,
}

/// The bytes of a request, given back when it is dropped.
pub(super) struct Flight {
    hold: Hold,
    limit: usize,
}

/// There are as many bytes under way as may be.
#[derive(Debug, thiserror::Error)]
#[error("too many bytes are under way")]
pub(super) struct Crowded;

#[derive(Clone, Default)]
struct Counter(Arc<AtomicUsize>);

/// A part of a counter.
struct Hold {
    counter: Counter,
    count: usize,
}

/// Tells when requests come faster than a rate, by when the last of them would have come at that rate.
#[derive(Clone, Copy, Default)]
struct Bucket(Option<Instant>);

impl Places {
    /// A place among at most `limit`, for a caller with that share or for anybody.
    pub(super) fn take(&self, limit: usize, own: Option<(&str, Share)>, now: Instant) -> Result<Place, Refused> {
        let own = own.map(|(caller, share)| self.take_share(caller, share, now)).transpose()?;
        let overall = self.exchanges.take(1, limit).ok_or_else(|| {
            let message = format!(
                "This proxy is at work on {limit} exchanges, as many as it may be: try again, or raise `[limits] exchanges`."
            );
            Refused::busy("proxy/busy", message)
        })?;
        Ok(Place { _overall: overall, _own: own })
    }

    /// Counts a request's bytes, of which there may be `limit` overall.
    pub(super) fn flight(&self, limit: usize) -> Flight {
        Flight { hold: Hold { counter: self.bytes.clone(), count: 0 }, limit }
    }

    fn take_share(&self, caller: &str, share: Share, now: Instant) -> Result<Hold, Refused> {
        // What is kept is whole at any moment.
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = callers.entry(caller.to_owned()).or_default();
        let Share { exchanges: limit, rate } = share;
        let hold = taken.exchanges.take(1, limit).ok_or_else(|| {
            let message =
                format!("The key has {limit} exchanges under way, as many as it may have: let one of them end.");
            Refused::too_many("caller/busy", message, Duration::from_secs(1))
        })?;
        taken.bucket.pour(rate, now).map_err(|wait| {
            Refused::too_many("caller/rate", format!("The key makes more than its {rate} requests: slow down."), wait)
        })?;
        Ok(hold)
    }
}

impl Flight {
    /// Takes further bytes.
    pub(super) fn grow(&mut self, bytes: usize) -> Result<(), Crowded> {
        if !self.hold.counter.add(bytes, self.limit) {
            return Err(Crowded);
        }
        self.hold.count += bytes;
        Ok(())
    }
}

impl From<Crowded> for Refused {
    fn from(_: Crowded) -> Self {
        Self::busy(
            "proxy/crowded",
            "This proxy has as many bytes of requests under way as it may have: try again, or raise `[limits] flight_bytes`.",
        )
    }
}

impl Counter {
    fn take(&self, count: usize, limit: usize) -> Option<Hold> {
        self.add(count, limit).then(|| Hold { counter: self.clone(), count })
    }

    /// Adds unless the sum would be over the limit; tells whether it did.
    fn add(&self, count: usize, limit: usize) -> bool {
        let sum = |now: usize| now.checked_add(count).filter(|sum| *sum <= limit);
        self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, sum).is_ok()
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.counter.0.fetch_sub(self.count, Ordering::AcqRel);
    }
}

impl Bucket {
    /// Takes a request in, or says how long it has to wait. A minute's requests may come at once.
    fn pour(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        let step = Duration::from_secs(60) / rate.0;
        let next = self.0.map_or(now, |next| next.max(now)) + step;
        match next.checked_duration_since(now + Duration::from_secs(60)) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => {
                self.0 = Some(next);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_minutes_requests_may_come_at_once_and_then_one_after_another() {
        let (mut bucket, start) = (Bucket::default(), Instant::now());
        for _ in 0..60 {
            assert_eq!(bucket.pour(Rate(60), start), Ok(()));
        }
        assert_eq!(bucket.pour(Rate(60), start), Err(SECOND));
        assert_eq!(bucket.pour(Rate(60), start + SECOND), Ok(()));
        assert_eq!(bucket.pour(Rate(60), start + SECOND), Err(SECOND));
        assert_eq!(bucket.pour(Rate(60), start + SECOND * 120), Ok(()));
    }

    #[test]
    fn what_is_dropped_is_given_back() {
        let (places, now) = (Places::default(), Instant::now());
        let share = Share { exchanges: 1, rate: Rate(1000) };
        let code = |taken: Result<Place, Refused>| taken.err().map(|refused| refused.code);
        let place = places.take(2, Some(("a", share)), now).unwrap();
        assert_eq!(code(places.take(2, Some(("a", share)), now)), Some("caller/busy"));
        let other = places.take(2, Some(("b", share)), now).unwrap();
        assert_eq!(code(places.take(2, None, now)), Some("proxy/busy"));
        drop((place, other));
        assert_eq!(code(places.take(2, Some(("a", share)), now)), None);

        let mut flight = places.flight(10);
        flight.grow(6).unwrap();
        let mut second = places.flight(10);
        assert!(second.grow(5).is_err());
        second.grow(4).unwrap();
        drop(flight);
        second.grow(6).unwrap();
        drop(second);
        assert_eq!((places.bytes.0.load(Ordering::Acquire), places.exchanges.0.load(Ordering::Acquire)), (0, 0));
    }
}
