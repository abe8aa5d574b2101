//! E-mail addresses as people spell them out: `maria [at] gmail [dot] com`, `maria arroba gmail punto com`.
//!
//! The word `at` alone is in every other sentence, so it counts only where mail is spoken of, or where nothing else stands on
//! the line.

use std::{ops::Range, sync::LazyLock};

use aho_corasick::packed::Searcher;
use regex_automata::{Anchored, Input, meta::Regex, util::syntax};

use super::super::map::Edit;

/// How far before an address its cue may stand.
const DISTANCE: usize = 40;

/// Words that say `@` and nothing else.
const AT: &str = "arroba|arobase|arobas|chiocciola|apenstaartje|klammeraffe|ät|małpa|malpa|собака|собачка";

/// Words that say `.`
const DOT: &str = "dot|punto|ponto|point|punkt|punt|kropka|nokta|titik|точка";

/// In every address that is spelled out stands one of these, or a bracket before one of the words.
const OPENINGS: [&str; 10] =
    [" dot ", " DOT ", "rroba", "arobas", " punto ", " ponto ", " punkt ", " nokta ", " точка ", " kropka "];

/// Whether an address may be spelled out in `text`.
pub(super) fn asks(text: &str) -> bool {
    static SEARCHER: LazyLock<Option<Searcher>> = LazyLock::new(|| Searcher::new(OPENINGS));
    let spelled = match &*SEARCHER {
        Some(searcher) => searcher.find(text).is_some(),
        // Where the processor has no such instructions.
        None => OPENINGS.iter().any(|opening| memchr::memmem::find(text.as_bytes(), opening.as_bytes()).is_some()),
    };
    spelled || memchr::memchr3_iter(b'[', b'(', b'{', text.as_bytes()).any(|at| opens(&text.as_bytes()[at + 1..]))
}

/// Whether what follows a bracket may be a word of an address.
fn opens(inner: &[u8]) -> bool {
    let word = inner.trim_ascii_start();
    matches!(word, [b'@' | b'a' | b'A', ..] | [b'd' | b'D', b'o' | b'O', ..])
        && word.iter().take(8).any(|byte| matches!(byte, b']' | b')' | b'}'))
}

/// The words of addresses as `@` and dots.
pub(super) fn edits(text: &str) -> Vec<Edit> {
    let (mut edits, mut at) = (Vec::new(), 0);
    while at < text.len()
        && let Some(found) = WORDS.address.search(&Input::new(text).range(at..))
    {
        let address = found.range();
        at = address.end;
        let Some(sign) = first(&WORDS.at, text, address.clone()) else { continue };
        if is_meant(text, &address, &text[sign.clone()]) {
            let dots =
                |part: Range<usize>| WORDS.dot.find_iter(Input::new(text).range(part)).map(|dot| (dot.range(), "."));
            let parts = dots(address.start..sign.start).chain([(sign.clone(), "@")]).chain(dots(sign.end..address.end));
            let changed = parts.filter(|(span, meant)| text[span.clone()] != **meant);
            edits.extend(changed.map(|(span, meant)| Edit { span, meant: meant.into() }));
        } else {
            at = sign.end;
        }
    }
    edits
}

/// Whether an address is meant: its sign says nothing else, or its surroundings say so.
fn is_meant(text: &str, address: &Range<usize>, sign: &str) -> bool {
    if !sign.trim_matches(' ').eq_ignore_ascii_case("at") {
        return true;
    }
    let from = text.floor_char_boundary(address.start.saturating_sub(DISTANCE));
    let around = &text[from..address.start];
    let before = around.rsplit(LINE_ENDS).next().unwrap_or_default();
    let home = text[address.clone()].split_once(sign).map_or("", |(_, home)| home.trim_start());
    let begins = (from == 0 || before.len() < around.len()) && before.trim_start().is_empty();
    let ends = text[address.end..].trim_start_matches(' ').chars().next().is_none_or(|c| LINE_ENDS.contains(&c));
    // No cue is taken from a placeholder, nor from behind one.
    let near = before.rsplit(']').next().unwrap_or_default();
    let local = text[address.clone()].split(' ').next().unwrap_or_default();
    let person = !PRONOUNS.iter().any(|pronoun| local.eq_ignore_ascii_case(pronoun));
    let to = text.ceil_char_boundary((address.end + DISTANCE).min(text.len()));
    let behind = text[address.end..to].split(['[', '\n', '\r']).next().unwrap_or_default();
    let mailbox =
        MAILBOXES.iter().any(|mailbox| home.get(..mailbox.len()).is_some_and(|at| at.eq_ignore_ascii_case(mailbox)));
    person && (mailbox || begins && ends || WORDS.cue.is_match(near) || WORDS.cue.is_match(behind))
}

const LINE_ENDS: [char; 2] = ['\n', '\r'];

/// Where nothing is but mailboxes.
const MAILBOXES: [&str; 10] = [
    "gmail ",
    "googlemail ",
    "hotmail ",
    "outlook ",
    "yahoo ",
    "icloud ",
    "protonmail ",
    "gmx ",
    "aol ",
    "rediffmail ",
];

/// What comes before `at` when the mail itself is meant: `write to me at x dot org`.
const PRONOUNS: [&str; 6] = ["me", "us", "him", "her", "them", "you"];

fn first(regex: &Regex, text: &str, range: Range<usize>) -> Option<Range<usize>> {
    regex.search(&Input::new(text).range(range).anchored(Anchored::No)).map(|found| found.range())
}

struct Words {
    /// An address of which at least the dots or the sign are spelled out.
    address: Regex,
    at: Regex,
    dot: Regex,
    cue: Regex,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let open = r" {0,2}[\[({<] {0,1}";
    let close = r" {0,1}[\])}>] {0,2}";
    let at = format!("{open}(?:at|@|{AT}){close}| {{1,2}}(?:at|@|{AT}) {{1,2}}");
    let dot = format!(r"{open}(?:\.|{DOT}){close}| {{1,2}}(?:{DOT}) {{1,2}}");
    let (name, label) = ("[A-Za-z0-9_%+-]+", "[A-Za-z0-9-]+");
    // Either the sign is spelled out, or a dot behind the plain one is.
    let address = format!(
        r"{name}(?:(?:\.|{dot}){name}){{0,4}}(?:(?:{at}){label}(?:(?:\.|{dot}){label}){{1,4}}|@{label}(?:\.{label}){{0,3}}(?:(?:{dot}){label}){{1,4}})"
    );
    let regex = |source: &str| {
        let syntax = syntax::Config::new().unicode(false).utf8(false).case_insensitive(true);
        Regex::builder().syntax(syntax).build(source).expect("the test builds it")
    };
    Words {
        address: regex(&address),
        at: regex(&format!("{at}|@")),
        dot: regex(&dot),
        cue: regex("mail|correo|courriel|posta|surel|почт"),
    }
});
