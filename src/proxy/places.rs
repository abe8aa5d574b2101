//! How much is done at a time: places for exchanges, bytes of requests, overall and for each caller, and callers' rates.
//!
//! Who has a key of ours is told by it, anybody else by the address: a whole /64 of IPv6, which one machine may have to itself.
//! The limits are those of the moment, so that they can change while exchanges run.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::refused::Refused;
use crate::caller::Rate;

/// With so many callers, those who have nothing under way are forgotten.
const CALLERS: usize = 10_000;

/// What is taken at the moment.
#[derive(Default)]
pub(super) struct Places {
    exchanges: Counter,
    bytes: Counter,
    disk: Counter,
    callers: Mutex<HashMap<Who, Taken>>,
}

/// By what a caller is told from others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Who {
    Address(IpAddr),
    Caller(String),
}

/// What one caller has taken.
#[derive(Default)]
struct Taken {
    exchanges: Counter,
    bytes: Counter,
    bucket: Bucket,
}

/// What a caller may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    pub exchanges: usize,
    pub bytes: usize,
    /// There for callers with a key.
    pub rate: Option<Rate>,
}

/// A place that is given back when it is dropped.
pub(super) struct Place {
    _overall: Hold,
    _own: Hold,
    /// The bytes of its caller's requests.
    bytes: Counter,
}

/// The bytes of a request, given back when it is dropped.
pub(super) struct Flight {
    overall: Hold,
    limit: usize,
    own: Hold,
    own_limit: usize,
}

/// The bytes of an upload that wait on the disk, given back when it is dropped.
pub(super) struct DiskRoom {
    hold: Hold,
    limit: usize,
}

/// There are as many bytes under way as may be.
#[derive(Debug, thiserror::Error)]
#[error("too many bytes are under way")]
pub(super) enum Crowded {
    /// Of one caller.
    Caller,
    /// Of all, on the disk.
    Disk,
    /// Of all.
    Overall,
}

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

impl Who {
    /// Whoever is at that address.
    pub(super) fn at(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        })
    }
}

impl Places {
    /// A place among at most `limit`, for a caller with that share.
    pub(super) fn take(&self, limit: usize, who: &Who, share: Share, now: Instant) -> Result<Place, Refused> {
        let (own, bytes) = self.take_share(who, share, now)?;
        let overall = self.exchanges.take(1, limit).ok_or_else(|| {
            let message = format!(
                "This proxy is at work on {limit} exchanges, as many as it may be: try again, or raise `[limits] exchanges`."
            );
            Refused::busy("proxy/busy", message)
        })?;
        Ok(Place { _overall: overall, _own: own, bytes })
    }

    /// Counts a request's bytes, of which there may be `limit` overall.
    pub(super) fn flight(&self, limit: usize, place: &Place, share: Share) -> Flight {
        Flight { overall: self.bytes.hold(), limit, own: place.bytes.hold(), own_limit: share.bytes }
    }

    /// Counts an upload's bytes on the disk, of which there may be `limit`.
    pub(super) fn disk(&self, limit: usize) -> DiskRoom {
        DiskRoom { hold: self.disk.hold(), limit }
    }

    /// Takes a request in that needs no place of its own.
    pub(super) fn pour(&self, who: &Who, share: Share, now: Instant) -> Result<(), Refused> {
        self.callers().entry(who.clone()).or_default().pour(share, now)
    }

    fn take_share(&self, who: &Who, share: Share, now: Instant) -> Result<(Hold, Counter), Refused> {
        let mut callers = self.callers();
        if callers.len() >= CALLERS && !callers.contains_key(who) {
            callers.retain(|_, taken| !taken.is_idle(now));
        }
        let taken = callers.entry(who.clone()).or_default();
        let limit = share.exchanges;
        let hold = taken.exchanges.take(1, limit).ok_or_else(|| {
            let message =
                format!("{who} has {limit} exchanges under way, as many as it may have: let one of them end.");
            Refused::too_many("caller/busy", message, Duration::from_secs(1))
        })?;
        taken.pour(share, now)?;
        Ok((hold, taken.bytes.clone()))
    }

    /// What is kept is whole at any moment.
    fn callers(&self) -> MutexGuard<'_, HashMap<Who, Taken>> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Display for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Address(_) => "Your address",
            Self::Caller(_) => "The key",
        })
    }
}

impl Taken {
    fn pour(&mut self, share: Share, now: Instant) -> Result<(), Refused> {
        let Some(rate) = share.rate else { return Ok(()) };
        self.bucket.pour(rate, now).map_err(|wait| {
            Refused::too_many("caller/rate", format!("The key makes more than its {rate} requests: slow down."), wait)
        })
    }

    /// Whether it is as good as forgotten.
    fn is_idle(&self, now: Instant) -> bool {
        let is_unused = |counter: &Counter| counter.0.load(Ordering::Acquire) == 0;
        is_unused(&self.exchanges) && is_unused(&self.bytes) && self.bucket.0.is_none_or(|next| next <= now)
    }
}

