//! A JSON text on its way out: each string, number and key is read by its position and scanned by what it says.

use std::borrow::Cow;
use std::ops::Range;

use super::file::{self, File};
use super::judge::{Fate, Place};
use super::split::{self, Said, Scanned, Split};
use super::words::{last_words, last_words_besides};
use super::{Mark, Reach, Redaction, Unfit, apply_to_text};
use crate::detect::{Finding, says_nothing};
use crate::policy::Exemption;
use crate::provider::Shape;
use crate::role::Role;
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
    /// What only the log may not have.
    pub blanks: Vec<Edit>,
    /// The end of the text read last.
    said: String,
    /// The role of the one whose words a string here is.
    author: Option<NodeId>,
    /// What authors said last, for values that they split.
    authors: Said,
    in_key: bool,
    /// The table that the value at hand stands in.
    table: &'static Shape,
    /// The hash of the keys that lead to the value at hand, as far as tables list them; none below.
    path: Option<u64>,
    /// The table has said whose words these are, whatever `role` an object here has.
    is_said: bool,
}

/// What an opaque value counts under that no table lists by its key.
const UNLISTED: &str = "other";

/// Where the words of a message stand in it. Part by part they stand under `text`.
const WORDS: [&str; 2] = ["content", "parts"];

/// The roles of messages that nobody wrote.
const PROGRAMS: [&str; 2] = ["function", "tool"];

/// How many paths of a body are noted.
const MOST_PATHS: usize = 1 << 16;

/// How many JSON texts inside each other's strings are read; deeper ones are refused.
const DEEPEST_TEXT: usize = 8;

impl<'w, 'a, 'd> Walk<'w, 'a, 'd> {
    /// Begins at the text's root; so many texts that are JSON lie around it.
    pub(super) fn new(redaction: &'w mut Redaction<'a>, document: &'d Document<'d>, nesting: usize) -> Self {
        let (marks, blanks, said, authors) = Default::default();
        let (depth, place, author, in_key, is_said) = (0, Place::Open, None, false, false);
        let (table, path) = (&Shape::Text, (nesting == 0).then_some(0));
        Self {
            redaction,
            document,
            nesting,
            depth,
            place,
            marks,
            blanks,
            said,
            author,
            authors,
            in_key,
            table,
            path,
            is_said,
        }
    }

    /// Walks a value; `name` is the key that it stands under, whose words count as cues.
    pub(super) fn value(&mut self, id: NodeId, shape: &'static Shape, name: &str) -> Result<(), Unfit> {
        let shape = shape.resolve(self.document, id);
        match (shape, self.document.kind(id)) {
            (_, Kind::Literal) => {}
            (Shape::Again(shape) | Shape::Flow(shape), _) => self.value(id, shape, name)?,
            (Shape::Said(role, shape), _) => {
                let outer = std::mem::replace(&mut self.redaction.role, *role);
                let was_said = std::mem::replace(&mut self.is_said, true);
                self.value(id, shape, name)?;
                (self.redaction.role, self.is_said) = (outer, was_said);
            }
            (Shape::File, Kind::String) => self.file(id, name)?,
            (Shape::TextOrTokens, Kind::Number) => {
                self.redaction.unread(Exemption::TokenIds)?;
                self.blank(id, "0");
            }
            (Shape::Media, Kind::String | Kind::Object) => self.media(id)?,
            (Shape::Opaque | Shape::Signed | Shape::Tool, Kind::Number | Kind::String) if self.place == Place::Open => {
                self.leave_opaque(name);
                self.place = if matches!(shape, Shape::Signed) { Place::Signed } else { Place::Opaque };
                self.value(id, &Shape::Text, name)?;
                self.place = Place::Open;
            }
            // No table lists an object as a whole: what an unexpected one holds is text.
            (Shape::Opaque | Shape::Signed | Shape::Tool, Kind::Object) => self.value(id, &Shape::Text, name)?,
            (Shape::Credential, _) => {
                self.leave_opaque(name);
                self.blank(id, "\"(credential)\"");
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
                let (outer, own) = (self.author.take(), self.role(id));
                let (table, path) = (std::mem::replace(&mut self.table, shape), self.path);
                let around = self.redaction.role;
                if let Some(role) = self.document.member(id, "role").filter(|_| !self.is_said && shape.tells_role()) {
                    self.redaction.role = Role::named(&self.document.text(role));
                }
                for (key, value) in self.document.members(id) {
                    let name = self.document.text(key);
                    let (shape, is_known) = shape.field(&name);
                    if !is_known {
                        self.key(key)?;
                    }
                    self.author = match own {
                        Some(_) => own.filter(|_| WORDS.contains(&&*name)),
                        None => outer.filter(|_| name == "text"),
                    };
                    self.path = self.path_to(path, &name);
                    self.value(value, shape, &name)?;
                    self.author = None;
                }
                (self.table, self.path) = (table, path);
                self.author = outer;
                self.redaction.role = around;
                self.depth -= 1;
            }
            (Shape::Subject, Kind::String) if is_wa_id(self.document.inner(id)) => self.string(id, "phone")?,
            (_, Kind::Number) => self.number(id, &self.before(name))?,
            (_, Kind::String) => self.string(id, &self.before(name))?,
        }
        Ok(())
    }

