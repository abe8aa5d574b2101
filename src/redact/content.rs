//! What is in a file, or in a part of a form, on its way out as it comes.
//!
//! While it is short it waits and is read whole. Then its beginning tells what it is: words and tables leave where the detector
//! may cut a text, JSON lines line by line, and what is no text as it came, if that is exempt. What cannot be cut, such as a JSON
//! document, is read whole as far as there is room.

use std::borrow::Cow;

use super::file::{self, Charset, Follows};
use super::media::{Declared, Said, unread};
use super::out::{Out, Room};
use super::table::Table;
use super::text::{Found, Read, Reading, looks_like_json, write};
use super::{Place, Redaction, Unfit};
use crate::policy::Exemption;
use crate::provider::{LINE, Shape};
use crate::wire::json::{Document, JsonError};

/// A content that may not have come to its end.
pub(super) struct Content {
    declared: Declared,
    /// The key that it stands under.
    name: String,
    /// The shape of a JSON text.
    whole: &'static Shape,
    place: Place,
    room: Room,
    state: State,
    /// What came and did not leave.
    waiting: Vec<u8>,
    /// How much is to wait before it is looked at again.
    enough: usize,
    /// How much left.
    pub length: usize,
}

/// What a content is.
enum State {
    /// Its beginning does not tell yet.
    Begin,
    Lines(Charset),
    /// No text; so many bytes left.
    Unread(Exemption, usize),
    Words(Charset, Option<Table>),
}

impl Content {
    /// A content that stands under the key `name`.
    pub(super) fn new(declared: Declared, name: &str, whole: &'static Shape, place: Place, room: Room) -> Self {
        let (name, state, waiting) = (name.to_owned(), State::Begin, Vec::new());
        let (enough, length) = (room.piece, 0);
        Self { declared, name, whole, place, room, state, waiting, enough, length }
    }

    /// How many bytes it keeps.
    pub(super) fn weight(&self) -> usize {
        self.waiting.capacity()
    }

    /// Takes the next bytes.
    pub(super) fn push(&mut self, redaction: &mut Redaction, bytes: &[u8], out: &mut Out) -> Result<(), Unfit> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() < self.enough && !matches!(self.state, State::Unread(..)) {
            return Ok(());
        }
        self.read(redaction, Follows::More, out)?;
        if self.waiting.len() > self.room.whole {
            return Err(Unfit::Uncut(self.room.whole));
        }
        self.enough = self.room.piece.max(self.waiting.len().saturating_mul(2)).min(self.room.whole.saturating_add(1));
        Ok(())
    }

    /// Takes the end.
    pub(super) fn end(&mut self, redaction: &mut Redaction, out: &mut Out) -> Result<(), Unfit> {
        if let State::Begin = self.state {
            let bytes = std::mem::take(&mut self.waiting);
            let reading = Reading { name: &self.name, whole: self.whole, line: &LINE, place: self.place };
            let read = redaction.read_file(&bytes, self.declared, reading)?;
            self.give(&bytes, read, out);
            return Ok(());
        }
        self.read(redaction, Follows::Nothing, out)?;
        if let State::Unread(exemption, bytes) = self.state {
            out.log(unread(exemption, bytes).as_bytes());
        }
        Ok(())
    }

    /// Lets leave what can be decided.
    fn read(&mut self, redaction: &mut Redaction, follows: Follows, out: &mut Out) -> Result<(), Unfit> {
        if let State::Begin = self.state {
            let Some(state) = self.tell(redaction)? else { return Ok(()) };
            self.state = state;
        }
        let waiting = std::mem::take(&mut self.waiting);
        let read = self.read_text(redaction, &waiting, follows)?;
        let left = match read {
            Some((read, length)) => {
                self.give(&waiting[..length], read, out);
                length
            }
            None => {
                self.leave(redaction, &waiting, out)?;
                waiting.len()
            }
        };
        self.waiting = waiting;
        self.waiting.drain(..left);
        if left > 0 && matches!(self.state, State::Words(..)) {
            // Its key stands before its beginning only.
            self.name.clear();
        }
        Ok(())
    }

    /// What the beginning of a text becomes, and how long it is; `None` if this is no text.
    fn read_text<'w>(
        &mut self,
        redaction: &mut Redaction,
        waiting: &'w [u8],
        follows: Follows,
    ) -> Result<Option<(Read<'w>, usize)>, Unfit> {
        let (State::Lines(charset) | State::Words(charset, _)) = self.state else { return Ok(None) };
        let Some((text, charset)) = charset.read(waiting, follows) else { return Ok(None) };
        if !self.declared.is_text() && text.contains(file::controls) {
            return Ok(None);
        }
        let reading = Reading { name: &self.name, whole: self.whole, line: &LINE, place: self.place };
        let (found, end): (Found, usize) = match &mut self.state {
            State::Words(_, table) => redaction.read_words(&text, reading, table, follows)?,
            _ => redaction.read_lines(&text, reading, follows)?,
        };
        let length = charset.write(&text[..end]).len();
        let text = match text {
            Cow::Borrowed(text) => Cow::Borrowed(&text[..end]),
            Cow::Owned(text) => Cow::Owned(text[..end].to_owned()),
        };
        Ok(Some((write(text, charset, found), length)))
    }

    /// What this is, if its beginning tells.
    fn tell(&self, redaction: &mut Redaction) -> Result<Option<State>, Unfit> {
        let charset = Charset::wide(&self.waiting).unwrap_or(Charset::Utf8);
        let Some((text, charset)) = charset.read(&self.waiting, Follows::More) else {
            return Ok(Some(State::Unread(self.declared.exemption(), 0)));
        };
        if !matches!(charset, Charset::Utf16Be | Charset::Utf16Le)
            && let Said::Unread(exemption) = self.declared.read(&self.waiting[..charset.write(&text).len()])
        {
            return Ok(Some(State::Unread(exemption, 0)));
        }
        if self.declared.is_piece() {
            return Err(Unfit::Cut);
        }
        if !looks_like_json(&text) {
            // The first line says whether it is a table.
            return Ok(text.contains('\n').then(|| State::Words(charset, Table::of(&text))));
        }
        Ok(is_broken(&text, redaction)?.then_some(State::Lines(charset)))
    }

    /// Lets leave what is no text.
    fn leave(&mut self, redaction: &mut Redaction, bytes: &[u8], out: &mut Out) -> Result<(), Unfit> {
        let (exemption, left) = match self.state {
            State::Unread(exemption, left) => (exemption, left),
            _ => (self.declared.exemption(), 0),
        };
        if left == 0 {
            redaction.unread(exemption)?;
        }
        self.state = State::Unread(exemption, left + bytes.len());
        out.send(bytes);
        self.length += bytes.len();
        Ok(())
    }

    fn give(&mut self, bytes: &[u8], read: Read, out: &mut Out) {
        let sent = read.sent.as_deref().unwrap_or(bytes);
        self.length += sent.len();
        out.send(sent);
        out.log(&read.logged);
    }
}

/// Whether no end makes a JSON document of a text that begins like one.
fn is_broken(text: &str, redaction: &Redaction) -> Result<bool, Unfit> {
    /// As long as a word or an escape may be that is cut.
    const CUT: usize = 16;
    let bounds = redaction.redactor.bounds;
    match Document::parse_within(text.as_bytes(), bounds.nesting, bounds.strings) {
        Err(error) if error.is_too_much() => Err(error.into()),
        Err(JsonError::Syntax { at, .. }) => Ok(at + CUT < text.len()),
        _ => Ok(false),
    }
}