impl Flight {
    /// Takes further bytes.
    pub(super) fn grow(&mut self, bytes: usize) -> Result<(), Crowded> {
        if !self.own.grow(bytes, self.own_limit) {
            return Err(Crowded::Caller);
        }
        if !self.overall.grow(bytes, self.limit) {
            return Err(Crowded::Overall);
        }
        Ok(())
    }

    /// Takes so many bytes in all.
    pub(super) fn set(&mut self, bytes: usize) -> Result<(), Crowded> {
        self.own.shrink(bytes);
        self.overall.shrink(bytes);
        self.grow(bytes - self.overall.count)
    }
}

impl DiskRoom {
    /// Takes further bytes.
    pub(super) fn grow(&mut self, bytes: usize) -> Result<(), Crowded> {
        if self.hold.grow(bytes, self.limit) { Ok(()) } else { Err(Crowded::Disk) }
    }
}

impl From<Crowded> for Refused {
    fn from(crowded: Crowded) -> Self {
        match crowded {
            Crowded::Caller => Self::too_many(
                "caller/crowded",
                "You have as many bytes of requests under way as one caller may have: let one of them end, or raise \
                `[limits] caller_flight_bytes`.",
                Duration::from_secs(1),
            ),
            Crowded::Disk => Self::busy(
                "proxy/crowded",
                "This proxy has as many bytes of uploads on its disk as it may have: try again, or raise \
                `[limits] upload_disk_bytes`.",
            ),
            Crowded::Overall => Self::busy(
                "proxy/crowded",
                "This proxy has as many bytes of requests under way as it may have: try again, or raise `[limits] flight_bytes`.",
            ),
        }
    }
}

impl Counter {
    /// Nothing of it, which may grow.
    fn hold(&self) -> Hold {
        Hold { counter: self.clone(), count: 0 }
    }

    fn take(&self, count: usize, limit: usize) -> Option<Hold> {
        self.add(count, limit).then(|| Hold { counter: self.clone(), count })
    }

    /// Adds unless the sum would be over the limit; tells whether it did.
    fn add(&self, count: usize, limit: usize) -> bool {
        let sum = |now: usize| now.checked_add(count).filter(|sum| *sum <= limit);
        self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, sum).is_ok()
    }
}

impl Hold {
    /// Adds unless the sum would be over the limit; tells whether it did.
    fn grow(&mut self, count: usize, limit: usize) -> bool {
        let is_added = self.counter.add(count, limit);
        self.count += if is_added { count } else { 0 };
        is_added
    }

    /// Gives back what is more than that.
    fn shrink(&mut self, count: usize) {
        let more = self.count.saturating_sub(count);
        self.counter.0.fetch_sub(more, Ordering::AcqRel);
        self.count -= more;
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

    const SHARE: Share = Share { exchanges: 1, bytes: 8, rate: Some(Rate(1000)) };

    fn caller(name: &str) -> Who {
        Who::Caller(name.to_owned())
    }

    #[test]
    fn what_is_dropped_is_given_back() {
        let (places, now) = (Places::default(), Instant::now());
        let code = |taken: Result<Place, Refused>| taken.err().map(|refused| refused.code);
        let take = |who: &str| places.take(2, &caller(who), SHARE, now);
        let place = take("a").unwrap();
        assert_eq!(code(take("a")), Some("caller/busy"));
        let other = take("b").unwrap();
        assert_eq!(code(take("c")), Some("proxy/busy"));

        let mut flight = places.flight(10, &place, SHARE);
        flight.grow(6).unwrap();
        assert!(matches!(places.flight(10, &place, SHARE).grow(3), Err(Crowded::Caller)));
        let mut second = places.flight(10, &other, SHARE);
        assert!(matches!(second.grow(5), Err(Crowded::Overall)));
        drop(second);
        let mut second = places.flight(10, &other, SHARE);
        second.grow(4).unwrap();
        drop(flight);
        second.grow(4).unwrap();
        drop((second, place, other));
        assert_eq!(code(take("a")), None);
        assert_eq!((places.bytes.0.load(Ordering::Acquire), places.exchanges.0.load(Ordering::Acquire)), (0, 0));
    }

    #[test]
    fn who_has_no_key_is_told_by_the_address() {
        let at = |address: &str| Who::at(address.parse().unwrap());
        assert_eq!(at("::ffff:10.0.0.1"), at("10.0.0.1"));
        assert_eq!(at("2001:db8:1:2::1"), at("2001:db8:1:2:ffff::"));
        assert_ne!(at("2001:db8:1:2::1"), at("2001:db8:1:3::1"));
        assert_ne!(at("10.0.0.1"), at("10.0.0.2"));
    }

    #[test]
    fn callers_who_have_nothing_under_way_are_forgotten() {
        let (places, now) = (Places::default(), Instant::now());
        let share = Share { rate: None, ..SHARE };
        let kept = places.take(9, &caller("a"), share, now).unwrap();
        for number in 0..2 * CALLERS {
            places.take(9, &caller(&number.to_string()), share, now).unwrap();
        }
        assert!(places.callers().len() <= CALLERS);
        assert!(places.take(9, &caller("a"), share, now).is_err(), "who has something under way is not");
        drop(kept);
    }
}
