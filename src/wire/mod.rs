//! Bytes without meaning: where JSON's strings and numbers are, and where a stream's frames end.
//!
//! Nothing here builds a value or writes one: [`json`] finds places, [`splice`] changes the bytes between them, [`frame`] cuts
//! streams, [`multipart`] cuts uploads, [`base64`] reads files. What a place means is the business of [`provider`](crate::provider).

pub mod base64;
mod event_stream;
pub mod frame;
pub mod json;
pub mod multipart;

use std::ops::Range;

/// A change to some bytes: what stands at `span` becomes `with`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The bytes that go.
    pub span: Range<usize>,
    /// The bytes that come.
    pub with: String,
}

impl Edit {
    /// Has the change stand so many bytes further on.
    pub fn move_by(&mut self, bytes: usize) {
        self.span = self.span.start + bytes..self.span.end + bytes;
    }
}

/// Applies `edits`, sorted and apart, to `bytes`; everything between them stays as it is.
pub fn splice<'e>(bytes: &[u8], edits: impl IntoIterator<Item = &'e Edit, IntoIter: Clone>) -> Vec<u8> {
    let edits = edits.into_iter();
    let grown: usize = edits.clone().map(|edit| edit.with.len()).sum();
    let mut out = Vec::with_capacity(bytes.len() + grown);
    let mut done = 0;
    for edit in edits {
        out.extend_from_slice(&bytes[done..edit.span.start]);
        out.extend_from_slice(edit.with.as_bytes());
        done = edit.span.end;
    }
    out.extend_from_slice(&bytes[done..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bytes_of_an_edit_change() {
        let edits = [Edit { span: 1..3, with: "_".into() }, Edit { span: 4..4, with: "!".into() }];
        assert_eq!(splice(b"abcdef", &edits), b"a_d!ef");
        assert_eq!(splice(b"abc", &[]), b"abc");
    }
}
