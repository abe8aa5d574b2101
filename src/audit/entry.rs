//! What the log holds: two entries for each exchange, and [events](super::event).
//!
//! Callers, subjects and conversations are keyed tokens here, and both texts are redacted: nothing in these types has a
//! place for an original value.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::event::Event;
use super::text::Packed;

/// The opening entry: what is about to leave, for whom, and how it was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Opened {
    /// The exchange, by an id that sorts by time.
    #[serde(serialize_with = "display")]
    pub exchange: Uuid,
    /// When the request arrived.
    #[serde(serialize_with = "display")]
    pub at: Timestamp,
    /// Who asks.
    pub caller: String,
    /// The customer whom the exchange is about: a keyed hash of the id on its way in, the log's own token on its way out.
    pub subject: Option<String>,
    /// The conversation that the exchange belongs to: a keyed hash of the id on its way in, the log's own token on its way out.
    pub conversation: Option<String>,
    /// What it is for, as the caller declares.
    pub purpose: Option<String>,
    /// By which consent it is made, as the caller declares.
    pub consent: Option<String>,
    /// The route by its name in the configuration.
    pub route: String,
    /// The provider by its name.
    pub provider: String,
    /// The HTTP method.
    pub method: String,
    /// The path that the provider sees, without its query.
    pub path: String,
    /// The model asked for.
    pub model: Option<String>,
    /// Whether a streamed answer was asked for.
    pub streaming: bool,
    /// The version of the configuration and the patterns that the exchange ran under.
    pub ruleset: String,
    /// What was found in the request.
    pub findings: Vec<Tally>,
    /// How much of the request was looked at.
    pub coverage: Coverage,
    /// The body as the model receives it.
    #[serde(serialize_with = "text")]
    pub request: Vec<u8>,
}

/// The closing entry: how the exchange ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Closed {
    /// The exchange that ends.
    #[serde(serialize_with = "display")]
    pub exchange: Uuid,
    /// When it ended.
    #[serde(serialize_with = "display")]
    pub at: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// The rule or cause behind the outcome, such as `json/duplicate-key`; never a value.
    pub reason: Option<String>,
    /// The HTTP status that the caller received.
    pub status: Option<u16>,
    /// The tokens that the provider counted.
    pub usage: Usage,
    /// Where the time went.
    pub timings: Timings,
    /// What was found in the answer.
    pub findings: Vec<Tally>,
    /// How many placeholders got their value back.
    pub restored: u64,
    /// How many placeholders of this exchange stayed as they were.
    pub unrestored: u64,
    /// How the answer went through.
    pub passage: Counts,
    /// The answer as the model gave it, scrubbed.
    #[serde(serialize_with = "text")]
    pub answer: Vec<u8>,
    /// Whether `answer` is only the beginning.
    pub answer_truncated: bool,
}

impl Closed {
    /// The least that can be said of an exchange's end; the other fields say nothing until they are filled.
    pub fn new(exchange: Uuid, at: Timestamp, outcome: Outcome) -> Self {
        Self {
            exchange,
            at,
            outcome,
            reason: None,
            status: None,
            usage: Usage::default(),
            timings: Timings::default(),
            findings: Vec::new(),
            restored: 0,
            unrestored: 0,
            passage: Counts::new(),
            answer: Vec::new(),
            answer_truncated: false,
        }
    }
}

/// How often one pattern found one kind of thing, and what was done about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// What was found.
    pub entity: String,
    /// How it was found.
    pub pattern: String,
    /// What was done.
    pub action: String,
    /// How often.
    pub count: u64,
}

/// How often something was the case, by its name, such as `opaque/role` or `frames/held`. What is not there was never.
pub type Counts = BTreeMap<String, u64>;

/// How much of a request was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Strings and numbers scanned.
    pub strings: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Strings left alone because the provider's table lists them as opaque.
    pub opaque: u64,
    /// The configured exemptions that were used, by name.
    pub exemptions: Vec<String>,
    /// The particulars: `opaque/…` by the member of the provider's table, `exempt/…` by the exemption, `shape/new`, `log/unkept`
    /// for the bytes of a long body that the log has not.
    pub counts: Counts,
}

