//! Names that stand on an earlier line: a label alone above its value, the head of a table above its columns.
//!
//! A form that is pasted into a chat comes like that. But a sentence of a chat may look the same, so these names only say what
//! a value is, never what it is not; and only lines without a digit are labels and heads.

use std::ops::Range;

/// How long a label may be, and a cell of a head.
const LONGEST: usize = 64;

/// How long the time and name before what somebody says are.
const LONGEST_HEAD: usize = 64;

/// What an answer begins with before it says what was asked.
const ASSENTS: &str = "\
    yes yeah yep sure ok okay it's its si sí claro sim é oui ja jo tak da да Да так Так evet ya iya نعم כן हाँ haan vâng";

/// What transcripts call the one who is asked: the lines of a form have names, too.
const CUSTOMERS: &str = "\
    customer cust client user caller guest patient visitor human a cliente usuario usuário utente klant kunde \
    kundin kund bürger klient klientka müşteri клиент Клиент клієнт Клієнт العميل לקוח 고객 客户 客戶 顾客 お客様 ग्राहक pelanggan khách \
    ลูกค้า mteja asiakas πελάτης Πελάτης zákazník ügyfél Ügyfél";

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
    let whole = text[line.clone()].trim_end();
    let (answers, value) = said(whole);
    let value = without_assent(value);
    let first = value.split(' ').next()?;
    if !first.contains(|c: char| c.is_ascii_digit()) || first.contains(|c: char| c.is_ascii_lowercase()) {
        return None;
    }
    let mut label = above(text, line.start)?;
    if text[label.clone()].trim().is_empty() {
        label = above(text, label.start)?;
    }
    let (asks, label) = said(text[label].trim_end());
    let is_talk = answers.is_some() && asks.is_some();
    let is_request = label.ends_with(['.', '。']) || answers.is_some_and(|name| is_of(CUSTOMERS, name));
    let is_question = label.ends_with(['?', '？', '؟']) || is_talk && is_request;
    let fits = match is_question {
        true => !value.split_whitespace().any(|word| word.chars().all(char::is_alphabetic)),
        false => answers.is_none() && !label.ends_with(['.', '!', ',']),
    };
    (fits && names(label) && !label.is_empty()).then_some((line.start + whole.len() - value.len(), label))
}

/// What is said on a line of talk such as `[12/03/26, 14:02:11] Ann: 555`, and who is named as saying it.
fn said(line: &str) -> (Option<&str>, &str) {
    let line = line.trim_start();
    let head = &line[..line.floor_char_boundary(LONGEST_HEAD)];
    // Most lines have no colon, and no sign of full width.
    if memchr::memchr2(b':', "：".as_bytes()[0], head.as_bytes()).is_none() {
        return (None, line);
    }
    let name = without_time(head);
    let from = head.len() - name.len();
    let parted = line[from..from + name.len()].find([':', '：']).filter(|end| is_name(&name[..*end]));
    let words = parted.map(|end| (&name[..end], line[from + end..].trim_start_matches([':', '：']).trim_start()));
    words.filter(|(_, words)| !words.is_empty()).map_or((None, line), |(name, words)| (Some(name), words))
}

/// What stands behind the yes that many an answer begins with: `sure, 4111`.
fn without_assent(answer: &str) -> &str {
    let is_assent = |word: &&str| is_of(ASSENTS, word.trim_end_matches([',', '.', ':', '!']));
    let word = answer.split(' ').next().filter(is_assent);
    word.map_or(answer, |word| answer[word.len()..].trim_start())
}

fn is_of(words: &str, word: &str) -> bool {
    words.split(' ').any(|known| known.eq_ignore_ascii_case(word.trim()))
}

fn is_name(name: &str) -> bool {
    name.chars().all(|c| c.is_alphabetic() || c == ' ')
}

/// What stands behind the time that a chat prints before a message: `[12/03/26, 14:02:11] Ann`, `2:02 PM - Ann`.
fn without_time(head: &str) -> &str {
    let of_time = |c: char| c.is_ascii_digit() || "[]()/.,:- ~".contains(c);
    let rest = head.trim_start_matches(of_time);
    let rest = ["AM", "PM", "am", "pm"].iter().find_map(|half| rest.strip_prefix(half)).unwrap_or(rest);
    let rest = rest.trim_start_matches(of_time);
    let is_time = |part: &[u8]| part[1] == b':' && [part[0], part[2]].iter().all(u8::is_ascii_digit);
    if head.as_bytes()[..head.len() - rest.len()].windows(3).any(is_time) { rest } else { head }
}

/// Whether `words` may be what something is called.
fn names(words: &str) -> bool {
    let says = |byte: &u8| byte.is_ascii_alphabetic() || !byte.is_ascii();
    let other = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'@' | b'[' | b'=');
    let words = words.trim().as_bytes();
    words.len() <= LONGEST && !words.iter().any(|byte| other(*byte)) && (words.is_empty() || words.iter().any(says))
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
