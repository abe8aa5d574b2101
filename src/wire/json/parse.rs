//! The grammar of RFC 8259, read once from left to right without recursion.

use super::{JsonError, Kind, Node};

/// The nodes of `source` in order of their beginning, `most` at most; each container is followed by what is in it.
pub(super) fn nodes(source: &str, depth: usize, most: usize) -> Result<Vec<Node>, JsonError> {
    let bytes = source.as_bytes();
    let start = if source.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    // In a short frame of an answer a value takes some nine bytes, in a long history many more.
    const FEW: usize = 64;
    let nodes = Vec::with_capacity((bytes.len() / 8).min(FEW).max(bytes.len() / 32));
    let mut parser = Parser { bytes, at: start, depth, most, open: Vec::with_capacity(8), nodes };
    parser.run()?;
    Ok(parser.nodes)
}

struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    most: usize,
    /// The containers that are not closed yet.
    open: Vec<usize>,
    nodes: Vec<Node>,
}

impl Parser<'_> {
    fn run(&mut self) -> Result<(), JsonError> {
        self.skip_space();
        loop {
            let opened = self.value()?;
            if self.nodes.len() > self.most {
                return Err(JsonError::TooMany { limit: self.most });
            }
            if !opened && self.close_and_separate()? {
                break;
            }
        }
        if self.at < self.bytes.len() { Err(self.expected("the end of the text")) } else { Ok(()) }
    }

    /// Reads a value, or the opening of a container that has something in it (then `true`).
    fn value(&mut self) -> Result<bool, JsonError> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{') => return self.open(Kind::Object, b'}'),
            Some(b'[') => return self.open(Kind::Array, b']'),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal(b"true"),
            Some(b'f') => self.literal(b"false"),
            Some(b'n') => self.literal(b"null"),
            _ => Err(self.expected("a value")),
        }?;
        Ok(false)
    }

    fn open(&mut self, kind: Kind, closing: u8) -> Result<bool, JsonError> {
        if self.open.len() == self.depth {
            return Err(JsonError::TooDeep { limit: self.depth, at: self.at });
        }
        self.open.push(self.nodes.len());
        self.push(kind, self.at);
        self.at += 1;
        self.skip_space();
        if self.peek() == Some(closing) {
            self.close();
            return Ok(false);
        }
        if kind == Kind::Object {
            self.key()?;
        }
        Ok(true)
    }

    /// Goes on after a value: closes what ends here, passes the comma before the next value. `true` at the end of the text.
    fn close_and_separate(&mut self) -> Result<bool, JsonError> {
        loop {
            self.skip_space();
            let Some(&container) = self.open.last() else { return Ok(true) };
            let object = self.nodes[container].kind == Kind::Object;
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.skip_space();
                    if object {
                        self.key()?;
                    }
                    return Ok(false);
                }
                Some(b'}') if object => self.close(),
                Some(b']') if !object => self.close(),
                _ => return Err(self.expected(if object { "`,` or `}`" } else { "`,` or `]`" })),
            }
        }
    }

    fn close(&mut self) {
        self.at += 1;
        let next = self.nodes.len() as u32;
        if let Some(container) = self.open.pop() {
            self.nodes[container].end = self.at as u32;
            self.nodes[container].next = next;
        }
    }

    fn key(&mut self) -> Result<(), JsonError> {
        if self.peek() != Some(b'"') {
            return Err(self.expected("a key"));
        }
        self.string()?;
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(self.expected("`:`"));
        }
        self.at += 1;
        self.skip_space();
        Ok(())
    }

    fn string(&mut self) -> Result<(), JsonError> {
        let (start, mut escaped) = (self.at, false);
        self.at += 1;
        loop {
            self.at += plain_prefix(&self.bytes[self.at..]);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(_) => return Err(self.expected("an escape in place of a control character")),
                None => return Err(self.expected("the end of a string")),
            }
        }
        self.at += 1;
        let next = self.nodes.len() as u32 + 1;
        self.nodes.push(Node { kind: Kind::String, escaped, start: start as u32, end: self.at as u32, next });
        Ok(())
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        let length = match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') if self.hex_digits(self.at + 2) => 6,
            _ => return Err(self.expected("a valid escape")),
        };
        self.at += length;
        Ok(())
    }

    fn hex_digits(&self, at: usize) -> bool {
        self.bytes.get(at..at + 4).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    }

    fn number(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        self.pass(b'-');
        if !self.pass(b'0') {
            self.digits()?;
        }
        if self.pass(b'.') {
            self.digits()?;
        }
        if self.pass(b'e') || self.pass(b'E') {
            let _sign = self.pass(b'+') || self.pass(b'-');
            self.digits()?;
        }
        self.push(Kind::Number, start);
        Ok(())
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let count = self.bytes[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return Err(self.expected("a digit"));
        }
        self.at += count;
        Ok(())
    }

    fn literal(&mut self, word: &[u8]) -> Result<(), JsonError> {
        let start = self.at;
        if !self.bytes[start..].starts_with(word) {
            return Err(self.expected("a value"));
        }
        self.at += word.len();
        self.push(Kind::Literal, start);
        Ok(())
    }

    fn push(&mut self, kind: Kind, start: usize) {
        let next = self.nodes.len() as u32 + 1;
        self.nodes.push(Node { kind, escaped: false, start: start as u32, end: self.at as u32, next });
    }

    fn pass(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn expected(&self, expected: &'static str) -> JsonError {
        JsonError::Syntax { expected, at: self.at }
    }
}

/// How many bytes come before the first quote, backslash or control character, eight at a time.
fn plain_prefix(bytes: &[u8]) -> usize {
    let mut words = bytes.chunks_exact(8);
    let mut passed = 0;
    for word in &mut words {
        let special = special_bytes(u64::from_le_bytes(word.try_into().expect("a chunk of eight")));
        if special != 0 {
            return passed + special.trailing_zeros() as usize / 8;
        }
        passed += 8;
    }
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    passed + words.remainder().iter().position(special).unwrap_or(words.remainder().len())
}

/// The top bit of each byte of `word` that is a quote, a backslash or below 0x20; bits above the lowest one set may be wrong.
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = ONES * 0x80;
    let is = |byte: u8| {
        let difference = word ^ (ONES * u64::from(byte));
        difference.wrapping_sub(ONES) & !difference
    };
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (is(b'"') | is(b'\\') | control) & TOPS
}
