//! The end of a stream that broke off: what was whole of it, then an error in the API's own shape.
//!
//! The connection is broken off after it all the same, so that no caller takes the answer for whole.

use bytes::Bytes;

use super::refused::Refused;
use crate::provider::Dialect;
use crate::wire::frame::{Framing, whole_frames};

/// What was sent of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// Whole frames.
    Frames,
    Nothing,
    /// It ended within a frame, and to half a frame nothing can be added.
    Part,
}

impl Sent {
    /// What was sent once `bytes` were too.
    pub(super) fn after(framing: Framing, bytes: &[u8]) -> Self {
        if whole_frames(framing, bytes) == bytes.len() { Self::Frames } else { Self::Part }
    }
}

/// What a stream that broke off still sends. `held` is what waited, `sent` what was sent before it.
pub(super) fn last_words(
    dialect: &Dialect,
    framing: Framing,
    held: &Bytes,
    sent: Sent,
    refused: &Refused,
) -> Vec<Bytes> {
    let whole = whole_frames(framing, held);
    match dialect.error_frame(framing, &refused.to_refusal()) {
        Some(error) if sent != Sent::Part || whole > 0 => {
            let is_first = sent == Sent::Nothing && whole == 0;
            vec![held.slice(..whole), in_its_place(framing, is_first, error)]
        }
        _ => vec![held.clone()],
    }
}

/// The last element of a list ends it, and the first begins it.
fn in_its_place(framing: Framing, is_first: bool, error: Vec<u8>) -> Bytes {
    if framing != Framing::Elements {
        return error.into();
    }
    let before: &[u8] = if is_first { b"[" } else { b",\r\n" };
    [before, &error, b"]"].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(path: &str, framing: Framing, held: &[u8], sent: Sent) -> Vec<u8> {
        let refused = Refused::upstream("upstream/broken-off", "It broke.");
        last_words(Dialect::of(path), framing, &Bytes::copy_from_slice(held), sent, &refused).concat()
    }

    #[test]
    fn an_error_follows_whole_frames_only() {
        let check = |path: &str, framing, held: &str, before, expected: &str| {
            let sent = String::from_utf8(sent(path, framing, held.as_bytes(), before)).unwrap();
            assert!(sent.starts_with(expected), "{sent}");
            assert_eq!(sent.contains("It broke."), expected != held, "{sent}");
        };
        let (chat, messages, ollama, gemini) =
            ("/v1/chat/completions", "/v1/messages", "/api/chat", "/m:streamGenerateContent");
        check(chat, Framing::Events, "", Sent::Frames, "data: {\"error\":");
        check(chat, Framing::Events, "", Sent::Part, "");
        check(chat, Framing::Events, "data: {\"a\"", Sent::Frames, "data: {\"error\":");
        check(chat, Framing::Events, "data: {\"a\"", Sent::Part, "data: {\"a\"");
        check(chat, Framing::Events, "data: {}\n\ndata: {\"a\"", Sent::Part, "data: {}\n\ndata: {\"error\":");
        check("/v1/responses", Framing::Events, "", Sent::Frames, "event: error\ndata: {");
        check(messages, Framing::Events, "", Sent::Nothing, "event: error\ndata: {");
        check(ollama, Framing::Lines, "{}\n{", Sent::Frames, "{}\n{\"");
        check(gemini, Framing::Events, "", Sent::Frames, "data: {\"error\":");
        check(gemini, Framing::Elements, "[{}", Sent::Nothing, "[{},\r\n{\"error\":");
        check(gemini, Framing::Elements, ",{\"a\":", Sent::Frames, ",\r\n{\"error\":");
        check(gemini, Framing::Elements, "", Sent::Nothing, "[{\"error\":");
        check(chat, Framing::Text, "abc", Sent::Frames, "abc");
    }

    #[test]
    fn an_event_of_responses_is_an_error_by_its_type() {
        let sent = String::from_utf8(sent("/v1/responses", Framing::Events, b"", Sent::Frames)).unwrap();
        let data = sent.strip_prefix("event: error\ndata: ").unwrap();
        let event: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!((&event["type"], &event["message"]), (&"error".into(), &"It broke.".into()));
        assert_eq!((&event["code"], &event["error"]["message"]), (&"upstream/broken-off".into(), &"It broke.".into()));
    }

    #[test]
    fn a_list_that_broke_off_ends() {
        let whole = sent("/m:streamGenerateContent", Framing::Elements, b"[{\"a\":1}\n,{\"b", Sent::Nothing);
        let list: Vec<serde_json::Value> = serde_json::from_slice(&whole).unwrap();
        assert_eq!(list[1]["error"]["status"], "UNAVAILABLE");
    }

    #[test]
    fn a_binary_stream_ends_with_an_exception() {
        let sent = sent("/model/m/converse-stream", Framing::Messages, b"abc", Sent::Frames);
        assert_eq!(whole_frames(Framing::Messages, &sent), sent.len());
        let text = String::from_utf8_lossy(&sent);
        for said in [":exception-type", "modelStreamErrorException", ":message-type", "{\"message\":\"It broke.\"}"] {
            assert!(text.contains(said), "{said}: {text}");
        }
    }
}
