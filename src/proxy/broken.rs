//! The end of a stream that broke off: what was whole of it, then an error in the API's own shape.
//!
//! The connection is broken off after it all the same, so that no caller takes the answer for whole.

use bytes::Bytes;

use super::refused::Refused;
use crate::provider::Dialect;
use crate::wire::frame::Framing;

/// What a stream that broke off still sends. `held` is what waited; `between` tells that what was sent before it ended with a frame:
/// to half a frame nothing can be added.
pub(super) fn last_words(
    dialect: &Dialect,
    framing: Framing,
    held: &Bytes,
    between: bool,
    refused: &Refused,
) -> Vec<Bytes> {
    let whole = whole(framing, held);
    match dialect.error_frame(framing, &refused.to_refusal()) {
        Some(error) if between || whole > 0 => vec![held.slice(..whole), error.into()],
        _ => vec![held.clone()],
    }
}

/// Whether bytes that were sent ended with a frame.
pub(super) fn ends_with_frame(framing: Framing, bytes: &[u8]) -> bool {
    whole(framing, bytes) == bytes.len()
}

/// The length of the whole frames at the beginning of `bytes`.
fn whole(framing: Framing, bytes: &[u8]) -> usize {
    let end = |mark: &[u8]| memchr::memmem::rfind(bytes, mark).map(|at| at + mark.len());
    match framing {
        Framing::Events => [&b"\n\n"[..], b"\r\n\r\n", b"\r\r"].into_iter().filter_map(end).max().unwrap_or(0),
        Framing::Lines => end(b"\n").unwrap_or(0),
        Framing::Elements | Framing::Messages | Framing::Whole => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_follows_whole_events_only() {
        let check = |path: &str, framing, held: &str, between, expected: &str| {
            let refused = Refused::upstream("upstream/broken-off", "It broke.");
            let sent =
                last_words(Dialect::of(path), framing, &Bytes::from(held.to_owned()), between, &refused).concat();
            let sent = String::from_utf8(sent).unwrap();
            assert!(sent.starts_with(expected), "{sent}");
            assert_eq!(sent.contains("It broke."), expected != held, "{sent}");
        };
        let (chat, messages, ollama) = ("/v1/chat/completions", "/v1/messages", "/api/chat");
        check(chat, Framing::Events, "", true, "data: {\"error\":");
        check(chat, Framing::Events, "", false, "");
        check(chat, Framing::Events, "data: {\"a\"", true, "data: {\"error\":");
        check(chat, Framing::Events, "data: {\"a\"", false, "data: {\"a\"");
        check(chat, Framing::Events, "data: {}\n\ndata: {\"a\"", false, "data: {}\n\ndata: {\"error\":");
        check(messages, Framing::Events, "", true, "event: error\ndata: {");
        check(ollama, Framing::Lines, "{}\n{", true, "{}\n{\"");
        check(chat, Framing::Messages, "abc", true, "abc");
    }
}
