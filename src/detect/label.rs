//! Names that stand on an earlier line: a label alone above its value, the head of a table above its columns.
//!
//! A form that is pasted into a chat comes like that. But a sentence of a chat may look the same, so these names only say what
//! a value is, never what it is not; and only lines without a digit are labels and heads. What is said, and by whom, is read in
//! [`talk`](super::talk).

use std::ops::Range;

use super::talk::{is_answer, is_bare, is_customer, is_desk, is_value, said, without_assent};

/// How many characters a label may have, and a cell of a head.
const LONGEST: usize = 64;

/// How many rows above a line are looked through for the head of its table.
const ROWS: usize = 64;

/// What parts the cells of a row, and how many there are at least: a sentence has a comma, too.
const SIGNS: [(u8, usize); 4] = [(b'|', 2), (b'\t', 2), (b';', 3), (b',', 3)];

/// A table: where its head is, and what parts its cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    head: Range<usize>,
    sign: u8,
    cells: usize,
    /// Where the last row ends that is known to belong to it.
    end: usize,
}

impl Table {
    /// The table that `line` is a row of.
    pub(super) fn around(text: &str, line: &Range<usize>) -> Option<Self> {
        SIGNS.iter().find_map(|&(sign, least)| {
            let cells = count(text, line, sign);
            let mut row = above(text, line.start).filter(|_| cells >= least)?;
            let mut head = None;
            for _ in 0..ROWS {
                if count(text, &row, sign) != cells {
                    break;
                }
                head = Some(row.clone());
                let Some(next) = above(text, row.start) else { break };
                row = next;
            }
            let head = head.filter(|head| parts(text, head, sign).all(|(_, cell)| names(cell)))?;
            Some(Self { head, sign, cells, end: line.end })
        })
    }

    /// Whether `line` is its next row.
    pub(super) fn goes_on(&mut self, text: &str, line: &Range<usize>) -> bool {
        let goes_on = line.start == self.end + 1 && count(text, line, self.sign) == self.cells;
        self.end = line.end;
        goes_on
    }

    /// Where the cells of its row `line` begin, with what the head says of each.
    pub(super) fn names<'t>(&self, text: &'t str, line: &Range<usize>) -> impl Iterator<Item = (usize, &'t str)> {
        let names = parts(text, &self.head, self.sign).map(|(_, name)| name);
        parts(text, line, self.sign).map(|(from, _)| from).zip(names)
    }
}

/// The label alone above `line`, or the question that it answers, one blank line between them at most; with where its value
/// begins.
pub(super) fn label<'t>(text: &'t str, line: &Range<usize>) -> Option<(usize, &'t str)> {
    let mut label = above(text, line.start)?;
    if text[label.clone()].trim().is_empty() {
        label = above(text, label.start)?;
    }
    let (asks, label) = said(text[label].trim_end());
    let is_asked = label.ends_with(['?', '？', '؟']);
    if label.is_empty() || !is_asked && asks.is_none() && !names(label) {
        return None;
    }
    let whole = text[line.clone()].trim_end();
    let (answers, value) = said(whole);
    let value = without_assent(value);
    let is_value = value.split(' ').next().is_some_and(is_value);
    let is_talk = answers.is_some() && asks.is_some();
    let is_request = || label.ends_with(['.', '。']) || answers.is_some_and(is_customer) || asks.is_some_and(is_desk);
    // Without a question mark, what is answered comes first.
    let is_question = is_asked || is_talk && is_value && is_request();
    let label = if is_question { end(label) } else { label };
    let fits = match is_question {
        true => asks_for(label) && (is_bare(value) || is_talk && is_answer(value)),
        false => is_value && answers.is_none() && !label.ends_with(['.', '!', ',']) && names(label),
    };
    fits.then_some((line.start + whole.len() - value.len(), label))
}

/// The end of a question: it may come behind much else.
fn end(question: &str) -> &str {
    question.char_indices().nth_back(LONGEST - 1).map_or(question, |(at, _)| &question[at..])
}

/// Whether a question may be about what something is called: it holds no number, but for how many digits it has.
fn asks_for(question: &str) -> bool {
    let has_number = question.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() > 2);
    !has_number && !question.contains(['@', '[', '='])
}

/// Whether `words` may be what something is called.
fn names(words: &str) -> bool {
    let says = |byte: &u8| byte.is_ascii_alphabetic() || !byte.is_ascii();
    let other = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'@' | b'[' | b'=');
    let words = words.trim();
    let is_short = words.len() <= LONGEST || words.chars().nth(LONGEST).is_none();
    let words = words.as_bytes();
    is_short && !words.iter().any(|byte| other(*byte)) && (words.is_empty() || words.iter().any(says))
}

