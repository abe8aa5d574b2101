//! What a request's content type says of its body, and what the bytes of a file are.

use std::borrow::Cow;

use super::file::{self, Charset};
use crate::policy::Exemption;

/// How a request's body is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Media {
    /// One file, as this says.
    File(Declared),
    /// JSON in UTF-8.
    Json,
    /// Parts with this between them.
    Multipart {
        /// What divides the parts.
        boundary: String,
        /// What is to divide them when they leave: the same, unless that must not leave.
        instead: String,
    },
}

/// What is said of a file. Its bytes have the last word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    kind: Option<Kind>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Audio,
    Document,
    Image,
    Piece,
    Text,
}

/// What the bytes of a file say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said<'b> {
    Text(Cow<'b, str>, Charset),
    /// It cannot be read, and leaves if this is exempt.
    Unread(Exemption),
}

impl Media {
    /// How a body with this `content-type` is read; `None` where nobody here reads it. A body without one is JSON: some clients
    /// say nothing.
    pub fn of(content_type: Option<&str>) -> Option<Self> {
        let Some(value) = content_type else { return Some(Self::Json) };
        let (_, parameters) = value.split_once(';').unwrap_or((value, ""));
        let essence = essence(value);
        if matches!(&*essence, "multipart/form-data" | "multipart/mixed" | "multipart/related") {
            return parameter(parameters, "boundary")
                .map(|boundary| Self::Multipart { instead: boundary.clone(), boundary });
        }
        if parameter(parameters, "charset").is_some_and(|charset| !is_utf8(&charset)) {
            return None;
        }
        if essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json")) {
            return Some(Self::Json);
        }
        Kind::of_type(&essence).map(|kind| Self::File(Declared { kind: Some(kind) }))
    }
}

impl Declared {
    /// What a part's `content-type` and its file's name say.
    pub(super) fn of(content_type: Option<&str>, name: Option<&str>) -> Self {
        let essence = content_type.map(essence);
        let by_type = essence.as_deref().and_then(Kind::of_type).filter(|kind| *kind != Kind::Document);
        let by_name = name.and_then(|name| Kind::of_extension(name.rsplit_once('.')?.1));
        Self { kind: by_type.or(by_name) }
    }

    /// What a file's name says of it, if it is one of a kind that is known.
    pub fn of_file(name: &str) -> Option<Self> {
        let kind = Kind::of_extension(name.rsplit_once('.')?.1)?;
        Some(Self { kind: Some(kind) })
    }

    /// A piece of a file, whose text could not be read.
    pub fn piece() -> Self {
        Self { kind: Some(Kind::Piece) }
    }

    /// A field of a form.
    pub(super) fn text() -> Self {
        Self { kind: Some(Kind::Text) }
    }

    /// Whether it is a piece of a file.
    pub(super) fn is_piece(self) -> bool {
        self.kind == Some(Kind::Piece)
    }

    /// Whether it is said to be a text.
    pub(super) fn is_text(self) -> bool {
        self.kind == Some(Kind::Text)
    }

    /// What has to be exempt for it to leave unread.
    pub(super) fn exemption(self) -> Exemption {
        match self.kind {
            Some(Kind::Audio) => Exemption::Audio,
            Some(Kind::Image) => Exemption::Images,
            _ => Exemption::Documents,
        }
    }

    /// What `bytes` are. What looks like a text is one, whatever is said of it.
    pub(super) fn read(self, bytes: &[u8]) -> Said<'_> {
        if let Some((text, charset)) = file::text(bytes) {
            return Said::Text(text, charset);
        }
        let kind = Kind::of_bytes(bytes).or(self.kind);
        if kind == Some(Kind::Text)
            && let Some((text, charset)) = file::any_text(bytes)
        {
            return Said::Text(text, charset);
        }
        Said::Unread(Self { kind }.exemption())
    }
}

