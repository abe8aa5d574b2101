//! A JSON text on its way out: each string, number and key is read by its position and scanned by what it says.

use std::ops::Range;

use super::{Mark, Place, Reach, Redaction, Unfit, apply_to_text};
use crate::provider::Shape;
use crate::wire::Edit;
use crate::wire::json::{self, Document, JsonError, Kind, NodeId};

/// One JSON text on its way through the tables.
pub(super) struct Walk<'w, 'a, 'd> {
    redaction: &'w mut Redaction<'a>,
    document: &'d Document<'d>,
    /// How many strings that are JSON lie around this text.
    nesting: usize,
    /// How many containers lie around this place, those around the text included.
    depth: usize,
    place: Place,
    pub marks: Vec<Mark>,
    pub credentials: Vec<Range<usize>>,
    /// The end of the text read last.
    said: String,
    in_key: bool,
}

/// How many JSON texts inside each other's strings are read; deeper ones are refused.
const DEEPEST_TEXT: usize = 8;

impl<'w, 'a, 'd> Walk<'w, 'a, 'd> {
    /// Begins at the text's root; so many texts that are JSON lie around it.
    pub(super) fn new(redaction: &'w mut Redaction<'a>, document: &'d Document<'d>, nesting: usize) -> Self {
        let (marks, credentials, said) = Default::default();
        let (depth, place, in_key) = (0, Place::Open, false);
        Self { redaction, document, nesting, depth, place, marks, credentials, said, in_key }
    }

    /// Walks a value; `name` is the key that it stands under, whose words count as cues.
    pub(super) fn value(&mut self, id: NodeId, shape: &'static Shape, name: &str) -> Result<(), Unfit> {
        let shape = shape.resolve(self.document, id);
        match (shape, self.document.kind(id)) {
            (_, Kind::Literal) => {}
            (Shape::Opaque, Kind::Number | Kind::String) if self.place == Place::Open => {
                self.redaction.account.coverage.opaque += 1;
                self.place = Place::Opaque;
                self.value(id, &Shape::Text, name)?;
                self.place = Place::Open;
            }
            // No table lists an object as a whole: what an unexpected one holds is text.
            (Shape::Opaque, Kind::Object) => self.value(id, &Shape::Text, name)?,
            (Shape::Credential, _) => {
                self.redaction.account.coverage.opaque += 1;
                self.credentials.push(self.document.span(id));
            }
            (_, Kind::Array) => {
                self.depth += 1;
                for item in self.document.items(id) {
                    self.value(item, shape, name)?;
                }
                self.depth -= 1;
            }
            (_, Kind::Object) => {
                self.depth += 1;
                for (key, value) in self.document.members(id) {
                    let name = self.document.text(key);
                    if !shape.knows(&name) {
                        self.key(key)?;
                    }
                    self.value(value, shape.member(&name), &name)?;
                }
                self.depth -= 1;
            }
            (Shape::Subject, Kind::String) if is_wa_id(self.document.inner(id)) => self.string(id, "phone")?,
            (_, Kind::Number) => self.number(id, &self.before(name))?,
            (_, Kind::String) => self.string(id, &self.before(name))?,
        }
        Ok(())
    }

    /// What stands before a value: the end of the text before it, which may be the question that it answers, and its key.
    fn before(&self, name: &str) -> String {
        format!("{} {}", self.said, last_words(name))
    }

    /// A key is scanned as text, but it is not what was said before the next value.
    fn key(&mut self, id: NodeId) -> Result<(), Unfit> {
        let said = std::mem::take(&mut self.said);
        self.in_key = true;
        self.string(id, "")?;
        self.in_key = false;
        self.said = said;
        Ok(())
    }

    fn string(&mut self, id: NodeId, before: &str) -> Result<(), Unfit> {
        let source = self.document.inner(id);
        let text = json::decode(source);
        let mut marks = self.marks_in(&text, before)?;
        if self.place == Place::Open {
            self.said = last_words(&text).to_owned();
        }
        if marks.is_empty() {
            return Ok(());
        }
        let base = self.document.span(id).start + 1;
        let borders = marks.iter().flat_map(|mark| [mark.edit.span.start, mark.edit.span.end]);
        let offsets = json::source_offsets(source, borders);
        for (mark, span) in marks.iter_mut().zip(offsets.chunks_exact(2)) {
            mark.edit.span = base + span[0]..base + span[1];
            mark.edit.with = json::encode(&mark.edit.with).into_owned();
        }
        self.marks.append(&mut marks);
        Ok(())
    }

    /// The marks in a string's text: by JSON position if it is JSON itself, else by what stands in it.
    fn marks_in(&mut self, text: &str, before: &str) -> Result<Vec<Mark>, Unfit> {
        let limit = self.redaction.redactor.nesting;
        let depth_left = if self.nesting < DEEPEST_TEXT { limit.saturating_sub(self.depth) } else { 0 };
        if !text.trim_ascii_start().starts_with(['{', '[']) {
            return self.marks_in_words(text, before);
        }
        let document = match Document::parse(text.as_bytes(), depth_left) {
            Ok(document) => document,
            Err(JsonError::TooDeep { at, .. }) if self.place == Place::Open => {
                return Err(JsonError::TooDeep { limit, at }.into());
            }
            Err(_) => return self.marks_in_words(text, before),
        };
        let walk = Walk::new(self.redaction, &document, self.nesting + 1);
        let mut walk = Walk { place: self.place, depth: self.depth, ..walk };
        walk.value(document.root(), &Shape::Text, before)?;
        Ok(walk.marks)
    }

    /// The marks in a text that is no JSON. Recognisers are not asked about a key that is a name of a program's, one word.
    fn marks_in_words(&mut self, text: &str, before: &str) -> Result<Vec<Mark>, Unfit> {
        if self.in_key && !text.contains(char::is_whitespace) {
            return self.redaction.marks(text, before, self.place);
        }
        self.redaction.marks_in_string(text, before, self.place)
    }

    /// A number with a finding becomes a string.
    fn number(&mut self, id: NodeId, before: &str) -> Result<(), Unfit> {
        let source = self.document.source(id);
        let marks = self.redaction.marks(source, before, self.place)?;
        let furthest = marks.iter().find(|mark| mark.reach == Reach::Sent).or(marks.first());
        if let Some(&Mark { pattern, reach, .. }) = furthest {
            let with = format!("\"{}\"", apply_to_text(source, &marks, reach));
            self.marks.push(Mark { edit: Edit { span: self.document.span(id), with }, pattern, reach });
        }
        Ok(())
    }
}

/// Whether a customer's id has the form of a WhatsApp id: a phone number in international form (E.164) without its plus.
fn is_wa_id(id: &str) -> bool {
    (10..=15).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit())
}

/// The end of the last line of `text`: as much as a cue may lie away.
fn last_words(text: &str) -> &str {
    const ENOUGH: usize = 160;
    let line = text.trim_ascii_end().rsplit('\n').next().unwrap_or_default();
    &line[line.ceil_char_boundary(line.len().saturating_sub(ENOUGH))..]
}
