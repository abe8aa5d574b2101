//! Escapes of quoted text: JSON's backslashes and the character references of HTML.
//!
//! Text may quote JSON: its escapes read as the characters they stand for. A Windows path loses a letter to that: in
//! `C:\new` stands a line end. So text with escapes is also read as it is written.

/// What becomes of escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escapes {
    /// They stay as they are.
    Keep,
    /// They are read as the characters they stand for.
    Read,
}

/// The character that `text` begins with, and how many bytes spell it.
pub(super) fn spelled(text: &str) -> Option<(char, usize)> {
    let first = text.chars().next()?;
    let escaped = match first {
        '\\' => Some(json(text)),
        '&' => html(text),
        _ => None,
    };
    Some(escaped.unwrap_or((first, first.len_utf8())))
}

/// The character of an escape with backslashes.
///
/// However many backslashes begin an escape, it is one: each quoting of a quotation doubles them.
fn json(text: &str) -> (char, usize) {
    let slashes = text.bytes().take_while(|byte| *byte == b'\\').count();
    let meant = match text.as_bytes().get(slashes) {
        Some(b'"') => '"',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return by_code(text, slashes).unwrap_or(('\\', slashes)),
        Some(b'x') => return by_byte(text, slashes).unwrap_or(('\\', slashes)),
        _ => return ('\\', slashes),
    };
    (meant, slashes + 1)
}

/// The character of an escape `\xXX` with so many backslashes, as programs write it; ASCII alone.
fn by_byte(text: &str, slashes: usize) -> Option<(char, usize)> {
    let digits = text.get(slashes..)?.strip_prefix('x')?.get(..2)?;
    let byte = u8::from_str_radix(digits, 16).ok().filter(|byte| matches!(byte, b' '..=b'~'))?;
    Some((char::from(byte), slashes + "xXX".len()))
}

/// The character of an escape `\uXXXX` with so many backslashes, two escapes if they are a pair of surrogates.
fn by_code(text: &str, slashes: usize) -> Option<(char, usize)> {
    let len = slashes + "uXXXX".len();
    let unit = |escape: &str| {
        let digits = escape.get(slashes..)?.strip_prefix('u')?.get(..4)?;
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        u16::from_str_radix(digits, 16).ok().filter(|_| is_hex)
    };
    let first = unit(text)?;
    let second = text.get(len..).filter(|rest| rest.starts_with('\\')).and_then(unit);
    let mut units = char::decode_utf16([Some(first), second].into_iter().flatten());
    let c = units.next()?.unwrap_or(char::REPLACEMENT_CHARACTER);
    Some((c, if c.len_utf16() == 2 { 2 * len } else { len }))
}

/// The character of a reference such as `&#52;`, `&#x34;` or `&nbsp;`; however many `amp;` quote it, it is one.
fn html(text: &str) -> Option<(char, usize)> {
    let mut name = &text[1..];
    while let Some(rest) = name.strip_prefix("amp;") {
        name = rest;
    }
    let quoted = text.len() - name.len();
    let end = name.bytes().take(LONGEST_NAME + 1).position(|byte| byte == b';');
    let meant = end.and_then(|end| Some((referred(&name[..end])?, quoted + end + 1)));
    meant.or((quoted > 1).then_some(('&', quoted)))
}

fn referred(name: &str) -> Option<char> {
    let Some(code) = name.strip_prefix('#') else {
        return NAMES.iter().find(|(known, _)| *known == name).map(|(_, c)| *c);
    };
    let (digits, radix) = code.strip_prefix(['x', 'X']).map_or((code, 10), |hex| (hex, 16));
    let unsigned = digits.starts_with(|c: char| c.is_digit(radix));
    u32::from_str_radix(digits, radix).ok().filter(|_| unsigned).and_then(char::from_u32)
}

/// The longest name or code of a reference, with zeros before a code.
const LONGEST_NAME: usize = 10;

/// The named references of what stands in numbers and addresses (HTML Living Standard, 13.5 Named character references).
const NAMES: [(&str, char); 35] = [
    ("ast", '*'),
    ("apos", '\''),
    ("bull", '•'),
    ("colon", ':'),
    ("comma", ','),
    ("commat", '@'),
    ("dash", '‐'),
    ("emsp", ' '),
    ("ensp", ' '),
    ("equals", '='),
    ("gt", '>'),
    ("hairsp", ' '),
    ("hyphen", '‐'),
    ("lowbar", '_'),
    ("lpar", '('),
    ("lt", '<'),
    ("mdash", '—'),
    ("middot", '·'),
    ("minus", '−'),
    ("nbsp", '\u{a0}'),
    ("ndash", '–'),
    ("NewLine", '\n'),
    ("num", '#'),
    ("numsp", ' '),
    ("period", '.'),
    ("plus", '+'),
    ("quot", '"'),
    ("rpar", ')'),
    ("semi", ';'),
    ("shy", '\u{ad}'),
    ("sol", '/'),
    ("Tab", '\t'),
    ("thinsp", ' '),
    ("zwj", '\u{200d}'),
    ("zwnj", '\u{200c}'),
];
