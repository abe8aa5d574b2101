//! One strand of an answer's text: finds placeholders in it however the provider cut it, and says what to change where.

use super::context::Context;
use super::placeholder::{self, Reading, Tail};
use super::vault::{Held, Vault};
use crate::policy::{Policy, Restore};
use crate::provider::Strand;
use crate::wire::json;

/// A strand's undecided text and what came before it.
pub(super) struct Lane {
    strand: Strand,
    context: Context,
    /// The text that may be the beginning of a placeholder: as long as one at most.
    window: String,
    /// Whether a letter, digit or underscore stands right before the window.
    after_word: bool,
    /// Where the window's text came from, in order and without gaps.
    pieces: Vec<Piece>,
}

/// A part of a window: `length` bytes that stand at `origin`.
#[derive(Clone, Copy, Debug)]
struct Piece {
    origin: Origin,
    length: usize,
}

/// A place in the text of a frame's string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// The frame, counted from the answer's beginning.
    pub frame: u64,
    /// Which string of the frame.
    pub string: usize,
    /// The byte offset in what the string says.
    pub offset: usize,
}

/// A change to what a frame's string says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// Where the bytes that go begin.
    pub origin: Origin,
    /// How many bytes go.
    pub length: usize,
    /// What comes.
    pub with: String,
}

/// What a lane did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Placeholders whose value came back.
    pub restored: u64,
    /// Placeholders of this exchange that stayed, because of where they stood.
    pub kept: u64,
}

/// What every lane of an answer works with.
#[derive(Clone, Copy)]
pub(super) struct Means<'a> {
    pub vault: &'a Vault,
    pub policy: &'a Policy,
}

impl Lane {
    /// Begins a strand.
    pub(super) fn new(strand: Strand) -> Self {
        let context = match strand {
            Strand::Arguments => Context::json(),
            Strand::Argument | Strand::Text => Context::text(),
        };
        Self { strand, context, window: String::new(), after_word: false, pieces: Vec::new() }
    }

    /// Begins a string that is whole, somewhere in a strand.
    pub(super) fn of_whole_string(strand: Strand) -> Self {
        Self { strand, context: Context::text(), window: String::new(), after_word: false, pieces: Vec::new() }
    }

    /// Takes the next text, which stands at `origin`, and decides what can be decided.
    pub(super) fn push(&mut self, means: Means, text: &str, origin: Origin, changes: &mut Vec<Change>) -> Restored {
        self.window.push_str(text);
        self.pieces.push(Piece { origin, length: text.len() });
        self.decide(means, Tail::Open, changes)
    }

    /// Decides all: no more text will come.
    pub(super) fn close(&mut self, means: Means, changes: &mut Vec<Change>) -> Restored {
        self.decide(means, Tail::Closed, changes)
    }

    /// The frame in which the undecided text begins.
    pub(super) fn waits_for(&self) -> Option<u64> {
        self.pieces.first().map(|piece| piece.origin.frame)
    }

    fn decide(&mut self, means: Means, tail: Tail, changes: &mut Vec<Change>) -> Restored {
        let mut count = Restored::default();
        let mut decided = 0;
        while let Some(start) = self.next_candidate(decided, means.vault) {
            self.context.feed(&self.window[decided..start]);
            match placeholder::read(&self.window[start..], tail, means.vault) {
                Reading::Unfinished => {
                    self.forget(start);
                    return count;
                }
                Reading::No => {
                    decided = start + 1;
                    self.context.feed(&self.window[start..decided]);
                }
                Reading::Placeholder { length, name } => {
                    decided = start + length;
                    match self.value(means, &name) {
                        Some(value) => {
                            self.replace(start, length, value, changes);
                            count.restored += 1;
                        }
                        None => count.kept += 1,
                    }
                    self.context.feed_placeholder();
                }
            }
        }
        self.context.feed(&self.window[decided..]);
        self.forget(self.window.len());
        count
    }

    fn next_candidate(&self, from: usize, vault: &Vault) -> Option<usize> {
        placeholder::next_candidate(&self.window, from, self.after_word, vault)
    }

    /// The value to put here, escaped for the JSON strings of the lane's own text around it.
    fn value(&self, means: Means, name: &str) -> Option<String> {
        let Held { entity, value } = means.vault.value(name)?;
        if !self.context.restorable() || !comes_back(means.policy.restore(entity), self.strand) {
            return None;
        }
        let escape = |text: String, _| json::encode(&text).into_owned();
        Some((0..self.context.depth()).fold(value.to_string(), escape))
    }

    /// Has the value stand where the placeholder ends; the other pieces lose their part of it.
    fn replace(&self, start: usize, length: usize, value: String, changes: &mut Vec<Change>) {
        let end = start + length;
        let mut value = Some(value);
        let mut piece_end: usize = self.pieces.iter().map(|piece| piece.length).sum();
        for piece in self.pieces.iter().rev() {
            let piece_start = piece_end - piece.length;
            let (from, to) = (start.max(piece_start), end.min(piece_end));
            if from < to {
                let origin = Origin { offset: piece.origin.offset + (from - piece_start), ..piece.origin };
                changes.push(Change { origin, length: to - from, with: value.take().unwrap_or_default() });
            }
            piece_end = piece_start;
        }
    }

    /// Drops the first `decided` bytes of the window.
    fn forget(&mut self, decided: usize) {
        self.after_word = self.window[..decided].bytes().next_back().map_or(self.after_word, placeholder::is_word);
        self.window.drain(..decided);
        let mut left = decided;
        self.pieces.retain_mut(|piece| {
            let cut = left.min(piece.length);
            left -= cut;
            piece.length -= cut;
            piece.origin.offset += cut;
            piece.length > 0
        });
    }
}

fn comes_back(restore: Restore, strand: Strand) -> bool {
    match restore {
        Restore::Arguments => strand != Strand::Text,
        Restore::Everywhere => true,
        Restore::Never => false,
        Restore::Text => strand == Strand::Text,
    }
}
