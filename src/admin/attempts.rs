//! How often somebody may show a key that is none: keys cannot be guessed, but each try is an entry in the log.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The time in which failures are counted.
const WINDOW: Duration = Duration::from_secs(60);
/// How many of one address.
const OF_ONE: usize = 5;
/// How many of all.
const OF_ALL: usize = 50;

/// The failures of the last minute.
#[derive(Default)]
pub(super) struct Attempts(Mutex<VecDeque<(Instant, IpAddr)>>);

impl Attempts {
    /// Whether `address` has to wait before it may try again, and how long.
    pub(super) fn wait(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        // What is kept is whole at any moment.
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while failures.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) >= WINDOW) {
            failures.pop_front();
        }
        let of_address = |failure: &&(Instant, IpAddr)| failure.1 == address;
        let last = |mut failures: Vec<&(Instant, IpAddr)>, most: usize| {
            let over = failures.len().checked_sub(most)?;
            Some(failures.swap_remove(over).0)
        };
        let blocking = last(failures.iter().filter(of_address).collect(), OF_ONE)
            .or_else(|| last(failures.iter().collect(), OF_ALL))?;
        Some(WINDOW.saturating_sub(now.saturating_duration_since(blocking)))
    }

    /// Counts a failure.
    pub(super) fn failed(&self, address: IpAddr, now: Instant) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back((now, address));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_fails_often_waits_and_nobody_else() {
        let (attempts, begun) = (Attempts::default(), Instant::now());
        let [one, other] = ["10.0.0.1", "10.0.0.2"].map(|address| address.parse().unwrap());
        let second = Duration::from_secs(1);
        for n in 0..OF_ONE as u32 {
            assert_eq!(attempts.wait(one, begun + second * n), None);
            attempts.failed(one, begun + second * n);
        }
        assert_eq!(attempts.wait(one, begun + second * 10), Some(second * 50), "until the first is a minute old");
        assert_eq!(attempts.wait(other, begun + second * 10), None);
        assert_eq!(attempts.wait(one, begun + second * 60), None);
    }

    #[test]
    fn all_together_fail_no_more_often_than_the_log_can_bear() {
        let (attempts, begun) = (Attempts::default(), Instant::now());
        for n in 0..OF_ALL as u8 {
            attempts.failed(IpAddr::from([10, 0, 0, n]), begun);
        }
        assert!(attempts.wait(IpAddr::from([10, 0, 1, 1]), begun).is_some());
    }
}
