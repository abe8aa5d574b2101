//! What the log holds of its own life, and of the proxy's.

use std::str::FromStr;

use jiff::Timestamp;

/// Something that happened to the proxy or the log itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: EventKind,
    /// The particulars, in words or as JSON; never a value.
    pub detail: String,
}

/// What can happen to the proxy or the log itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// Something looked like misuse.
    Alarm,
    /// A copy of the log, or of its keys, was made.
    BackedUp,
    /// A caller's key was made, rotated or revoked.
    Caller,
    /// The proxy runs under other files or patterns than before.
    Configured,
    /// A file was dropped, because all it held was older than the log keeps.
    Dropped,
    /// A customer's key was destroyed.
    Erased,
    /// The keys of days were destroyed, because their texts were older than the log keeps.
    Expired,
    /// Texts were given out.
    Exported,
    /// A customer is kept from erasure and retention.
    Held,
    /// Somebody began to read on the admin listener.
    LoggedIn,
    /// Somebody was not let in there.
    LoginRefused,
    /// The log can be written again; written by the log after entries were refused.
    Recovered,
    /// A customer is no longer kept from erasure and retention.
    Released,
    /// The log was put back from a copy: what was written after the copy is not in it.
    Restored,
    /// Prompts and tools that were seen were signed off.
    Reviewed,
    /// The configuration was read again: what changed, or why the old one stays.
    Reloaded,
    /// The keys of texts were wrapped by another key.
    Rotated,
    /// A caller's key was first shown from an address, or by a program.
    Source,
    /// The proxy started.
    Started,
    /// The proxy is stopping.
    Stopped,
    /// The log was tried after it could not be written.
    Tried,
    /// Somebody looked at texts.
    Viewed,
}

impl EventKind {
    /// All of them.
    pub const ALL: [Self; 22] = [
        Self::Alarm,
        Self::BackedUp,
        Self::Caller,
        Self::Configured,
        Self::Dropped,
        Self::Erased,
        Self::Expired,
        Self::Exported,
        Self::Held,
        Self::LoggedIn,
        Self::LoginRefused,
        Self::Recovered,
        Self::Released,
        Self::Restored,
        Self::Reviewed,
        Self::Reloaded,
        Self::Rotated,
        Self::Source,
        Self::Started,
        Self::Stopped,
        Self::Tried,
        Self::Viewed,
    ];

    /// The name in the log; it never changes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alarm => "alarm",
            Self::BackedUp => "backed-up",
            Self::Caller => "caller",
            Self::Configured => "configured",
            Self::Dropped => "dropped",
            Self::Erased => "erased",
            Self::Expired => "expired",
            Self::Exported => "exported",
            Self::Held => "held",
            Self::LoggedIn => "logged-in",
            Self::LoginRefused => "login-refused",
            Self::Recovered => "recovered",
            Self::Released => "released",
            Self::Restored => "restored",
            Self::Reviewed => "reviewed",
            Self::Reloaded => "reloaded",
            Self::Rotated => "rotated",
            Self::Source => "source",
            Self::Started => "started",
            Self::Stopped => "stopped",
            Self::Tried => "tried",
            Self::Viewed => "viewed",
        }
    }
}

impl FromStr for EventKind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|kind| kind.name() == name);
        known.ok_or_else(|| format!("`{name}` is no event: use one of {}", Self::ALL.map(Self::name).join(", ")))
    }
}
