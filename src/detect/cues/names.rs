//! Names of programs and forms, such as `customerPhone`, and the words in them.

use std::ops::Range;

/// Names such as `customerPhone` that begin within `range` and have a border soon: a capital behind a small letter, but for a
/// single one, as in `iPhone`.
pub fn names(text: &[u8], range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    const LONGEST: usize = 64;
    let is_letter = move |at: usize| text.get(at).is_some_and(u8::is_ascii_alphabetic);
    let is_border = move |at: usize| at > 1 && is_pair(text[at - 1], text[at]) && is_letter(at - 2);
    let (first, last) = (range.start.max(1), text.len().min(range.end + LONGEST));
    // Most texts have none; a look without a shortcut takes few instructions.
    let any = text[first - 1..last].windows(2).fold(false, |any, pair| any | is_pair(pair[0], pair[1]));
    let mut at = if any { first } else { last };
    let all = std::iter::from_fn(move || {
        let border = (at..last).find(|at| is_border(*at))?;
        let start = (0..border).rev().find(|at| *at == 0 || !is_letter(at - 1))?;
        at = (border..text.len()).find(|at| !is_letter(*at)).unwrap_or(text.len());
        Some(start..at)
    });
    all.filter(move |name| range.contains(&name.start) && name.len() <= LONGEST)
}

/// Whether a word of a name ends with `a` and another begins with `b`.
fn is_pair(a: u8, b: u8) -> bool {
    a.is_ascii_lowercase() & b.is_ascii_uppercase()
}

/// The words of a name such as `phoneNumber` or `phone_number`, with a space behind them.
pub fn words_of(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 8);
    let mut small = false;
    for c in name.chars() {
        if small && c.is_uppercase() {
            words.push(' ');
        }
        small = c.is_lowercase();
        words.push(if matches!(c, '_' | '-' | '.') { ' ' } else { c });
    }
    if !words.is_empty() {
        words.push(' ');
    }
    words
}
