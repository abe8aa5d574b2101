//! A frame that holds the frame proper in base64, as Bedrock sends the events of other vendors.

use std::ops::Range;

use bytes::Bytes;

use crate::wire::base64::{self, Decoded};
use crate::wire::frame::{Framing, Payload, seal};
use crate::wire::json::{Document, Kind};
use crate::wire::{Edit, splice};

/// What lies around a frame.
pub(super) struct Wrapper {
    frame: Bytes,
    /// Where in it the base64 stands.
    place: Range<usize>,
    coding: Decoded,
}

impl Wrapper {
    /// Takes out what the member `name` of a frame holds.
    pub(super) fn open(framing: Framing, frame: &Bytes, name: &str, nesting: usize) -> Option<(Self, Bytes)> {
        let payload = Payload::find(framing, frame)?;
        let document = Document::parse(&payload.text, nesting).ok()?;
        let id = document.at(&[name]).filter(|id| document.kind(*id) == Kind::String)?;
        let mut coding = base64::decode(document.inner(id))?;
        let span = document.span(id);
        let place = payload.frame_offset(span.start + 1)..payload.frame_offset(span.end - 1);
        let inner = std::mem::take(&mut coding.bytes).into();
        Some((Self { frame: frame.clone(), place, coding }, inner))
    }

    /// The frame as it came.
    pub(super) fn unchanged(self) -> Bytes {
        self.frame
    }

    /// The frame with something else in it.
    pub(super) fn around(self, framing: Framing, inner: &[u8]) -> Bytes {
        let edit = Edit { span: self.place, with: self.coding.encode(inner) };
        seal(framing, splice(&self.frame, [&edit])).into()
    }
}
