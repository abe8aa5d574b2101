//! A frame of an answer on its way through the tables: which of its strings belong to which lane.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::flow::Flow;
use super::held::{HeldFrame, LaneKey, Offset, Written};
use super::ids::Numbers;
use super::lane::{Lane, Origin};
use super::shift::Shifts;
use crate::provider::{Shape, Strand, Unit};
use crate::wire::frame::Payload;
use crate::wire::json::{Document, Kind, NodeId};

/// Stands before the number of an item where a tool is known by it: no list is so long.
const ITEM: u64 = u64::MAX;

/// One frame on its way through the tables.
pub(super) struct Reading<'r, 'd> {
    pub flow: &'r mut Flow,
    pub numbers: &'r mut Numbers,
    pub document: &'d Document<'d>,
    pub payload: &'d Payload<'d>,
    pub number: u64,
    /// What is read was said by lanes before.
    pub again: bool,
    /// The tool whose arguments are read.
    pub tool: Option<Arc<str>>,
    /// The numbers of choices and blocks that end with this frame.
    pub ended: Vec<Vec<u64>>,
}

impl Reading<'_, '_> {
    /// Reads a value of this shape; `indexes` are the numbers of the choices and blocks around it, `field` its key.
    pub(super) fn value(&mut self, id: NodeId, shape: &'static Shape, indexes: &mut Vec<u64>, field: &str) {
        match (shape.resolve(self.document, id), self.document.kind(id)) {
            (Shape::Credential | Shape::File | Shape::Media | Shape::Opaque | Shape::Signed | Shape::Tool, _) => {}
            (Shape::Again(shape), _) => {
                let outer = std::mem::replace(&mut self.again, true);
                self.value(id, shape, indexes, field);
                self.again = outer;
            }
            (Shape::Flow(shape), Kind::Array) => {
                self.document.items(id).for_each(|item| self.value(item, shape, indexes, field));
            }
            (Shape::Flow(shape) | Shape::Said(_, shape), _) => self.value(id, shape, indexes, field),
            (Shape::LaneEnd, _) if self.document.source(id) != "null" => self.ended.push(indexes.clone()),
            (Shape::LaneEnd, _) => {}
            (Shape::Mirror, Kind::Literal) => {}
            (Shape::Mirror, _) => self.leave_out(id),
            (Shape::Lane(strand), kind) => self.strand(id, kind, *strand, indexes, field),
            (Shape::NamedLane(name, strand), kind) => self.strand(id, kind, *strand, indexes, name),
            (Shape::Offset(lane, unit), Kind::Number) => self.offset(id, lane, *unit, indexes),
            (_, Kind::String) => drop(self.whole_string(id, Strand::Text, field)),
            (shape, Kind::Array) => self.items(id, shape, indexes, field),
            (shape, Kind::Object) => self.members(id, shape, indexes),
            (_, Kind::Literal | Kind::Number) => {}
        }
    }

    fn items(&mut self, id: NodeId, shape: &'static Shape, indexes: &mut Vec<u64>, field: &str) {
        for (position, item) in self.document.items(id).enumerate() {
            indexes.push(self.number(item, "index").unwrap_or(position as u64));
            self.value(item, shape, indexes, field);
            indexes.pop();
        }
    }

    fn members(&mut self, id: NodeId, shape: &'static Shape, indexes: &mut Vec<u64>) {
        let around = indexes.len();
        if id == self.document.root() {
            indexes.extend(self.numbers.members.iter().filter_map(|name| self.place_of(id, name)));
        }
        self.note_tool(id, shape, indexes);
        for (key, value) in self.document.members(id) {
            let name = self.document.text(key);
            let (shape, known) = shape.field(&name);
            if !known {
                self.whole_string(key, Strand::Text, "");
            }
            self.value(value, shape, indexes, &name);
        }
        indexes.truncate(around);
    }

    /// Keeps the name of the tool that an object calls: its arguments may come in later frames.
    fn note_tool(&mut self, id: NodeId, shape: &Shape, indexes: &[u64]) {
        let Some(name) = shape.tool().and_then(|name| self.document.member(id, name)) else { return };
        let name = self.document.text(name);
        // Some providers write the name into the first piece of a call, and none into the others.
        if self.document.kind(id) != Kind::Object || name.is_empty() {
            return;
        }
        let name: Arc<str> = name.as_ref().into();
        if let Some(item) = self.item(id, "id") {
            self.flow.keep_tool(vec![ITEM, item], Arc::clone(&name));
        }
        self.flow.account.transcript.call(indexes, &name);
        self.flow.keep_tool(indexes.to_vec(), name);
    }

    /// The tool whose arguments stand here, if it was named.
    fn tool_at(&mut self, indexes: &[u64]) -> Option<Arc<str>> {
        let item = self.item(self.document.root(), "item_id");
        let by_item = item.and_then(|item| self.flow.tool(&[ITEM, item]));
        by_item.or_else(|| self.flow.tool(indexes)).cloned()
    }

    /// The number of the item that an object names by this member, where the API's frames say by ids which they belong to.
    fn item(&mut self, id: NodeId, member: &str) -> Option<u64> {
        if self.numbers.members.contains(&"item_id") { self.place_of(id, member) } else { None }
    }

