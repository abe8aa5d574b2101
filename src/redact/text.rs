//! A file's text on its way out, scanned as what it is: JSON by position, JSON lines each by the table of the endpoint that it
//! names, all else as words. What is no text leaves if the route exempts it.

use std::borrow::Cow;
use std::ops::Range;

use super::file::{Charset, Follows};
use super::media::{Declared, Said, unread};
use super::table::Table;
use super::{Mark, Place, Reach, Redaction, Unfit, apply_to_text, log_copy};
use crate::provider::Shape;
use crate::wire::Edit;

/// What is found in a text, and what only the log may not have.
pub(super) type Found = (Vec<Mark>, Vec<Edit>);

/// What a text became.
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
            Said::Text(..) if declared.is_piece() => return Err(Unfit::Cut),
            Said::Text(text, charset) => (text, charset),
            Said::Unread(exemption) => {
                self.unread(exemption)?;
                let note = unread(exemption, bytes.len());
                return Ok(Read { sent: None, logged: Cow::Owned(note.into_bytes()) });
            }
        };
        let found = self.read_text(&text, reading)?;
        Ok(write(text, charset, found))
    }

    /// What is found in a file's text, and what the log may not have.
    fn read_text(&mut self, text: &str, reading: Reading) -> Result<Found, Unfit> {
        if !looks_like_json(text) {
            return Ok(self.read_words(text, reading, &mut Table::of(text), Follows::Nothing)?.0);
        }
        match self.read_json(text, reading.whole, reading)? {
            Some(found) => Ok(found),
            None => Ok(self.read_lines(text, reading, Follows::Nothing)?.0),
        }
    }

    /// What is found in words, which may be a table, and how much of them was read: all, unless more follow.
    pub(super) fn read_words(
        &mut self,
        text: &str,
        reading: Reading,
        table: &mut Option<Table>,
        follows: Follows,
    ) -> Result<(Found, usize), Unfit> {
        let (mut marks, end) = self.marks_in_words(text, reading, follows)?;
        if let Some(table) = table.as_mut().filter(|_| end > 0) {
            self.read_table(&text[..end], reading.place, table, &mut marks)?;
        }
        Ok(((marks, Vec::new()), end))
    }

    /// The same for lines of which some are JSON.
    pub(super) fn read_lines(
        &mut self,
        text: &str,
        reading: Reading,
        follows: Follows,
    ) -> Result<(Found, usize), Unfit> {
        let (mut marks, mut blanks) = Found::default();
        // Lines that are no JSON are read together, from here on.
        let (mut words, mut start) = (0, 0);
        for line in text.split_inclusive('\n') {
            let end = start + line.len();
            if follows == Follows::More && !line.ends_with('\n') {
                break;
            }
            let found = if looks_like_json(line) { self.read_json(line, reading.line, reading)? } else { None };
            if let Some((mut more, mut hidden)) = found {
                self.read_run(text, words..start, reading, Follows::Nothing, &mut marks)?;
                words = end;
                more.iter_mut().for_each(|mark| mark.edit.move_by(start));
                hidden.iter_mut().for_each(|edit| edit.move_by(start));
                marks.append(&mut more);
                blanks.append(&mut hidden);
            }
            start = end;
        }
        let end = self.read_run(text, words..start, reading, follows, &mut marks)?;
        Ok(((marks, blanks), end))
    }

    /// Reads lines that are no JSON, and gives where it stopped.
    fn read_run(
        &mut self,
        text: &str,
        lines: Range<usize>,
        reading: Reading,
        follows: Follows,
        marks: &mut Vec<Mark>,
    ) -> Result<usize, Unfit> {
        let start = lines.start;
        let words = &text[lines];
        if words.trim_ascii().is_empty() {
            return Ok(start + words.len());
        }
        let (found, end) = self.marks_in_words(words, reading, follows)?;
        for mut mark in found {
            mark.edit.move_by(start);
            marks.push(mark);
        }
        Ok(start + end)
    }

    fn marks_in_words(&mut self, text: &str, reading: Reading, follows: Follows) -> Result<(Vec<Mark>, usize), Unfit> {
        if follows == Follows::Nothing {
            return Ok((self.marks_in_string(text, reading.name, reading.place)?, text.len()));
        }
        let (findings, end) = self.redactor.detector.scan_beginning(text, reading.name);
        self.fits(findings.len())?;
        self.count(end, reading.place);
        let marks = findings.into_iter().map(|finding| self.mark(finding, text, reading.place));
        Ok((marks.collect::<Result<_, _>>()?, end))
    }

    /// What the name of a column adds to what was found in a text.
    fn read_table(&mut self, text: &str, place: Place, table: &mut Table, marks: &mut Vec<Mark>) -> Result<(), Unfit> {
        let (known, mut next) = (marks.len(), 0);
        let has_number = |(_, cell): &(usize, Range<usize>)| text[cell.clone()].contains(char::is_numeric);
        let cells: Vec<_> = table.cells(text).filter(has_number).collect();
        for (column, cell) in cells {
            next += marks[next..known].iter().take_while(|mark| mark.edit.span.end <= cell.start).count();
            let is_marked = marks[next..known].first().is_some_and(|mark| mark.edit.span.start < cell.end);
            let Some(name) = table.name(column).filter(|_| !is_marked) else { continue };
            for mut mark in self.marks(&text[cell.clone()], name, place)? {
                mark.edit.move_by(cell.start);
                marks.push(mark);
            }
        }
        marks.sort_by_key(|mark| mark.edit.span.start);
        Ok(())
    }

    /// What is found in a text that is JSON; `None` if it is not.
    fn read_json(&mut self, text: &str, shape: &'static Shape, reading: Reading) -> Result<Option<Found>, Unfit> {
        match self.left.parse(text.as_bytes(), self.redactor.bounds.nesting) {
            Ok(document) if reading.place == Place::Open => self.walk_from(&document, shape, reading.name).map(Some),
            Ok(_) => Ok(None),
            Err(error) if error.is_too_much() => Err(error.into()),
            Err(_) => Ok(None),
        }
    }
}

/// Writes a text with what was found in it replaced.
pub(super) fn write<'t>(text: Cow<'t, str>, charset: Charset, (marks, blanks): Found) -> Read<'t> {
    let is_sent = |mark: &Mark| mark.reach == Reach::Sent;
    let sent =
        marks.iter().any(is_sent).then(|| charset.write(&apply_to_text(&text, &marks, Reach::Sent)).into_owned());
    let logged = match (text, marks.is_empty() && blanks.is_empty()) {
        (Cow::Borrowed(text), true) => Cow::Borrowed(text.as_bytes()),
        (text, _) => Cow::Owned(log_copy(text.as_bytes(), marks, blanks).to_vec()),
    };
    Read { sent, logged }
}

pub(super) fn looks_like_json(text: &str) -> bool {
    text.trim_ascii_start().trim_start_matches('\u{feff}').starts_with(['{', '['])
}
