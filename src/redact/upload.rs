//! Bodies on their way out that are no JSON: a file alone, or the parts of a form, as they come.
//!
//! Boundaries and heads stay as they came, but the values in a head are scanned: a file's name may be an address. What was
//! written may leave, and is not kept here.

use std::borrow::Cow;

use bytes::Bytes;
use zeroize::Zeroizing;

use super::content::Content;
use super::media::{Declared, Media, essence, is_extension, is_read};
use super::out::{Out, Room};
use super::{Facts, Place, Reach, Redacted, Redaction, Unfit, apply_to_text};
use crate::policy::Exemption;
use crate::provider::{Dialect, Shape};
use crate::wire::multipart::{Head, Header, Piece, Splitter};
use crate::wire::{Edit, splice};

/// A file or a form that may not have come to its end.
pub struct Upload {
    /// There if it is a form.
    splitter: Option<Splitter>,
    parts: Parts,
}

/// What an upload became, besides what was written as it came.
pub struct Uploaded {
    /// The last bytes.
    pub sent: Vec<u8>,
    /// What changes in all that was written before it leaves: lengths that were told before they were known.
    pub late: Vec<Edit>,
    /// What the log gets.
    pub logged: Bytes,
    /// How many bytes the log does not get, because there are too many.
    pub unlogged: usize,
    /// What it says about the exchange.
    pub facts: Facts,
}

/// The parts of a form, or the file that is all there is.
struct Parts {
    /// What stands between them when they leave.
    boundary: String,
    room: Room,
    part: Option<Part>,
    facts: Facts,
    out: Out,
}

struct Part {
    content: Content,
    /// There if it is a field: its name, and what it says.
    field: Option<(String, Zeroizing<Vec<u8>>)>,
    /// What its head told as its length: in what is sent, in what is logged.
    told: Option<(Edit, Edit)>,
}

/// How much of a field is kept for what it says about the exchange.
const LONGEST_FACT: usize = 4 << 10;

impl Redaction<'_> {
    /// Redacts a file or a form that is all there.
    pub(super) fn upload(&mut self, bytes: Bytes, media: &Media, dialect: &Dialect) -> Result<Redacted, Unfit> {
        let mut upload = Upload::begin(media, Room::ENDLESS)?;
        let mut sent = upload.push(self, dialect, &bytes)?;
        let Uploaded { sent: last, late, logged, facts, .. } = upload.end(self, dialect)?;
        sent.extend(last);
        let sent = if late.is_empty() { sent } else { splice(&sent, &late) };
        Ok(Redacted { bytes: if sent == bytes { bytes } else { sent.into() }, logged, facts })
    }
}

impl Upload {
    /// Begins a body that is to be read as `media`.
    pub fn begin(media: &Media, room: Room) -> Result<Self, Unfit> {
        let (splitter, boundary, part) = match media {
            Media::Multipart { boundary, instead } => (Some(Splitter::new(boundary)?), instead.clone(), None),
            Media::File(declared) => (None, String::new(), Some(Part::alone(*declared, room))),
            Media::Json => (None, String::new(), Some(Part::alone(Declared::text(), room))),
        };
        let out = Out::within(room.logged);
        Ok(Self { splitter, parts: Parts { boundary, room, part, facts: Facts::default(), out } })
    }

    /// Takes the body's next bytes, and gives those that may leave.
    pub fn push(&mut self, redaction: &mut Redaction, dialect: &Dialect, bytes: &[u8]) -> Result<Vec<u8>, Unfit> {
        match &mut self.splitter {
            Some(splitter) => {
                splitter.push(bytes);
                self.parts.take_all(splitter, redaction, dialect)?;
            }
            None => self.parts.content(redaction, bytes)?,
        }
        Ok(self.parts.out.take())
    }

    /// Takes the body's end.
    pub fn end(mut self, redaction: &mut Redaction, dialect: &Dialect) -> Result<Uploaded, Unfit> {
        if let Some(splitter) = &mut self.splitter {
            splitter.end();
            self.parts.take_all(splitter, redaction, dialect)?;
        }
        self.parts.end_part(redaction, dialect)?;
        let Parts { facts, out, .. } = self.parts;
        let (late, late_in_log) = out.late;
        let mut logged = splice(&out.logged, &late_in_log);
        if out.unlogged > 0 {
            logged.extend_from_slice(format!("\n({} bytes more, not kept)", out.unlogged).as_bytes());
        }
        Ok(Uploaded { sent: out.sent, late, logged: logged.into(), unlogged: out.unlogged, facts })
    }

    /// How many bytes it keeps.
    pub fn weight(&self) -> usize {
        let content = self.parts.part.as_ref().map_or(0, |part| part.content.weight());
        self.splitter.as_ref().map_or(0, Splitter::weight) + content + self.parts.out.logged.capacity()
    }
}

impl Parts {
    fn take_all(&mut self, splitter: &mut Splitter, redaction: &mut Redaction, dialect: &Dialect) -> Result<(), Unfit> {
        while let Some(piece) = splitter.next_piece()? {
            match piece {
                Piece::Boundary(before, after) => {
                    self.end_part(redaction, dialect)?;
                    let line = [before, self.boundary.as_bytes(), after].concat();
                    self.out.both(&line);
                }
                Piece::Content(bytes) => self.content(redaction, bytes)?,
                Piece::Head(head) => self.begin_part(&head, redaction, dialect)?,
                Piece::Rest(rest) => self.out.both(rest),
            }
        }
        Ok(())
    }

