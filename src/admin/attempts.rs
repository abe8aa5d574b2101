//! How often somebody may show a key that is none: keys cannot be guessed, but each try is an entry in the log.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The time in which failures are counted.
const WINDOW: Duration = Duration::from_secs(60);
/// How many of one place keep all others from it out.
const OF_ONE: usize = 5;
/// How many of all become entries; right keys are let in beyond that, too.
const OF_ALL: usize = 50;
/// How many are remembered; the oldest make room.
const REMEMBERED: usize = 10_000;

/// The failures of the last minute.
#[derive(Default)]
pub(super) struct Attempts(Mutex<Recent>);

#[derive(Default)]
struct Recent {
    failures: VecDeque<(Instant, IpAddr)>,
    /// When one of them became an entry.
    entries: VecDeque<Instant>,
}

impl Attempts {
    /// Whether no key from `address` is looked at just now, and for how long.
    pub(super) fn wait(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let (recent, place) = (self.recent(now), place(address));
        let from_there: Vec<Instant> =
            recent.failures.iter().filter(|(_, from)| *from == place).map(|(at, _)| *at).collect();
        left(&from_there, OF_ONE, now)
    }

    /// Counts a failure, and as an entry too where it is to become one; tells how long to wait if the log has no room for another.
    pub(super) fn failed(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let mut recent = self.recent(now);
        if recent.failures.len() == REMEMBERED {
            recent.failures.pop_front();
        }
        recent.failures.push_back((now, place(address)));
        let wait = left(recent.entries.make_contiguous(), OF_ALL, now);
        if wait.is_none() {
            recent.entries.push_back(now);
        }
        wait
    }

    /// Those of the last minute.
    fn recent(&self, now: Instant) -> MutexGuard<'_, Recent> {
        // What is kept is whole at any moment.
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |at: &Instant| now.saturating_duration_since(*at) >= WINDOW;
        while recent.failures.pop_front_if(|(at, _)| is_over(at)).is_some() {}
        while recent.entries.pop_front_if(|at| is_over(at)).is_some() {}
        recent
    }
}

/// How long until fewer than `most` of these failures, the oldest first, are of the last minute; `None` where they are fewer now.
fn left(failures: &[Instant], most: usize, now: Instant) -> Option<Duration> {
    let blocking = failures[failures.len().checked_sub(most)?];
    Some(WINDOW.saturating_sub(now.saturating_duration_since(blocking)))
}

/// Where an address belongs: of IPv6 everybody has a whole /64.
fn place(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_fails_often_waits_and_nobody_else() {
        let check = |one: &str, same: &str, other: &str| {
            let (attempts, begun) = (Attempts::default(), Instant::now());
            let [one, same, other] = [one, same, other].map(|address| address.parse().unwrap());
            let second = Duration::from_secs(1);
            for n in 0..OF_ONE as u32 {
                assert_eq!(attempts.wait(one, begun + second * n), None);
                assert_eq!(attempts.failed(one, begun + second * n), None);
            }
            assert_eq!(attempts.wait(same, begun + second * 10), Some(second * 50), "until the first is a minute old");
            assert_eq!(attempts.wait(other, begun + second * 10), None);
            assert_eq!(attempts.wait(same, begun + second * 60), None);
        };
        check("10.0.0.1", "10.0.0.1", "10.0.0.2");
        check("2001:db8::1", "2001:db8::ffff:0:0:2", "2001:db8:0:1::1");
    }

    #[test]
    fn all_together_fail_no_more_often_than_the_log_can_bear() {
        let (attempts, begun) = (Attempts::default(), Instant::now());
        for n in 0..OF_ALL as u8 {
            assert_eq!(attempts.failed([10, 0, 0, n].into(), begun), None);
        }
        let other = [10, 0, 1, 1].into();
        assert_eq!(attempts.wait(other, begun), None, "a right key from elsewhere is let in");
        for _ in 0..OF_ONE {
            assert_eq!(attempts.failed(other, begun), Some(WINDOW));
        }
        assert_eq!(attempts.wait(other, begun), Some(WINDOW), "and guessing there is bounded as ever");
    }

    #[test]
    fn an_attack_from_everywhere_stays_in_the_log_for_as_long_as_it_lasts() {
        let (attempts, begun) = (Attempts::default(), Instant::now());
        let mut entries = [0; 5];
        for second in 0..300_u16 {
            let (at, [high, low]) = (begun + Duration::from_secs(second.into()), second.to_be_bytes());
            for place in 0..2 {
                let entry = attempts.failed([10, place, high, low].into(), at).is_none();
                entries[usize::from(second / 60)] += usize::from(entry);
            }
        }
        assert_eq!(entries, [OF_ALL; 5], "of 120 failures a minute");
    }
}
