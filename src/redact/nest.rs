//! JSON inside strings inside JSON, followed as it arrives: what does the innermost text say, and how deep does it lie?

/// How many JSON texts inside each other's strings are followed.
const DEEPEST: usize = 8;

/// The inside of a string, or a lane: plain text or again JSON.
#[derive(Debug)]
pub(super) struct Content {
    nest: Nest,
    depth_left: usize,
}

#[derive(Debug)]
enum Nest {
    /// After a `[` at the beginning: JSON or the model's own words.
    Bracket,
    Json(Box<Source>),
    Plain,
    /// Nothing but blanks so far.
    Unknown,
}

impl Default for Content {
    fn default() -> Self {
        Self { nest: Nest::Unknown, depth_left: DEEPEST }
    }
}

impl Content {
    /// A lane of JSON source.
    pub(super) fn json() -> Self {
        Self { nest: Nest::Json(Box::default()), depth_left: DEEPEST }
    }

    /// Takes a character; gives it back as the reader of the innermost text sees it, if it says something there.
    pub(super) fn feed(&mut self, character: char) -> Option<char> {
        match &mut self.nest {
            Nest::Json(source) => return source.feed(character, self.depth_left),
            Nest::Plain => return Some(character),
            Nest::Bracket | Nest::Unknown if character.is_whitespace() => return Some(character),
            Nest::Bracket if matches!(character, '{' | '[' | ']' | '"' | '0'..='9') => self.begin_json(character),
            Nest::Unknown if character == '{' => self.begin_json(character),
            Nest::Unknown if character == '[' => self.nest = Nest::Bracket,
            Nest::Bracket | Nest::Unknown => self.nest = Nest::Plain,
        }
        Some(character)
    }

    fn begin_json(&mut self, first: char) {
        let mut source = Box::<Source>::default();
        if self.depth_left > 0 {
            source.feed(first, self.depth_left);
            self.nest = Nest::Json(source);
        } else {
            self.nest = Nest::Plain;
        }
    }

    /// Whether JSON is read here, and no string of it is open.
    pub(super) fn is_bare(&self) -> bool {
        match &self.nest {
            Nest::Json(source) => source.string.as_ref().is_none_or(Self::is_bare),
            Nest::Bracket => true,
            Nest::Plain | Nest::Unknown => false,
        }
    }

    /// How many JSON strings lie around this place.
    pub(super) fn depth(&self) -> usize {
        match &self.nest {
            Nest::Json(source) => source.string.as_ref().map_or(0, |content| 1 + content.depth()),
            _ => 0,
        }
    }
}

/// What the reader of a text sees where a JSON string around it begins or ends: no address goes on there.
const BORDER: char = ' ';

/// JSON source, read for its strings only.
#[derive(Debug, Default)]
struct Source {
    /// The string that is open here.
    string: Option<Content>,
    escape: Escape,
}

#[derive(Clone, Copy, Debug, Default)]
enum Escape {
    #[default]
    None,
    /// After a backslash.
    Begun,
    /// Inside `\uXXXX`.
    Unicode { digits: u8, code: u32 },
}

impl Source {
    fn feed(&mut self, character: char, depth_left: usize) -> Option<char> {
        let Some(content) = &mut self.string else {
            if character == '"' {
                self.string = Some(Content { nest: Nest::Unknown, depth_left: depth_left.saturating_sub(1) });
                return Some(BORDER);
            }
            return Some(character);
        };
        let said = match (self.escape, character) {
            (Escape::None, '"') => {
                self.string = None;
                return Some(BORDER);
            }
            (Escape::None, '\\') => {
                self.escape = Escape::Begun;
                return None;
            }
            (Escape::None, other) => other,
            (Escape::Begun, 'u') => {
                self.escape = Escape::Unicode { digits: 0, code: 0 };
                return None;
            }
            (Escape::Begun, 'n' | 'r' | 't') => ' ',
            (Escape::Begun, other) => other,
            (Escape::Unicode { digits, code }, digit) => {
                let code = code << 4 | digit.to_digit(16).unwrap_or(0);
                if digits < 3 {
                    self.escape = Escape::Unicode { digits: digits + 1, code };
                    return None;
                }
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
        };
        self.escape = Escape::None;
        content.feed(said)
    }
}
