//! What holds for whatever is asked and answered, however it is cut.

use proptest::prelude::*;

use super::*;

/// Pieces of a message: words, brackets and quotes, and values, each in one spelling.
fn message() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[x-zX-Zé😀\\[\\]_\"\\\\\n{}, ]{0,12}".prop_map(String::from),
        Just(format!(" {SSN} ")),
        Just(format!(" {PHONE} ")),
        Just(format!(" {MAIL} ")),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// What stands in a string where values are split: parts of numbers, and words that make or spoil them.
fn split_text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(&[
        "4111 1111",
        "1111 1111",
        "4111111",
        "11 1111 1111",
        "4242 4242",
        "+49 170",
        "1234567",
        "+1 415",
        "555 2671",
        "536-90",
        "-4399",
        "4399",
        "DE89 3704 0044",
        "0532 0130 00",
        " ",
        ", ",
        "\n",
        "ssn ",
        "my card ",
        "order ",
        "phone: ",
        "ann@x.org",
        "12",
        "[CARD_7K2Q]",
    ]);
    prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

fn framing() -> impl Strategy<Value = Framing> {
    use Framing::{Elements, Events, Lines, Messages, Whole};
    prop::sample::select(&[Elements, Events, Lines, Messages, Whole])
}

const PATHS: &[&str] =
    &["/chat/completions", "/responses", "/messages", "/m:streamGenerateContent", "/api/chat", "/new"];

/// Whole frames of several APIs, with a placeholder or half of one, and what breaks frames.
fn piece_of_an_answer() -> impl Strategy<Value = String> {
    let (_, [ssn, ..]) = vault();
    let (half, rest) = ssn.split_at(5);
    let frames: Vec<String> = [&ssn, half, rest, " x "]
        .iter()
        .flat_map(|text| {
            [
                format!(r#"{{"choices":[{{"index":0,"delta":{{"content":"{text}"}}}}]}}"#),
                format!(r#"{{"type":"response.output_text.delta","output_index":0,"delta":"{text}"}}"#),
                format!(
                    r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{text}"}}}}"#
                ),
                format!(r#"{{"candidates":[{{"content":{{"parts":[{{"text":"{text}"}}]}}}}]}}"#),
                format!(r#"{{"message":{{"content":"{text}"}}}}"#),
            ]
        })
        .flat_map(|json| [format!("data: {json}\n\n"), format!("{json}\n"), format!("[{json},")])
        .chain(["\r", "\n", "]", "{", "\"", "data: [DONE]\n\n", ": x\n", "\0\0\0"].map(str::to_owned))
        .collect();
    prop::sample::select(frames)
}

proptest! {
    #[test]
    fn what_the_model_echoes_comes_back(text in message(), piece in 1_usize..9, cut in 1_usize..64) {
        let request = format!("{{\"messages\":[{{\"content\":\"{}\"}}]}}", json::encode(&text));
        let (redacted, vault, _) = redact_with(&Policy::default(), chat(), &request).unwrap();
        let request: serde_json::Value = serde_json::from_slice(&redacted.bytes).unwrap();
        let echoed: Vec<char> = request["messages"][0]["content"].as_str().unwrap().chars().collect();
        for value in [SSN, PHONE, MAIL] {
            prop_assert!(!String::from_iter(&echoed).contains(value));
        }
        let stream: String = echoed.chunks(piece).map(|piece| content(&String::from_iter(piece))).collect();
        let mut restorer = Restorer::new(vault, Arc::default(), chat(), Framing::Events, LIMITS);
        let mut out: Vec<Bytes> = stream.as_bytes().chunks(cut).flat_map(|bytes| restorer.push(bytes).unwrap()).collect();
        out.extend(restorer.finish().unwrap());
        prop_assert_eq!(said(std::str::from_utf8(&out.concat()).unwrap(), "content"), text);
    }

    #[test]
    fn redacting_split_values_again_brings_none_back(said in prop::collection::vec((0..5_usize, split_text()), 0..9)) {
        // What stands between the parts of a value is not scanned anew, so here it says nothing that could be one.
        let turn = |(at, text)| if at == 0 { ("assistant", "and the rest?".to_owned()) } else { ("user", text) };
        let said: Vec<(&str, String)> = said.into_iter().map(turn).collect();
        let said: Vec<(&str, &str)> = said.iter().map(|(role, text)| (*role, text.as_str())).collect();
        let (once, vault, _) = redact_with(&Policy::default(), chat(), &turns(&said)).unwrap();
        let sent = std::str::from_utf8(&once.bytes).unwrap();
        // A second look may find more: what stood between two turns' digits is a placeholder now.
        let (twice, ..) = redact_with(&Policy::default(), chat(), sent).unwrap();
        let again = std::str::from_utf8(&twice.bytes).unwrap();
        for (name, _) in vault.iter() {
            prop_assert!(!sent.contains(name) || again.contains(name), "{}", name);
        }
        let sent: serde_json::Value = serde_json::from_str(sent).unwrap();
        for (at, (_, text)) in said.iter().enumerate() {
            let mut back = sent["messages"][at]["content"].as_str().unwrap().to_owned();
            for (name, held) in vault.iter() {
                back = back.replace(&format!("[{name}]"), &held.value);
            }
            // Spellings of one value share a placeholder, so signs between its digits may differ.
            let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
            prop_assert_eq!(letters(&back), letters(text));
        }
    }

    #[test]
    fn any_bytes_pass_through_an_empty_vault(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        cut in 1_usize..20,
        framing in framing(),
    ) {
        let mut restorer = Restorer::new(Vault::default(), Arc::default(), chat(), framing, LIMITS);
        let mut out: Vec<Bytes> = bytes.chunks(cut).flat_map(|bytes| restorer.push(bytes).unwrap()).collect();
        out.extend(restorer.finish().unwrap());
        prop_assert_eq!(out.concat(), bytes);
    }

    #[test]
    fn a_cut_changes_nothing_whatever_arrives(
        pieces in prop::collection::vec(piece_of_an_answer(), 0..12),
        cut in 1_usize..20,
        framing in framing(),
        path in prop::sample::select(PATHS),
    ) {
        let answer = pieces.concat();
        let restore = |cut| {
            let chunks: Vec<&[u8]> = answer.as_bytes().chunks(cut).collect();
            restore_in(Policy::default(), Dialect::of(path), framing, &chunks).0.concat().concat()
        };
        prop_assert_eq!(restore(cut), restore(usize::MAX));
    }
}
