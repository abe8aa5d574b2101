//! Why an answer ended early, and what its caller is told.

use super::encoding::Undecodable;
use super::incoming::Dry;
use super::refused::Refused;
use crate::audit::Outcome;

/// Why an answer ended early.
pub(super) enum Early {
    BrokenOff,
    CallerGone,
    Overtime,
    /// The proxy stops, and has waited as long as it may.
    Stopping,
    TimedOut,
    TooLong,
    Undecodable(Undecodable),
    Unread,
}

impl Early {
    /// What the caller is told where it can still be told something.
    pub(super) fn refused(self) -> Refused {
        match self {
            Self::BrokenOff => Refused::upstream(
                "upstream/broken-off",
                "The provider broke off in the middle of its answer: try again.",
            ),
            Self::CallerGone => {
                Refused { outcome: Outcome::CallerGone, ..Refused::upstream("caller/gone", "The caller left.") }
            }
            Self::Undecodable(Undecodable::TooMuch) => Refused::upstream(
                "answer/too-long",
                "The provider's answer is compressed and holds far more than it is long: raise `expansion`.",
            ),
            Self::Undecodable(undecodable) => Refused::upstream(
                "answer/encoding",
                format!("The provider's answer {undecodable}, so it cannot be read: try again."),
            ),
            Self::Overtime => Refused::overtime(),
            Self::Stopping => Refused {
                outcome: Outcome::Interrupted,
                ..Refused::busy(
                    "proxy/stopping",
                    "Blotter is stopping and cannot wait for the answer's end: try again.",
                )
            },
            Self::Unread => Refused::upstream(
                "answer/unread",
                "The provider's answer is text in a form that the route's `answers = \"redact\"` cannot guard: ask for JSON.",
            ),
            Self::TimedOut => Refused::timed_out(
                "The provider sent nothing more of its answer for too long: try again, or raise `idle_seconds`.",
            ),
            Self::TooLong => Refused::upstream(
                "answer/too-long",
                "The provider's answer, or a frame of it, is longer than allowed: raise `answer_bytes`.",
            ),
        }
    }
}

impl From<Dry> for Early {
    fn from(dry: Dry) -> Self {
        match dry {
            Dry::BrokenOff => Self::BrokenOff,
            Dry::TimedOut => Self::TimedOut,
            Dry::Undecodable(undecodable) => Self::Undecodable(undecodable),
        }
    }
}
