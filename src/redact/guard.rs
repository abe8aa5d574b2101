//! The second guard: values in an answer that the caller did not send are replaced before the answer leaves.
//!
//! Whether something is a value hangs on what follows it. So a strand's text waits until [`REACH`] bytes more have come, or until
//! a line ended that no value goes on behind; a run without a border waits as a whole, up to [`LONGEST`] bytes, and a key block
//! up to [`BLOCK`]. Where the text is looked at is told by the text alone, so it does not matter how the provider cut it. A value
//! longer than these, and one whose frames break `held_bytes` while they wait, is seen in part only.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use super::placeholder::{self, Reading, Tail};
use super::vault::Vault;
use crate::crypto::MacKey;
use crate::detect::{Detector, Finding};
use crate::policy::{Action, Policy};
use crate::provider::Strand;
use crate::role::Role;

/// How many bytes of a strand wait: as long as the longest values of several words are.
pub(super) const REACH: usize = 256;

/// How long a value is at most that has no border in it.
const LONGEST: usize = 4 << 10;

/// How long a key block is at most.
const BLOCK: usize = 8 << 10;

/// How much of what was said before is looked at again, for cues.
const CUES: usize = 512;

/// Finds the values that a caller did not send.
pub struct Guard {
    detector: Arc<Detector>,
    policy: Arc<Policy>,
    key: MacKey,
}

/// A value that the caller did not send.
pub(super) struct Stranger {
    pub span: Range<usize>,
    /// Its placeholder.
    pub with: String,
}

/// How far one strand was looked through.
#[derive(Default)]
pub(super) struct Watch {
    /// The end of what came before the window.
    before: String,
    /// What names the strand, such as the key that it stands under.
    name: String,
    /// Whether the strand is the source of a JSON text.
    is_source: bool,
    /// How much of the window was searched for borders.
    seen: usize,
    /// How much of the window is decided.
    decided: usize,
    /// What has to go, in the decided part of the window.
    pub strangers: VecDeque<Stranger>,
}

impl Guard {
    /// A guard that names what it finds under `key`, and leaves what `policy` lets leave.
    pub fn new(detector: Arc<Detector>, policy: Arc<Policy>, key: MacKey) -> Self {
        Self { detector, policy, key }
    }

    /// The strangers in `text`, which goes by `name`.
    pub(super) fn strangers(&self, text: &str, name: &str, vault: &Vault) -> Vec<Stranger> {
        let found = self.detector.scan(text, name);
        found.into_iter().filter_map(|finding| self.stranger(finding, text, vault)).collect()
    }

    /// The strangers in the source of a JSON text, or in a piece of one: in all of it, and in each string by itself, as the words
    /// of one string say nothing about the next.
    fn strangers_in_source(&self, source: &str, name: &str, vault: &Vault) -> Vec<Stranger> {
        let mut found = self.strangers(source, name, vault);
        let (mut key, mut before, mut at) = (name, "", 0);
        for text in between_quotes(source) {
            if text.trim_ascii_start().starts_with(':') {
                key = before;
            }
            found.extend(self.strangers(text, key, vault).into_iter().map(|stranger| stranger.moved(at)));
            before = text;
            at += text.len() + 1;
        }
        found.sort_by_key(|stranger| stranger.span.start);
        found.dedup_by(|next, stranger| {
            let overlaps = next.span.start < stranger.span.end;
            if overlaps {
                stranger.span.end = stranger.span.end.max(next.span.end);
            }
            overlaps
        });
        found
    }

    fn stranger(&self, finding: Finding, text: &str, vault: &Vault) -> Option<Stranger> {
        let Finding { entity, span, .. } = &finding;
        let stays = matches!(self.policy.action(entity, Role::Assistant), Action::Alert | Action::Allow);
        let canonical = self.detector.canonical(&finding, text);
        if stays || vault.knows(&self.key, entity, &canonical) {
            return None;
        }
        Some(Stranger { with: vault.placeholder_for_stranger(&self.key, entity, &canonical), span: span.clone() })
    }
}

impl Stranger {
    fn moved(self, by: usize) -> Self {
        Self { span: self.span.start + by..self.span.end + by, ..self }
    }
}

/// The pieces of a JSON text's source between the quotes that begin and end its strings.
fn between_quotes(source: &str) -> impl Iterator<Item = &str> {
    let mut is_escaped = false;
    source.split(move |character| {
        let is_quote = character == '"' && !is_escaped;
        is_escaped = character == '\\' && !is_escaped;
        is_quote
    })
}

impl Watch {
    /// Begins a strand that goes by `name`.
    pub(super) fn of(strand: Strand, name: &str) -> Self {
        Self { name: name.to_owned(), is_source: strand == Strand::Arguments, ..Self::default() }
    }

    /// Looks at the window as far as it can be decided, and says how far that is.
    pub(super) fn look(&mut self, guard: &Guard, vault: &Vault, window: &str) -> usize {
        while let Some(border) = next_border(window, self.seen) {
            self.seen = border;
            let text = &window[..border];
            let free = self.free(text);
            if free > self.decided {
                self.decide(guard, vault, text, free);
            }
        }
        self.decided
    }

