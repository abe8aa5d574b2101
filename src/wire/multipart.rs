//! The parts of a `multipart` body (RFC 2046, section 5.1): where each one's head and content stand.
//!
//! Stricter than most readers, because what no reader reads would leave unseen: nothing stands before the first boundary or
//! behind the last, a head is UTF-8 without folded lines.

use std::ops::Range;

use memchr::memmem;

/// A multipart body whose places are known.
#[derive(Debug, PartialEq, Eq)]
pub struct Multipart<'a> {
    /// The parts in order.
    pub parts: Vec<Part<'a>>,
    /// Where the boundary stands: before each part and behind the last.
    pub boundaries: Vec<Range<usize>>,
}

/// One part.
#[derive(Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// The lines of its head.
    pub headers: Vec<Header<'a>>,
    /// Where its content stands.
    pub content: Range<usize>,
}

/// A line of a part's head.
#[derive(Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// Its name, as it is written.
    pub name: &'a str,
    /// Its value, without the blanks around it.
    pub value: &'a str,
    /// Where the value stands.
    pub span: Range<usize>,
}

/// Why a body is not read as multipart. Nothing of the body itself is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MultipartError {
    /// The boundary cannot be one.
    #[error("its boundary is missing, or no boundary of RFC 2046")]
    Boundary,
    /// A part's head cannot be read.
    #[error("the head of part {part} cannot be read")]
    Head {
        /// Which part, from 1.
        part: usize,
    },
    /// Something stands before the first boundary or behind the last.
    #[error("something stands outside its parts")]
    Outside,
    /// There are too many parts.
    #[error("it has more than {MOST_PARTS} parts")]
    TooMany,
    /// The last boundary is missing.
    #[error("it ends before its last boundary")]
    Unended,
}

/// How many parts are read.
pub const MOST_PARTS: usize = 1000;

/// How many lines a part's head has, and how many bytes, at most.
const LONGEST_HEAD: (usize, usize) = (32, 16 << 10);

impl<'a> Multipart<'a> {
    /// Reads `body`, whose parts are divided by `boundary`.
    pub fn parse(body: &'a [u8], boundary: &str) -> Result<Self, MultipartError> {
        if !is_boundary(boundary) {
            return Err(MultipartError::Boundary);
        }
        let line = format!("--{boundary}");
        let start = if body.starts_with(b"\r\n") { 2 } else { 0 };
        if !body[start..].starts_with(line.as_bytes()) {
            return Err(if body.is_empty() { MultipartError::Unended } else { MultipartError::Outside });
        }
        let between = format!("\r\n{line}");
        let finder = memmem::Finder::new(&between);
        let mut multipart = Self { parts: Vec::new(), boundaries: Vec::new() };
        let mut at = start + 2;
        loop {
            let end = at + boundary.len();
            multipart.boundaries.push(at..end);
            let begin = match Divider::at(&body[end..]) {
                Divider::Between(length) => end + length,
                Divider::Last(length) if body[end + length..].trim_ascii().is_empty() => return Ok(multipart),
                Divider::Last(_) | Divider::None => return Err(MultipartError::Outside),
            };
            if multipart.parts.len() == MOST_PARTS {
                return Err(MultipartError::TooMany);
            }
            let number = multipart.parts.len() + 1;
            let (headers, content) = head(body, begin).ok_or(MultipartError::Head { part: number })?;
            // The line end before a boundary belongs to it, also where a part without content has no other.
            let from = content - 2;
            let next = finder
                .find_iter(&body[from..])
                .map(|at| from + at)
                .find(|at| !matches!(Divider::at(&body[at + between.len()..]), Divider::None));
            let next = next.ok_or(MultipartError::Unended)?;
            multipart.parts.push(Part { headers, content: content..next.max(content) });
            at = next + between.len() - boundary.len();
        }
    }
}

impl Part<'_> {
    /// The value of the header `name`, which is written in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value)
    }
}

/// What follows a boundary's text, up to the end of its line.
enum Divider {
    Between(usize),
    Last(usize),
    /// The text goes on: this was no boundary.
    None,
}

impl Divider {
    fn at(rest: &[u8]) -> Self {
        let blanks = |bytes: &[u8]| bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let (rest, dashes) = rest.strip_prefix(b"--").map_or((rest, 0), |rest| (rest, 2));
        let length = blanks(rest);
        match (&rest[length..], dashes) {
            ([b'\r', b'\n', ..], 0) => Self::Between(length + 2),
            ([] | [b'\r', b'\n', ..], 2) => Self::Last(dashes + length),
            _ => Self::None,
        }
    }
}

