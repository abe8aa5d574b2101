//! One strand of an answer's text: finds placeholders in it however the provider cut it, and says what to change where.

use std::ops::Range;
use std::sync::Arc;

use super::context::Context;
use super::guard::{Guard, Stranger, Watch};
use super::placeholder::{self, Reading, Tail};
use super::shift::{Extent, Shifts};
use super::vault::{Held, Vault};
use crate::policy::{Policy, Restore};
use crate::provider::Strand;
use crate::wire::json;

/// A strand's undecided text and what came before it.
pub(super) struct Lane {
    strand: Strand,
    /// The tool whose arguments these are.
    tool: Option<Arc<str>>,
    context: Context,
    /// The text that may be the beginning of a placeholder: as long as one at most.
    window: String,
    /// Whether a letter, digit or underscore stands right before the window.
    after_word: bool,
    /// Where the window's text came from, in order and without gaps.
    pieces: Vec<Piece>,
    /// Whether all comes in one text.
    is_whole: bool,
    /// Whether a value came back in it.
    gave_back: bool,
    watch: Watch,
    /// How much text came before the window.
    gone: Extent,
    /// What became longer or shorter.
    pub shifts: Shifts,
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
    /// Values that the caller did not send and that did not leave.
    pub redacted: u64,
    /// Lanes in which a value came back.
    pub lanes: u64,
}

impl std::ops::AddAssign for Restored {
    fn add_assign(&mut self, other: Self) {
        self.restored += other.restored;
        self.kept += other.kept;
        self.redacted += other.redacted;
        self.lanes += other.lanes;
    }
}

/// What every lane of an answer works with.
pub(super) struct Means {
    pub vault: Vault,
    pub policy: Arc<Policy>,
    /// There if values that the caller did not send are replaced.
    pub guard: Option<Guard>,
}

impl Lane {
    /// Begins a strand.
    pub(super) fn new(strand: Strand) -> Self {
        let context = match strand {
            Strand::Arguments => Context::json(),
            Strand::Argument | Strand::Text => Context::text(),
        };
        let (window, pieces, gone, shifts) = Default::default();
        Self {
            strand,
            tool: None,
            context,
            window,
            after_word: false,
            pieces,
            is_whole: false,
            gave_back: false,
            watch: Watch::of(strand, ""),
            gone,
            shifts,
        }
    }

    /// Begins a strand of an answer that comes whole.
    pub(super) fn of_whole_answer(strand: Strand) -> Self {
        Self { is_whole: true, ..Self::new(strand) }
    }

    /// Begins a string that is whole, somewhere in a strand, and goes by `name`.
    pub(super) fn of_whole_string(strand: Strand, name: &str) -> Self {
        Self { context: Context::text(), is_whole: true, watch: Watch::of(strand, name), ..Self::new(strand) }
    }

    /// The same strand, among the arguments of this tool.
    pub(super) fn in_tool(self, tool: Option<Arc<str>>) -> Self {
        Self { tool, ..self }
    }

    /// Takes the next text, which stands at `origin`, and decides what can be decided.
    pub(super) fn push(&mut self, means: &Means, text: &str, origin: Origin, changes: &mut Vec<Change>) -> Restored {
        self.window.push_str(text);
        self.pieces.push(Piece { origin, length: text.len() });
        let end = match &means.guard {
            Some(_) if self.is_whole => 0,
            Some(guard) => self.watch.look(guard, &means.vault, &self.window),
            None => self.window.len(),
        };
        self.decide(means, end, Tail::Open, changes)
    }

    /// Decides what the guard waited for; what may be the beginning of a placeholder still waits.
    pub(super) fn hurry(&mut self, means: &Means, changes: &mut Vec<Change>) -> Restored {
        let end = self.look_at_all(means);
        self.decide(means, end, Tail::Open, changes)
    }

    /// Decides all: no more text will come.
    pub(super) fn close(&mut self, means: &Means, changes: &mut Vec<Change>) -> Restored {
        let end = self.look_at_all(means);
        self.decide(means, end, Tail::Closed, changes)
    }

    /// The frame in which the undecided text begins.
    pub(super) fn waits_for(&self) -> Option<u64> {
        self.pieces.first().map(|piece| piece.origin.frame)
    }

    /// The frame that brought the last of the undecided text.
    pub(super) fn spoke_last(&self) -> Option<u64> {
        self.pieces.last().map(|piece| piece.origin.frame)
    }

    fn look_at_all(&mut self, means: &Means) -> usize {
        match &means.guard {
            Some(guard) => self.watch.look_at_all(guard, &means.vault, &self.window),
            None => self.window.len(),
        }
    }

