use super::*;
use proptest::prelude::*;

fn check(json: &str, expected: Result<(), JsonError>) {
    assert_eq!(Document::parse(json.as_bytes(), 4).map(|_| ()), expected, "{json}");
}

fn syntax(expected: &'static str, at: usize) -> Result<(), JsonError> {
    Err(JsonError::Syntax { expected, at })
}

#[test]
fn json_is_what_rfc_8259_says() {
    for json in
        ["1", " [ ] ", "{}", "\u{feff}{}", "[1,-0.5e+7,\"\\u00e9\\n\",true,false,null,{\"a\":[{}]}]", "\"\u{7f}\""]
    {
        check(json, Ok(()));
    }
    check("", syntax("a value", 0));
    check("[1,]", syntax("a value", 3));
    check("[1 2]", syntax("`,` or `]`", 3));
    check("{\"a\":1,}", syntax("a key", 7));
    check("{\"a\" 1}", syntax("`:`", 5));
    check("{\"a\":1]", syntax("`,` or `}`", 6));
    check("{}{}", syntax("the end of the text", 2));
    check("01", syntax("the end of the text", 1));
    check("1.", syntax("a digit", 2));
    check("-", syntax("a digit", 1));
    check("tru", syntax("a value", 0));
    check("NaN", syntax("a value", 0));
    check("\"a", syntax("the end of a string", 2));
    check("\"\\x\"", syntax("a valid escape", 1));
    check("\"\\u12g4\"", syntax("a valid escape", 1));
    check("\"01234567\n\"", syntax("an escape in place of a control character", 9));
    check("[1", syntax("`,` or `]`", 2));
}

#[test]
fn a_key_stands_once_in_an_object_however_it_is_spelled() {
    check(r#"{"a":1,"b":{"a":1}}"#, Ok(()));
    check(r#"{"a":1,"a":1}"#, Err(JsonError::DuplicateKey { at: 7 }));
    check(r#"[{"a":1,"\u0061":1}]"#, Err(JsonError::DuplicateKey { at: 8 }));
    let many: Vec<String> = (0..100).chain([7]).map(|n| format!("\"{n}\":0")).collect();
    assert!(matches!(
        Document::parse(format!("{{{}}}", many.join(",")).as_bytes(), 4),
        Err(JsonError::DuplicateKey { .. })
    ));
}

#[test]
fn nesting_is_bounded() {
    check("[[[[]]]]", Ok(()));
    check("[[[[[]]]]]", Err(JsonError::TooDeep { limit: 4, at: 4 }));
    assert!(Document::parse("[".repeat(100_000).as_bytes(), 64).is_err());
}

#[test]
fn bytes_that_are_not_utf8_are_refused() {
    assert_eq!(Document::parse(b"\"\xff\"", 4).err(), Some(JsonError::Utf8 { at: 1 }));
}

#[test]
fn places_are_found_by_name() {
    let json = r#"{"a":{"b":[1,{"c":"x\ty"}]},"d":2}"#;
    let document = Document::parse(json.as_bytes(), 4).unwrap();
    let list = document.at(&["a", "b"]).unwrap();
    let object = document.items(list).nth(1).unwrap();
    assert_eq!(document.text(document.member(object, "c").unwrap()), "x\ty");
    assert_eq!(document.source(document.at(&["d"]).unwrap()), "2");
    assert!(document.at(&["a", "d"]).is_none());
    assert!(document.at(&["d", "a"]).is_none());
}

#[test]
fn a_lone_surrogate_reads_as_a_replacement_character() {
    assert_eq!(decode(r"a\ud83d\ude00b"), "a😀b");
    assert_eq!(decode(r"\ud83d!"), "\u{fffd}!");
    assert_eq!(decode(r"\ude00\ud83d\u0041"), "\u{fffd}\u{fffd}A");
}

#[test]
fn offsets_lead_back_to_the_source() {
    let source = r"a\u00e9\n😀b";
    let text = decode(source);
    assert_eq!(text, "aé\n😀b");
    let offsets: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    assert_eq!(source_offsets(source, offsets), [0, 1, 7, 9, 13, 14]);
}

#[test]
fn line_separators_never_leave_raw() {
    assert_eq!(encode("a\u{2028}\u{85}\"\\\u{1}"), r#"a\u2028\u0085\"\\\u0001"#);
}

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_itself(text in any::<String>()) {
        let source = encode(&text);
        prop_assert_eq!(decode(&source), text.as_str());
        let json = format!("\"{source}\"");
        let document = Document::parse(json.as_bytes(), 1).unwrap();
        prop_assert_eq!(document.text(document.root()), text.as_str());
    }

    #[test]
    fn reading_agrees_with_serde_json(json in r#"[\[\]{},:" \\nu0-9a-c.eE+-]{0,16}"#) {
        let ours = Document::parse(json.as_bytes(), 127).map(|_| ());
        let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&json);
        if !matches!(ours, Err(JsonError::DuplicateKey { .. })) {
            prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{}", json);
        }
    }
}