    /// The number of an item by the member `name`: as it is given there, or that of the id that is.
    fn place_of(&mut self, id: NodeId, name: &str) -> Option<u64> {
        let member = self.document.member(id, name)?;
        match self.document.kind(member) {
            Kind::String => Some(self.numbers.of(&self.document.text(member))),
            _ => self.document.source(member).parse().ok(),
        }
    }

    fn number(&self, id: NodeId, name: &str) -> Option<u64> {
        self.document.source(self.document.member(id, name)?).parse().ok()
    }

    /// A piece of a lane, or what is whole in its place.
    fn strand(&mut self, id: NodeId, kind: Kind, strand: Strand, indexes: &[u64], field: &str) {
        self.tool = self.tool_at(indexes);
        match kind {
            Kind::String if self.again => {
                let key = LaneKey::new(indexes, field);
                if let Some(shifts) = self.whole_string(id, strand, "") {
                    self.frame().moved.push((key, shifts));
                }
            }
            Kind::String => self.lane(id, strand, indexes, field),
            Kind::Array | Kind::Object => self.whole_value(id, strand, indexes, field),
            Kind::Literal | Kind::Number => {}
        }
        self.tool = None;
    }

    fn lane(&mut self, id: NodeId, strand: Strand, indexes: &[u64], field: &str) {
        let text = self.document.text(id);
        self.flow.account.transcript.append(indexes, field, strand, &text);
        if self.flow.is_idle() || text.is_empty() {
            return;
        }
        let origin = self.origin(id);
        if !self.flow.add(indexes, field, strand, self.tool.as_ref(), &text, origin) {
            self.whole_string(id, strand, "");
        }
    }

    /// A lane's text that comes as an object or a list: its strings are whole.
    fn whole_value(&mut self, id: NodeId, strand: Strand, indexes: &[u64], field: &str) {
        let is_empty = self.document.items(id).next().is_none() && self.document.members(id).next().is_none();
        if !is_empty && !self.again {
            self.flow.account.transcript.append(indexes, field, strand, self.document.source(id));
        }
        self.strings_below(id, strand, "");
    }

    fn strings_below(&mut self, id: NodeId, strand: Strand, name: &str) {
        match self.document.kind(id) {
            Kind::String => drop(self.whole_string(id, strand, name)),
            Kind::Array => self.document.items(id).for_each(|item| self.strings_below(item, strand, name)),
            Kind::Object => self.document.members(id).for_each(|(key, value)| {
                self.whole_string(key, strand, "");
                self.strings_below(value, strand, &self.document.text(key));
            }),
            Kind::Literal => {}
            Kind::Number => self.number_of_a_stranger(id, name),
        }
    }

    /// Takes out what a guard could not read in pieces.
    fn leave_out(&mut self, id: NodeId) {
        if self.flow.guard().is_some() && self.says_something(id) {
            let nothing = if self.document.kind(id) == Kind::Array { "[]" } else { "null" };
            self.flow.held.replace(self.number, self.source(id), nothing.to_owned());
        }
    }

    /// Whether there is a number or a string with something in it, here or below.
    fn says_something(&self, id: NodeId) -> bool {
        let mut below = self.document.items(id).chain(self.document.members(id).map(|(_, value)| value));
        match self.document.kind(id) {
            Kind::Number => true,
            Kind::String => !self.document.inner(id).is_empty(),
            _ => below.any(|id| self.says_something(id)),
        }
    }

    /// A number with a value that the caller did not send becomes a string.
    fn number_of_a_stranger(&mut self, id: NodeId, name: &str) {
        if let Some(stranger) = self.flow.strangers(self.document.source(id), name).pop() {
            self.flow.replace_stranger(self.number, self.source(id), format!("\"{}\"", stranger.with));
        }
    }

    /// Notes a number that points into a text, which may still change.
    fn offset(&mut self, id: NodeId, lane: &str, unit: Unit, indexes: &[u64]) {
        let Ok(place) = self.document.source(id).parse() else { return };
        if self.flow.is_idle() {
            return;
        }
        let (source, lane, again) = (self.source(id), LaneKey::new(indexes, lane), self.again);
        self.frame().offsets.push(Offset { source, place, unit, lane, again });
    }

    fn frame(&mut self) -> &mut HeldFrame {
        self.flow.held.frame(self.number)
    }

    /// Restores a string that is whole; gives what moved in it.
    fn whole_string(&mut self, id: NodeId, strand: Strand, name: &str) -> Option<Shifts> {
        if self.flow.is_idle() {
            return None;
        }
        let (text, origin): (Cow<str>, _) = (self.document.text(id), self.origin(id));
        let lane = Lane::of_whole_string(strand, name).in_tool(self.tool.clone());
        Some(self.flow.restore_whole(lane, &text, origin))
    }

    /// Notes where the source of the string lies in its frame.
    fn origin(&mut self, id: NodeId) -> Origin {
        let span = self.document.span(id);
        let inside = self.payload.frame_offset(span.start + 1)..self.payload.frame_offset(span.end - 1);
        self.flow.held.place(self.number, inside, Written::Json)
    }

    /// Where a value stands in its frame.
    fn source(&self, id: NodeId) -> Range<usize> {
        let span = self.document.span(id);
        self.payload.frame_offset(span.start)..self.payload.frame_offset(span.end)
    }
}
