//! Any bytes as a multipart body: its parts lie apart and in order, and what leaves has the same parts under another boundary.
//!
//! The first line is the boundary.

#![no_main]

use blotter_fuzz::provider::Dialect;
use blotter_fuzz::policy::Exemption;
use blotter_fuzz::redact::Media;
use blotter_fuzz::redactor;
use blotter_fuzz::wire::multipart::Multipart;
use libfuzzer_sys::fuzz_target;

const OTHER: &str = "another boundary of these parts";
const EXEMPT: [Exemption; 3] = [Exemption::Audio, Exemption::Documents, Exemption::Images];

fuzz_target!(|bytes: &[u8]| {
    let Some(line) = bytes.iter().position(|byte| *byte == b'\n') else { return };
    let (Ok(boundary), body) = (std::str::from_utf8(&bytes[..line]), &bytes[line + 1..]) else { return };
    let Ok(multipart) = Multipart::parse(body, boundary) else { return };
    let mut end = 0;
    for (part, before) in multipart.parts.iter().zip(&multipart.boundaries) {
        assert!(end <= before.start && before.end <= part.content.start && part.content.start <= part.content.end);
        assert_eq!(&body[before.clone()], boundary.as_bytes());
        for header in &part.headers {
            assert_eq!(&body[header.span.clone()], header.value.as_bytes());
        }
        end = part.content.end;
    }
    assert!(end <= body.len());
    let redact = |instead: &str| {
        let mut redaction = redactor().begin().exempting(&EXEMPT);
        let media = Media::Multipart { boundary: boundary.to_owned(), instead: instead.to_owned() };
        let redacted = redaction.body(body.to_vec().into(), &media, Dialect::of("/files")).ok()?;
        Some((redacted, redaction.finish().0.is_empty()))
    };
    let Some((same, unchanged)) = redact(boundary) else { return };
    assert!(!unchanged || same.bytes == body);
    let (other, _) = redact(OTHER).expect("it was read before");
    if !body.windows(OTHER.len()).any(|window| window == OTHER.as_bytes()) {
        let other = Multipart::parse(&other.bytes, OTHER).expect("it leaves as parts");
        assert_eq!(other.parts.len(), multipart.parts.len());
    }
});
