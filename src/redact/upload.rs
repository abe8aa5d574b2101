//! Bodies on their way out that are no JSON: a file alone, or the parts of a form.
//!
//! Boundaries and heads stay as they came, but the values in a head are scanned: a file's name may be an address.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use zeroize::Zeroizing;

use super::media::{Declared, essence, is_extension};
use super::text::{Read, Reading};
use super::{Facts, Place, Reach, Redacted, Redaction, Unfit, apply_to_text};
use crate::policy::Exemption;
use crate::provider::{Dialect, LINE, Shape};
use crate::wire::multipart::{Header, Multipart, Part};

/// What comes in the place of some bytes: for the provider, and for the log.
struct Change<'c> {
    span: Range<usize>,
    sent: Cow<'c, [u8]>,
    logged: Cow<'c, [u8]>,
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
        let is_field = |kind: &str| ["text/plain", "application/json"].contains(&&*essence(kind));
        let is_file = file_name.is_some() || part.header("content-type").is_some_and(|kind| !is_field(kind));
        let shape = dialect.request.field(field).0;
        let is_opaque = matches!(shape, Shape::Media) || !is_file && matches!(shape, Shape::Opaque);
        let place = if is_opaque { Place::Opaque } else { Place::Open };
        if matches!(shape, Shape::Media) {
            self.unread(Exemption::Audio)?;
        }
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
        if is_extension(&value[at + 1..end]) {
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
