//! Cuts an answer's bytes into frames, byte for byte, and finds the payload inside a frame.
//!
//! A frame is the smallest piece that can be read and forwarded on its own: an event of an event stream with the blank line
//! that ends it, a line of NDJSON, an element of a JSON list, a binary message. Comments, padding and odd line ends belong to the frame they stand in and stay as they are.

use std::borrow::Cow;
use std::ops::Range;

use bytes::{Bytes, BytesMut};

use super::event_stream;

/// How an answer is cut into frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// One JSON list that grows: an object in it, with what stands before it, is a frame.
    Elements,
    /// Server-sent events (WHATWG HTML, section 9.2): lines end with LF, CRLF or CR, a blank line ends an event.
    Events,
    /// One JSON text per line.
    Lines,
    /// Amazon's binary event stream: a message is a frame.
    Messages,
    /// One text: what has arrived of it, in whole characters, is a frame.
    Text,
    /// The whole body is one frame.
    Whole,
}

/// Collects bytes as they arrive and gives them back in whole frames.
#[derive(Debug)]
pub struct Splitter {
    framing: Framing,
    buffer: BytesMut,
    /// Where the line begins that is being read, within the buffer.
    line: usize,
    /// How much of that line holds no line end, or how much of an element was read.
    seen: usize,
    element: Element,
}

/// How far into an object of a list the bytes read lead.
#[derive(Debug, Default)]
struct Element {
    /// Braces open.
    open: usize,
    in_string: bool,
    escaped: bool,
}

impl Splitter {
    /// Begins a stream.
    pub fn new(framing: Framing) -> Self {
        Self { framing, buffer: BytesMut::new(), line: 0, seen: 0, element: Element::default() }
    }

    /// Takes the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame, if one is there.
    pub fn next_frame(&mut self) -> Option<Bytes> {
        let end = match self.framing {
            Framing::Elements => self.element_end(),
            Framing::Events => self.event_end(),
            Framing::Lines => self.line_end().map(|(_, end)| end),
            Framing::Messages => event_stream::length(&self.buffer).filter(|length| *length <= self.buffer.len()),
            Framing::Text => Some(whole_characters(&self.buffer)).filter(|length| *length > 0),
            Framing::Whole => None,
        }?;
        (self.line, self.seen) = (0, 0);
        Some(self.buffer.split_to(end).freeze())
    }

    /// What is left when the stream has ended: a last frame without its end, or nothing.
    pub fn rest(&mut self) -> Option<Bytes> {
        (self.line, self.seen) = (0, 0);
        (!self.buffer.is_empty()).then(|| self.buffer.split().freeze())
    }

    /// How many bytes wait for the end of their frame.
    pub fn waiting(&self) -> usize {
        self.buffer.len()
    }

    /// The end of the first object.
    fn element_end(&mut self) -> Option<usize> {
        let read = self.buffer[self.seen..].iter().position(|byte| self.element.ends_with(*byte));
        self.seen = read.map_or(self.buffer.len(), |read| self.seen + read + 1);
        read.map(|_| self.seen)
    }

    /// The end of the first blank line.
    fn event_end(&mut self) -> Option<usize> {
        loop {
            let (text_end, end) = self.line_end()?;
            let blank = text_end == self.line;
            (self.line, self.seen) = (end, end);
            if blank {
                return Some(end);
            }
        }
    }

    /// Where the text of the line ends, and where the line.
    fn line_end(&mut self) -> Option<(usize, usize)> {
        let bytes = &self.buffer[..];
        let Some(found) = memchr::memchr2(b'\n', b'\r', &bytes[self.seen..]) else {
            self.seen = bytes.len();
            return None;
        };
        let at = self.seen + found;
        match (bytes[at], bytes.get(at + 1)) {
            (b'\n', _) => Some((at, at + 1)),
            (_, Some(b'\n')) => Some((at, at + 2)),
            (_, Some(_)) => Some((at, at + 1)),
            // The last byte is a CR: an LF may follow, unless the line before ended with a CR alone.
            (_, None) => (at == self.line && self.line > 0 && bytes[at - 1] == b'\r').then_some((at, at + 1)),
        }
    }
}

impl Element {
    /// Reads a byte; tells whether it ends the object.
    fn ends_with(&mut self, byte: u8) -> bool {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.in_string => self.escaped = true,
            b'"' => self.in_string = !self.in_string,
            _ if self.in_string => {}
            b'{' => self.open += 1,
            b'}' => {
                self.open = self.open.saturating_sub(1);
                return self.open == 0;
            }
            _ => {}
        }
        false
    }
}

