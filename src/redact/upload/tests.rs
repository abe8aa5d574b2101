use std::sync::LazyLock;

use super::super::tests::{DETECTOR, KEY};
use super::super::{Account, Bounds, Media, Paused, Redactor};
use super::*;
use crate::policy::{Exemption, Policy};
use crate::wire::json::JsonError;

static POLICY: LazyLock<Policy> = LazyLock::new(Policy::default);

/// What the provider gets and what the log gets, each `[SSN_7K2Q]` as `[SSN]`.
fn redact(path: &str, media: &Media, body: &[u8], exempt: &[Exemption]) -> Result<(Vec<u8>, Vec<u8>, Facts), Unfit> {
    let redactor = Redactor { detector: &DETECTOR, policy: &POLICY, key: &KEY, bounds: Bounds::of_nesting(20) };
    let mut redaction = redactor.begin().exempting(exempt);
    let redacted = redaction.body(Bytes::copy_from_slice(body), media, Dialect::of(path))?;
    let placeholder = regex::bytes::Regex::new(r"\[([A-Z_]+)_[0-9A-Z]{4,}\]").unwrap();
    let without_codes = |bytes: &[u8]| placeholder.replace_all(bytes, &b"[$1]"[..]).into_owned();
    Ok((without_codes(&redacted.bytes), without_codes(&redacted.logged), redacted.facts))
}

/// The same in pieces of so many bytes, where `room` is what is kept; and what was seen.
fn redact_on(media: &Media, body: &[u8], length: usize, room: Room) -> Result<(Vec<u8>, Vec<u8>, Account), Unfit> {
    let redactor = Redactor { detector: &DETECTOR, policy: &POLICY, key: &KEY, bounds: Bounds::of_nesting(20) };
    let dialect = Dialect::of("/v1/files");
    let (mut upload, mut paused) = (Upload::begin(media, room)?, Paused::default());
    let mut sent = Vec::new();
    for piece in body.chunks(length) {
        let mut redaction = redactor.resume(paused).exempting(&[Exemption::Documents, Exemption::Images]);
        sent.extend(upload.push(&mut redaction, dialect, piece)?);
        paused = redaction.pause();
    }
    let mut redaction = redactor.resume(paused).exempting(&[Exemption::Documents, Exemption::Images]);
    let uploaded = upload.end(&mut redaction, dialect)?;
    sent.extend(uploaded.sent);
    Ok((splice(&sent, &uploaded.late), uploaded.logged.to_vec(), redaction.finish().1))
}

/// In pieces it becomes the same as in one; `body` is longer than what is read at a time.
fn check_pieces(media: &Media, body: &[u8]) {
    let whole = redact_on(media, body, body.len(), Room::ENDLESS).unwrap();
    let room = Room { piece: 1000, whole: 400_000, logged: usize::MAX };
    for length in [700, 50_001] {
        let pieces = redact_on(media, body, length, room).unwrap();
        assert!(pieces.0 == whole.0, "{}", first_difference(&pieces.0, &whole.0));
        assert!(pieces.1 == whole.1, "in the log: {}", first_difference(&pieces.1, &whole.1));
        assert_eq!(pieces.2.findings, whole.2.findings);
        assert_eq!(pieces.2.exempted, whole.2.exempted);
    }
}

fn first_difference(one: &[u8], other: &[u8]) -> String {
    let at = one.iter().zip(other).position(|(one, other)| one != other).unwrap_or(one.len().min(other.len()));
    let around =
        |bytes: &[u8]| String::from_utf8_lossy(&bytes[at.saturating_sub(40)..bytes.len().min(at + 60)]).into_owned();
    format!("at {at} of {} and {}: {:?}, {:?}", one.len(), other.len(), around(one), around(other))
}

fn parts() -> Media {
    Media::of(Some("multipart/form-data; boundary=b")).unwrap()
}

/// One file in a form, under this head.
fn form(head: &str, content: &[u8]) -> Vec<u8> {
    let file = "content-disposition: form-data; name=\"file\"";
    [format!("--b\r\n{file}{head}\r\n\r\n").as_bytes(), content, b"\r\n--b--\r\n"].concat()
}

fn check_file(head: &str, content: &str, expected: &str) {
    let (sent, ..) = redact("/v1/files", &parts(), &form(head, content.as_bytes()), &[]).unwrap();
    let expected = form(head, expected.as_bytes());
    assert_eq!(String::from_utf8_lossy(&sent), String::from_utf8_lossy(&expected), "{head}");
}

const JSONL: &str = "; filename=\"batch.jsonl\"\r\nContent-Type: application/octet-stream";

