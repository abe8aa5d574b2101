//! A table in a file: comma, semicolon, tab or bar between its cells, and names in its first line. The name of a column is a cue
//! for the values below it.

use std::ops::Range;

/// What divides cells.
const DIVIDERS: [char; 4] = [',', ';', '\t', '|'];

/// How long the name of a column is at most.
const LONGEST_NAME: usize = 64;

/// A table on its way through, whose rows may come in several pieces.
pub(super) struct Table {
    /// The names of its columns.
    columns: Vec<String>,
    divider: char,
    /// How long the line is that the names stand in, while it is to be read.
    head: usize,
    /// Which column the next cell stands in; none of them before the end of the first line.
    column: usize,
    /// A quote is open.
    quoted: bool,
}

impl Table {
    /// The table that begins with `text`; none if it is no table.
    pub(super) fn of(text: &str) -> Option<Self> {
        let head = text.lines().next().unwrap_or_default();
        let divider = DIVIDERS.into_iter().max_by_key(|divider| head.matches(*divider).count())?;
        let mut table = Self { columns: Vec::new(), divider, head: 0, column: 0, quoted: false };
        let columns: Vec<String> = table.cells(head).map(|(_, cell)| name(&head[cell]).to_owned()).collect();
        let is_name = |name: &String| name.contains(char::is_alphabetic) && name.len() <= LONGEST_NAME;
        let is_table = columns.len() > 1 && columns.iter().all(is_name);
        is_table.then_some(Self { columns, head: head.len(), column: usize::MAX, quoted: false, ..table })
    }

    /// The name of a column.
    pub(super) fn name(&self, column: usize) -> Option<&str> {
        self.columns.get(column).map(String::as_str)
    }

    /// The cells of its next rows: each one's column, and where it stands in `text`.
    pub(super) fn cells<'t>(&'t mut self, text: &'t str) -> impl Iterator<Item = (usize, Range<usize>)> {
        let mut at = Some(std::mem::take(&mut self.head));
        std::iter::from_fn(move || {
            let start = at?;
            let ends = |character: char| {
                self.quoted ^= character == '"';
                !self.quoted && (character == self.divider || character == '\n')
            };
            let end = text[start..].find(ends).map(|length| start + length);
            at = end.map(|end| end + 1);
            let column = self.column;
            self.column = match end {
                Some(end) if text[end..].starts_with('\n') => 0,
                Some(_) => column.saturating_add(1),
                // The same cell goes on in the next piece.
                None => column,
            };
            let cell = &text[start..end.unwrap_or(text.len())];
            let from = start + (cell.len() - cell.trim_start_matches(['"', ' ', '\r']).len());
            let to = from + cell.trim_matches(['"', ' ', '\r']).len();
            Some((column, from.min(to)..to))
        })
    }
}

fn name(cell: &str) -> &str {
    cell.trim_matches(['"', '\u{feff}', ' '])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, &str)]) {
        let mut table = Table::of(text);
        let cells: Vec<_> = table.iter_mut().flat_map(|table| table.cells(text)).collect();
        let named = cells.into_iter().filter(|(_, cell)| !cell.is_empty());
        let named = named.filter_map(|(column, cell)| Some((table.as_ref()?.name(column)?, &text[cell])));
        assert_eq!(named.collect::<Vec<_>>(), expected, "{text:?}");
    }

    #[test]
    fn each_cell_has_the_name_of_its_column() {
        check("name,ssn\nAnn,1\nBob,2\n", &[("name", "Ann"), ("ssn", "1"), ("name", "Bob"), ("ssn", "2")]);
        check("\"a b\";c\r\n\"x;\ny\";2\r\n;3", &[("a b", "x;\ny"), ("c", "2"), ("c", "3")]);
        check("a\tb\n1\n1\t2\t3\n", &[("a", "1"), ("a", "1"), ("b", "2")]);
        check("\u{feff}a|b\n1|2", &[("a", "1"), ("b", "2")]);
    }

    #[test]
    fn rows_may_come_in_pieces() {
        let text = "a,b\n1,\"2\n3\"\n4,5\n";
        let mut table = Table::of(text).unwrap();
        let mut columns = Vec::new();
        for piece in ["a,b\n1,\"2\n", "3\"\n", "4,5\n"] {
            columns.extend(
                table.cells(piece).filter(|(_, cell)| !cell.is_empty()).map(|(column, cell)| (column, &piece[cell])),
            );
        }
        assert_eq!(columns, [(0, "1"), (1, "2\n"), (1, "3"), (0, "4"), (1, "5")]);
    }

    #[test]
    fn what_has_no_names_is_no_table() {
        for text in ["", "hello\nworld", "1,2\n3,4", "a,b", "a,,b\n1,2,3", "a,\n"] {
            check(text, &[]);
        }
        check(&format!("a,{}\n1,2", "long ".repeat(20)), &[]);
    }
}
