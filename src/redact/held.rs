//! The frames that wait, in order: what of them may still change, and how they leave.

use std::collections::VecDeque;
use std::ops::Range;

use bytes::Bytes;

use super::lane::{Change, Origin};
use super::shift::Shifts;
use super::wrapped::Wrapper;
use crate::provider::Unit;
use crate::wire::frame::{Framing, seal};
use crate::wire::json;
use crate::wire::{Edit, splice};

/// Which strand a piece of text belongs to: the numbers of the choices or blocks around it, and the field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct LaneKey {
    pub indexes: Vec<u64>,
    pub field: String,
}

impl LaneKey {
    pub fn new(indexes: &[u64], field: &str) -> Self {
        Self { indexes: indexes.to_vec(), field: field.to_owned() }
    }
}

/// The frames of an answer that wait, each known by its number from the answer's beginning.
#[derive(Default)]
pub(super) struct Queue {
    frames: VecDeque<HeldFrame>,
    /// The number of the first.
    first: u64,
    bytes: usize,
    /// The changes that their frames do not know of yet.
    pub changes: Vec<Change>,
}

/// A frame that waits until all its text is decided.
pub(super) struct HeldFrame {
    bytes: Bytes,
    wrapper: Option<Wrapper>,
    /// The strings that may still change, and what else may.
    places: Vec<Place>,
    changes: Vec<Change>,
    /// The numbers in it that point into texts.
    pub offsets: Vec<Offset>,
    /// What moved in the texts that it repeats.
    pub moved: Vec<(LaneKey, Shifts)>,
}

/// A number in a frame that points into a text.
pub(super) struct Offset {
    pub source: Range<usize>,
    pub place: u64,
    pub unit: Unit,
    /// The text's lane; the last of its numbers may be those of what points.
    pub lane: LaneKey,
    /// Whether the text stands in the same frame, said again.
    pub again: bool,
}

/// Something in a frame that may change.
struct Place {
    source: Range<usize>,
    written: Written,
}

/// How a text is written in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// As the inside of a JSON string.
    Json,
    /// As it is.
    Plain,
}

impl Queue {
    /// Has a frame wait behind the others.
    pub fn push(&mut self, bytes: Bytes, wrapper: Option<Wrapper>) {
        self.bytes += bytes.len();
        let (places, changes, offsets, moved) = Default::default();
        self.frames.push_back(HeldFrame { bytes, wrapper, places, changes, offsets, moved });
    }

    /// The first frame, if it comes before the one with this number: it waits no longer.
    pub fn pop_before(&mut self, number: u64) -> Option<HeldFrame> {
        let frame = if self.first < number { self.frames.pop_front()? } else { return None };
        self.first += 1;
        self.bytes -= frame.bytes.len();
        Some(frame)
    }

    /// The number of the first frame that waits, or will.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// The number of the next frame.
    pub fn next(&self) -> u64 {
        self.first + self.frames.len() as u64
    }

    /// How many bytes wait.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The frame with this number, which waits.
    pub fn frame(&mut self, number: u64) -> &mut HeldFrame {
        &mut self.frames[(number - self.first) as usize]
    }

    /// Notes where in a frame something stands that may change.
    pub fn place(&mut self, number: u64, source: Range<usize>, written: Written) -> Origin {
        let places = &mut self.frame(number).places;
        places.push(Place { source, written });
        Origin { frame: number, string: places.len() - 1, offset: 0 }
    }

    /// Replaces what stands in a frame.
    pub fn replace(&mut self, number: u64, source: Range<usize>, with: String) {
        let length = source.len();
        let origin = self.place(number, source, Written::Plain);
        self.changes.push(Change { origin, length, with });
    }

    /// Gives each change to its frame.
    pub fn settle(&mut self) {
        for change in std::mem::take(&mut self.changes) {
            self.frame(change.origin.frame).changes.push(change);
        }
    }
}

impl HeldFrame {
    /// The frame with all that changes in it; `moves` are those of its numbers.
    pub fn leave(self, framing: Framing, moves: Vec<Edit>) -> Bytes {
        if self.changes.is_empty() && moves.is_empty() {
            return self.wrapper.map_or(self.bytes, Wrapper::unchanged);
        }
        let mut changes = self.changes;
        changes.sort_by_key(|change| (change.origin.string, change.origin.offset));
        let of_one_string = changes.chunk_by(|one, other| one.origin.string == other.origin.string);
        let mut edits: Vec<Edit> = of_one_string
            .flat_map(|changes| edits(&self.bytes, &self.places[changes[0].origin.string], changes))
            .collect();
        edits.extend(moves);
        edits.sort_by_key(|edit| edit.span.start);
        let frame = splice(&self.bytes, &edits);
        match self.wrapper {
            Some(wrapper) => wrapper.around(framing, &frame),
            None => seal(framing, frame).into(),
        }
    }
}

/// The edits to a frame that the changes at one place make.
fn edits(frame: &[u8], Place { source, written }: &Place, changes: &[Change]) -> Vec<Edit> {
    if *written == Written::Plain {
        let span =
            |change: &Change| source.start + change.origin.offset..source.start + change.origin.offset + change.length;
        return changes.iter().map(|change| Edit { span: span(change), with: change.with.clone() }).collect();
    }
    let text = std::str::from_utf8(&frame[source.clone()]).expect("the frame was read as UTF-8");
    let borders = changes.iter().flat_map(|change| [change.origin.offset, change.origin.offset + change.length]);
    let offsets = json::source_offsets(text, borders);
    let edit = |(change, span): (&Change, &[usize])| Edit {
        span: source.start + span[0]..source.start + span[1],
        with: json::encode(&change.with).into_owned(),
    };
    changes.iter().zip(offsets.chunks_exact(2)).map(edit).collect()
}
