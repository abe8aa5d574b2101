//! Any bytes as JSON: what is read has its places right, and what is spliced in leaves JSON with the same places.

#![no_main]

use blotter_fuzz::provider::Dialect;
use blotter_fuzz::redact::Media;
use blotter_fuzz::redactor;
use blotter_fuzz::wire::json::{Document, Kind, NodeId, decode, encode, source_offsets};
use blotter_fuzz::wire::{Edit, splice};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = Document::parse(bytes, 40) else { return };
    let mut strings = Vec::new();
    visit(&document, document.root(), &mut strings);
    let edits: Vec<Edit> = strings.iter().map(|id| edit(&document, *id)).collect();
    let spliced = splice(bytes, &edits);
    let again = Document::parse(&spliced, 40).expect("it is JSON with other strings in it");
    let mut after = Vec::new();
    visit(&again, again.root(), &mut after);
    assert_eq!(strings.len(), after.len());
    after.iter().for_each(|id| assert!(again.text(*id).ends_with("\u{2028}\"x")));
    check_redaction(bytes);
});

/// Every string that is a value, in order.
fn visit(document: &Document, id: NodeId, strings: &mut Vec<NodeId>) {
    let source = document.source(id);
    match document.kind(id) {
        Kind::Array => document.items(id).for_each(|item| visit(document, item, strings)),
        Kind::Object => document.members(id).for_each(|(key, value)| {
            assert!(document.says(key, &document.text(key)));
            visit(document, value, strings);
        }),
        Kind::String => {
            assert!(source.starts_with('"') && source.ends_with('"'));
            strings.push(id);
        }
        Kind::Literal => assert!(["false", "null", "true"].contains(&source)),
        Kind::Number => assert!(source.starts_with(|first: char| first == '-' || first.is_ascii_digit())),
    }
}

/// Puts something at the end of a string, by the way of what it says.
fn edit(document: &Document, id: NodeId) -> Edit {
    let inner = document.inner(id);
    let said = decode(inner);
    let borders: Vec<usize> = said.char_indices().map(|(at, _)| at).chain([said.len()]).collect();
    let offsets = source_offsets(inner, borders.iter().copied());
    assert!(offsets.is_sorted() && offsets.last() == Some(&inner.len()));
    let at = document.span(id).end - 1;
    Edit { span: at..at, with: encode("\u{2028}\"x").into_owned() }
}

/// Whatever is found, JSON leaves, and without findings the same bytes.
fn check_redaction(bytes: &[u8]) {
    for path in ["/chat/completions", "/messages", "/responses", "/m:generateContent", "/new"] {
        let mut redaction = redactor().begin();
        let Ok(redacted) = redaction.body(bytes.to_vec().into(), &Media::Json, Dialect::of(path)) else { continue };
        let (vault, _) = redaction.finish();
        Document::parse(&redacted.bytes, 40).expect("JSON leaves");
        Document::parse(&redacted.logged, 40).expect("JSON is logged");
        assert!(!vault.is_empty() || redacted.bytes == bytes);
    }
}
