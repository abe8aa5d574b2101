//! Finds the strings, numbers and containers of a JSON text without building it, so that single places can be changed.
//!
//! Stricter than most readers, because what two readers read differently can hide a value: UTF-8 only, no duplicate keys, no
//! text after the end, bounded nesting. Lone surrogate escapes are accepted (a bot that cut an emoji in half sends them) and
//! read as U+FFFD. [`decode`], [`encode`] and [`source_offsets`] translate between a string's source and what it says.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

mod parse;
mod string;

pub use string::{decode, encode, source_offsets};

/// A JSON text whose places are known.
pub struct Document<'a> {
    source: &'a str,
    nodes: Vec<Node>,
}

/// The position of a value in a [`Document`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeId(u32);

/// What stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Values in brackets.
    Array,
    /// `true`, `false` or `null`.
    Literal,
    /// A number.
    Number,
    /// Keys and values in braces.
    Object,
    /// A string, or an object's key.
    String,
}

#[derive(Clone, Copy)]
struct Node {
    kind: Kind,
    /// Whether it is a string with escapes in it.
    escaped: bool,
    start: u32,
    end: u32,
    /// The node after this one and all that is inside it.
    next: u32,
}

/// Why a text is not read as JSON. Positions are byte offsets; nothing of the text itself is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Two members of one object have the same name.
    #[error("the same key stands twice in one object (second time at byte {at})")]
    DuplicateKey {
        /// Where the second key begins.
        at: usize,
    },
    /// The grammar is broken.
    #[error("not JSON: {expected} expected at byte {at}")]
    Syntax {
        /// What should have stood there.
        expected: &'static str,
        /// Where reading stopped.
        at: usize,
    },
    /// Objects and arrays lie deeper in each other than allowed.
    #[error("objects and arrays nested deeper than {limit} at byte {at}")]
    TooDeep {
        /// The deepest nesting allowed.
        limit: usize,
        /// Where the first container too deep begins.
        at: usize,
    },
    /// More strings, numbers and containers than allowed.
    #[error("more than {limit} strings, numbers, keys, lists and objects")]
    TooMany {
        /// The most that are allowed.
        limit: usize,
    },
    /// More bytes than positions can tell apart (4 GiB).
    #[error("longer than 4 GiB")]
    TooLong,
    /// The bytes are not UTF-8.
    #[error("not UTF-8 at byte {at}")]
    Utf8 {
        /// The first byte that is not.
        at: usize,
    },
}

impl JsonError {
    /// Whether it is JSON, but more of it than is read.
    pub fn is_too_much(self) -> bool {
        matches!(self, Self::TooDeep { .. } | Self::TooMany { .. })
    }
}

impl<'a> Document<'a> {
    /// Reads `bytes`, with containers nested at most `depth` deep. A byte order mark before the text is passed over.
    pub fn parse(bytes: &'a [u8], depth: usize) -> Result<Self, JsonError> {
        Self::parse_within(bytes, depth, usize::MAX)
    }

    /// The same, with `most` strings, numbers, keys, lists and objects at most.
    pub fn parse_within(bytes: &'a [u8], depth: usize, most: usize) -> Result<Self, JsonError> {
        let source = std::str::from_utf8(bytes).map_err(|error| JsonError::Utf8 { at: error.valid_up_to() })?;
        if source.len() >= u32::MAX as usize {
            return Err(JsonError::TooLong);
        }
        let document = Self { source, nodes: parse::nodes(source, depth, most)? };
        document.refuse_duplicate_keys()?;
        Ok(document)
    }

    /// How many strings, numbers, keys, lists and objects there are.
    pub fn size(&self) -> usize {
        self.nodes.len()
    }

    /// The text's one value.
    pub fn root(&self) -> NodeId {
        NodeId(0)
    }

    /// What stands at `id`.
    pub fn kind(&self, id: NodeId) -> Kind {
        self.node(id).kind
    }

    /// The bytes of the value at `id`, a string's quotes included.
    pub fn span(&self, id: NodeId) -> Range<usize> {
        let node = self.node(id);
        node.start as usize..node.end as usize
    }

