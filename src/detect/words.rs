//! The word lists of all patterns: customers' names, project names, hosts. Whole words only.

use super::{
    cues,
    lexicon::Lexicon,
    spots::{RuleId, Waking},
};

/// All words that patterns list.
#[derive(Default)]
pub(super) struct Words {
    lexicon: Lexicon,
    /// What each phrase of the lexicon wakes, by its number there.
    entries: Vec<Entry>,
}

/// A word and the rule that it wakes.
struct Entry {
    phrase: u32,
    rule: RuleId,
    /// How the word has to be spelled; any case will do without.
    spelled: Option<Box<str>>,
}

/// A word as a pattern lists it.
pub(super) struct Listed {
    pub word: String,
    pub rule: RuleId,
    pub fold_case: bool,
}

impl Words {
    /// Puts the words of all lists together.
    pub(super) fn new(listed: Vec<Listed>) -> Self {
        let small = |listed: Listed| (listed.word.to_lowercase(), listed);
        let mut words: Vec<(String, Listed)> = listed.into_iter().map(small).collect();
        words.sort_by(|(a, _), (b, _)| a.cmp(b));
        let (mut entries, mut phrase): (Vec<Entry>, Option<u32>) = (Vec::with_capacity(words.len()), None);
        for chunk in words.chunk_by_mut(|(a, _), (b, _)| a == b) {
            let number = phrase.map_or(0, |last| last + 1);
            phrase = Some(number);
            entries.extend(chunk.iter_mut().map(|(_, listed)| {
                let word = std::mem::take(&mut listed.word);
                Entry { phrase: number, rule: listed.rule, spelled: (!listed.fold_case).then(|| word.into()) }
            }));
        }
        let mut phrases: Vec<&str> = words.iter().map(|(word, _)| word.as_str()).collect();
        phrases.dedup();
        Self { lexicon: Lexicon::new(phrases.into_iter()), entries }
    }

    /// Finds every whole word of a list, in no order.
    pub(super) fn find(&self, text: &str, wakings: &mut Vec<Waking>) {
        if self.lexicon.is_empty() {
            return;
        }
        self.lexicon.find(text, 0..text.len(), |word, phrase| {
            if cues::is_whole(text, &word) {
                let first = self.entries.partition_point(|entry| entry.phrase < phrase);
                let of_phrase = self.entries[first..].iter().take_while(|entry| entry.phrase == phrase);
                let spelled =
                    |entry: &&Entry| entry.spelled.as_deref().is_none_or(|spelled| *spelled == text[word.clone()]);
                wakings.extend(of_phrase.filter(spelled).map(|entry| Waking {
                    rule: entry.rule,
                    at: word.start,
                    len: word.len(),
                }));
            }
        });
    }
}