/// The JSON (or other text) that a frame carries, and where in the frame it stands.
#[derive(Debug, PartialEq, Eq)]
pub struct Payload<'a> {
    /// The text; the `data:` lines of an event are joined with LF.
    pub text: Cow<'a, [u8]>,
    /// The places in the frame that the text was taken from.
    pieces: Vec<Range<usize>>,
}

impl<'a> Payload<'a> {
    /// Finds the payload of `frame`; `None` when it has none (a comment, a blank line).
    pub fn find(framing: Framing, frame: &'a [u8]) -> Option<Self> {
        let pieces = match framing {
            Framing::Elements => memchr::memchr(b'{', frame).map(|start| start..frame.len()).into_iter().collect(),
            Framing::Events => data_lines(frame),
            Framing::Messages => event_stream::payload(frame).into_iter().collect(),
            Framing::Lines | Framing::Text | Framing::Whole => std::iter::once(0..frame.len()).collect(),
        };
        let text = match pieces.as_slice() {
            [] => return None,
            [piece] => Cow::Borrowed(&frame[piece.clone()]),
            many => Cow::Owned(many.iter().map(|piece| &frame[piece.clone()]).collect::<Vec<_>>().join(&b'\n')),
        };
        Some(Self { text, pieces })
    }

    /// The places in the frame that the text was taken from.
    pub fn pieces(&self) -> &[Range<usize>] {
        &self.pieces
    }

    /// Where in the frame the byte at `offset` of the text stands. A JSON string lies within one piece: it holds no line end.
    pub fn frame_offset(&self, offset: usize) -> usize {
        let mut before = 0;
        for piece in &self.pieces {
            if offset <= before + piece.len() {
                return piece.start + (offset - before);
            }
            before += piece.len() + 1;
        }
        self.pieces.last().map_or(0, |piece| piece.end)
    }
}

/// The length of the whole frames at the beginning of `bytes`.
pub fn whole_frames(framing: Framing, bytes: &[u8]) -> usize {
    let mut splitter = Splitter::new(framing);
    splitter.push(bytes);
    std::iter::from_fn(|| splitter.next_frame()).map(|frame| frame.len()).sum()
}

/// A binary message of one's own, with these headers.
pub fn message(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    event_stream::message(headers, payload)
}

/// The length of `text` without a character at its end that is not whole.
fn whole_characters(text: &[u8]) -> usize {
    const LONGEST: usize = 4;
    let last = (text.len().saturating_sub(LONGEST - 1)..text.len()).rev().find(|at| text[*at] >= 0xc0);
    let length = |first: u8| (first.leading_ones() as usize).min(LONGEST);
    last.filter(|at| at + length(text[*at]) > text.len()).unwrap_or(text.len())
}

/// A frame whose payload was changed, as it may leave.
pub fn seal(framing: Framing, frame: Vec<u8>) -> Vec<u8> {
    if framing == Framing::Messages { event_stream::seal(frame) } else { frame }
}

