//! How much of a text is taken in before it is too much.

use super::Unfit;
use crate::wire::json::{Document, JsonError};

/// Bounds of what is read at once: a body, or about half a MiB of a form or file.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The deepest nesting of objects and arrays, JSON inside strings included.
    pub nesting: usize,
    /// Strings, numbers, keys, lists and objects, those of JSON inside strings included.
    pub strings: usize,
    /// Findings.
    pub findings: usize,
}

/// How much may still come.
#[derive(Clone, Copy)]
pub(super) struct Left {
    bounds: Bounds,
    strings: usize,
    findings: usize,
}

impl Bounds {
    /// For what lies here already, whatever there is in it.
    pub fn of_nesting(nesting: usize) -> Self {
        Self { nesting, strings: usize::MAX, findings: usize::MAX }
    }

    /// All of it may still come.
    pub(super) fn left(self) -> Left {
        Left { bounds: self, strings: self.strings, findings: self.findings }
    }
}

impl Left {
    /// Reads a JSON text, with containers nested at most `depth` deep.
    pub(super) fn parse<'d>(&mut self, text: &'d [u8], depth: usize) -> Result<Document<'d>, JsonError> {
        let document = match Document::parse_within(text, depth, self.strings) {
            Err(JsonError::TooMany { .. }) => return Err(JsonError::TooMany { limit: self.bounds.strings }),
            document => document?,
        };
        self.strings -= document.size();
        Ok(document)
    }

    /// Whether so many findings more are not too many.
    pub(super) fn fits(&self, findings: usize) -> Result<(), Unfit> {
        if findings > self.findings { Err(Unfit::TooManyFindings(self.bounds.findings)) } else { Ok(()) }
    }

    /// Takes a finding.
    pub(super) fn find(&mut self) -> Result<(), Unfit> {
        self.fits(1)?;
        self.findings -= 1;
        Ok(())
    }
}
