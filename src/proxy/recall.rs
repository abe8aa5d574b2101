//! What the log says about callers' past, so that a start does not make everything unusual or nothing.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::Gateway;
use crate::alarm::{Source, WEEK};
use crate::audit::{AuditError, EventKind, Happening, Happenings, Reader, Span};

/// How long ago a source may have been told for the first time to be known.
const SOURCES: SignedDuration = SignedDuration::from_hours(400 * 24);

/// The most entries about sources that are read.
const ENTRIES: usize = 100_000;

/// Where a key was shown from, as entries say it.
#[derive(Deserialize)]
struct Shown {
    caller: String,
    /// Which alarm it was, if it was one.
    alarm: Option<String>,
    address: Option<std::net::IpAddr>,
    token: Option<String>,
}

impl Gateway {
    /// Reads from where callers' keys were shown. There are few such entries, so this is done before the first exchange.
    pub fn recall_sources(&self, log: &Reader, now: Timestamp) -> Result<(), AuditError> {
        let names = [EventKind::Source, EventKind::Alarm].map(|kind| kind.name().to_owned()).to_vec();
        let asked = Happenings { names, since: now.checked_sub(SOURCES).ok(), limit: ENTRIES, ..Happenings::default() };
        for Happening { at, detail, .. } in log.happenings(&asked)?.iter().rev() {
            let Some((caller, source)) = source(detail).filter(|(caller, _)| self.is_ours(caller)) else { continue };
            self.watching.alarms().know(&caller, source, *at);
        }
        Ok(())
    }

    /// Reads how much callers did until then. Takes as long as reading a week of the log does: exchanges go on meanwhile, and a
    /// stop does not wait for the rest.
    pub fn recall_habits(self: &Arc<Self>, log: Reader, until: Timestamp) {
        let gateway = Arc::clone(self);
        self.answers.spawn_blocking(move || {
            if let Err(error) = gateway.learn_habits(&log, until) {
                tracing::warn!(%error, "what is usual of callers could not be read from the log, and is learned anew");
            }
        });
    }

    fn learn_habits(&self, log: &Reader, until: Timestamp) -> Result<(), AuditError> {
        let week = Span { since: until.checked_sub(SignedDuration::from_hours(WEEK)).ok(), until: Some(until) };
        for hour in log.hourly(week, || !self.is_draining())?.iter().filter(|hour| self.is_ours(&hour.caller)) {
            self.watching.alarms().remember(&hour.caller, hour.hour, hour.exchanges, hour.found, until);
        }
        Ok(())
    }

    fn is_ours(&self, caller: &str) -> bool {
        self.ruleset().callers.as_ref().is_none_or(|file| file.callers().knows(caller))
    }
}

/// Whose key was shown, and from where, if an entry says so.
fn source(detail: &str) -> Option<(String, Source)> {
    let Shown { caller, alarm, address, token } = serde_json::from_str(detail).ok()?;
    // Who was turned away from there is not known from there.
    alarm.is_none_or(|alarm| matches!(&*alarm, "new-address" | "new-agent")).then_some(())?;
    let agent = || u64::from_str_radix(&token?, 16).ok().map(Source::Agent);
    Some((caller, address.map(Source::Address).or_else(agent)?))
}
