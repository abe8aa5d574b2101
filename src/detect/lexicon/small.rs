//! A text in small letters, and where its letters stand in the original: in capitals some take more bytes.

/// The beginning of a text in small letters, with the way back.
pub struct Small {
    pub text: String,
    /// Where the small and the original text stop having the same offsets: pairs of both.
    steps: Vec<(usize, usize)>,
}

impl Small {
    pub fn new(original: &str) -> Self {
        if original.is_ascii() {
            return Self { text: original.to_ascii_lowercase(), steps: Vec::new() };
        }
        let (mut text, mut steps) = (String::with_capacity(original.len()), Vec::new());
        for (at, c) in original.char_indices() {
            if steps.last().map_or(text.len() != at, |(small, was): &(usize, usize)| text.len() - small != at - was) {
                steps.push((text.len(), at));
            }
            text.extend(c.to_lowercase());
        }
        Self { text, steps }
    }

    /// Where in the original text the place `small` of the small one is.
    pub fn original(&self, small: usize) -> usize {
        let step = self.steps.iter().rev().find(|(from, _)| *from <= small);
        step.map_or(small, |(from, was)| was + small - from)
    }
}
