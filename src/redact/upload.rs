//! Files on their way out: alone in a body, or as the parts of a multipart body with the fields around them.
//!
//! A part's text is scanned as what it is: JSON by position, JSON lines each by the table of the endpoint that it names, all else
//! as text. What is no text leaves if the route exempts it. Everything else of the body, the boundaries and the heads, stays as
//! it came, a head's values are scanned.

use std::borrow::Cow;
use std::ops::Range;

use ::bytes::Bytes;

use super::media::{self, Declared};
use super::{Facts, Mark, Place, Reach, Redacted, Redaction, Unfit, apply_to_text, log_copy};
use crate::provider::{Dialect, LINE, Shape};
use crate::wire::Edit;
use crate::wire::json::{Document, JsonError};
use crate::wire::multipart::{Header, Multipart, Part};
use zeroize::Zeroizing;

/// What comes in the place of some bytes: for the provider, and for the log.
struct Change<'c> {
    span: Range<usize>,
    sent: Cow<'c, [u8]>,
    logged: Cow<'c, [u8]>,
}

/// What is found in a text, and what only the log may not have.
type Found = (Vec<Mark>, Vec<Edit>);

/// What a file became.
struct Read<'f> {
    /// None where it leaves as it came.
    sent: Option<Vec<u8>>,
    logged: Cow<'f, [u8]>,
}

/// How the text of a part is to be walked where it is JSON.
#[derive(Clone, Copy)]
struct Reading<'s> {
    /// The key that it stands under.
    name: &'s str,
    /// The shape of a JSON text.
    whole: &'static Shape,
    /// The shape of a line of JSON lines.
    line: &'static Shape,
    /// Whether what is found in it may be replaced.
    place: Place,
}

