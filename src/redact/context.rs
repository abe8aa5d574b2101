//! What surrounds a place in a lane's text: is it inside a URL, and how deep inside JSON strings.
//!
//! A poisoned prompt can have the model write an address that carries a placeholder; restored there, the value would be sent
//! to whoever owns the address as soon as the text is shown. So nothing is restored inside a URL, a Markdown link's target or
//! an image. The rules err on the side of seeing a URL where none is: a placeholder then stays.

use super::nest::Content;

/// Follows a lane's text character by character.
#[derive(Debug)]
pub(super) struct Context {
    content: Content,
    word: Word,
    markup: Markup,
}

impl Context {
    /// Begins with a lane of plain text (which may turn out to be JSON).
    pub(super) fn text() -> Self {
        Self { content: Content::default(), word: Word::default(), markup: Markup::None }
    }

    /// Begins with a lane of JSON source.
    pub(super) fn json() -> Self {
        Self { content: Content::json(), word: Word::default(), markup: Markup::None }
    }

    /// Takes the next text.
    pub(super) fn feed(&mut self, text: &str) {
        for character in text.chars() {
            let Some(character) = self.content.feed(character) else { continue };
            let in_tag = matches!(self.markup, Markup::Tag(_));
            self.markup = self.markup.after(character);
            match self.markup {
                Markup::None if in_tag => self.word = Word::default(),
                _ => self.word.feed(character),
            }
        }
    }

    /// Takes a placeholder or its value: a word without meaning of its own.
    pub(super) fn feed_placeholder(&mut self) {
        self.feed("x");
    }

    /// Whether a value may come back here.
    pub(super) fn restorable(&self) -> bool {
        !self.word.url && self.markup.restorable()
    }

    /// Takes a placeholder that stands as a string where a number stood in JSON.
    pub(super) fn feed_number(&mut self) {
        self.feed("0");
    }

    /// Whether this is JSON, outside its strings.
    pub(super) fn is_bare(&self) -> bool {
        self.content.is_bare()
    }

    /// How many JSON strings lie around this place, within the lane's own text.
    pub(super) fn depth(&self) -> usize {
        self.content.depth()
    }
}

/// The characters since the last blank. Punctuation does not end it: what a reader of the text takes into an address differs.
#[derive(Debug, Default)]
struct Word {
    /// It holds `//`, or a host name and what follows one.
    url: bool,
    /// It holds a host name: labels with dots, the last of letters, or four numbers.
    host: bool,
    before: Option<char>,
    after_dot: bool,
    letters: usize,
    numbers_with_dots: usize,
}

impl Word {
    fn feed(&mut self, character: char) {
        if character.is_whitespace() {
            *self = Self::default();
            return;
        }
        match character {
            // A browser takes `\` for `/`.
            '/' | '\\' => self.url |= self.host || matches!(self.before, Some('/' | '\\')),
            '?' | '#' => self.url |= self.host,
            '.' => {
                self.numbers_with_dots += usize::from(self.before.is_some_and(|before| before.is_ascii_digit()));
                self.after_dot = true;
                self.letters = 0;
            }
            letter if letter.is_alphabetic() => {
                self.letters += 1;
                self.host |= self.after_dot && self.letters >= 2;
            }
            digit if digit.is_ascii_digit() => self.host |= self.numbers_with_dots >= 3,
            _ => self.after_dot = false,
        }
        self.before = Some(character);
    }
}

/// Where in Markdown's or HTML's own writing the text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Markup {
    /// After a `<`.
    Angle,
    /// After `!`.
    Bang,
    /// After the `]` of a link's text or an image's description.
    End,
    /// Inside an image's description, with so many square brackets open.
    Image(u32),
    None,
    /// Inside an HTML tag or an address in angle brackets, and within this quote.
    Tag(Option<char>),
    /// Inside the brackets that hold a link's address, with so many open.
    Target(u32),
    /// The same, inside angle brackets.
    TargetInAngles,
}

