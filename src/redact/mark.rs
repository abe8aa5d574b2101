//! What was found in a text, as a change to its bytes.

use bytes::Bytes;

use crate::detect::PatternId;
use crate::wire::{Edit, splice};

/// A finding that was replaced: where in the bytes, by what, and which pattern found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The change.
    pub edit: Edit,
    /// The pattern that found what stood there.
    pub pattern: PatternId,
    /// Where the change is made.
    pub reach: Reach,
    /// What comes in the log, where that is something else.
    pub logged: Option<String>,
}

/// Where a finding is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// In the log's copy only: the policy or the provider's table lets the value leave.
    Log,
    /// In what leaves, and so in the log too.
    Sent,
}

impl Mark {
    /// The change that the log's copy gets.
    pub(super) fn for_log(self) -> Edit {
        let Self { edit: Edit { span, with }, logged, .. } = self;
        Edit { span, with: logged.unwrap_or(with) }
    }
}

/// `bytes` with the marks that reach so far: all of them for the log.
pub(super) fn apply(bytes: &[u8], marks: &[Mark], reach: Reach) -> Vec<u8> {
    let sent = marks.iter().filter(|mark| mark.reach == Reach::Sent).map(|mark| &mark.edit);
    match reach {
        Reach::Log => splice(bytes, &marks.iter().cloned().map(Mark::for_log).collect::<Vec<_>>()),
        Reach::Sent => splice(bytes, sent),
    }
}

pub(super) fn apply_to_text(text: &str, marks: &[Mark], reach: Reach) -> String {
    String::from_utf8(apply(text.as_bytes(), marks, reach)).expect("findings begin and end between characters")
}

/// `bytes` with all marks, and with what the log may not have blanked.
pub(super) fn log_copy(bytes: &[u8], marks: Vec<Mark>, blanks: Vec<Edit>) -> Bytes {
    let mut edits: Vec<Edit> = marks.into_iter().map(Mark::for_log).collect();
    edits.extend(blanks);
    edits.sort_by_key(|edit| edit.span.start);
    splice(bytes, &edits).into()
}