impl Redaction<'_> {
    /// Redacts a body that is one file.
    pub(super) fn file(&mut self, bytes: Bytes, declared: Declared) -> Result<Redacted, Unfit> {
        let reading = Reading { name: "", whole: &Shape::Text, line: &LINE, place: Place::Open };
        let Read { sent, logged } = self.read_file(&bytes, declared, reading)?;
        let logged = Bytes::from(logged.into_owned());
        Ok(Redacted { bytes: sent.map_or_else(|| bytes.clone(), Bytes::from), logged, facts: Facts::default() })
    }

    /// Redacts a body of parts; `boundary` divides them, and `instead` comes in its place where that must not leave.
    pub(super) fn multipart(
        &mut self,
        bytes: &Bytes,
        boundary: &str,
        instead: &str,
        dialect: &Dialect,
    ) -> Result<Redacted, Unfit> {
        let multipart = Multipart::parse(bytes, boundary)?;
        let mut facts = Facts::default();
        let mut changes = Vec::new();
        if boundary != instead {
            changes.extend(multipart.boundaries.iter().map(|span| Change::both(span.clone(), instead)));
        }
        for part in &multipart.parts {
            self.part(bytes, part, dialect, &mut facts, &mut changes)?;
        }
        changes.sort_by_key(|change| change.span.start);
        let sent = changes.iter().any(|change| *change.sent != bytes[change.span.clone()]);
        let sent = if sent { assemble(bytes, &changes, |change| &change.sent) } else { bytes.clone() };
        let logged = assemble(bytes, &changes, |change| &change.logged);
        Ok(Redacted { bytes: sent, logged, facts })
    }

    fn part<'b>(
        &mut self,
        bytes: &'b [u8],
        part: &Part<'b>,
        dialect: &Dialect,
        facts: &mut Facts,
        changes: &mut Vec<Change<'b>>,
    ) -> Result<(), Unfit> {
        check_coding(part)?;
        let disposition = part.header("content-disposition").unwrap_or_default();
        let (name, file_name) = (parameter(disposition, "name"), parameter(disposition, "filename"));
        let field = name.unwrap_or_default().split('[').next().unwrap_or_default();
        let content = &bytes[part.content.clone()];
        let is_file =
            file_name.is_some() || part.header("content-type").is_some_and(|kind| !kind.starts_with("text/plain"));
        let shape = dialect.request.member(field);
        let place = if !is_file && matches!(shape, Shape::Opaque) { Place::Opaque } else { Place::Open };
        let whole = if is_file { &Shape::Text } else { shape };
        let reading = Reading { name: field, whole, line: &LINE, place };
        let declared = if is_file { Declared::of(part.header("content-type"), file_name) } else { Declared::text() };
        let Read { sent, logged } = self.read_file(content, declared, reading)?;
        let length = sent.as_ref().map(Vec::len);
        if sent.is_some() || *logged != *content {
            let sent = sent.map_or(Cow::Borrowed(content), Cow::Owned);
            changes.push(Change { span: part.content.clone(), sent, logged });
        }
        for header in &part.headers {
            changes.extend(self.header(header, length)?);
        }
        if !is_file {
            self.note(facts, dialect, field, content);
        }
        Ok(())
    }

    /// What changes in a line of a part's head; `length` is that of the content if it changed.
    fn header<'b>(&mut self, header: &Header<'b>, length: Option<usize>) -> Result<Option<Change<'b>>, Unfit> {
        if header.name.eq_ignore_ascii_case("content-length") {
            return Ok(length.map(|length| Change::both(header.span.clone(), length.to_string())));
        }
        let marks = self.marks_in_text(&without_extensions(header.value))?;
        if marks.is_empty() {
            return Ok(None);
        }
        let with = |reach| Cow::Owned(apply_to_text(header.value, &marks, reach).into_bytes());
        Ok(Some(Change { span: header.span.clone(), sent: with(Reach::Sent), logged: with(Reach::Log) }))
    }

    /// Takes from a field what it says about the exchange.
    fn note(&mut self, facts: &mut Facts, dialect: &Dialect, field: &str, content: &[u8]) {
        let said = String::from_utf8_lossy(content);
        if dialect.model == [field] {
            facts.model = Some(self.text_for_log(&said));
        }
        if dialect.subject.contains(&[field].as_slice()) && facts.subject.is_none() {
            facts.subject = Some(Zeroizing::new(said.clone().into_owned()));
        }
        facts.streaming |= field == "stream" && said == "true";
    }

    fn read_file<'f>(&mut self, bytes: &'f [u8], declared: Declared, reading: Reading) -> Result<Read<'f>, Unfit> {
        let (text, charset) = match declared.read(bytes) {
            media::Bytes::Text(text, charset) => (text, charset),
            media::Bytes::Unread(exemption) => {
                self.unread(exemption)?;
                let note = format!("({} bytes of {}, not read)", bytes.len(), exemption.name());
                return Ok(Read { sent: None, logged: Cow::Owned(note.into_bytes()) });
            }
        };
        let (marks, blanks) = self.read_text(&text, reading)?;
        let is_sent = |mark: &Mark| mark.reach == Reach::Sent;
        let sent =
            marks.iter().any(is_sent).then(|| charset.write(&apply_to_text(&text, &marks, Reach::Sent)).into_owned());
        let logged = match (text, marks.is_empty() && blanks.is_empty()) {
            (Cow::Borrowed(text), true) => Cow::Borrowed(text.as_bytes()),
            (text, _) => Cow::Owned(log_copy(text.as_bytes(), marks, blanks).to_vec()),
        };
        Ok(Read { sent, logged })
    }

    /// What is found in a file's text, and what the log may not have.
    fn read_text(&mut self, text: &str, reading: Reading) -> Result<Found, Unfit> {
        let looks_like_json =
            |text: &str| text.trim_ascii_start().trim_start_matches('\u{feff}').starts_with(['{', '[']);
        if !looks_like_json(text) {
            return Ok((self.marks_in_string(text, reading.name, reading.place)?, Vec::new()));
        }
        if let Some(found) = self.read_json(text, reading.whole, reading)? {
            return Ok(found);
        }
        let (mut marks, mut blanks, mut start) = (Vec::new(), Vec::new(), 0);
        let mut words = 0;
        for line in text.split_inclusive('\n') {
            let end = start + line.len();
            let found = if looks_like_json(line) { self.read_json(line, reading.line, reading)? } else { None };
            if let Some((mut more, mut hidden)) = found {
                self.read_words(text, words..start, reading, &mut marks)?;
                words = end;
                more.iter_mut().for_each(|mark| mark.edit.move_by(start));
                hidden.iter_mut().for_each(|edit| edit.move_by(start));
                marks.append(&mut more);
                blanks.append(&mut hidden);
            }
            start = end;
        }
        self.read_words(text, words..text.len(), reading, &mut marks)?;
        Ok((marks, blanks))
    }

    /// Lines that are no JSON, together.
    fn read_words(
        &mut self,
        text: &str,
        lines: Range<usize>,
        reading: Reading,
        marks: &mut Vec<Mark>,
    ) -> Result<(), Unfit> {
        let start = lines.start;
        let words = &text[lines];
        if words.trim_ascii().is_empty() {
            return Ok(());
        }
        for mut mark in self.marks_in_string(words, reading.name, reading.place)? {
            mark.edit.move_by(start);
            marks.push(mark);
        }
        Ok(())
    }

    /// What is found in a text that is JSON; `None` if it is not.
    fn read_json(&mut self, text: &str, shape: &'static Shape, reading: Reading) -> Result<Option<Found>, Unfit> {
        match Document::parse(text.as_bytes(), self.redactor.nesting) {
            Ok(document) if reading.place == Place::Open => self.walk_from(&document, shape, reading.name).map(Some),
            Ok(_) => Ok(None),
            Err(error @ JsonError::TooDeep { .. }) => Err(error.into()),
            Err(_) => Ok(None),
        }
    }
}