/// What the log has in the place of bytes that were not read.
pub(super) fn unread(exemption: Exemption, bytes: usize) -> String {
    format!("({bytes} bytes of {}, not read)", exemption.name())
}

/// Whether files of a known kind have names that end so.
pub(super) fn is_extension(end: &str) -> bool {
    Kind::of_extension(end).is_some()
}

impl Kind {
    fn of_type(essence: &str) -> Option<Self> {
        const TEXTS: [&str; 8] = [
            "application/jsonl",
            "application/stream+json",
            "application/x-jsonlines",
            "application/x-ndjson",
            "application/x-yaml",
            "application/xml",
            "application/yaml",
            "application/json",
        ];
        Some(match essence.split_once('/')? {
            ("audio" | "video", _) => Self::Audio,
            ("image", "svg+xml") | ("text", _) => Self::Text,
            ("image", _) => Self::Image,
            _ if TEXTS.contains(&essence) || essence.ends_with("+json") || essence.ends_with("+xml") => Self::Text,
            ("application", "octet-stream" | "pdf" | "zip" | "msword") => Self::Document,
            ("application", rest) if rest.starts_with("vnd.") => Self::Document,
            _ => return None,
        })
    }

    fn of_extension(extension: &str) -> Option<Self> {
        Some(match &*extension.to_ascii_lowercase() {
            "aac" | "flac" | "m4a" | "mov" | "mp3" | "mp4" | "mpeg" | "mpga" | "oga" | "ogg" | "opus" | "pcm"
            | "wav" | "webm" => Self::Audio,
            "bmp" | "gif" | "heic" | "jpeg" | "jpg" | "png" | "tiff" | "webp" => Self::Image,
            "csv" | "htm" | "html" | "json" | "jsonl" | "log" | "md" | "ndjson" | "srt" | "svg" | "tsv" | "txt"
            | "vtt" | "xml" | "yaml" | "yml" => Self::Text,
            "doc" | "docx" | "epub" | "odt" | "pdf" | "pptx" | "rtf" | "tar" | "xls" | "xlsx" | "zip" => Self::Document,
            _ => return None,
        })
    }

