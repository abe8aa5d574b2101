//! A file's text on its way out, scanned as what it is: JSON by position, JSON lines each by the table of the endpoint that it
//! names, all else as words. What is no text leaves if the route exempts it.

use std::borrow::Cow;
use std::ops::Range;

use super::media::{Declared, Said};
use super::{Mark, Place, Reach, Redaction, Unfit, apply_to_text, log_copy, table};
use crate::provider::Shape;
use crate::wire::Edit;
use crate::wire::json::{Document, JsonError};

/// What is found in a text, and what only the log may not have.
type Found = (Vec<Mark>, Vec<Edit>);

/// What a file became.
pub(super) struct Read<'f> {
    /// None where it leaves as it came.
    pub sent: Option<Vec<u8>>,
    /// What the log gets.
    pub logged: Cow<'f, [u8]>,
}

/// How the text of a part is to be walked where it is JSON.
#[derive(Clone, Copy)]
pub(super) struct Reading<'s> {
    /// The key that it stands under.
    pub name: &'s str,
    /// The shape of a JSON text.
    pub whole: &'static Shape,
    /// The shape of a line of JSON lines.
    pub line: &'static Shape,
    /// Whether what is found in it may be replaced.
    pub place: Place,
}

impl Redaction<'_> {
    /// Redacts a file, or leaves it alone.
    pub(super) fn read_file<'f>(
        &mut self,
        bytes: &'f [u8],
        declared: Declared,
        reading: Reading,
    ) -> Result<Read<'f>, Unfit> {
        let (text, charset) = match declared.read(bytes) {
            Said::Text(text, charset) => (text, charset),
            Said::Unread(exemption) => {
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
        if !looks_like_json(text) {
            let mut marks = self.marks_in_string(text, reading.name, reading.place)?;
            self.read_table(text, reading.place, &mut marks)?;
            return Ok((marks, Vec::new()));
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

    /// What the name of a column adds to what was found in a text.
    fn read_table(&mut self, text: &str, place: Place, marks: &mut Vec<Mark>) -> Result<(), Unfit> {
        let (known, mut next) = (marks.len(), 0);
        for (name, cell) in table::cells(text) {
            next += marks[next..known].iter().take_while(|mark| mark.edit.span.end <= cell.start).count();
            let is_marked = marks[next..known].first().is_some_and(|mark| mark.edit.span.start < cell.end);
            if is_marked || !text[cell.clone()].contains(|character: char| character.is_numeric()) {
                continue;
            }
            for mut mark in self.marks(&text[cell.clone()], name, place)? {
                mark.edit.move_by(cell.start);
                marks.push(mark);
            }
        }
        marks.sort_by_key(|mark| mark.edit.span.start);
        Ok(())
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

fn looks_like_json(text: &str) -> bool {
    text.trim_ascii_start().trim_start_matches('\u{feff}').starts_with(['{', '['])
}