#[test]
fn a_files_text_is_redacted_as_what_it_is() {
    check_file("; filename=\"a.txt\"", "my ssn is 536-90-4399.\r\nbye", "my ssn is [SSN].\r\nbye");
    check_file("; filename=\"a.csv\"\r\nContent-Type: text/csv", "n,ssn\nA,536-90-4399\n", "n,ssn\nA,[SSN]\n");
    check_file("; filename=\"b.csv\"", "name,ssn\r\nA,536904399\r\n", "name,ssn\r\nA,[SSN]\r\n");
    check_file("; filename=\"c.csv\"", "name,order\r\nA,536904399\r\n", "name,order\r\nA,536904399\r\n");
    check_file("; filename=\"a.html\"", "<p>ann&#64;x.org</p>", "<p>[EMAIL]</p>");
    check_file(
        "; filename=\"a.json\"",
        r#"{"ssn": 536904399, "b":"\u0061nn@x.org"}"#,
        r#"{"ssn": "[SSN]", "b":"[EMAIL]"}"#,
    );
    check_file("; filename=\"a.png\"", "no picture: ann@x.org", "no picture: [EMAIL]");
    check_file("", "ann@x.org", "[EMAIL]");
    check_file("; filename=\"a.txt\"", "nothing here", "nothing here");
}

#[test]
fn each_line_is_read_by_the_endpoint_that_it_names() {
    // What is opaque in the one endpoint is text in the other.
    let line = |url: &str, body: &str| format!(r#"{{"custom_id":"1","method":"POST","url":"{url}","body":{body}}}"#);
    let called =
        |id: &str| format!(r#"{{"messages":[{{"role":"tool","tool_call_id":"{id}","content":"536-90-4399"}}]}}"#);
    let redacted = called("ann@x.org").replace("536-90-4399", "[SSN]");
    let unknown = redacted.replace("ann@x.org", "[EMAIL]");
    let conversation = called("ann@x.org");
    check_file(
        JSONL,
        &[
            &line("/v1/chat/completions", &conversation),
            &line("/v1/new", &conversation),
            "",
            &*conversation,
            "ann@x.org {",
        ]
        .join("\r\n"),
        &[&line("/v1/chat/completions", &redacted), &line("/v1/new", &unknown), "", &*redacted, "[EMAIL] {"]
            .join("\r\n"),
    );
}

#[test]
fn what_is_no_text_leaves_only_where_it_is_exempt() {
    let photo = form("; filename=\"a.png\"\r\nContent-Type: image/png", b"\x89PNG\r\n\x1a\n\0\0 ann@x.org");
    let refused = redact("/v1/files", &parts(), &photo, &[Exemption::Audio]).map(|_| ()).unwrap_err();
    assert_eq!(refused, Unfit::Unread(Exemption::Images));
    assert_eq!(
        refused.to_string(),
        "a part of it is no text: send text, or have the route say `exempt = [\"images\"]`"
    );
    let (sent, logged, _) = redact("/v1/files", &parts(), &photo, &[Exemption::Images]).unwrap();
    assert_eq!(sent, photo);
    assert!(String::from_utf8(logged).unwrap().contains("\r\n\r\n(20 bytes of images, not read)\r\n--b--"));
}

#[test]
fn fields_names_and_heads_are_scanned() {
    let body = "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm-1\r\n\
        --b\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\ncall ann@x.org\r\n\
        --b\r\nContent-Disposition: form-data; name=\"stream\"\r\n\r\ntrue\r\n\
        --b\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\ncustomer 7\r\n\
        --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"ann@x.org.txt\"\r\nContent-Length: 9\r\n\r\nann@x.org\r\n\
        --b--\r\n";
    let (sent, logged, facts) = redact("/v1/files", &parts(), body.as_bytes(), &[]).unwrap();
    let expected = body.replace("ann@x.org.txt", "[EMAIL].txt").replace("ann@x.org", "[EMAIL]");
    let sent = String::from_utf8(sent).unwrap();
    assert!(!sent.contains("Content-Length: 9"), "{sent}");
    let length = regex::Regex::new("Content-Length: [0-9]+").unwrap();
    assert_eq!(length.replace(&sent, "Content-Length: 9"), expected);
    assert_eq!(length.replace(&String::from_utf8(logged).unwrap(), "Content-Length: 9"), expected);
    assert_eq!((facts.model.as_deref(), facts.streaming), (Some("m-1"), true));
    assert_eq!(facts.subject.as_ref().map(|subject| subject.as_str()), Some("customer 7"));
}

#[test]
fn a_length_that_is_none_does_not_leave() {
    let body = |length: &str| form(&format!("; filename=\"a\"\r\nContent-Length: {length}"), b"hello");
    for (told, left) in [("5", "5"), ("ann@x.org", "5"), ("536904399", "5")] {
        let (sent, logged, _) = redact("/v1/files", &parts(), &body(told), &[]).unwrap();
        assert_eq!((&sent, &logged), (&body(left), &body(left)), "{told}");
    }
}

#[test]
fn a_log_that_ends_within_a_told_length_has_none_of_it() {
    let body = form("; filename=\"a\"\r\nContent-Length: 536-90-4399", b"hello");
    let head = body.windows(6).position(|part| part == b"536-90").unwrap();
    for kept in head - 1..head + 12 {
        let room = Room { piece: 1 << 20, whole: 1 << 20, logged: kept };
        let redactor = Redactor { detector: &DETECTOR, policy: &POLICY, key: &KEY, bounds: Bounds::of_nesting(20) };
        let mut upload = Upload::begin(&parts(), room).unwrap();
        upload.push(&mut redactor.begin(), Dialect::of("/v1/files"), &body).unwrap();
        let logged = upload.end(&mut redactor.begin(), Dialect::of("/v1/files")).unwrap().logged;
        assert!(!String::from_utf8_lossy(&logged).contains("536"), "{kept}");
    }
}

#[test]
fn a_boundary_may_be_replaced() {
    let Media::Multipart { boundary, .. } = parts() else { panic!("parts") };
    let media = Media::Multipart { boundary, instead: "other".to_owned() };
    let body = form("; filename=\"a\"", b"ann@x.org");
    let (sent, ..) = redact("/v1/files", &media, &body, &[]).unwrap();
    let expected = String::from_utf8(form("; filename=\"a\"", b"[EMAIL]")).unwrap().replace("--b", "--other");
    assert_eq!(String::from_utf8(sent).unwrap(), expected);
}

#[test]
fn other_charsets_are_written_as_they_came() {
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let form = |content: &[u8]| form("; filename=\"a.txt\"", content);
    let placeholder = |bytes: &[u8]| {
        let text: String = char::decode_utf16(bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])))
            .map(|c| c.unwrap_or('?'))
            .collect();
        regex::Regex::new(r"\[EMAIL_\w+\]").unwrap().replace(&text, "[EMAIL]").into_owned()
    };
    let (sent, ..) = redact("/v1/files", &parts(), &form(&utf16("\u{feff}é ann@x.org")), &[]).unwrap();
    let start = form(b"").len() - "\r\n--b--\r\n".len();
    assert_eq!(placeholder(&sent[start..sent.len() - "\r\n--b--\r\n".len()]), "\u{feff}é [EMAIL]");
    let (sent, ..) = redact("/v1/files", &parts(), &form(b"\xe9 ann@x.org"), &[]).unwrap();
    assert_eq!(sent, form(b"\xe9 [EMAIL]"));
    let broken = |content: &str| [content.as_bytes(), b"gr\xc3\xbc\xc3\x9fe \xe9 \xf0\x9f"].concat();
    let (sent, ..) = redact("/v1/files", &parts(), &form(&broken("ssn 536\u{2013}90\u{2013}4399 ")), &[]).unwrap();
    assert_eq!(sent, form(&broken("ssn [SSN] ")));
}