    fn begin_part(&mut self, head: &Head, redaction: &mut Redaction, dialect: &Dialect) -> Result<(), Unfit> {
        check_coding(head)?;
        let disposition = head.header("content-disposition").unwrap_or_default();
        let (name, file_name) = (parameter(disposition, "name"), parameter(disposition, "filename"));
        let field = name.unwrap_or_default().split('[').next().unwrap_or_default();
        let is_field = |kind: &str| ["text/plain", "application/json"].contains(&&*essence(kind));
        let is_file = file_name.is_some() || head.header("content-type").is_some_and(|kind| !is_field(kind));
        let shape = dialect.request.field(field).0;
        let is_opaque = matches!(shape, Shape::Media) || !is_file && matches!(shape, Shape::Opaque);
        let place = if is_opaque { Place::Opaque } else { Place::Open };
        if matches!(shape, Shape::Media) {
            redaction.unread(Exemption::Audio)?;
        }
        let whole = if is_file { &Shape::Text } else { shape };
        let declared = if is_file { Declared::of(head.header("content-type"), file_name) } else { Declared::text() };
        let told = self.head(head, redaction)?;
        let content = Content::new(declared, field, whole, place, self.room);
        let field = (!is_file).then(|| (field.to_owned(), Zeroizing::default()));
        self.part = Some(Part { content, field, told });
        Ok(())
    }

    /// Writes a part's head, and tells where it tells the part's length.
    fn head(&mut self, head: &Head, redaction: &mut Redaction) -> Result<Option<(Edit, Edit)>, Unfit> {
        let (mut told, mut done) = (None, 0);
        for Header { name, value, span } in &head.headers {
            if redaction.withholds(name)? {
                return Err(Unfit::PartName);
            }
            self.out.both(&head.source[done..span.start]);
            done = span.end;
            if name.eq_ignore_ascii_case("content-length") {
                told = Some(self.out.later(value));
                continue;
            }
            let marks = redaction.marks_in_text(&without_extensions(value))?;
            self.out.send(apply_to_text(value, &marks, Reach::Sent).as_bytes());
            self.out.log(apply_to_text(value, &marks, Reach::Log).as_bytes());
        }
        self.out.both(&head.source[done..]);
        Ok(told)
    }

    fn content(&mut self, redaction: &mut Redaction, bytes: &[u8]) -> Result<(), Unfit> {
        let Some(part) = &mut self.part else { return Ok(()) };
        if let Some((_, said)) = &mut part.field {
            let room = LONGEST_FACT.saturating_sub(said.len());
            said.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
        part.content.push(redaction, bytes, &mut self.out)
    }

    fn end_part(&mut self, redaction: &mut Redaction, dialect: &Dialect) -> Result<(), Unfit> {
        let Some(mut part) = self.part.take() else { return Ok(()) };
        part.content.end(redaction, &mut self.out)?;
        if let Some(told) = part.told {
            self.out.know(told, part.content.length);
        }
        match part.field {
            Some((field, said)) if said.len() < LONGEST_FACT => redaction.note(&mut self.facts, dialect, &field, &said),
            _ => Ok(()),
        }
    }
}

impl Part {
    /// The file that is all there is.
    fn alone(declared: Declared, room: Room) -> Self {
        let content = Content::new(declared, "", &Shape::Text, Place::Open, room);
        Self { content, field: None, told: None }
    }
}

impl Redaction<'_> {
    /// Takes from a field what it says about the exchange.
    fn note(&mut self, facts: &mut Facts, dialect: &Dialect, field: &str, content: &[u8]) -> Result<(), Unfit> {
        let said = String::from_utf8_lossy(content);
        if dialect.model == [field] {
            facts.model = Some(self.text_for_log(&said)?);
        }
        if dialect.subject.contains(&[field].as_slice()) && facts.subject.is_none() {
            facts.subject = Some(Zeroizing::new(said.clone().into_owned()));
        }
        facts.streaming |= field == "stream" && said == "true";
        Ok(())
    }
}

/// A head's value in which the extensions of files do not belong to their names: `ann@x.org.txt` is no address. As long as before.
fn without_extensions(value: &str) -> Cow<'_, str> {
    const BORDER: &str = "\"";
    let mut apart = Cow::Borrowed(value);
    for (at, _) in value.match_indices('.') {
        let end = value[at + 1..].find(['"', ';', '\'']).map_or(value.len(), |length| at + 1 + length);
        if is_extension(&value[at + 1..end]) {
            apart.to_mut().replace_range(at..=at, BORDER);
        }
    }
    apart
}

/// Parts are written as they are: other codings went out of use.
fn check_coding(part: &Head) -> Result<(), Unfit> {
    let coding = part.header("content-transfer-encoding").unwrap_or("binary");
    let is_plain = ["7bit", "8bit", "binary"].iter().any(|plain| coding.eq_ignore_ascii_case(plain));
    let kind = part.header("content-type").unwrap_or_default();
    let is_nested = kind.to_ascii_lowercase().starts_with("multipart/");
    let is_known = !is_nested && part.header("content-encoding").is_none() && is_read(kind);
    if is_plain && is_known { Ok(()) } else { Err(Unfit::PartCoding) }
}

/// The value of a parameter of a part's disposition, as it is written.
fn parameter<'d>(disposition: &'d str, name: &str) -> Option<&'d str> {
    let mut rest = disposition.split_once(';')?.1;
    loop {
        let (key, after) = rest.split_once('=')?;
        let after = after.trim_ascii_start();
        let (value, left) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_at(after.find(';').unwrap_or(after.len())),
        };
        if key.trim().eq_ignore_ascii_case(name) {
            return Some(value.trim());
        }
        rest = left.split_once(';')?.1;
    }
}

#[cfg(test)]
mod tests;
