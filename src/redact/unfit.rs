//! Why a text cannot leave.

use crate::detect::Entity;
use crate::policy::Exemption;
use crate::wire::json::JsonError;
use crate::wire::multipart::MultipartError;

/// Why a text cannot leave. Names no value.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The policy says that this entity stops the request.
    #[error("{entity} was found by the pattern `{pattern}`, and the policy for {entity} is `block`")]
    Blocked {
        /// What was found.
        entity: Entity,
        /// By which pattern.
        pattern: String,
    },
    /// It cannot be read, so it cannot be scanned.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// Its parts cannot be read.
    #[error("its parts cannot be told: {0}")]
    Multipart(#[from] MultipartError),
    /// A part of it is written in a way that is not read.
    #[error(
        "a part of it is encoded, in a charset that is not read, or holds parts itself: send each part as it is, texts in UTF-8"
    )]
    PartCoding,
    /// A header of a part has a value in its name, in whose place no other can stand.
    #[error("a header of a part holds a value in its name: leave the header out")]
    PartName,
    /// It holds a text as the numbers of a tokenizer, which cannot be read.
    #[error("a text of it is a list of token ids, which cannot be read: send the text itself")]
    Tokens,
    /// It is a text in pieces.
    #[error("it is a piece of a text, and where a piece ends a value may be cut: send the text whole")]
    Cut,
    /// What cannot be read in pieces is longer than this.
    #[error(
        "a JSON document in it, or a line, is longer than {0} bytes, and such is read whole: send JSON lines, or raise \
        `request_bytes`"
    )]
    Uncut(usize),
    /// More is found in it than this.
    #[error("more than {0} values are found in it: send less at a time, or raise `findings`")]
    TooManyFindings(usize),
    /// The recogniser services should have been asked about it and were not.
    #[error("a text of it was not shown to the recogniser services")]
    Unasked,
    /// A part of it is no text.
    #[error("a part of it is no text: send text, or have the route say `exempt = [\"{}\"]`", .0.name())]
    Unread(Exemption),
}
