//! What ends soon: callers' keys, the listener's certificate, those of who signs callers' certificates.
//!
//! Told in the program's own log once a day from [`NOTICE`](crate::caller::NOTICE) before the end on, and in the metrics.

use std::sync::{Mutex, PoisonError};

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::Gateway;
use crate::caller::NOTICE;
use crate::config::Tls;

/// What was told, and when.
#[derive(Default)]
pub(super) struct Expiry(Mutex<Option<(Date, Vec<i64>)>>);

impl Expiry {
    /// Whether these ends were not told today.
    fn is_due(&self, now: Timestamp, ends: Vec<i64>) -> bool {
        let told = Some((now.to_zoned(TimeZone::UTC).date(), ends));
        let mut before = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = *before != told;
        *before = told;
        is_due
    }
}

impl Gateway {
    /// Tells what ends soon.
    pub(super) fn tell_expiry(&self, now: Timestamp) {
        let ruleset = self.ruleset();
        let keys = self.door.expiring(&ruleset, now);
        self.metrics.keys_expire(keys.into_iter());
        let tls = ruleset.tls.as_ref();
        self.metrics.expires(tls.map(|tls| tls.expires), tls.and_then(|tls| tls.client_ca_expires));
        let soon: Vec<(&str, i64)> = tls.into_iter().flat_map(ends).filter(|(_, end)| is_soon(*end, now)).collect();
        if self.expiry.is_due(now, soon.iter().map(|(_, end)| *end).collect()) {
            for (what, end) in soon {
                let end = Timestamp::from_second(end).map_or_else(|_| String::new(), |end| end.to_string());
                tracing::warn!(end, "{what} ends soon: put a new one in its file, which is taken while the proxy runs");
            }
        }
    }
}

fn ends(tls: &Tls) -> impl Iterator<Item = (&'static str, i64)> {
    let client_ca = tls.client_ca_expires.map(|end| ("a certificate in `[tls] client_ca`", end));
    [("the listener's certificate, or one of its chain,", tls.expires)].into_iter().chain(client_ca)
}

fn is_soon(end: i64, now: Timestamp) -> bool {
    end - now.as_second() <= NOTICE.as_secs()
}
