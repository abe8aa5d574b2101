//! Numbers with a line for each group of digits, as they are pasted from narrow columns.
//!
//! This is the one reading that joins lines, so it asks for the whole picture: the first line ends with a word and digits,
//! those between hold nothing but a few digits, the last begins with them. A column of numbers alone is left alone.

use super::{
    super::glance::{BLOCK, Glance},
    map::Edit,
};

/// The fewest line ends in a stacked number.
const ENDS: usize = 2;

/// The most digits on a line.
const GROUP: usize = 6;

/// Whether any line end stands between digits.
pub(super) fn asks(text: &str, glance: &Glance) -> bool {
    let text = text.as_bytes();
    glance.digits.starts().any(|at| ends(&text[at..text.len().min(at + BLOCK + 2)]).next().is_some())
}

/// The line ends of stacked numbers as blanks.
pub(super) fn edits(text: &str) -> Vec<Edit> {
    let bytes = text.as_bytes();
    let mut stacks: Vec<Vec<usize>> = Vec::new();
    for end in ends(bytes) {
        match stacks.last_mut() {
            Some(stack) if stack.last().is_some_and(|last| is_group(&bytes[last + 1..end])) => stack.push(end),
            _ => stacks.push(vec![end]),
        }
    }
    let is_stack = |stack: &Vec<usize>| stack.len() >= ENDS && follows_a_word(&text[..stack[0]]);
    let stacks = stacks.into_iter().filter(is_stack).flatten();
    stacks.map(|end| Edit { span: end..end + 1, meant: " ".into() }).collect()
}

/// The line ends with a digit on both sides.
fn ends(text: &[u8]) -> impl Iterator<Item = usize> {
    let digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
    memchr::memchr_iter(b'\n', text).filter(move |&end| digit(end + 1) && end > 0 && digit(end - 1))
}

fn is_group(line: &[u8]) -> bool {
    line.len() <= GROUP && line.iter().all(u8::is_ascii_digit)
}

/// Whether the last line of `text` says something before the group of digits it ends with.
fn follows_a_word(text: &str) -> bool {
    let line = text.rsplit('\n').next().unwrap_or_default();
    let words = line.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches(['+', '(']);
    line.len() - words.len() <= GROUP && words.contains(char::is_alphabetic)
}