    /// Looks at all of the window.
    pub(super) fn look_at_all(&mut self, guard: &Guard, vault: &Vault, window: &str) -> usize {
        if window.len() > self.decided {
            self.decide(guard, vault, window, window.len());
        }
        self.seen = window.len();
        self.decided
    }

    /// Takes note that the first `gone` bytes of the window are gone.
    pub(super) fn forget(&mut self, window: &str, gone: usize) {
        self.before.push_str(&window[..gone]);
        let kept = self.before.len().saturating_sub(CUES + LONGEST);
        self.before.drain(..self.before.floor_char_boundary(kept));
        self.decided -= gone;
        self.seen = self.seen.saturating_sub(gone);
        for stranger in &mut self.strangers {
            stranger.span = stranger.span.start - gone..stranger.span.end - gone;
        }
    }

    /// How far the text can be decided when no more of it is there.
    fn free(&self, text: &str) -> usize {
        let reach = text.floor_char_boundary(text.len().saturating_sub(REACH)).max(self.decided);
        let border = text[self.decided..reach].rfind(is_border);
        let too_long = text.len() - self.decided > LONGEST + REACH;
        let by_reach =
            border.map_or(if too_long { reach } else { 0 }, |at| text.ceil_char_boundary(self.decided + at + 1));
        let free = by_reach.max(self.last_line_end(text).unwrap_or(0));
        let open_block = open_block(&text[self.decided..]).filter(|block| text.len() - self.decided - block <= BLOCK);
        open_block.map_or(free, |block| free.min(self.decided + block))
    }

    /// The last line end that nothing is found across: a word stands before or behind it.
    fn last_line_end(&self, text: &str) -> Option<usize> {
        let is_letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
        let last = |text: &str| text.trim_ascii_end().bytes().next_back();
        let is_apart = |at: &usize| {
            let before = last(&text[..*at]).or_else(|| last(&self.before));
            is_letter(before.as_ref()) || is_letter(text[*at..].trim_ascii_start().as_bytes().first())
        };
        memchr::memrchr_iter(b'\n', &text.as_bytes()[self.decided..]).map(|at| self.decided + at + 1).find(is_apart)
    }

    /// Decides the text up to `free`, or to the value that stands there.
    fn decide(&mut self, guard: &Guard, vault: &Vault, text: &str, mut free: usize) {
        let all = [&self.before, text].concat();
        let base = self.before.len();
        let from = start(&all, base + self.decided);
        let name = if from == 0 { &*self.name } else { "" };
        let strangers = if self.is_source { Guard::strangers_in_source } else { Guard::strangers };
        let mut strangers = strangers(guard, &all[from..], name, vault);
        if !strangers.is_empty() {
            let own = placeholders(&all[from..], vault);
            strangers.retain(|stranger| {
                own.iter().all(|own| own.end <= stranger.span.start || stranger.span.end <= own.start)
            });
        }
        for Stranger { span, with } in strangers {
            let span = (span.start + from).saturating_sub(base)..(span.end + from).saturating_sub(base);
            if span.end <= self.decided {
                continue;
            }
            let span = span.start.max(self.decided)..span.end;
            if span.end > free {
                free = free.min(span.start);
                break;
            }
            self.strangers.push_back(Stranger { span, with });
        }
        self.decided = free;
    }
}

/// Where the text is looked at from: [`CUES`] before what is to be decided, behind a border.
fn start(text: &str, decided: usize) -> usize {
    if decided <= CUES {
        return 0;
    }
    let from = text.floor_char_boundary(decided - CUES);
    text[from..decided].find(is_border).map_or(decided, |at| text.ceil_char_boundary(from + at + 1))
}

/// Where the next look is: behind a character that stands in no value without a blank in it.
fn next_border(window: &str, seen: usize) -> Option<usize> {
    let limit = window.floor_char_boundary((seen + LONGEST).min(window.len()));
    let border = window[seen..limit].find(is_border).map(|at| window.ceil_char_boundary(seen + at + 1));
    border.or((window.len() >= seen + LONGEST).then_some(limit))
}

fn is_border(character: char) -> bool {
    !character.is_ascii() || character.is_ascii_whitespace() || matches!(character, ',' | '"')
}

/// Where a key block begins that has not ended.
fn open_block(text: &str) -> Option<usize> {
    const BEGIN: &str = "-----BEGIN ";
    let begin = text.rfind(BEGIN)?;
    let block = &text[begin + BEGIN.len()..];
    let end = block.split_once("-----END ").and_then(|(_, end)| end.find("-----"));
    end.is_none().then_some(begin)
}

/// Where the placeholders stand that the vault holds: these are the caller's.
fn placeholders(text: &str, vault: &Vault) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = placeholder::next_candidate(text, at, false, vault) {
        at = start + 1;
        if let Reading::Placeholder { length, .. } = placeholder::read(&text[start..], Tail::Closed, vault) {
            at = start + length;
            found.push(start..at);
        }
    }
    found
}