    /// Sound or pictures: they leave if that is exempt, and the log does not have them.
    fn media(&mut self, id: NodeId) -> Result<(), Unfit> {
        if self.document.kind(id) == Kind::String {
            return self.recording(id, Exemption::Audio);
        }
        let kind = ["mimeType", "mime_type"].iter().find_map(|name| self.document.member(id, name));
        let is_sound = kind.is_some_and(|kind| self.document.text(kind).starts_with("audio/"));
        let exemption = if is_sound { Exemption::Audio } else { Exemption::Images };
        for (key, value) in self.document.members(id) {
            match &*self.document.text(key) {
                "data" if self.document.kind(value) == Kind::String => self.recording(value, exemption)?,
                name => {
                    self.key(key)?;
                    self.value(value, &Shape::Text, name)?;
                }
            }
        }
        Ok(())
    }

    fn recording(&mut self, id: NodeId, exemption: Exemption) -> Result<(), Unfit> {
        if self.document.inner(id).is_empty() {
            return Ok(());
        }
        self.redaction.unread(exemption)?;
        self.redaction.account.coverage.opaque += 1;
        self.blank(id, &format!("\"({})\"", exemption.name()));
        Ok(())
    }

    /// Counts a value that the table says must not be touched.
    fn leave_opaque(&mut self, name: &str) {
        self.redaction.account.coverage.opaque += 1;
        let listed = self.table.listed(name).unwrap_or(UNLISTED);
        *self.redaction.account.opaque.entry(listed).or_default() += 1;
    }

    /// Notes the path to the member `name` of the value at `path`. Keys that stand in no table are the caller's own.
    fn path_to(&mut self, path: Option<u64>, name: &str) -> Option<u64> {
        let path = path.filter(|_| matches!(self.table, Shape::Object { .. }) && !self.redaction.is_listing())?;
        // FNV-1a: quick for short keys.
        let seed = path ^ 0xcbf2_9ce4_8422_2325;
        let path = name.bytes().fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let paths = &mut self.redaction.account.paths;
        if paths.len() < MOST_PATHS {
            paths.insert(path);
        }
        Some(path)
    }

    /// Keeps a value out of the log.
    fn blank(&mut self, id: NodeId, with: &str) {
        self.blanks.push(Edit { span: self.document.span(id), with: with.to_owned() });
    }

    /// What stands before a value: the end of the text before it, which may be the question that it answers, and its key.
    fn before(&self, name: &str) -> String {
        if says_nothing(name) {
            return self.said.clone();
        }
        [&self.said, " ", last_words(name)].concat()
    }

    /// The role that an object gives the one whose message it is.
    fn role(&self, id: NodeId) -> Option<NodeId> {
        let role = self.document.member(id, "role").filter(|role| self.document.kind(*role) == Kind::String)?;
        (self.nesting == 0 && !PROGRAMS.contains(&self.document.inner(role))).then_some(role)
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
        let text = self.document.text(id);
        let marks = self.marks_in(&text, before)?;
        if self.place == Place::Open && !self.redaction.is_listing() {
            let found: Vec<Range<usize>> = marks.iter().map(|mark| mark.edit.span.clone()).collect();
            let found = self.split(Scanned { string: id, text: &text, before, found: &found })?;
            self.said = last_words_besides(&text, &found);
        }
        self.place_marks(id, marks);
        Ok(())
    }

    /// Takes in a string that was scanned, and marks the value that it completes; gives all that was found in it.
    fn split(&mut self, scanned: Scanned) -> Result<Vec<Range<usize>>, Unfit> {
        let mut found = scanned.found.to_vec();
        let Some(author) = self.author.map(|author| self.document.text(author)) else {
            self.authors.pass(scanned.text);
            return Ok(found);
        };
        let mut before = Cow::Borrowed(scanned.before);
        if let Some(split) = self.authors.completed(self.redaction.redactor.detector, &author, scanned) {
            let Split { finding, first: (first, before_first, found_first), parts: (one, other) } = split;
            let fate = self.redaction.judge(&finding, "", Place::Open)?;
            let text = self.document.text(first);
            let said = last_words_besides(&text, &found_first);
            let first = Scanned { string: first, text: &text, before: &before_first, found: &found_first };
            let found_first = self.part(first, &finding, one, fate)?;
            // Where the one part was what was said before the other, it is not any more.
            if let Some(name) = scanned.before.strip_prefix(&said).filter(|_| self.said == said) {
                before = Cow::Owned(last_words_besides(&text, &found_first) + name);
            }
            if let Some(other) = other {
                found = self.part(Scanned { before: &before, ..scanned }, &finding, other, fate)?;
            }
        }
        self.authors.keep(&author, Scanned { before: &before, found: &found, ..scanned });
        Ok(found)
    }