    /// Decides the window up to `end`, strangers' values and all.
    fn decide(&mut self, means: &Means, end: usize, tail: Tail, changes: &mut Vec<Change>) -> Restored {
        let mut count = Restored::default();
        let mut decided = 0;
        while let Some(Stranger { span, with }) = self.watch.strangers.pop_front() {
            // A stranger's value ends what may be a placeholder.
            decided = self.restore(means, decided..span.start, Tail::Closed, changes, &mut count).0;
            self.context.feed(&self.window[decided..span.start]);
            let is_number = self.window[span.clone()].bytes().all(|byte| byte.is_ascii_digit());
            let with = self.in_its_place(is_number, with);
            self.replace(span.start, span.len(), with, changes);
            count.redacted += 1;
            decided = span.end;
        }
        let (decided, unfinished) = self.restore(means, decided..end, tail, changes, &mut count);
        if !unfinished {
            self.context.feed(&self.window[decided..end]);
        }
        let gone = if unfinished { decided } else { end };
        if means.guard.is_some() {
            self.watch.forget(&self.window, gone);
        }
        self.forget(gone);
        if count.restored > 0 && !std::mem::replace(&mut self.gave_back, true) {
            count.lanes = 1;
        }
        count
    }

    /// Restores the placeholders within `range`. Says how far it read, and whether a placeholder may begin there.
    fn restore(
        &mut self,
        means: &Means,
        range: Range<usize>,
        tail: Tail,
        changes: &mut Vec<Change>,
        count: &mut Restored,
    ) -> (usize, bool) {
        let (mut decided, end) = (range.start, range.end);
        while let Some(start) = self.next_candidate(decided, end, &means.vault) {
            self.context.feed(&self.window[decided..start]);
            match placeholder::read(&self.window[start..end], tail, &means.vault) {
                Reading::Unfinished => return (start, true),
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
        (decided, false)
    }

    fn next_candidate(&self, from: usize, end: usize, vault: &Vault) -> Option<usize> {
        placeholder::next_candidate(&self.window[..end], from, self.after_word, vault)
    }

    /// A stranger's placeholder as it has to stand here: a number in JSON becomes a string.
    fn in_its_place(&mut self, is_number: bool, with: String) -> String {
        if !is_number || !self.context.is_bare() {
            self.context.feed_placeholder();
            return with;
        }
        let escaped = self.escaped(format!("\"{with}\""));
        self.context.feed_number();
        escaped
    }

    /// A text, escaped for the JSON strings of the lane's own text around this place.
    fn escaped(&self, text: String) -> String {
        (0..self.context.depth()).fold(text, |text, _| json::encode(&text).into_owned())
    }

    /// The value to put here, escaped for the JSON strings of the lane's own text around it.
    fn value(&self, means: &Means, name: &str) -> Option<String> {
        let Held { entity, value } = means.vault.value(name)?;
        let comes_back = comes_back(means.policy.restore(entity), self.strand)
            && (self.strand == Strand::Text || means.policy.is_for_tool(entity, self.tool.as_deref()));
        if !self.context.restorable() || !comes_back {
            return None;
        }
        Some(self.escaped(value.to_string()))
    }

    /// Has the value stand where the placeholder ends; the other pieces lose their part of it. But of a tool's arguments each takes
    /// a character, as long as there are some: clients take an empty piece of these for an error.
    fn replace(&mut self, start: usize, length: usize, value: String, changes: &mut Vec<Change>) {
        let end = start + length;
        let at = self.gone + Extent::of(&self.window[..start]);
        self.shifts.note(at, &self.window[start..end], &value);
        let (mut left, mut piece_end) = (value.as_str(), 0);
        for piece in &self.pieces {
            let piece_start = piece_end;
            piece_end += piece.length;
            let (from, to) = (start.max(piece_start), end.min(piece_end));
            if from < to {
                let share = match self.strand {
                    _ if to == end => left.len(),
                    Strand::Text => 0,
                    Strand::Argument | Strand::Arguments => left.chars().next().map_or(0, char::len_utf8),
                };
                let (with, rest) = left.split_at(share);
                left = rest;
                let origin = Origin { offset: piece.origin.offset + (from - piece_start), ..piece.origin };
                changes.push(Change { origin, length: to - from, with: with.to_owned() });
            }
        }
    }

    /// Drops the first `decided` bytes of the window.
    fn forget(&mut self, decided: usize) {
        self.after_word = self.window[..decided].bytes().next_back().map_or(self.after_word, placeholder::is_word);
        self.gone += Extent::of(&self.window[..decided]);
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
