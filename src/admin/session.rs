//! Who is logged in: sessions, kept in memory by the hash of a random token that only the reader's browser has.
//!
//! A session ends when it was not used for a while, when its longest time is over, when its reader logs out, when the key behind
//! it is worth nothing any more, and with the process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::caller::Viewer;
use crate::crypto::{self, Hash};

/// How long a session may rest.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// How long it lasts at most.
pub(super) const LONGEST: Duration = Duration::from_secs(12 * 3600);
/// How many there are at a time; who comes then takes the place of who was away longest.
const MOST: usize = 1000;

/// Everybody who is logged in.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<Hash, Session>>);

struct Session {
    viewer: Viewer,
    began: Instant,
    used: Instant,
}

impl Sessions {
    /// Begins a session and gives the token that it is known by.
    pub(super) fn begin(&self, viewer: Viewer, now: Instant) -> String {
        let token = crypto::hex(&crypto::random::<32>());
        let mut sessions = self.living(now);
        if sessions.len() >= MOST
            && let Some(oldest) = sessions.iter().min_by_key(|(_, session)| session.used).map(|(hash, _)| *hash)
        {
            sessions.remove(&oldest);
        }
        sessions.insert(hash(&token), Session { viewer, began: now, used: now });
        token
    }

    /// Whose session a token is, and uses it.
    pub(super) fn of(&self, token: &str, now: Instant) -> Option<Viewer> {
        let mut sessions = self.living(now);
        let session = sessions.get_mut(&hash(token))?;
        session.used = now;
        Some(session.viewer.clone())
    }

    /// Whether a token is of a session, which this does not use.
    pub(super) fn is_open(&self, token: &str, now: Instant) -> bool {
        self.living(now).contains_key(&hash(token))
    }

    /// Ends a session.
    pub(super) fn end(&self, token: &str) {
        self.lock().remove(&hash(token));
    }

    fn living(&self, now: Instant) -> MutexGuard<'_, HashMap<Hash, Session>> {
        let mut sessions = self.lock();
        let lives = |since: Instant, time: Duration| now.saturating_duration_since(since) < time;
        sessions.retain(|_, session| lives(session.used, IDLE) && lives(session.began, LONGEST));
        sessions
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Hash, Session>> {
        // What is kept is whole at any moment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hash(token: &str) -> Hash {
    crypto::sha256(token.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::Role;

    fn viewer(name: &str) -> Viewer {
        Viewer { name: name.into(), role: Role::Reporter, key: [0; 32] }
    }

    #[test]
    fn a_session_lives_while_it_is_used_and_not_for_ever() {
        let (sessions, begun) = (Sessions::default(), Instant::now());
        let token = sessions.begin(viewer("ann"), begun);
        let mut now = begun;
        while now + IDLE / 2 < begun + LONGEST {
            now += IDLE / 2;
            assert_eq!(sessions.of(&token, now), Some(viewer("ann")));
        }
        assert_eq!(sessions.of(&token, begun + LONGEST), None);
        let token = sessions.begin(viewer("ann"), begun);
        assert_eq!(sessions.of(&token, begun + IDLE), None);
        assert_eq!(sessions.of(&token, begun), None, "it does not come back");
    }

    #[test]
    fn a_session_is_known_by_its_token_alone_and_ends_when_told() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let (one, other) = (sessions.begin(viewer("ann"), now), sessions.begin(viewer("bob"), now));
        assert_eq!((one.len(), one == other), (64, false));
        assert_eq!(sessions.of("", now), None);
        sessions.end(&one);
        assert_eq!((sessions.of(&one, now), sessions.of(&other, now)), (None, Some(viewer("bob"))));
    }

    #[test]
    fn there_are_not_more_than_there_is_room_for() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let first = sessions.begin(viewer("ann"), now);
        for n in 1..=MOST {
            sessions.begin(viewer("bob"), now + Duration::from_millis(n as u64));
        }
        assert_eq!(sessions.of(&first, now + Duration::from_secs(2)), None);
        assert_eq!(sessions.lock().len(), MOST);
    }
}
