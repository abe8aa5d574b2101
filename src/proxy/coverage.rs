//! What the log says of how a request was looked at and how an answer went through, and which shapes of bodies are new.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::memory::Memory;
use crate::audit::{Counts, Coverage};
use crate::redact::{self, Account, AnswerAccount, Frames};

/// What the log says of a request; `exemptions` are those that are not in the account.
pub(super) fn of_request(account: &Account, mut exemptions: Vec<String>) -> Coverage {
    exemptions.extend(account.exempted.keys().map(|exemption| exemption.name().to_owned()));
    let opaque = account.opaque.iter().map(|(member, count)| (format!("opaque/{member}"), *count));
    let exempt = account.exempted.iter().map(|(exemption, count)| (format!("exempt/{}", exemption.name()), *count));
    let counts = opaque.chain(exempt).collect();
    let redact::Coverage { strings, bytes, opaque } = account.coverage;
    Coverage { strings, bytes, opaque, exemptions, counts }
}

/// What the log says of an answer.
pub(super) fn of_answer(account: &AnswerAccount, longest: Duration) -> Counts {
    let Frames { taken, held, most_held, .. } = account.frames;
    let counts = [
        ("frames", taken),
        ("frames/held", held),
        ("held/bytes", most_held as u64),
        ("held/us", longest.as_micros() as u64),
        ("lanes/restored", account.placeholders.lanes),
        ("offsets/left", account.offsets_left),
    ];
    counts.into_iter().filter(|(_, count)| *count > 0).map(|(name, count)| (name.to_owned(), count)).collect()
}

/// How long the frames of an answer wait.
#[derive(Default)]
pub(super) struct Waits {
    /// The numbers that frames that wait are below, and when they came.
    came: VecDeque<(u64, Instant)>,
    longest: Duration,
}

impl Waits {
    /// Takes note of what has come and gone.
    pub(super) fn note(&mut self, frames: Frames, now: Instant) {
        while let Some((_, came)) = self.came.pop_front_if(|(last, _)| frames.left >= *last) {
            self.longest = self.longest.max(now - came);
        }
        if frames.taken > frames.left && self.came.back().is_none_or(|(last, _)| *last < frames.taken) {
            self.came.push_back((frames.taken, now));
        }
    }

    /// The longest that a frame waited.
    pub(super) fn longest(&self) -> Duration {
        self.longest
    }
}

/// The shapes of bodies that each route has seen: a field that an API gains, or a bot that begins to send something else, is
/// told once. A shape is the set of the paths in a body, without any content.
#[derive(Default)]
pub(super) struct Shapes {
    by_route: Mutex<HashMap<String, Known>>,
}

struct Known {
    shapes: Memory<u64, ()>,
    bodies: u64,
}

/// Whether a route has seen a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    Known,
    /// New to a route that has seen few bodies yet.
    Learned(u64),
    /// New to a route that has seen many.
    New(u64),
}

/// How many shapes of a route are remembered.
const REMEMBERED: usize = 4096;

/// How many bodies of a route are few.
const FEW: u64 = 100;

impl Shapes {
    /// Takes note of a body with these paths.
    pub(super) fn see(&self, route: &str, dialect: &'static str, paths: &BTreeSet<u64>) -> Sight {
        if paths.is_empty() {
            return Sight::Known;
        }
        let mut hasher = DefaultHasher::new();
        (dialect, paths).hash(&mut hasher);
        let shape = hasher.finish();
        let mut routes = self.by_route.lock().unwrap_or_else(PoisonError::into_inner);
        let known =
            routes.entry(route.to_owned()).or_insert_with(|| Known { shapes: Memory::new(REMEMBERED), bodies: 0 });
        known.bodies += 1;
        if known.shapes.get(&shape).is_some() {
            return Sight::Known;
        }
        known.shapes.keep(shape, ());
        if known.bodies > FEW { Sight::New(shape) } else { Sight::Learned(shape) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_is_new_once_for_each_route() {
        let shapes = Shapes::default();
        let see = |route: &str, paths: &[u64]| shapes.see(route, "d", &paths.iter().copied().collect());
        assert!(matches!(see("a", &[1, 2]), Sight::Learned(_)));
        assert_eq!(see("a", &[2, 1]), Sight::Known);
        assert!(matches!(see("b", &[1, 2]), Sight::Learned(_)));
        assert_eq!(see("a", &[]), Sight::Known);
        for _ in 0..FEW {
            see("a", &[1, 2]);
        }
        assert!(matches!(see("a", &[1, 2, 3]), Sight::New(_)));
        assert_eq!(see("a", &[1, 2, 3]), Sight::Known);
    }

    #[test]
    fn the_longest_wait_is_that_of_a_frame() {
        let mut waits = Waits::default();
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let frames = |taken, left| Frames { taken, left, ..Frames::default() };
        for (now, taken, left) in [(0, 1, 1), (10, 2, 1), (15, 3, 1), (18, 4, 2), (30, 5, 5), (500, 6, 6)] {
            waits.note(frames(taken, left), at(now));
        }
        assert_eq!(waits.longest(), Duration::from_millis(15));
    }
}