#[test]
fn what_cannot_be_read_does_not_leave() {
    let check = |body: &[u8], expected: Unfit| {
        assert_eq!(redact("/v1/files", &parts(), body, &[Exemption::Documents]).map(|_| ()), Err(expected));
    };
    check(b"--b\r\n\r\nann@x.org", Unfit::Multipart(crate::wire::multipart::MultipartError::Unended));
    check(&form("\r\nContent-Transfer-Encoding: base64", b"YW5uQHgub3Jn"), Unfit::PartCoding);
    check(&form("\r\nContent-Encoding: gzip", b"\x1f\x8b"), Unfit::PartCoding);
    check(&form("\r\nContent-Type: multipart/mixed; boundary=c", b"--c--"), Unfit::PartCoding);
    check(&form("\r\nContent-Type: text/plain; charset=\"UTF-7\"", b"+ADUAMwA2-"), Unfit::PartCoding);
    check(&form("\r\nX-536-90-4399: 1", b"hello"), Unfit::PartName);
    let deep = "[".repeat(21) + &"]".repeat(21);
    check(&form("", deep.as_bytes()), Unfit::Json(JsonError::TooDeep { limit: 20, at: 20 }));
}

#[test]
fn without_findings_nothing_changes() {
    let body = form("; filename=\"a.jsonl\"", b"{\"a\" : 1.0e0}\n\n{\"b\":\"\\u00e9\"}\n");
    let (sent, logged, _) = redact("/v1/files", &parts(), &body, &[]).unwrap();
    assert_eq!((&sent, &logged), (&body, &body));
}