/// Where the values of an event's `data` fields stand, each without the one space that may lead it.
fn data_lines(frame: &[u8]) -> Vec<Range<usize>> {
    let mut lines = Vec::with_capacity(1);
    // A byte order mark may begin the stream.
    let mut start = if frame.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    while start < frame.len() {
        let end = memchr::memchr2(b'\n', b'\r', &frame[start..]).map_or(frame.len(), |at| start + at);
        if let Some(value) = frame[start..end].strip_prefix(b"data:") {
            let space = usize::from(value.first() == Some(&b' '));
            lines.push(end - value.len() + space..end);
        }
        start = end + 1;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(framing: Framing, chunks: &[&[u8]]) -> Vec<String> {
        let mut splitter = Splitter::new(framing);
        let mut frames = Vec::new();
        for chunk in chunks {
            splitter.push(chunk);
            frames.extend(std::iter::from_fn(|| splitter.next_frame()));
        }
        frames.extend(splitter.rest());
        frames.iter().map(|frame| String::from_utf8_lossy(frame).into_owned()).collect()
    }

    fn check(framing: Framing, expected: &[&str]) {
        let whole = expected.concat();
        for cut in 0..=whole.len() {
            let (left, right) = whole.as_bytes().split_at(cut);
            assert_eq!(frames(framing, &[left, right]), expected, "cut at {cut}");
        }
        let bytes: Vec<&[u8]> = whole.as_bytes().chunks(1).collect();
        assert_eq!(frames(framing, &bytes), expected, "byte by byte");
    }

    #[test]
    fn an_event_ends_with_a_blank_line_however_lines_end() {
        check(Framing::Events, &["data: 1\n\n", "event: x\ndata: 2\n\n", ": ping\n\n", "data: [DONE]\n\n"]);
        check(Framing::Events, &["data: 1\r\n\r\n", "data: 2\r\ndata: 3\r\n\r\n"]);
        check(Framing::Events, &["data: 1\r\r", "data: 2\r\r"]);
        check(Framing::Events, &["data: 1\n\n", "\n", "data: without end"]);
    }

    #[test]
    fn an_event_is_given_as_soon_as_it_is_whole() {
        let mut splitter = Splitter::new(Framing::Events);
        for event in ["data: 1\n\n", "data: 2\r\n\r\n", "data: 3\r\r"] {
            splitter.push(event.as_bytes());
            assert_eq!(splitter.next_frame().as_deref(), Some(event.as_bytes()));
            assert_eq!(splitter.waiting(), 0);
        }
    }

    #[test]
    fn a_line_is_a_frame() {
        check(Framing::Lines, &["{\"a\":1}\n", "{}\r\n", "\n", "{\"done\":true}"]);
    }

    #[test]
    fn an_object_of_a_list_is_a_frame() {
        check(Framing::Elements, &["[{\"a\":{}}", ",\r\n{\"b\":\"}\\\"{\"}", "\n,{}", "\n]\n"]);
        check(Framing::Elements, &["{\"error\":{\"code\":400}}", "\n"]);
        check(Framing::Elements, &["["]);
        let payload =
            |frame: &str| Payload::find(Framing::Elements, frame.as_bytes()).map(|found| found.text.into_owned());
        assert_eq!(payload(",\r\n{\"a\":1}").as_deref(), Some(&b"{\"a\":1}"[..]));
        assert_eq!(payload("\n]\n"), None);
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        let mut splitter = Splitter::new(Framing::Text);
        let mut frames = Vec::new();
        for byte in "aé👋\u{2028}z".bytes().chain([0xff, b'a', 0xc3]) {
            splitter.push(&[byte]);
            frames.extend(splitter.next_frame());
        }
        frames.extend(splitter.rest());
        let expected: [&[u8]; 8] =
            [b"a", "é".as_bytes(), "👋".as_bytes(), "\u{2028}".as_bytes(), b"z", b"\xffa", b"", b""];
        assert_eq!(frames.concat(), expected.concat().into_iter().chain([0xc3]).collect::<Vec<_>>());
        assert_eq!(frames[..4], expected[..4]);
    }

    #[test]
    fn a_binary_message_is_a_frame() {
        let (one, other) = (message(&[], b"{}"), message(&[(":content-type", "x")], b"{\"a\":1}"));
        let whole = [&one[..], &other[..], b"rest"].concat();
        for cut in 0..=whole.len() {
            let mut splitter = Splitter::new(Framing::Messages);
            let mut frames = Vec::new();
            for part in [&whole[..cut], &whole[cut..]] {
                splitter.push(part);
                frames.extend(std::iter::from_fn(|| splitter.next_frame()));
            }
            assert_eq!(frames, [&one[..], &other[..]], "cut at {cut}");
            assert_eq!(splitter.rest().as_deref(), Some(&b"rest"[..]));
        }
        assert_eq!(&*Payload::find(Framing::Messages, &other).unwrap().text, b"{\"a\":1}");
        assert_eq!(Payload::find(Framing::Messages, b"rest"), None);
    }

    #[test]
    fn a_payload_is_found_behind_its_field_name() {
        let check = |frame: &str, expected: Option<&str>| {
            let payload = Payload::find(Framing::Events, frame.as_bytes());
            assert_eq!(payload.map(|payload| String::from_utf8_lossy(&payload.text).into_owned()).as_deref(), expected);
        };
        check("data: {}  \n\n", Some("{}  "));
        check("event: x\r\ndata:{}\r\n\r\n", Some("{}"));
        check("data:  {\ndata\ndata: }\n\n", Some(" {\n}"));
        check(": ping\n\n", None);
        check("\u{feff}data: {}\n\n", Some("{}"));
    }

    #[test]
    fn offsets_lead_back_to_the_frame() {
        let frame = b"id: 7\ndata: {\ndata:\"a\"}\n\n";
        let payload = Payload::find(Framing::Events, frame).unwrap();
        let quote = payload.text.iter().position(|byte| *byte == b'"').unwrap();
        assert_eq!(frame[payload.frame_offset(quote)], b'"');
        assert_eq!(frame[payload.frame_offset(quote + 1)], b'a');
        assert_eq!(frame[payload.frame_offset(0)], b'{');
    }
}