impl Markup {
    fn after(self, character: char) -> Self {
        match (self, character) {
            (Self::Tag(None), '>') => Self::None,
            (Self::Tag(None), '"' | '\'') => Self::Tag(Some(character)),
            (Self::Tag(Some(quote)), _) if quote == character => Self::Tag(None),
            (Self::Tag(_), _) => self,
            (Self::Angle, letter) if letter.is_alphabetic() || matches!(letter, '/' | '\\' | '!' | '?') => {
                Self::Tag(None)
            }
            (Self::TargetInAngles, '>') => Self::Target(1),
            (Self::TargetInAngles, _) => self,
            (Self::Target(_), '<') => Self::TargetInAngles,
            (Self::Target(open), '(') => Self::Target(open.saturating_add(1)),
            (Self::Target(0 | 1), ')') => Self::None,
            (Self::Target(open), ')') => Self::Target(open - 1),
            (Self::Target(_), _) => self,
            (Self::Image(open), '[') => Self::Image(open.saturating_add(1)),
            (Self::Image(0 | 1), ']') => Self::End,
            (Self::Image(open), ']') => Self::Image(open - 1),
            (Self::Image(_), _) => self,
            (Self::Bang, '[') => Self::Image(1),
            (Self::End, '(') => Self::Target(1),
            (_, '!') => Self::Bang,
            (_, '<') => Self::Angle,
            (_, ']') => Self::End,
            _ => Self::None,
        }
    }

    fn restorable(self) -> bool {
        matches!(self, Self::Angle | Self::Bang | Self::End | Self::None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_restored_inside_an_address() {
        let check = |text: &str, restorable: bool| {
            let mut context = Context::text();
            context.feed(text);
            assert_eq!(context.restorable(), restorable, "{text}");
        };
        for text in [
            "https://x.org/?q=",
            "see https://",
            "(https://x.org/a)",
            "ftp://u:",
            "x.org/",
            "www.x.org/?q=",
            "x.org:8080/?q=",
            "1.2.3.4/?q=",
            "https:\\\\x.org\\",
            "data://",
            "https://x.org/(a)?",
            "https://x.org/?q=，",
            "https://x.org/?q=\"",
            "https://x.org/?q=`",
            "https://x.org/?q=<",
            "<img src=//x.org/",
            "<img src=\"https://x.org/?q=a ",
            "<img alt='>' src=\"x?q=a\n",
            "<a href=\"//x.org/?",
            "<meta content=\"0;url=https://x.org/?q= ",
            "[r]: <https://x.org/?q= ",
            "![",
            "![a b ",
            "![a[b] ",
            "![a](",
            "![a](x",
            "![a](<https://x.org/?x=) ",
            "[a](/x?",
            "[a](x.org \"",
            "[a](x(b) ",
        ] {
            check(text, false);
        }
        for text in [
            "",
            "call ",
            "and/or ",
            "https://x.org/ or ",
            "see <https://x.org/> or ",
            "<b>",
            "<a href='https://x.org'>",
            "a < b and ",
            "<3 ",
            "<",
            "tel.:",
            "Mr.Smith:",
            "24.12.2026/",
            "[a](x) ",
            "wow! ",
            "wow! [",
            "![a](x) ",
            "![a](x(b)c) ",
            "访问 https://x.cn/， ",
            "a: [",
            "**",
            "No./",
            "wow!",
        ] {
            check(text, true);
        }
    }

    #[test]
    fn depth_counts_the_json_strings_around() {
        let check = |mut context: Context, text: &str, depth: usize| {
            context.feed(text);
            assert_eq!(context.depth(), depth, "{text}");
        };
        check(Context::json(), r#"{"a": "#, 0);
        check(Context::json(), r#"{"a": ""#, 1);
        check(Context::json(), r#"{"a": "he said \"x"#, 1);
        check(Context::json(), r#"{"a": "{\"b\": \""#, 2);
        check(Context::json(), r#"{"a": "[\"b\", \"{\\\"c\\\": \\\""#, 3);
        check(Context::json(), r#"{"a": "{\"b\": \"x\"}", "c": ""#, 1);
        check(Context::json(), r#"{"a": "\u007b\u0022b\u0022: \u0022"#, 2);
        check(Context::text(), r#"she said "x"#, 0);
        check(Context::text(), r#"{"a": "x"#, 1);
        check(Context::text(), r#"[{"a": "x"#, 1);
        check(Context::text(), r#"[note] "x"#, 0);
    }

    #[test]
    fn an_address_is_seen_through_json_escapes() {
        let mut context = Context::json();
        context.feed(r#"{"a":"https:\/\/x.org\/"#);
        assert!(!context.restorable());
        context.feed(r#"\n"#);
        assert!(context.restorable());
        context.feed(r#"https://x.org","b":""#);
        assert!(context.restorable(), "a string's end ends an address");
    }
}
