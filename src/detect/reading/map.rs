//! A changed copy of a text and the exact way back: what was not changed runs in step, what was changed goes back whole.

use std::{borrow::Cow, ops::Range};

/// A part of a text and what it is read as.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Edit {
    pub span: Range<usize>,
    pub meant: String,
}

/// What was changed between a text and its copy, in order.
pub(super) struct Layer(Vec<Step>);

/// One changed part: `len` bytes at `at` of the copy stand for `below`.
struct Step {
    at: usize,
    len: usize,
    below: Range<usize>,
}

impl Step {
    fn end(&self) -> usize {
        self.at + self.len
    }
}

impl Layer {
    /// The part of the text below that `span` of the copy stands for; not empty when `span` is not.
    pub(super) fn below(&self, span: &Range<usize>) -> Range<usize> {
        let start = match self.step(span.start) {
            Some(step) if span.start < step.end() => step.below.start,
            Some(step) => step.below.end + span.start - step.end(),
            None => span.start,
        };
        let last = span.end.saturating_sub(1).max(span.start);
        let end = match self.step(last) {
            Some(step) if last < step.end() => step.below.end,
            Some(step) => step.below.end + span.end - step.end(),
            None => span.end,
        };
        start..end.max(start)
    }

    /// The last change that begins at `at` or before.
    fn step(&self, at: usize) -> Option<&Step> {
        let after = self.0.partition_point(|step| step.at <= at);
        after.checked_sub(1).map(|i| &self.0[i])
    }
}

/// A copy being written.
pub(super) struct Draft<'s> {
    source: &'s str,
    text: String,
    /// Up to where the source has been copied or changed.
    done: usize,
    steps: Vec<Step>,
}

impl<'s> Draft<'s> {
    /// Begins a copy of `source`.
    pub(super) fn new(source: &'s str) -> Self {
        Self { source, text: String::new(), done: 0, steps: Vec::new() }
    }

    /// The text that is copied.
    pub(super) fn source(&self) -> &'s str {
        self.source
    }

    /// Copies up to `span` and writes `meant` for it.
    pub(super) fn put(&mut self, span: Range<usize>, meant: &str) {
        self.copy(span.start);
        self.done = span.end;
        self.steps.push(Step { at: self.text.len(), len: meant.len(), below: span });
        self.text.push_str(meant);
    }

    /// Lets the character before `mark` stand for it too.
    pub(super) fn put_mark(&mut self, mark: Range<usize>) {
        self.copy(mark.start);
        self.done = mark.end;
        let at = self.text.len();
        match self.steps.last_mut() {
            Some(step) if step.below.end == mark.start => step.below.end = mark.end,
            _ => {
                let len = self.text.chars().next_back().map_or(0, char::len_utf8);
                self.steps.push(Step { at: at - len, len, below: mark.start - len..mark.end });
            }
        }
    }

    fn copy(&mut self, end: usize) {
        if self.steps.is_empty() {
            self.text.reserve(self.source.len());
        }
        self.text.push_str(&self.source[self.done..end]);
    }

    /// The copy, and what was changed in it, if anything was.
    pub(super) fn finish(mut self) -> (Cow<'s, str>, Option<Layer>) {
        if self.steps.is_empty() {
            return (Cow::Borrowed(self.source), None);
        }
        self.copy(self.source.len());
        (Cow::Owned(self.text), Some(Layer(self.steps)))
    }
}
