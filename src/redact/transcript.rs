//! What an answer said, lane by lane, as the provider wrote it: the log's copy.

use serde::Serialize;

use crate::provider::Strand;

/// As long as values are, with room: so much is dropped where a text is cut, since the head of a value is not found as one.
pub const VALUE_LENGTH: usize = 64;

/// The field and the kind of a lane that says which tool is called.
const CALLED: &str = "tool";

/// How many lanes are kept.
const MOST_LANES: usize = 1024;

/// The lanes of an answer in the order of their first text, up to a number of bytes.
#[derive(Debug, Default)]
pub struct Transcript {
    lanes: Vec<TranscriptLane>,
    left: usize,
    truncated: bool,
}

/// A text that broke off, without its end where a value may have been cut: the last word, and all from the first number on that
/// stands within the length of a value.
pub fn without_cut_value(text: &str) -> &str {
    let start = text.floor_char_boundary(text.len().saturating_sub(VALUE_LENGTH));
    let is_blank = |character: char| character.is_whitespace();
    let word_around =
        |at: usize| text[..at].rfind(is_blank).map_or(0, |blank| text.ceil_char_boundary(blank + 1)).max(start);
    let number = text[start..].find(char::is_numeric).map(|at| word_around(start + at));
    &text[..number.unwrap_or_else(|| word_around(text.len()))]
}

fn json(lanes: &[TranscriptLane]) -> String {
    serde_json::to_string(lanes).expect("strings and numbers become JSON")
}

#[derive(Debug, Serialize)]
struct TranscriptLane {
    /// The numbers of the choices, blocks and calls around the lane.
    at: Vec<u64>,
    field: String,
    kind: &'static str,
    text: String,
}

impl TranscriptLane {
    /// It without what may be cut at its end. A tool's name comes whole.
    fn whole(&self) -> Self {
        let text = if self.kind == CALLED { &self.text } else { without_cut_value(&self.text) };
        Self { at: self.at.clone(), field: self.field.clone(), kind: self.kind, text: text.to_owned() }
    }
}

impl Transcript {
    /// Keeps at most `bytes` of text.
    pub fn new(bytes: usize) -> Self {
        Self { left: bytes, ..Self::default() }
    }

    /// Adds `text` to the lane of this field.
    pub(super) fn append(&mut self, at: &[u64], field: &str, strand: Strand, text: &str) {
        if text.is_empty() {
            return;
        }
        let kept = &text[..text.floor_char_boundary(self.left)];
        self.truncated |= kept.len() < text.len();
        self.left -= kept.len();
        let full = self.lanes.len() == MOST_LANES;
        let lane = match self.lanes.iter_mut().rev().find(|lane| lane.field == field && lane.at == at) {
            Some(lane) => lane,
            None if kept.is_empty() || full => return,
            None => self.begin(at, field, kind(strand)),
        };
        lane.text.push_str(kept);
    }

    /// Adds which tool is called there, however often that is said.
    pub(super) fn call(&mut self, at: &[u64], tool: &str) {
        let is_known = self.lanes.iter().rev().any(|lane| lane.field == CALLED && lane.at == at && lane.text == tool);
        if is_known || self.lanes.len() == MOST_LANES {
            return;
        }
        if tool.len() > self.left {
            self.truncated = true;
            return;
        }
        self.left -= tool.len();
        self.begin(at, CALLED, CALLED).text.push_str(tool);
    }

    /// Whether no lane said anything.
    pub fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    /// Whether there was more text than is kept.
    pub fn truncated(&self) -> bool {
        self.truncated
    }

    /// The lanes as a JSON list. Where there was more than is kept each may end within a value.
    pub fn to_json(&self) -> String {
        if self.truncated { self.to_json_of_broken() } else { json(&self.lanes) }
    }

    /// The lanes of an answer that ended early, each without the value that may have been cut there.
    pub fn to_json_of_broken(&self) -> String {
        json(&self.lanes.iter().map(TranscriptLane::whole).collect::<Vec<_>>())
    }

    fn begin(&mut self, at: &[u64], field: &str, kind: &'static str) -> &mut TranscriptLane {
        self.lanes.push(TranscriptLane { at: at.to_vec(), field: field.to_owned(), kind, text: String::new() });
        self.lanes.last_mut().expect("one was pushed")
    }
}

fn kind(strand: Strand) -> &'static str {
    match strand {
        Strand::Argument | Strand::Arguments => "arguments",
        Strand::Text => "text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_lane_of_a_cut_answer_ends_within_a_value() {
        let mut transcript = Transcript::new(30);
        transcript.call(&[0], "pay");
        transcript.append(&[0], "content", Strand::Text, "ssn 536-90-");
        transcript.append(&[1], "content", Strand::Text, "hello to all of you");
        transcript.append(&[0], "content", Strand::Text, "4399");
        let json = transcript.to_json();
        assert!(transcript.truncated() && json.contains("\"pay\"") && json.contains("\"ssn \""), "{json}");
        assert!(!json.contains("536"), "{json}");
    }

    #[test]
    fn a_text_that_broke_off_ends_before_what_may_be_half_a_value() {
        let check = |text: &str, kept: &str| assert_eq!(without_cut_value(text), kept, "{text}");
        check("your ssn is 536-90-43", "your ssn is ");
        check("your card is 4242 4242 42", "your card is ");
        check("call +1 (415) 555", "call ");
        check("write to ann@x.o", "write to ");
        check("écris à an", "écris à ");
        check(
            "in 2026 you said that all of the parcels had come, and a lot of words stand here",
            "in 2026 you said that all of the parcels had come, and a lot of words stand ",
        );
        check("one", "");
        check("", "");
        check(&"x".repeat(100), &"x".repeat(36));
    }
}
