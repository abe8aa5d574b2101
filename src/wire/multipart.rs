//! A `multipart` body (RFC 2046, section 5.1) as it comes: its boundaries, the heads of its parts, their contents in pieces.
//!
//! Stricter than most readers, because what no reader reads would leave unseen: nothing stands before the first boundary or
//! behind the last, a head is UTF-8 without folded lines or a header that stands twice. All bytes are given, in order; what is
//! kept back is no longer than a boundary or a head may be.

use std::ops::Range;

use memchr::memmem;

/// Cuts one body.
pub struct Splitter {
    /// What stands between two parts, up to the boundary's end: a line end, two dashes, the boundary.
    between: Vec<u8>,
    buffer: Vec<u8>,
    /// How much of the buffer was given.
    given: usize,
    state: State,
    /// How many parts began.
    parts: usize,
    is_ended: bool,
}

/// The next bytes of a body.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'b> {
    /// A boundary: what stands before it and behind it, up to the ends of the lines.
    Boundary(&'b [u8], &'b [u8]),
    /// Some of a part's content.
    Content(&'b [u8]),
    /// A part's head, with the empty line at its end.
    Head(Head<'b>),
    /// What stands behind the last boundary: blanks.
    Rest(&'b [u8]),
}

/// The head of a part.
#[derive(Debug, PartialEq, Eq)]
pub struct Head<'b> {
    /// All of it.
    pub source: &'b [u8],
    /// Its lines.
    pub headers: Vec<Header<'b>>,
}

/// A line of a part's head.
#[derive(Debug, PartialEq, Eq)]
pub struct Header<'b> {
    /// Its name, as it is written.
    pub name: &'b str,
    /// Its value, without the blanks around it.
    pub value: &'b str,
    /// Where the value stands in the head.
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

/// How many lines a part's head has, and how many bytes, at most; a boundary's line is no longer either.
const LONGEST_HEAD: (usize, usize) = (32, 16 << 10);

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The first boundary.
    Begin,
    /// More of a content that began, or the boundary behind it.
    Content,
    /// A content, or the boundary behind none.
    Empty,
    Head,
    Rest,
}

impl Splitter {
    /// Begins a body whose parts are divided by `boundary`.
    pub fn new(boundary: &str) -> Result<Self, MultipartError> {
        if !is_boundary(boundary) {
            return Err(MultipartError::Boundary);
        }
        let between = format!("\r\n--{boundary}").into_bytes();
        Ok(Self { between, buffer: Vec::new(), given: 0, state: State::Begin, parts: 0, is_ended: false })
    }

    /// Takes the body's next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.given);
        self.given = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// No more bytes come.
    pub fn end(&mut self) {
        self.is_ended = true;
    }

    /// How many bytes it keeps.
    pub fn weight(&self) -> usize {
        self.buffer.capacity()
    }

    /// The next piece; `None` where it takes more bytes to tell, or at the end.
    pub fn next_piece(&mut self) -> Result<Option<Piece<'_>>, MultipartError> {
        match self.state {
            State::Begin => self.boundary(if self.rest().starts_with(b"\r") { 0 } else { 2 }),
            State::Content => self.content(),
            // The line end before a boundary belongs to it, also where a part without content has no other.
            State::Empty if self.may_begin(2) => match self.divider(2)? {
                Divider::None => self.content(),
                _ => self.boundary(2),
            },
            State::Empty => self.content(),
            State::Head => self.head(),
            State::Rest if self.rest().trim_ascii().is_empty() => {
                let rest = self.give(self.rest().len());
                Ok(Some(Piece::Rest(rest)).filter(|_| !rest.is_empty()))
            }
            State::Rest => Err(MultipartError::Outside),
        }
    }

    fn rest(&self) -> &[u8] {
        &self.buffer[self.given..]
    }

    fn give(&mut self, length: usize) -> &[u8] {
        self.given += length;
        &self.buffer[self.given - length..self.given]
    }

    /// Whether what is left begins like what stands between parts, of which `skipped` bytes are not there.
    fn may_begin(&self, skipped: usize) -> bool {
        let between = &self.between[skipped..];
        let length = between.len().min(self.rest().len());
        self.rest()[..length] == between[..length]
    }

    /// What follows the text of a boundary that what is left may begin with.
    fn divider(&self, skipped: usize) -> Result<Divider, MultipartError> {
        let length = self.between.len() - skipped;
        match self.rest().get(length..).map(|rest| Divider::at(rest, self.is_ended)) {
            None if self.is_ended => Ok(Divider::None),
            None => Ok(Divider::Open),
            Some(Divider::Open) if self.rest().len() > LONGEST_HEAD.1 => Err(MultipartError::Outside),
            Some(divider) => Ok(divider),
        }
    }

    /// The boundary that has to stand here.
    fn boundary(&mut self, skipped: usize) -> Result<Option<Piece<'_>>, MultipartError> {
        let divider = if self.may_begin(skipped) { self.divider(skipped)? } else { Divider::None };
        let (after, state) = match divider {
            Divider::Between(after) => (after, State::Head),
            Divider::Last(after) => (after, State::Rest),
            Divider::Open => return Ok(None),
            Divider::None if self.buffer.is_empty() => return Err(MultipartError::Unended),
            Divider::None => return Err(MultipartError::Outside),
        };
        self.state = state;
        let length = self.between.len() - skipped;
        let line = self.give(length + after);
        Ok(Some(Piece::Boundary(&line[..4 - skipped], &line[length..])))
    }

    fn head(&mut self) -> Result<Option<Piece<'_>>, MultipartError> {
        if self.parts == MOST_PARTS {
            return Err(MultipartError::TooMany);
        }
        let part = self.parts + 1;
        let rest = self.rest();
        let within = &rest[..rest.len().min(LONGEST_HEAD.1)];
        let length =
            if within.starts_with(b"\r\n") { Some(2) } else { memmem::find(within, b"\r\n\r\n").map(|at| at + 4) };
        let Some(length) = length else {
            let is_open = !self.is_ended && rest.len() < LONGEST_HEAD.1;
            return if is_open { Ok(None) } else { Err(MultipartError::Head { part }) };
        };
        (self.parts, self.state) = (part, State::Empty);
        let source = self.give(length);
        let headers = headers(source).ok_or(MultipartError::Head { part })?;
        Ok(Some(Piece::Head(Head { source, headers })))
    }

    /// Content up to a boundary, or the boundary.
    fn content(&mut self) -> Result<Option<Piece<'_>>, MultipartError> {
        let rest = self.rest();
        let mut end = rest.len().saturating_sub(self.between.len() - 1);
        for at in memmem::find_iter(rest, &self.between) {
            match Divider::at(&rest[at + self.between.len()..], self.is_ended) {
                Divider::None => {}
                _ if at == 0 => return self.boundary(0),
                _ => {
                    end = at;
                    break;
                }
            }
        }
        if end > 0 {
            self.state = State::Content;
            return Ok(Some(Piece::Content(self.give(end))));
        }
        if self.is_ended { Err(MultipartError::Unended) } else { Ok(None) }
    }
}

