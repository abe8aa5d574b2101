//! Where a word stands alone, in scripts that put something between words and in those that do not.

use std::ops::Range;

/// Whether no letter of its script runs into `word`.
pub fn stands_alone(context: &str, word: Range<usize>) -> bool {
    let bytes = context.as_bytes();
    let plain = |at: usize| bytes.get(at).is_none_or(u8::is_ascii);
    if plain(word.start) && plain(word.end - 1) && plain(word.start.wrapping_sub(1)) && plain(word.end) {
        let letter = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphabetic);
        return !(letter(word.start.wrapping_sub(1)) && letter(word.start) || letter(word.end - 1) && letter(word.end));
    }
    let glued = |inside: Option<char>, outside: Option<char>| {
        let same = |inside: char, outside: char| is_latin(inside) == is_latin(outside);
        inside
            .zip(outside)
            .is_some_and(|(inside, outside)| separates(inside) && separates(outside) && same(inside, outside))
    };
    let inside = &context[word.clone()];
    !glued(inside.chars().next(), context[..word.start].chars().next_back())
        && !glued(inside.chars().next_back(), context[word.end..].chars().next())
}

/// Whether `c` is of the Latin alphabet, into which letters of another do not run.
fn is_latin(c: char) -> bool {
    matches!(c, 'A'..='Z' | 'a'..='z' | 'À'..='ɏ' | 'Ḁ'..='ỿ')
}

/// Whether no letter or digit runs into `word`, whatever its script, if it is one that puts something between words.
pub fn is_whole(text: &str, word: &Range<usize>) -> bool {
    let runs = |c: char| separates(c) || c.is_ascii_digit();
    let glued = |inside: Option<char>, outside: Option<char>| inside.is_some_and(runs) && outside.is_some_and(runs);
    let inside = &text[word.clone()];
    !glued(inside.chars().next(), text[..word.start].chars().next_back())
        && !glued(inside.chars().next_back(), text[word.end..].chars().next())
}

/// Whether `c` is a letter of a script that puts something between words.
fn separates(c: char) -> bool {
    c.is_alphabetic() && !matches!(c, '\u{590}'..='\u{10ff}' | '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{ffff}')
}
