//! Tables, and text that is safe to show in a terminal.

use std::io::{self, IsTerminal, Write};

pub(super) use crate::inquiry::{visible, visible_lines};

/// What stands in a cell that holds nothing.
pub(super) const NOTHING: &str = "-";

/// A table with a heading; columns are as wide as their widest cell.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns.
    pub(super) fn new(heading: &[&str]) -> Self {
        Self { rows: vec![heading.iter().map(|cell| (*cell).to_owned()).collect()] }
    }

    /// Adds a row.
    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells.iter().map(|cell| visible(cell)).collect());
    }

    /// Prints it, two blanks between columns; what does not fit the terminal is cut.
    pub(super) fn print(&self) -> io::Result<()> {
        let columns = self.rows.first().map_or(0, Vec::len);
        let width = |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let mut widths: Vec<usize> = (0..columns).map(width).collect();
        if let Some(room) = terminal() {
            fit(&mut widths, room);
        }
        let mut out = io::stdout().lock();
        for row in &self.rows {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| cut(cell, *width)).collect();
            writeln!(out, "{}", cells.join("  ").trim_end())?;
        }
        Ok(())
    }

    /// Prints it as comma-separated values (RFC 4180), with nothing that a spreadsheet takes for a formula.
    pub(super) fn print_csv(&self) -> io::Result<()> {
        let heading: Vec<String> = self.rows[0].iter().map(|cell| cell.to_lowercase()).collect();
        write!(io::stdout(), "{}\r\n", heading.join(","))?;
        self.go_on_with_csv()
    }

    /// The same below a heading that was printed before.
    pub(super) fn go_on_with_csv(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        for row in &self.rows[1..] {
            let cells: Vec<String> = row.iter().map(|cell| csv_cell(cell)).collect();
            write!(out, "{}\r\n", cells.join(","))?;
        }
        Ok(())
    }
}

/// How many characters a line of the terminal holds; `None` when the output goes elsewhere.
pub(super) fn terminal() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
}

/// Narrows the widest columns until all fit into `room`, none below what still tells exchanges apart.
fn fit(widths: &mut [usize], room: usize) {
    const NARROWEST: usize = 9;
    let between = 2 * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + between > room {
        let Some(widest) = widths.iter_mut().max().filter(|widest| **widest > NARROWEST) else { return };
        *widest -= 1;
    }
}

/// A cell as wide as its column.
fn cut(cell: &str, width: usize) -> String {
    if cell.chars().count() <= width {
        return format!("{cell:<width$}");
    }
    cell.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// A bar for `part` of `whole`, at most so many characters long; what is not nothing shows.
pub(super) fn bar(part: u64, whole: u64, longest: usize) -> String {
    let length = (part as f64 / whole.max(1) as f64 * longest as f64).round() as usize;
    "█".repeat(length.max(usize::from(part > 0)))
}

fn csv_cell(cell: &str) -> String {
    if cell == NOTHING {
        return String::new();
    }
    let formula = cell.starts_with(['=', '+', '-', '@']) && cell.parse::<f64>().is_err();
    let cell = if formula { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

/// `text` in lines of at most `width` characters, broken between words where that is possible.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            let needed = line.chars().count() + word.chars().count() + usize::from(!line.is_empty());
            if needed > width && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

/// Whether the reader of our output is gone.
pub(super) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_columns_make_room() {
        let fitted = |widths: &[usize], room| {
            let mut widths = widths.to_vec();
            fit(&mut widths, room);
            widths
        };
        assert_eq!(fitted(&[36, 20, 5], 65), [36, 20, 5]);
        assert_eq!(fitted(&[36, 20, 5], 45), [18, 18, 5]);
        assert_eq!(fitted(&[36, 20, 5], 10), [9, 9, 5]);
        assert_eq!((cut("abcdef", 4), cut("ab", 4)), ("abc…".into(), "ab  ".into()));
        assert_eq!((bar(1, 1000, 10), bar(500, 1000, 4), bar(0, 0, 4)), ("█".into(), "██".into(), String::new()));
    }

    #[test]
    fn a_cell_is_no_formula() {
        assert_eq!(csv_cell("=1+1"), "'=1+1");
        assert_eq!(csv_cell("-5"), "-5");
        assert_eq!(csv_cell(NOTHING), "");
        assert_eq!(csv_cell("a,\"b\""), "\"a,\"\"b\"\"\"");
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("one two three\nfour", 8), ["one two", "three", "four"]);
        assert_eq!(wrap("incomprehensible x", 4), ["incomprehensible", "x"]);
    }
}