    /// What the first bytes of a file are known for.
    fn of_bytes(bytes: &[u8]) -> Option<Self> {
        const AUDIO: [&[u8]; 9] =
            [b"ID3", b"OggS", b"fLaC", b"\x1aE\xdf\xa3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xf1", b"#!AMR"];
        const DOCUMENTS: [&[u8]; 8] = [
            b"%PDF",
            b"PK\x03\x04",
            b"\xd0\xcf\x11\xe0",
            b"\x1f\x8b",
            b"7z\xbc\xaf",
            b"Rar!",
            b"BZh",
            b"\x28\xb5\x2f\xfd",
        ];
        const IMAGES: [&[u8]; 5] = [b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*"];
        let begins = |known: &[&[u8]]| known.iter().any(|known| bytes.starts_with(known));
        let inner = bytes.get(8..12).unwrap_or_default();
        match (bytes, inner) {
            ([b'R', b'I', b'F', b'F', ..], b"WEBP") => Some(Self::Image),
            ([b'R', b'I', b'F', b'F', ..], b"WAVE" | b"AVI ") => Some(Self::Audio),
            ([_, _, _, _, b'f', b't', b'y', b'p', ..], b"heic" | b"avif" | b"mif1") => Some(Self::Image),
            ([_, _, _, _, b'f', b't', b'y', b'p', ..], _) => Some(Self::Audio),
            _ if begins(&DOCUMENTS) => Some(Self::Document),
            _ if begins(&IMAGES) => Some(Self::Image),
            _ if begins(&AUDIO) => Some(Self::Audio),
            _ => None,
        }
    }
}

/// Whether a text of this content type is in a charset that is read: in others, as in UTF-7, letters and digits are other bytes.
pub(super) fn is_read(content_type: &str) -> bool {
    const READ: [&str; 7] = ["utf-8", "utf8", "us-ascii", "ascii", "utf-16", "utf-16be", "utf-16le"];
    /// Those of one byte for a character, in which digits and letters are those of ASCII.
    const NARROW: [&str; 4] = ["iso-8859-", "latin", "windows-125", "cp125"];
    let (_, parameters) = content_type.split_once(';').unwrap_or_default();
    parameter(parameters, "charset").is_none_or(|charset| {
        let charset = charset.to_ascii_lowercase();
        READ.contains(&&*charset) || NARROW.iter().any(|begins| charset.starts_with(begins))
    })
}

fn is_utf8(charset: &str) -> bool {
    charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
}

/// The value of a parameter, without the quotes around it.
fn parameter(parameters: &str, name: &str) -> Option<String> {
    let named = |parameter: &str| {
        let (key, value) = parameter.trim().split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
    };
    parameters.split(';').find_map(named)
}

/// A content type without its parameters.
pub(super) fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_type_says_how_a_body_is_read() {
        let json =
            ["application/json", "Application/JSON; charset=utf-8", "application/vnd.api+json", "application/json;"];
        for value in json {
            assert_eq!(Media::of(Some(value)), Some(Media::Json), "{value}");
        }
        assert_eq!(Media::of(None), Some(Media::Json));
        for value in ["multipart/form-data; boundary=b", "Multipart/Related; type=x; Boundary=\"b\""] {
            assert_eq!(
                Media::of(Some(value)),
                Some(Media::Multipart { boundary: "b".into(), instead: "b".into() }),
                "{value}"
            );
        }
        for value in ["text/csv", "application/jsonl", "application/pdf", "image/png", "text/plain; charset=UTF-8"] {
            assert!(matches!(Media::of(Some(value)), Some(Media::File(_))), "{value}");
        }
        for value in [
            "application/json; charset=utf-7",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "text/plain; charset=utf-16",
            "nonsense",
            "",
        ] {
            assert_eq!(Media::of(Some(value)), None, "{value}");
        }
    }

    #[test]
    fn the_bytes_of_a_file_have_the_last_word() {
        let check = |content_type, name, bytes: &[u8], expected: Result<&str, Exemption>| {
            let read = Declared::of(content_type, name).read(bytes);
            let told = match &read {
                Said::Text(text, _) => Ok(&**text),
                Said::Unread(exemption) => Err(*exemption),
            };
            assert_eq!(told, expected, "{content_type:?} {name:?} {bytes:?}");
        };
        check(Some("image/png"), Some("a.png"), b"hello", Ok("hello"));
        check(Some("text/plain"), None, b"a\x1b[0m", Ok("a\x1b[0m"));
        check(None, Some("a.LOG"), b"a\0b", Ok("a\0b"));
        check(Some("text/plain"), None, b"\xff\xfeh\0i\0\n", Err(Exemption::Documents));
        check(Some("text/plain"), None, b"\xff\xfe\0\0h\0\0\0", Err(Exemption::Documents));
        check(Some("text/plain"), None, b"h\0\0\0i\0\0\0", Err(Exemption::Documents));
        check(Some("text/plain"), None, b"%PDF-1.7", Err(Exemption::Documents));
        check(Some("image/png"), None, b"PK\x03\x04", Err(Exemption::Documents));
        check(Some("application/octet-stream"), Some("a.mp3"), b"\0\x01", Err(Exemption::Audio));
        check(None, None, b"\x89PNG\r\n\x1a\n", Err(Exemption::Images));
        check(None, None, b"RIFF\x01\0\0\0WAVEfmt ", Err(Exemption::Audio));
        check(Some("image/x-new"), None, b"\0\x01", Err(Exemption::Images));
        check(None, None, b"\0\x01\x02", Err(Exemption::Documents));
        check(None, None, b"h\0i\0!\0", Ok("hi!"));
    }
}
