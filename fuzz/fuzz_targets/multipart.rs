//! Any bytes as a multipart body: however it is cut, it has the same pieces, which are all of it in order; and what leaves is the
//! same in pieces as in one, and has the same parts under another boundary.
//!
//! The first line is the boundary.

#![no_main]

use blotter_fuzz::policy::Exemption;
use blotter_fuzz::provider::Dialect;
use blotter_fuzz::redact::{Media, Room, Unfit, Upload};
use blotter_fuzz::wire::multipart::{MultipartError, Piece, Splitter};
use blotter_fuzz::wire::splice;
use blotter_fuzz::{pieces, redactor};
use libfuzzer_sys::fuzz_target;

const OTHER: &str = "another boundary of these parts";
const EXEMPT: [Exemption; 3] = [Exemption::Audio, Exemption::Documents, Exemption::Images];

fuzz_target!(|bytes: &[u8]| {
    let Some(line) = bytes.iter().position(|byte| *byte == b'\n') else { return };
    let (Ok(boundary), body) = (std::str::from_utf8(&bytes[..line]), &bytes[line + 1..]) else { return };
    let cut = pieces(body, body.len() as u8);
    let parts = split(boundary, &[body]);
    assert_eq!(parts, split(boundary, &cut));
    let Ok(parts) = parts else { return };
    assert_eq!(parts.iter().flat_map(|(_, bytes)| bytes).copied().collect::<Vec<u8>>(), body);

    let Ok((sent, is_changed)) = redact(boundary, boundary, &[body]) else { return };
    assert!(is_changed || sent == body);
    // What is no text may have a beginning that is one.
    if str::from_utf8(body).is_ok_and(|text| !text.contains(|c| c < ' ' && !"\r\n\t".contains(c) || c == '\x7f')) {
        assert_eq!(redact(boundary, boundary, &cut).map(|(sent, _)| sent).as_deref(), Ok(&*sent));
    }
    let (other, _) = redact(boundary, OTHER, &[body]).expect("it was read before");
    if !body.windows(OTHER.len()).any(|window| window == OTHER.as_bytes()) {
        let other = split(OTHER, &[&other]).expect("it leaves as parts");
        let kinds = |parts: &[(Kind, Vec<u8>)]| parts.iter().map(|(kind, _)| *kind).collect::<Vec<_>>();
        assert_eq!(kinds(&other), kinds(&parts));
    }
});

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Boundary,
    Content,
    Head,
    Rest,
}

/// The pieces of a body; contents that follow each other are one.
fn split(boundary: &str, pieces: &[&[u8]]) -> Result<Vec<(Kind, Vec<u8>)>, MultipartError> {
    let (mut splitter, mut parts) = (Splitter::new(boundary)?, Vec::<(Kind, Vec<u8>)>::new());
    for piece in pieces.iter().map(Some).chain([None]) {
        match piece {
            Some(piece) => splitter.push(piece),
            None => splitter.end(),
        }
        while let Some(piece) = splitter.next_piece()? {
            let (kind, bytes) = match piece {
                Piece::Boundary(before, after) => (Kind::Boundary, [before, boundary.as_bytes(), after].concat()),
                Piece::Content(bytes) => (Kind::Content, bytes.to_vec()),
                Piece::Head(head) => (Kind::Head, head.source.to_vec()),
                Piece::Rest(bytes) => (Kind::Rest, bytes.to_vec()),
            };
            match parts.last_mut().filter(|(last, _)| *last == kind) {
                Some((_, last)) => last.extend(bytes),
                None => parts.push((kind, bytes)),
            }
        }
    }
    Ok(parts)
}

/// What leaves of a body under the boundary `instead`, and whether anything was replaced in it. One that comes in pieces is read
/// in pieces.
fn redact(boundary: &str, instead: &str, pieces: &[&[u8]]) -> Result<(Vec<u8>, bool), Unfit> {
    let piece = if pieces.len() == 1 { usize::MAX } else { 64 };
    let media = Media::Multipart { boundary: boundary.to_owned(), instead: instead.to_owned() };
    let mut upload = Upload::begin(&media, Room { piece, whole: usize::MAX, logged: usize::MAX })?;
    let (mut redaction, dialect, mut sent) = (redactor().begin().exempting(&EXEMPT), Dialect::of("/files"), Vec::new());
    for piece in pieces {
        sent.extend(upload.push(&mut redaction, dialect, piece)?);
    }
    let uploaded = upload.end(&mut redaction, dialect)?;
    sent.extend(uploaded.sent);
    Ok((splice(&sent, &uploaded.late), !uploaded.late.is_empty() || !redaction.finish().0.is_empty()))
}