/// The tokens that the provider counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Tokens of the request.
    pub input: Option<u64>,
    /// Tokens of the answer.
    pub output: Option<u64>,
    /// Tokens of the request that came from the provider's cache.
    pub cached: Option<u64>,
}

/// Where an exchange's time went, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Timings {
    /// Redacting the request.
    pub redact_us: u64,
    /// Waiting for the opening entry.
    pub commit_us: u64,
    /// From arrival to the answer's first byte.
    pub first_byte_us: Option<u64>,
    /// From arrival to the end.
    pub total_us: u64,
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The caller went away before the answer's end.
    CallerGone,
    /// The whole answer was delivered.
    Complete,
    /// The proxy ended before the exchange did; written at the next start.
    Interrupted,
    /// Nothing was forwarded; the reason says which rule.
    Refused,
    /// A limit on time was reached.
    TimedOut,
    /// The provider was out of reach or broke off.
    UpstreamFailed,
}

impl Outcome {
    const ALL: [Self; 6] =
        [Self::CallerGone, Self::Complete, Self::Interrupted, Self::Refused, Self::TimedOut, Self::UpstreamFailed];

    /// The name in the log and on the command line; it never changes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CallerGone => "caller-gone",
            Self::Complete => "complete",
            Self::Interrupted => "interrupted",
            Self::Refused => "refused",
            Self::TimedOut => "timed-out",
            Self::UpstreamFailed => "upstream-failed",
        }
    }
}

impl Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Outcome {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = || Self::ALL.map(Self::name).join("`, `");
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| format!("`{name}` is no outcome: use one of `{}`", known()))
    }
}

/// What is appended in one piece; its texts are packed already.
#[derive(Debug)]
pub(super) enum Entry {
    Closed(Box<Texted<Closed>>),
    Event(Event),
    Opened(Box<Texted<Opened>>),
    Refused(Box<(Texted<Opened>, Texted<Closed>)>),
}

/// An entry beside its text, which it does not hold itself any more.
#[derive(Debug)]
pub(super) struct Texted<T> {
    pub entry: T,
    pub text: Packed,
}

impl Entry {
    /// Packs the text of an opening entry.
    pub fn opened(opened: Opened) -> Self {
        Self::Opened(Box::new(Texted::opened(opened)))
    }

    /// Packs the text of a closing entry.
    pub fn closed(closed: Closed) -> Self {
        Self::Closed(Box::new(Texted::closed(closed)))
    }

    /// Packs the texts of an exchange of which nothing was forwarded.
    pub fn refused(opened: Opened, closed: Closed) -> Self {
        Self::Refused(Box::new((Texted::opened(opened), Texted::closed(closed))))
    }

    /// What it opens.
    pub fn opens(&self) -> Option<&Texted<Opened>> {
        match self {
            Self::Opened(opened) => Some(opened),
            Self::Refused(pair) => Some(&pair.0),
            Self::Closed(_) | Self::Event(_) => None,
        }
    }

    /// What it closes.
    pub fn closes(&self) -> Option<&Texted<Closed>> {
        match self {
            Self::Closed(closed) => Some(closed),
            Self::Refused(pair) => Some(&pair.1),
            Self::Event(_) | Self::Opened(_) => None,
        }
    }

    /// When it happened, by the clock of whoever reports it.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Closed(closed) => closed.entry.at,
            Self::Event(event) => event.at,
            Self::Opened(opened) => opened.entry.at,
            Self::Refused(pair) => pair.1.entry.at,
        }
    }
}

impl Texted<Opened> {
    fn opened(mut entry: Opened) -> Self {
        let text = Packed::of(&std::mem::take(&mut entry.request));
        Self { entry, text }
    }
}

impl Texted<Closed> {
    fn closed(mut entry: Closed) -> Self {
        let text = Packed::of(&std::mem::take(&mut entry.answer));
        Self { entry, text }
    }
}

/// Spells a value that has no serialised form of its own.
pub fn display<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn text<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(bytes))
}
