//! Ids in JSON texts: what a provider keeps by them, and which item of an answer a frame belongs to.

use std::collections::{HashMap, HashSet};

use super::Bounds;
use crate::provider::Pointer;
use crate::wire::json::{Document, Kind};

/// How many ids are known at a time.
const MOST: usize = 1024;

/// The longest id.
const LONGEST: usize = 512;

/// The ids that stand at these places of a JSON text. A text that cannot be read within `bounds` has none.
pub fn ids_in(json: &[u8], places: &[Pointer], bounds: Bounds) -> Vec<String> {
    if places.is_empty() {
        return Vec::new();
    }
    let document = Document::parse_within(json, bounds.nesting, bounds.strings);
    document.map_or_else(|_| Vec::new(), |document| ids(&document, places).collect())
}

fn ids(document: &Document, places: &[Pointer]) -> impl Iterator<Item = String> {
    let strings = places.iter().filter_map(|place| document.at(place)).filter(|id| document.kind(*id) == Kind::String);
    strings.map(|id| document.text(id).into_owned()).filter(|id| !id.is_empty() && id.len() <= LONGEST)
}

/// Numbers for the ids by which an API tells its items apart, in the order in which they came. Old ones are forgotten.
pub(super) struct Numbers {
    /// The members by which a frame says where its lanes belong.
    pub members: &'static [&'static str],
    numbers: HashMap<String, u64>,
    next: u64,
}

impl Numbers {
    /// Of an API whose frames say by these members where their lanes belong.
    pub(super) fn told_by(members: &'static [&'static str]) -> Self {
        Self { members, numbers: HashMap::new(), next: 0 }
    }

    /// The number of `id`, the next one if it is new.
    pub(super) fn of(&mut self, id: &str) -> u64 {
        if let Some(number) = self.numbers.get(id) {
            return *number;
        }
        if self.numbers.len() == MOST {
            self.numbers.clear();
        }
        self.numbers.insert(id.to_owned(), self.next);
        self.next += 1;
        self.next - 1
    }
}

/// The ids that an answer tells, each once.
pub(super) struct Told {
    places: &'static [Pointer],
    known: HashSet<String>,
    /// Those that nobody took yet.
    new: Vec<String>,
}

impl Told {
    /// Listens at these places.
    pub(super) fn at(places: &'static [Pointer]) -> Self {
        Self { places, known: HashSet::new(), new: Vec::new() }
    }

    /// Listens to a frame.
    pub(super) fn listen(&mut self, frame: &Document) {
        for id in ids(frame, self.places) {
            if self.known.len() < MOST && self.known.insert(id.clone()) {
                self.new.push(id);
            }
        }
    }

    /// The ids that are new since this was asked for last.
    pub(super) fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.new)
    }
}