/// Whether RFC 2046 lets `boundary` be one.
fn is_boundary(boundary: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    (1..=70).contains(&boundary.len()) && boundary.bytes().all(is_allowed) && !boundary.ends_with(' ')
}

/// The lines of the head that begins at `at`, and where the content begins.
fn head(body: &[u8], mut at: usize) -> Option<(Vec<Header<'_>>, usize)> {
    let (most_lines, most_bytes) = LONGEST_HEAD;
    let last = at + most_bytes;
    let mut headers = Vec::new();
    loop {
        let length = memmem::find(&body[at..body.len().min(last)], b"\r\n")?;
        let line = std::str::from_utf8(&body[at..at + length]).ok()?;
        if line.is_empty() {
            return Some((headers, at + 2));
        }
        if headers.len() == most_lines || line.contains(['\r', '\n', '\0']) {
            return None;
        }
        let (name, value) = line.split_once(':')?;
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_token) {
            return None;
        }
        let start = at + line.len() - value.trim_ascii_start().len();
        let value = value.trim_ascii();
        headers.push(Header { name, value, span: start..start + value.len() });
        at += length + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each part as `name=value|content`.
    fn check(body: &str, expected: Result<&[&str], MultipartError>) {
        let read = Multipart::parse(body.as_bytes(), "b");
        let told = read.map(|multipart| {
            for span in &multipart.boundaries {
                assert_eq!(&body[span.clone()], "b", "{body:?}");
            }
            assert_eq!(multipart.boundaries.len(), multipart.parts.len() + 1);
            let part = |part: &Part| {
                let headers =
                    part.headers.iter().inspect(|header| assert_eq!(&body[header.span.clone()], header.value));
                let headers: Vec<String> = headers.map(|header| format!("{}={}", header.name, header.value)).collect();
                format!("{}|{}", headers.join(","), &body[part.content.clone()])
            };
            multipart.parts.iter().map(part).collect::<Vec<_>>()
        });
        assert_eq!(told, expected.map(|parts| parts.iter().map(|part| (*part).to_owned()).collect()), "{body:?}");
    }

    #[test]
    fn parts_are_found() {
        check("--b\r\nA: x\r\n\r\none\r\n--b\r\nA:y \r\nB: z\r\n\r\n\r\n--b--\r\n", Ok(&["A=x|one", "A=y,B=z|"]));
        check("--b\r\nA: x\r\n\r\n\r\none\r\n\r\n--b--", Ok(&["A=x|\r\none\r\n"]));
        check("--b\r\n\r\n--bb\r\n --b\r\n--b-\r\n--b--\r\n\r\n", Ok(&["|--bb\r\n --b\r\n--b-"]));
        check("\r\n--b \r\nA: x\r\n\r\none\r\n--b-- \r\n", Ok(&["A=x|one"]));
        check("--b--\r\n", Ok(&[]));
        check("--b\r\nA: x\r\n\r\n\r\n--b--", Ok(&["A=x|"]));
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        use MultipartError::{Head, Outside, Unended};
        check("", Err(Unended));
        check("--b", Err(Outside));
        check("hello\r\n--b\r\n\r\n\r\n--b--", Err(Outside));
        check("--b\r\n\r\n\r\n--b--\r\nbye", Err(Outside));
        check("--b\r\n\r\none", Err(Unended));
        check("--b\r\n\r\none\r\n--b\r\n", Err(Head { part: 2 }));
        check("--b\n\none\n--b--", Err(Outside));
        check("--b\r\nA: x\r\n folded\r\n\r\n\r\n--b--", Err(Head { part: 1 }));
        check("--b\r\nA x\r\n\r\n\r\n--b--", Err(Head { part: 1 }));
        check("--b\r\nA: x\ny\r\n\r\n\r\n--b--", Err(Head { part: 1 }));
        for boundary in ["", "a b ", "é", "a\"", &"x".repeat(71)] {
            assert_eq!(Multipart::parse(b"--b--", boundary), Err(MultipartError::Boundary), "{boundary}");
        }
        let many = "--b\r\n\r\n\r\n".repeat(MOST_PARTS + 1) + "--b--";
        assert_eq!(Multipart::parse(many.as_bytes(), "b"), Err(MultipartError::TooMany));
    }
}