/// The line that ends before `start`.
fn above(text: &str, start: usize) -> Option<Range<usize>> {
    let end = start.checked_sub(1)?;
    let rest = &text.as_bytes()[..end];
    Some(memchr::memrchr(b'\n', rest).map_or(0, |at| at + 1)..end)
}

/// How many cells `line` has.
fn count(text: &str, line: &Range<usize>, sign: u8) -> usize {
    memchr::memchr_iter(sign, &text.as_bytes()[line.clone()]).count() + 1
}

/// The cells of `line`, with where they begin.
fn parts<'t>(text: &'t str, line: &Range<usize>, sign: u8) -> impl Iterator<Item = (usize, &'t str)> {
    let mut from = line.start;
    text[line.clone()].split(char::from(sign)).map(move |cell| {
        let start = from;
        from += cell.len() + 1;
        (start, cell)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last_line(text: &str) -> Range<usize> {
        text.rfind('\n').map_or(0, |at| at + 1)..text.len()
    }

    #[test]
    fn a_label_stands_alone_above_its_value() {
        for (text, expected) in [
            ("Phone:\n0612345678", Some("Phone:")),
            ("**Phone:**\n0612345678", Some("**Phone:**")),
            ("hi\n*Teléfono*\n\n+34 612 34 56 78 x", Some("*Teléfono*")),
            ("Phone:\n\n\n0612345678", None),
            ("Phone:\nAnn 0612345678", None),
            ("Phone 2:\n0612345678", None),
            ("I lost my phone.\n0612345678", None),
            ("What is your number?\n0612345678", Some("What is your number?")),
            ("Did you call?\n2 times since 10:30", None),
            ("Bot: Please send your card number.\nAnn: 4111", Some("Please send your card number.")),
            ("Agent: name your number\nCustomer: yes, 4111", Some("name your number")),
            ("Agent: your number is odd\nCustomer: two 4111", None),
            ("Note: blue phone\nPrice: 4990000", None),
            ("العميل: رقم الجوال؟\n0512310681", Some("رقم الجوال؟")),
            ("[12/03/26, 14:02:11] Bot: Your PIN?\n[12/03/26, 2:02:30 PM] Ann: 4821", Some("Your PIN?")),
            ("12/03/2026, 14:02 - Ann: Phone\n0612345678", Some("Phone")),
            ("Item: phone\nPrice: 4990000", None),
            ("0612345678", None),
            ("एजेंट: ग्राहक का नंबर?\nग्राहक: 9820448207", Some("ग्राहक का नंबर?")),
            ("Agent: the 3 digits behind?\nAnn: sure, it's 482 thanks", Some("the 3 digits behind?")),
            ("[09:41] Bot: Please enter the 6-digit code\n[09:42] Ann: 730551", Some("Please enter the 6-digit code")),
            ("Agent: when were you born\nAnn: 9 May 1990", Some("when were you born")),
            ("Your birthday?\nMarch 3rd, 1990", Some("Your birthday?")),
            ("What did you pay to 4155550100?\n1299", None),
            ("Did you call?\nI called you 2 times since 10:30 or so", None),
            ("Ann: what does the phone cost?\nBo: 12500000 VND", None),
        ] {
            assert_eq!(label(text, &last_line(text)).map(|(_, label)| label), expected, "{text}");
        }
    }

    #[test]
    fn a_table_names_its_cells() {
        for (text, expected) in [
            ("x\nname,phone,order\nAnn,0612345678,4503\nBo,07,45", Some(["name", "phone", "order"])),
            ("| Name | Tel | DOB |\n|---|---|---|\n| Ann | 1 | 2 |", Some([" Name ", " Tel ", " DOB "])),
            ("name\tphone\torder\nAnn\t06\t45", Some(["name", "phone", "order"])),
            ("1,phone,order\nAnn,0612345678,4503", None),
            ("name,phone\nAnn,0612345678", None),
            ("Ann,0612345678,4503", None),
        ] {
            let line = last_line(text);
            let table = Table::around(text, &line);
            let names = table.map(|table| table.names(text, &line).map(|(_, name)| name).collect::<Vec<_>>());
            let names = names.map(|names| names.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>());
            assert_eq!(names, expected.map(|names| names.to_vec()), "{text}");
        }
    }
}