    /// Marks a string's part of a split value, with a placeholder of its own, and what is found now that the part is gone; gives
    /// all that was found in the string.
    fn part(
        &mut self,
        scanned: Scanned,
        finding: &Finding,
        part: Range<usize>,
        fate: Fate,
    ) -> Result<Vec<Range<usize>>, Unfit> {
        let written = &scanned.text[part.clone()];
        // Half of what a mask leaves of each part would be too much of the whole.
        let fate = if let Fate::Masked(_) = fate { Fate::Masked(0) } else { fate };
        let mark = self.redaction.mark_as(fate, Finding { span: part.clone(), ..finding.clone() }, written, written);
        let rest = split::rest(self.redaction.redactor.detector, scanned, &part, &mark.edit.with);
        let mut marks = vec![mark];
        for finding in rest {
            marks.push(self.redaction.mark(finding, scanned.text, Place::Open)?);
        }
        marks.sort_by_key(|mark| mark.edit.span.start);
        let mut found = scanned.found.to_vec();
        found.extend(marks.iter().map(|mark| mark.edit.span.clone()));
        found.sort_by_key(|found| found.start);
        self.place_marks(scanned.string, marks);
        Ok(found)
    }

    /// Adds the marks in what the string at `id` says, where they stand in its source.
    fn place_marks(&mut self, id: NodeId, mut marks: Vec<Mark>) {
        if marks.is_empty() {
            return;
        }
        let (source, base) = (self.document.inner(id), self.document.span(id).start + 1);
        let borders = marks.iter().flat_map(|mark| [mark.edit.span.start, mark.edit.span.end]);
        let offsets = json::source_offsets(source, borders);
        for (mark, span) in marks.iter_mut().zip(offsets.chunks_exact(2)) {
            mark.edit.span = base + span[0]..base + span[1];
            mark.edit.with = json::encode(&mark.edit.with).into_owned();
            mark.logged = mark.logged.take().map(|logged| json::encode(&logged).into_owned());
        }
        self.marks.append(&mut marks);
    }

    /// The marks in a string's text: by JSON position if it is JSON itself, else by what stands in it.
    fn marks_in(&mut self, text: &str, before: &str) -> Result<Vec<Mark>, Unfit> {
        let limit = self.redaction.redactor.bounds.nesting;
        let depth_left = if self.nesting < DEEPEST_TEXT { limit.saturating_sub(self.depth) } else { 0 };
        if !text.trim_ascii_start().starts_with(['{', '[']) {
            return self.marks_in_words(text, before);
        }
        let document = match self.redaction.left.parse(text.as_bytes(), depth_left) {
            Ok(document) => document,
            // What an answer says is written by a model, and has to be logged however deep it nests.
            Err(error) if error.is_too_much() && self.place == Place::Open && self.redaction.answer.is_none() => {
                return Err(match error {
                    JsonError::TooDeep { at, .. } => JsonError::TooDeep { limit, at }.into(),
                    error => error.into(),
                });
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
        self.mark_whole(self.document.span(id), &marks, |reach| {
            format!("\"{}\"", apply_to_text(source, &marks, reach))
        });
        Ok(())
    }

    /// A file that is a text is read, and written again if something was found; any other is left alone, and the log does not
    /// have it.
    fn file(&mut self, id: NodeId, name: &str) -> Result<(), Unfit> {
        let written = self.document.text(id);
        if !file::is_file(&written) {
            return self.string(id, &self.before(name));
        }
        let Some(file) = File::read(&written).filter(|_| self.place == Place::Open) else {
            if !file::is_inline(&written) {
                return self.value(id, &Shape::Opaque, name);
            }
            self.leave_opaque(name);
            self.blank(id, "\"(file)\"");
            return Ok(());
        };
        let marks = self.marks_in(&file.text, "")?;
        let span = self.document.span(id);
        let with = |reach| file.write(&apply_to_text(&file.text, &marks, reach));
        self.mark_whole(span.start + 1..span.end - 1, &marks, with);
        Ok(())
    }

    /// Marks all of a value in which something was found: it becomes what `with` makes of it, for what leaves and for the log.
    fn mark_whole(&mut self, span: Range<usize>, marks: &[Mark], with: impl Fn(Reach) -> String) {
        let furthest = marks.iter().find(|mark| mark.reach == Reach::Sent).or(marks.first());
        let Some(&Mark { pattern, reach, .. }) = furthest else { return };
        let differs = marks.iter().any(|mark| mark.reach != reach || mark.logged.is_some());
        let logged = differs.then(|| with(Reach::Log));
        self.marks.push(Mark { edit: Edit { span, with: with(reach) }, pattern, reach, logged });
    }
}

/// Whether a customer's id has the form of a WhatsApp id: a phone number in international form (E.164) without its plus.
fn is_wa_id(id: &str) -> bool {
    (10..=15).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit())
}