    /// The source of the value at `id`.
    pub fn source(&self, id: NodeId) -> &'a str {
        &self.source[self.span(id)]
    }

    /// What the string at `id` says, or the source of any other value.
    pub fn text(&self, id: NodeId) -> Cow<'a, str> {
        let Node { kind, escaped, .. } = self.node(id);
        match kind {
            Kind::String if escaped => decode(self.inner(id)),
            Kind::String => Cow::Borrowed(self.inner(id)),
            _ => Cow::Borrowed(self.source(id)),
        }
    }

    /// The source between the quotes of the string at `id`.
    pub fn inner(&self, id: NodeId) -> &'a str {
        let span = self.span(id);
        &self.source[span.start + 1..span.end - 1]
    }

    /// The values of the array at `id`, in order.
    pub fn items(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        let node = self.node(id);
        let end = if node.kind == Kind::Array { node.next } else { id.0 + 1 };
        Siblings { document: self, at: id.0 + 1, end }
    }

    /// The keys and values of the object at `id`, in order.
    pub fn members(&self, id: NodeId) -> impl Iterator<Item = (NodeId, NodeId)> {
        let node = self.node(id);
        let end = if node.kind == Kind::Object { node.next } else { id.0 + 1 };
        let mut siblings = Siblings { document: self, at: id.0 + 1, end };
        std::iter::from_fn(move || Some((siblings.next()?, siblings.next()?)))
    }

    /// The value of the member `name` of the object at `id`.
    pub fn member(&self, id: NodeId, name: &str) -> Option<NodeId> {
        self.members(id).find(|(key, _)| self.says(*key, name)).map(|(_, value)| value)
    }

    /// The value reached from the root by the names in `path`.
    pub fn at(&self, path: &[&str]) -> Option<NodeId> {
        self.below(self.root(), path)
    }

    /// The value reached from the one at `id` by the names in `path`.
    pub fn below(&self, id: NodeId, path: &[&str]) -> Option<NodeId> {
        path.iter().try_fold(id, |id, name| self.member(id, name))
    }

    /// Whether the string at `id` says `text`.
    pub fn says(&self, id: NodeId, text: &str) -> bool {
        let inner = self.inner(id);
        if self.node(id).escaped { decode(inner) == text } else { inner == text }
    }

    fn node(&self, id: NodeId) -> Node {
        self.nodes[id.0 as usize]
    }

    fn refuse_duplicate_keys(&self) -> Result<(), JsonError> {
        let objects = (0..self.nodes.len() as u32).map(NodeId).filter(|id| self.kind(*id) == Kind::Object);
        for object in objects {
            if let Some(key) = self.duplicate_key(object) {
                return Err(JsonError::DuplicateKey { at: self.span(key).start });
            }
        }
        Ok(())
    }

    /// The first key that repeats another. Few keys are compared in pairs, many through a set: linear either way.
    fn duplicate_key(&self, object: NodeId) -> Option<NodeId> {
        const FEW: usize = 24;
        let (mut keys, mut sketches) = ([object; FEW], [0; FEW]);
        for (count, (key, _)) in self.members(object).enumerate() {
            if count == FEW || self.node(key).escaped {
                return self.duplicate_key_of_many(object);
            }
            let (inner, sketch) = (self.inner(key), sketch(self.inner(key)));
            let mut alike = (0..count).filter(|at| sketches[*at] == sketch);
            if alike.any(|at| self.inner(keys[at]) == inner) {
                return Some(key);
            }
            (keys[count], sketches[count]) = (key, sketch);
        }
        None
    }

    fn duplicate_key_of_many(&self, object: NodeId) -> Option<NodeId> {
        let mut seen = HashSet::new();
        self.members(object).map(|(key, _)| key).find(|key| !seen.insert(decode(self.inner(*key))))
    }
}

/// A number by which most keys differ that are not the same.
fn sketch(key: &str) -> u32 {
    let bytes = key.as_bytes();
    let at = |place: Option<&u8>| u32::from(place.copied().unwrap_or(0));
    (key.len() as u32) << 24 ^ at(bytes.first()) << 16 ^ at(bytes.get(bytes.len() / 2)) << 8 ^ at(bytes.last())
}

struct Siblings<'d, 'a> {
    document: &'d Document<'a>,
    at: u32,
    end: u32,
}

impl Iterator for Siblings<'_, '_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        if self.at >= self.end {
            return None;
        }
        let id = NodeId(self.at);
        self.at = self.document.node(id).next;
        Some(id)
    }
}

#[cfg(test)]
mod tests;
