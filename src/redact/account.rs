//! What is seen of an answer on its way, for the log and the metrics.

use super::lane::Restored;
use super::transcript::Transcript;
use crate::provider::Tokens;
use crate::wire::json::Document;

/// What was seen of an answer.
#[derive(Debug, Default)]
pub struct AnswerAccount {
    /// Placeholders that came back or stayed.
    pub placeholders: Restored,
    /// The lanes' text as the provider wrote it.
    pub transcript: Transcript,
    /// What the provider counted.
    pub usage: Usage,
    /// How its frames went through.
    pub frames: Frames,
    /// Numbers that point into a text that is not known, and stayed as they were.
    pub offsets_left: u64,
}

/// How the frames of an answer went through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frames {
    /// All that came.
    pub taken: u64,
    /// All that left.
    pub left: u64,
    /// Those that had to wait for what came after them.
    pub held: u64,
    /// The most bytes of frames that waited at a time.
    pub most_held: usize,
}

/// Token counts as the provider gave them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Prompt tokens found in the provider's cache.
    pub cached: Option<u64>,
    /// Prompt tokens.
    pub input: Option<u64>,
    /// Tokens of the answer.
    pub output: Option<u64>,
}

impl AnswerAccount {
    /// Of an answer of whose text so many bytes are kept for the log.
    pub(super) fn keeping(logged_bytes: usize) -> Self {
        Self { transcript: Transcript::new(logged_bytes), ..Self::default() }
    }
}

impl Frames {
    /// Takes note that all before frame `left` have left, and those before `taken` wait, with so many bytes.
    pub(super) fn wait(&mut self, left: u64, taken: u64, bytes: usize) {
        // What waited before, waits on.
        self.held += taken - left.max(self.taken).min(taken);
        self.most_held = self.most_held.max(bytes);
        (self.taken, self.left) = (taken, left);
    }
}

impl Usage {
    /// Reads what a frame counts, where `table` says.
    pub(super) fn read(&mut self, document: &Document, table: &[(&[&str], Tokens)]) {
        // Most places lie in one object, which most frames do not have.
        let mut outer = ("", None);
        for (path, tokens) in table {
            let [name, path @ ..] = *path else { continue };
            if outer.0 != *name {
                outer = (name, document.at(&[name]));
            }
            let place = outer.1.and_then(|outer| document.below(outer, path));
            let Some(count) = place.and_then(|id| document.source(id).parse().ok()) else { continue };
            match tokens {
                Tokens::Cached => self.cached = Some(count),
                Tokens::Input => self.input = Some(count),
                Tokens::Output => self.output = Some(count),
            }
        }
    }
}