impl Head<'_> {
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
    /// What follows has to come first.
    Open,
}

impl Divider {
    fn at(rest: &[u8], is_ended: bool) -> Self {
        let blanks = |bytes: &[u8]| bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let (line, dashes) = rest.strip_prefix(b"--").map_or((rest, 0), |line| (line, 2));
        let length = blanks(line);
        match (&line[length..], dashes) {
            ([b'\r', b'\n', ..], 0) => Self::Between(length + 2),
            ([] | [b'\r'], _) | ([b'-'], 0) if !is_ended => Self::Open,
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

/// The lines of a head.
fn headers(head: &[u8]) -> Option<Vec<Header<'_>>> {
    let mut headers = Vec::new();
    let mut at = 0;
    for line in std::str::from_utf8(head).ok()?.split("\r\n").take_while(|line| !line.is_empty()) {
        if headers.len() == LONGEST_HEAD.0 || line.contains(['\r', '\n', '\0']) {
            return None;
        }
        let (name, value) = line.split_once(':')?;
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let is_known = headers.iter().any(|header: &Header| header.name.eq_ignore_ascii_case(name));
        if name.is_empty() || is_known || !name.bytes().all(is_token) {
            return None;
        }
        let start = at + line.len() - value.trim_ascii_start().len();
        let value = value.trim_ascii();
        headers.push(Header { name, value, span: start..start + value.len() });
        at += line.len() + 2;
    }
    Some(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each part as `name=value|content`, in whatever pieces the body comes.
    fn check(body: &str, expected: Result<&[&str], MultipartError>) {
        let expected = expected.map(|parts| parts.iter().map(|part| (*part).to_owned()).collect());
        for length in [1, 2, 3, 7, body.len().max(1)] {
            assert_eq!(split(body, length), expected, "{body:?} by {length}");
        }
    }

    fn split(body: &str, length: usize) -> Result<Vec<String>, MultipartError> {
        let mut splitter = Splitter::new("b")?;
        let (mut parts, mut given) = (Vec::new(), String::new());
        for piece in body.as_bytes().chunks(length).map(Some).chain([None]) {
            match piece {
                Some(piece) => splitter.push(piece),
                None => splitter.end(),
            }
            while let Some(piece) = splitter.next_piece()? {
                take(&piece, &mut parts, &mut given);
            }
        }
        assert_eq!(given, body);
        Ok(parts)
    }

    fn take(piece: &Piece, parts: &mut Vec<String>, given: &mut String) {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        match piece {
            Piece::Boundary(before, after) => *given += &(text(before) + "b" + &text(after)),
            Piece::Content(content) => {
                *given += &text(content);
                *parts.last_mut().unwrap() += &text(content);
            }
            Piece::Head(head) => {
                let source = text(head.source);
                head.headers.iter().for_each(|header| assert_eq!(&source[header.span.clone()], header.value));
                let headers = head.headers.iter().map(|header| format!("{}={}", header.name, header.value));
                parts.push(headers.collect::<Vec<_>>().join(",") + "|");
                *given += &source;
            }
            Piece::Rest(rest) => *given += &text(rest),
        }
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
        check("--b\r\nA: x\r\na: y\r\n\r\n\r\n--b--", Err(Head { part: 1 }));
        for boundary in ["", "a b ", "é", "a\"", &"x".repeat(71)] {
            assert_eq!(Splitter::new(boundary).err(), Some(MultipartError::Boundary), "{boundary}");
        }
        let many = "--b\r\n\r\n\r\n".repeat(MOST_PARTS + 1) + "--b--";
        assert_eq!(split(&many, many.len()), Err(MultipartError::TooMany));
        let open = format!("--b\r\n\r\n\r\n--b{}", " ".repeat(LONGEST_HEAD.1));
        assert_eq!(split(&open, 100), Err(Outside), "nobody waits for the end of such a line");
    }
}