#[test]
fn a_long_file_becomes_the_same_piece_by_piece() {
    let talk = |number: usize| match number % 7 {
        0 => format!("Row {number}: my ssn is 536-90-4399, write to ann{number}@x.org.\n"),
        3 => "Phone:\n(201) 535-2855\n".to_owned(),
        5 => "\n".to_owned(),
        _ => format!("Nothing to see in line {number}, said Zo\u{e9}.\n"),
    };
    let talk: String = (0..600).map(talk).collect();
    let row = |number: usize| format!("{number},Ann,536904399,536904{},\"a\n{number}\"\n", 100 + number % 900);
    let table = "id,name,ssn,order,note\n".to_owned() + &(0..600).map(row).collect::<String>();
    let columns = (0..300).map(|number| format!("column {number},")).collect::<String>();
    let broad = format!("{columns}ssn\n") + &format!("{}536904399\n", ",".repeat(300)).repeat(20);
    let line = |number: usize| match number % 5 {
        1 => format!("{{\"messages\":[{{\"role\":\"user\",\"content\":\"call +1 201 535 {:04}\"}}]}}\r\n", number),
        2 => format!("no JSON: ann{number}@x.org\n"),
        4 => "\n".to_owned(),
        _ => format!(
            "{{\"custom_id\":\"{number}\",\"url\":\"/v1/responses\",\"body\":{{\"input\":\"my ssn is 536-90-4399\"}}}}\n"
        ),
    };
    let lines: String = (0..500).map(line).collect();
    let log: String =
        (0..500).map(|number| format!("[2026-11-30 10:00:{:02}] ann{number}@x.org {{\n", number % 60)).collect();
    let document = format!("{{\"a\":[\n{}\n1]}}", "{\"mail\":\"ann@x.org\"},\n".repeat(1000));
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let narrow = |text: &str| text.chars().map(|character| character as u8).collect::<Vec<u8>>();
    let binary = [b"%PDF-1.7\n ann@x.org \0".as_slice(), &talk.as_bytes().repeat(2)].concat();
    for (name, content) in [
        ("a.txt", talk.as_bytes().to_vec()),
        ("a.txt", wide(&format!("\u{feff}{talk}"))),
        ("a.txt", narrow(&talk)),
        ("a.csv", table.as_bytes().to_vec()),
        ("a.csv", broad.as_bytes().to_vec()),
        ("a.jsonl", lines.as_bytes().to_vec()),
        ("a.jsonl", lines.trim_end().as_bytes().to_vec()),
        ("a.log", log.as_bytes().to_vec()),
        ("a.json", document.as_bytes().to_vec()),
        ("a.pdf", binary),
    ] {
        let head = format!("; filename=\"{name}\"\r\nContent-Length: {}", content.len());
        check_pieces(&parts(), &form(&head, &content));
    }
    check_pieces(&Media::of(Some("text/csv")).unwrap(), table.as_bytes());
}

#[test]
fn what_cannot_be_cut_is_read_whole_as_far_as_there_is_room() {
    let room = Room { piece: 1000, whole: 30_000, logged: 100 };
    let text = Media::of(Some("text/plain")).unwrap();
    let check = |content: &str, expected: Option<Unfit>| {
        let redacted = redact_on(&text, content.as_bytes(), 999, room).map(|(sent, ..)| sent);
        match expected {
            Some(unfit) => assert_eq!(redacted, Err(unfit)),
            None => assert_eq!(redacted.unwrap(), content.as_bytes()),
        }
    };
    let list = |length: usize| format!("[{}\n1]", "1, \n".repeat(length / 4));
    check(&list(20_000), None);
    check(&list(40_000), Some(Unfit::Uncut(30_000)));
    check(&"a ".repeat(20_000), Some(Unfit::Uncut(30_000)));
    check(&"[a b\n".repeat(20_000), None);
    check(&"[".repeat(4000), Some(Unfit::Json(JsonError::TooDeep { limit: 20, at: 20 })));
    check(&"a line\n".repeat(20_000), None);
}

#[test]
fn the_log_gets_the_beginning_of_a_long_file() {
    let room = Room { piece: 1000, whole: 30_000, logged: 40 };
    let text = Media::of(Some("text/plain")).unwrap();
    let (_, logged, account) = redact_on(&text, "mail ann@x.org\n".repeat(4000).as_bytes(), 999, room).unwrap();
    let logged = String::from_utf8(logged).unwrap();
    assert!(logged.starts_with("mail [EMAIL_") && logged.ends_with(" bytes more, not kept)"), "{logged}");
    assert_eq!(account.findings.values().sum::<u64>(), 4000);
}
