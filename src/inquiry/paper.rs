//! A report's parts, and how they are written in Markdown and in HTML.

use serde::Serialize;

use super::visible::{visible, visible_lines};

/// A report.
#[derive(Serialize)]
pub struct Paper {
    title: String,
    parts: Vec<Part>,
}

/// One part of it.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// A heading.
    Heading(String),
    /// A sentence or more.
    Line(String),
    /// Lines that stay as they are.
    Note(String),
    /// A heading and rows.
    Table(Vec<Vec<String>>),
}

impl Part {
    /// A heading.
    pub fn heading(text: &str) -> Self {
        Self::Heading(text.to_owned())
    }

    /// A table; without rows a word that says so.
    pub fn table(heading: &[&str], rows: Vec<Vec<String>>) -> Self {
        if rows.is_empty() {
            return Self::Line("None.".to_owned());
        }
        let heading = heading.iter().map(|cell| (*cell).to_owned()).collect();
        Self::Table([heading].into_iter().chain(rows).collect())
    }
}

impl Paper {
    /// A report with nothing but its title.
    pub fn new(title: &str) -> Self {
        Self { title: title.to_owned(), parts: Vec::new() }
    }

    /// Adds a sentence.
    pub fn line(&mut self, text: &str) {
        self.parts.push(Part::Line(text.to_owned()));
    }

    /// Adds parts.
    pub fn extend(&mut self, parts: Vec<Part>) {
        self.parts.extend(parts);
    }

    /// The report in Markdown.
    pub fn markdown(&self) -> String {
        let part = |part: &Part| match part {
            Part::Heading(text) => format!("\n## {}\n", marked(text)),
            Part::Line(text) => format!("\n{}\n", visible(text)),
            Part::Note(text) => format!("\n```\n{}\n```\n", visible_lines(text)),
            Part::Table(rows) => {
                let row = |row: &Vec<String>| {
                    format!("| {} |\n", row.iter().map(|cell| marked(cell)).collect::<Vec<_>>().join(" | "))
                };
                let rule = format!("|{}\n", "---|".repeat(rows[0].len()));
                format!("\n{}{rule}{}", row(&rows[0]), rows[1..].iter().map(row).collect::<String>())
            }
        };
        format!("# {}\n{}", marked(&self.title), self.parts.iter().map(part).collect::<String>())
    }

    /// The report as a page.
    pub fn html(&self) -> String {
        const STYLE: &str = "body{font:15px sans-serif;max-width:70em;margin:2em auto}td,th{text-align:left;padding:.2em 1em .2em 0;\
            border-bottom:1px solid #ddd;vertical-align:top}";
        let part = |part: &Part| match part {
            Part::Heading(text) => format!("<h2>{}</h2>\n", escaped(text)),
            Part::Line(text) => format!("<p>{}</p>\n", escaped(text)),
            Part::Note(text) => format!("<pre>{}</pre>\n", escaped(text)),
            Part::Table(rows) => {
                let cells = |row: &[String], tag: &str| {
                    row.iter().map(|cell| format!("<{tag}>{}</{tag}>", escaped(cell))).collect::<String>()
                };
                let body = rows[1..].iter().map(|row| format!("<tr>{}</tr>\n", cells(row, "td"))).collect::<String>();
                format!("<table>\n<tr>{}</tr>\n{body}</table>\n", cells(&rows[0], "th"))
            }
        };
        let title = escaped(&self.title);
        let parts: String = self.parts.iter().map(part).collect();
        format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style>\n\
             <h1>{title}</h1>\n{parts}</html>\n"
        )
    }
}

/// A text that is no Markdown.
fn marked(text: &str) -> String {
    let special = |c: char| matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#');
    visible(text).chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

/// A text that is no markup.
pub fn escaped(text: &str) -> String {
    let text = visible_lines(text);
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_no_markup() {
        assert_eq!(escaped("<script>\"&\u{1b}\n"), "&lt;script&gt;&quot;&amp;\\u{1b}\n");
        assert_eq!(marked("a|b_c"), "a\\|b\\_c");
    }

    #[test]
    fn a_table_is_one_in_both_forms() {
        let mut paper = Paper::new("T");
        paper.extend(vec![Part::table(&["a", "b"], vec![vec!["1".into(), "<2".into()]]), Part::table(&["a"], vec![])]);
        assert_eq!(paper.markdown(), "# T\n\n| a | b |\n|---|---|\n| 1 | \\<2 |\n\nNone.\n");
        assert!(paper.html().contains("<tr><th>a</th><th>b</th></tr>\n<tr><td>1</td><td>&lt;2</td></tr>\n</table>"));
    }
}
