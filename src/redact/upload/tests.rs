use std::sync::LazyLock;

use super::super::tests::{DETECTOR, KEY};
use super::super::{Media, Redactor};
use super::*;
use crate::policy::{Exemption, Policy};
use crate::wire::json::JsonError;

static POLICY: LazyLock<Policy> = LazyLock::new(Policy::default);

/// What the provider gets and what the log gets, each `[SSN_7K2Q]` as `[SSN]`.
fn redact(path: &str, media: &Media, body: &[u8], exempt: &[Exemption]) -> Result<(Vec<u8>, Vec<u8>, Facts), Unfit> {
    let redactor = Redactor { detector: &DETECTOR, policy: &POLICY, key: &KEY, nesting: 20 };
    let mut redaction = redactor.begin().exempting(exempt);
    let redacted = redaction.body(Bytes::copy_from_slice(body), media, Dialect::of(path))?;
    let placeholder = regex::bytes::Regex::new(r"\[([A-Z_]+)_[0-9A-Z]{4,}\]").unwrap();
    let without_codes = |bytes: &[u8]| placeholder.replace_all(bytes, &b"[$1]"[..]).into_owned();
    Ok((without_codes(&redacted.bytes), without_codes(&redacted.logged), redacted.facts))
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
    let deep = "[".repeat(21) + &"]".repeat(21);
    check(&form("", deep.as_bytes()), Unfit::Json(JsonError::TooDeep { limit: 20, at: 20 }));
}

#[test]
fn without_findings_nothing_changes() {
    let body = form("; filename=\"a.jsonl\"", b"{\"a\" : 1.0e0}\n\n{\"b\":\"\\u00e9\"}\n");
    let (sent, logged, _) = redact("/v1/files", &parts(), &body, &[]).unwrap();
    assert_eq!((&sent, &logged), (&body, &body));
}
