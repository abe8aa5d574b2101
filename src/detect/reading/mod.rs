//! What a text says however it is written: each way to read it is a text in ASCII digits and separators with a map back to
//! the original bytes.
//!
//! Every text is read [as it is meant](Reading::meant): look-alikes as ASCII, escapes as the characters they stand for. The
//! other [ways](Way) are taken only where something asks for them, and each sees what was found before as gone. All that a
//! way changes lies within a line and depends on that line alone, but for [numbers in a stack](stacked) of lines.

mod base64;
mod disguised;
mod escapes;
mod look_alike;
mod map;
mod percent;
mod spoken;
mod stacked;

use std::{borrow::Cow, ops::Range};

use super::glance::Glance;
use escapes::Escapes;
use look_alike::Fold;
use map::{Draft, Edit, Layer};

/// What stands in a reading for what was found before: a placeholder, in which nothing is ever found.
const GONE: &str = "[X_0000]";

/// A text as somebody would read it, and the way back to the original offsets.
pub(super) struct Reading<'t> {
    text: Cow<'t, str>,
    /// What was changed, the original's changes first.
    layers: Vec<Layer>,
    glance: Glance,
    /// Whether there may be escapes in the original.
    escaped: bool,
}

/// A way to read a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Tokens in base64 as the text they hold.
    Base64,
    /// Letters for digits, and emphasis or tags between groups of digits.
    Disguised,
    /// Look-alikes as ASCII, escapes as what they stand for.
    Meant,
    /// URL escapes as what they stand for.
    Percent,
    /// Numbers and addresses in words.
    Spoken,
    /// A group of digits on each line.
    Stacked,
    /// Look-alikes as ASCII, escapes as they stand there.
    Written,
}

impl Way {
    /// All but the first, in the order of their trust.
    const OTHERS: [Self; 6] =
        [Self::Percent, Self::Written, Self::Spoken, Self::Base64, Self::Disguised, Self::Stacked];

    /// The ways that something in a text, read as it is meant, asks for.
    pub(super) fn others(meant: &Reading<'_>) -> impl Iterator<Item = Self> {
        Self::OTHERS.into_iter().filter(|way| way.is_asked(meant))
    }

    /// Whether something in a text, read as it is meant, asks for this way.
    pub(super) fn is_asked(self, meant: &Reading<'_>) -> bool {
        let (text, glance) = (meant.text(), meant.glance());
        match self {
            Self::Base64 => base64::asks(text, glance),
            Self::Disguised => disguised::asks(text, glance),
            Self::Meant => true,
            Self::Percent => percent::asks(text),
            Self::Spoken => spoken::asks(text),
            Self::Stacked => stacked::asks(text, glance),
            Self::Written => meant.escaped,
        }
    }
}

impl<'t> Reading<'t> {
    /// Reads `text` as it is meant; costs nothing but a look when it is plain.
    pub(super) fn meant(text: &'t str) -> Self {
        let glance = Glance::at(text);
        if glance.is_plain {
            return Self { text: Cow::Borrowed(text), layers: Vec::new(), glance, escaped: false };
        }
        Self::folded(text, Escapes::Read, &[])
    }

    /// Reads `text` in one way, with a placeholder for each of the sorted spans `gone`; `None` if nothing is to be changed.
    pub(super) fn of(way: Way, text: &'t str, gone: &[Range<usize>]) -> Option<Self> {
        if way == Way::Written {
            return Some(Self::folded(text, Escapes::Keep, gone));
        }
        let meant = Self::folded(text, Escapes::Read, gone);
        let edits = match way {
            Way::Base64 => base64::edits(meant.text()),
            Way::Disguised => disguised::edits(meant.text()),
            Way::Percent => percent::edits(meant.text()),
            Way::Spoken => spoken::edits(meant.text()),
            Way::Stacked => stacked::edits(meant.text()),
            Way::Meant | Way::Written => return Some(meant),
        };
        (!edits.is_empty()).then(|| meant.edited(edits))
    }

    fn folded(text: &'t str, escapes: Escapes, gone: &[Range<usize>]) -> Self {
        let (original, mut draft, mut at) = (text, Draft::new(text), 0);
        for gone in gone {
            look_alike::fold_into(&mut draft, at..gone.start, escapes);
            draft.put(gone.clone(), GONE);
            at = gone.end;
        }
        look_alike::fold_into(&mut draft, at..text.len(), escapes);
        let (text, layer) = draft.finish();
        let (glance, layers) = (Glance::at(&text), layer.into_iter().collect());
        Self { text, layers, glance, escaped: has_escapes(original) }
    }

    /// This reading with sorted `edits` of its text on top.
    fn edited(self, edits: Vec<Edit>) -> Reading<'static> {
        let mut draft = Draft::new(&self.text);
        edits.into_iter().for_each(|edit| draft.put(edit.span, &edit.meant));
        let (text, layer) = draft.finish();
        let text = Cow::Owned(text.into_owned());
        let (glance, layers) = (Glance::at(&text), self.layers.into_iter().chain(layer).collect());
        Reading { text, layers, glance, escaped: self.escaped }
    }

    /// Whether `span` of the text begins or ends within a URL escape: what is meant is something else then.
    pub(super) fn cuts(&self, span: &Range<usize>) -> bool {
        percent::cuts(&self.text, span)
    }

    /// The text as it is read.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What a first look at the text shows.
    pub(super) fn glance(&self) -> &Glance {
        &self.glance
    }

    /// The same, when the text was read.
    pub(super) fn into_glance(self) -> Glance {
        self.glance
    }

    /// The original bytes that `span` of the text stands for: whole characters with their marks, whole escapes and tokens.
    pub(super) fn original(&self, span: &Range<usize>) -> Range<usize> {
        let whole = self.text.floor_char_boundary(span.start)..self.text.ceil_char_boundary(span.end);
        self.layers.iter().rev().fold(whole, |span, layer| layer.below(&span))
    }
}

/// Whether anything in `text` may begin an escape.
fn has_escapes(text: &str) -> bool {
    memchr::memchr2(b'\\', b'&', text.as_bytes()).is_some()
}

/// A character as it is read: folded to ASCII, if it looks like it.
fn read(c: char) -> Option<char> {
    match look_alike::fold(c) {
        Fold::Drop | Fold::Mark => None,
        Fold::Keep => Some(c),
        Fold::To(ascii) => Some(char::from(ascii)),
    }
}

#[cfg(test)]
mod tests;
