//! What names a line, or a cell of it: the key of a text, a label above a value, the head of a table.

use std::cell::OnceCell;

use super::cues::{Cues, Hit, words_of};

/// What names a line or a cell of it from one place on, such as `phoneNumber`, with its cue words once they are asked for.
pub(super) struct Named<'s> {
    pub from: usize,
    name: &'s str,
    /// The words of the name, once they are asked for.
    words: OnceCell<String>,
    /// Whether it can only say what a value is, not what it is not.
    pub is_hint: bool,
    hits: OnceCell<Vec<Hit>>,
}

impl<'s> Named<'s> {
    pub(super) fn new(from: usize, name: &'s str) -> Self {
        Self { from, name, words: OnceCell::new(), is_hint: false, hits: OnceCell::new() }
    }

    /// What can only say what a value is.
    pub(super) fn hint(from: usize, name: &'s str) -> Self {
        Self { is_hint: true, ..Self::new(from, name) }
    }

    /// Its cue words, which end before place zero.
    pub(super) fn hits(&self, cues: &Cues) -> &[Hit] {
        self.hits.get_or_init(|| {
            let (words, mut hits) = (self.words(), Vec::new());
            cues.find(words, 0..words.len(), -(words.len() as isize), &mut hits);
            hits
        })
    }

    /// What stands behind one of them, without the sign that ends a question.
    pub(super) fn behind(&self, hit: &Hit) -> &str {
        let from = self.words().len() - hit.end.unsigned_abs();
        self.words()[from..].trim_end_matches([' ', '?', '？', '؟'])
    }

    fn words(&self) -> &str {
        self.words.get_or_init(|| words_of(self.name))
    }
}
