//! A table in a file: comma, semicolon, tab or bar between its cells, and names in its first line. The name of a column is a cue
//! for the values below it.

use std::ops::Range;

/// What divides cells.
const DIVIDERS: [char; 4] = [',', ';', '\t', '|'];

/// How long the name of a column is at most.
const LONGEST_NAME: usize = 64;

/// The cells of a table below its first line, row by row: the name of each one's column, and where it stands. Nothing if the text
/// is no table.
pub(super) fn cells(text: &str) -> impl Iterator<Item = (&str, Range<usize>)> {
    let head = text.lines().next().unwrap_or_default();
    let divider = DIVIDERS.into_iter().max_by_key(|divider| head.matches(*divider).count()).unwrap_or(',');
    let columns: Vec<&str> = Cells { text: head, divider, at: Some(0) }.map(|(cell, _)| name(&head[cell])).collect();
    let is_name = |name: &&str| name.contains(char::is_alphabetic) && name.len() <= LONGEST_NAME;
    let is_table = columns.len() > 1 && columns.iter().all(is_name);
    let start = if is_table { head.len() } else { text.len() };
    let mut column = usize::MAX;
    Cells { text, divider, at: (start < text.len()).then_some(start) }.filter_map(move |(cell, ends_row)| {
        let name = columns.get(column).copied();
        column = if ends_row { 0 } else { column.saturating_add(1) };
        name.filter(|_| !cell.is_empty()).map(|name| (name, cell))
    })
}

fn name(cell: &str) -> &str {
    cell.trim_matches(['"', '\u{feff}', ' '])
}

/// Cells one after another; each with whether it ends its row.
struct Cells<'t> {
    text: &'t str,
    divider: char,
    at: Option<usize>,
}

impl Iterator for Cells<'_> {
    type Item = (Range<usize>, bool);

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.at?;
        let mut quoted = false;
        let ends = |character: char| {
            quoted ^= character == '"';
            !quoted && (character == self.divider || character == '\n')
        };
        let end = self.text[start..].find(ends).map(|length| start + length);
        self.at = end.map(|end| end + 1);
        let ends_row = end.is_none_or(|end| self.text[end..].starts_with('\n'));
        let cell = &self.text[start..end.unwrap_or(self.text.len())];
        let from = start + (cell.len() - cell.trim_start_matches(['"', ' ', '\r']).len());
        let to = from + cell.trim_matches(['"', ' ', '\r']).len();
        Some((from.min(to)..to, ends_row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, &str)]) {
        let found: Vec<_> = cells(text).map(|(name, cell)| (name, &text[cell])).collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn each_cell_has_the_name_of_its_column() {
        check("name,ssn\nAnn,1\nBob,2\n", &[("name", "Ann"), ("ssn", "1"), ("name", "Bob"), ("ssn", "2")]);
        check("\"a b\";c\r\n\"x;\ny\";2\r\n;3", &[("a b", "x;\ny"), ("c", "2"), ("c", "3")]);
        check("a\tb\n1\n1\t2\t3\n", &[("a", "1"), ("a", "1"), ("b", "2")]);
        check("\u{feff}a|b\n1|2", &[("a", "1"), ("b", "2")]);
    }

    #[test]
    fn what_has_no_names_is_no_table() {
        for text in ["", "hello\nworld", "1,2\n3,4", "a,b", "a,,b\n1,2,3", "a,\n"] {
            check(text, &[]);
        }
        check(&format!("a,{}\n1,2", "long ".repeat(20)), &[]);
    }
}