impl Change<'_> {
    fn both(span: Range<usize>, with: impl Into<String>) -> Self {
        let with = with.into().into_bytes();
        Self { span, sent: Cow::Owned(with.clone()), logged: Cow::Owned(with) }
    }
}

/// A head's value in which the extensions of files do not belong to their names: `ann@x.org.txt` is no address. As long as before.
fn without_extensions(value: &str) -> Cow<'_, str> {
    const BORDER: &str = "\"";
    let mut apart = Cow::Borrowed(value);
    for (at, _) in value.match_indices('.') {
        let end = value[at + 1..].find(['"', ';', '\'']).map_or(value.len(), |length| at + 1 + length);
        if media::is_extension(&value[at + 1..end]) {
            apart.to_mut().replace_range(at..=at, BORDER);
        }
    }
    apart
}

/// Parts are written as they are: other codings went out of use.
fn check_coding(part: &Part) -> Result<(), Unfit> {
    let coding = part.header("content-transfer-encoding").unwrap_or("binary");
    let is_plain = ["7bit", "8bit", "binary"].iter().any(|plain| coding.eq_ignore_ascii_case(plain));
    let is_nested = part.header("content-type").is_some_and(|kind| kind.to_ascii_lowercase().starts_with("multipart/"));
    if is_plain && !is_nested && part.header("content-encoding").is_none() { Ok(()) } else { Err(Unfit::PartCoding) }
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

fn assemble<'c>(bytes: &[u8], changes: &'c [Change], with: impl Fn(&'c Change) -> &'c [u8]) -> Bytes {
    let mut out = Vec::with_capacity(bytes.len());
    let mut done = 0;
    for change in changes {
        out.extend_from_slice(&bytes[done..change.span.start]);
        out.extend_from_slice(with(change));
        done = change.span.end;
    }
    out.extend_from_slice(&bytes[done..]);
    out.into()
}

#[cfg(test)]
mod tests;
