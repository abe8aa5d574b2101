//! Cue words: what stands beside a value and says what it is, or what it is not.
//!
//! A cue counts on the value's own line only. Words of alphabets that separate words must stand alone; those of Chinese,
//! Japanese, Korean, Thai, Arabic and Indian scripts may be glued to others.

use std::{collections::BTreeMap, ops::Range};

use super::lexicon::Lexicon;

/// Names one list of cue words.
pub(super) type ListId = u16;

/// Names one cue word of a detector.
pub(super) type WordId = u32;

/// A set of lists, as bits.
#[derive(Clone, Debug, Default)]
pub(super) struct Lists(Vec<u64>);

impl Lists {
    /// Whether both have some list.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(a, b)| a & b != 0)
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<ListId> for Lists {
    fn from_iter<I: IntoIterator<Item = ListId>>(lists: I) -> Self {
        let mut bits = Vec::new();
        for list in lists {
            let word = usize::from(list / 64);
            bits.resize(bits.len().max(word + 1), 0);
            bits[word] |= 1 << (list % 64);
        }
        Self(bits)
    }
}

/// All cue words of all pattern files.
pub(super) struct Cues {
    words: Lexicon,
    /// The lists that hold a word, by its number in the lexicon.
    lists: Vec<Lists>,
    /// The list of words that go with any number.
    any: Lists,
}

/// A cue word and where it stands; what stands before the text has places below zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    pub start: isize,
    pub end: isize,
    pub word: WordId,
}

impl Hit {
    fn len(&self) -> isize {
        self.end - self.start
    }
}

impl Cues {
    /// Compiles words with the list that each is in; those of the list `any` go with any number.
    pub(super) fn new(words: &[(String, ListId)], any: Option<ListId>) -> Self {
        let mut by_word: BTreeMap<String, Vec<ListId>> = BTreeMap::new();
        for (word, list) in words {
            by_word.entry(word.to_lowercase()).or_default().push(*list);
        }
        Self {
            words: Lexicon::new(by_word.keys().map(String::as_str)),
            lists: by_word.into_values().map(Lists::from_iter).collect(),
            any: any.into_iter().collect(),
        }
    }

    /// The lists that hold each word, by its number.
    pub(super) fn lists(&self) -> &[Lists] {
        &self.lists
    }

    /// Whether the word that was found is in one of `lists`.
    pub(super) fn is_of(&self, hit: &Hit, lists: &Lists) -> bool {
        self.lists[hit.word as usize].meets(lists)
    }

    /// Finds the cue words in the part `range` of `text`, counted from `origin`.
    pub(super) fn find(&self, text: &str, range: Range<usize>, origin: isize, hits: &mut Vec<Hit>) {
        self.words.find(text, range, |place, word| {
            if stands_alone(text, place.clone()) {
                let (start, end) = (place.start as isize + origin, place.end as isize + origin);
                hits.push(Hit { start, end, word });
            }
        });
    }

    /// Judges a value by the words around it, each as far away as `gap` says: the nearest decides, a cue between equals.
    ///
    /// A word inside a longer one says what the longer one says: `number` is no phone's in `social security number`. And an
    /// anti-cue that runs into a word of any number takes it along: in `order number 55512` the number is the order's, in
    /// `order phone 55512` it is a phone's.
    pub(super) fn judge(
        &self,
        hits: &[Hit],
        cues: &Lists,
        anti_cues: &Lists,
        gap: impl Fn(&Hit) -> Option<usize>,
    ) -> Sign {
        let nearest = |lists: &Lists, spoilt: &dyn Fn(&Hit) -> bool, gap: &dyn Fn(&Hit) -> Option<usize>| {
            let mut nearest = None;
            for hit in hits.iter().filter(|hit| self.is_of(hit, lists)) {
                let nearer = gap(hit).filter(|gap| nearest.is_none_or(|nearest| *gap < nearest));
                if nearer.is_some() && !self.is_inside_other(hit, hits, lists) && !spoilt(hit) {
                    nearest = nearer;
                }
            }
            nearest
        };
        let follows = |cue: &Hit| hits.iter().any(|anti| self.is_of(anti, anti_cues) && runs_into(anti, cue));
        let anti_gap = |anti: &Hit| {
            let along = hits.iter().filter(|any| self.is_of(any, &self.any) && runs_into(anti, any));
            along.filter_map(&gap).chain(gap(anti)).min()
        };
        let cue = nearest(cues, &|cue| follows(cue) && self.is_of(cue, &self.any), &gap);
        let anti = nearest(anti_cues, &|_| false, &anti_gap);
        match (cue, anti) {
            (None, None) => Sign::None,
            (Some(cue), anti) if anti.is_none_or(|anti| cue <= anti) => Sign::For,
            _ => Sign::Against,
        }
    }

    /// Whether `hit` is part of a longer word that none of `lists` holds. `order number` is still about an order.
    fn is_inside_other(&self, hit: &Hit, hits: &[Hit], lists: &Lists) -> bool {
        let holds = |longer: &&Hit| longer.start <= hit.start && hit.end <= longer.end && longer.len() > hit.len();
        hits.iter().filter(holds).max_by_key(|longer| longer.len()).is_some_and(|longest| {
            let begins = |other: &Hit| longest.start == hit.start && other.end == longest.end && runs_into(hit, other);
            !self.is_of(longest, lists) && !hits.iter().any(|other| self.is_of(other, &self.any) && begins(other))
        })
    }
}

/// The cue words of one text, found block by block where they were asked for.
#[derive(Default)]
pub(super) struct Heard {
    hits: Vec<Hit>,
    /// Where the hits of each block are, if it was looked through.
    blocks: Vec<Option<Range<usize>>>,
}

impl Heard {
    /// Forgets everything, before another line.
    pub(super) fn clear(&mut self) {
        self.hits.clear();
        self.blocks.clear();
    }

    /// The cue words that begin within `range`, which is a part of the line `line` of `text`.
    pub(super) fn within<'h>(
        &'h mut self,
        cues: &Cues,
        text: &str,
        line: &Range<usize>,
        range: Range<usize>,
    ) -> impl Iterator<Item = &'h Hit> + Clone + use<'h> {
        let blocks = (range.start - line.start) / BLOCK..(range.end - line.start).div_ceil(BLOCK);
        if self.blocks.len() < blocks.end {
            self.blocks.resize(blocks.end, None);
        }
        for block in blocks.clone() {
            if self.blocks[block].is_none() {
                let (start, first) = (line.start + block * BLOCK, self.hits.len());
                cues.find(text, start..(start + BLOCK).min(line.end), 0, &mut self.hits);
                self.blocks[block] = Some(first..self.hits.len());
            }
        }
        let (start, end) = (range.start as isize, range.end as isize);
        let of_blocks = self.blocks[blocks].iter().flatten().flat_map(|hits| &self.hits[hits.clone()]);
        of_blocks.filter(move |hit| hit.start >= start && hit.start < end)
    }
}

/// How many bytes are looked through for cue words at once: neighbours ask for nearly the same.
const BLOCK: usize = 512;

fn stands_alone(context: &str, word: Range<usize>) -> bool {
    let bytes = context.as_bytes();
    let ascii = |at: usize| bytes.get(at).is_none_or(u8::is_ascii);
    if ascii(word.start) && ascii(word.end - 1) {
        // Nothing but a letter of ASCII runs into one.
        let letter = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphabetic);
        let before = word.start.checked_sub(1).is_some_and(letter);
        return !(before && letter(word.start) || letter(word.end - 1) && letter(word.end));
    }
    let glued = |inside: Option<char>, outside: Option<char>| {
        let same = |inside: char, outside: char| inside.is_ascii() == outside.is_ascii();
        inside
            .zip(outside)
            .is_some_and(|(inside, outside)| separates(inside) && separates(outside) && same(inside, outside))
    };
    let inside = &context[word.clone()];
    !glued(inside.chars().next(), context[..word.start].chars().next_back())
        && !glued(inside.chars().next_back(), context[word.end..].chars().next())
}

/// Whether no letter or digit runs into `word`, whatever its script, if it is one that puts something between words.
pub(super) fn is_whole(text: &str, word: &Range<usize>) -> bool {
    let runs = |c: char| separates(c) || c.is_ascii_digit();
    let glued = |inside: Option<char>, outside: Option<char>| inside.is_some_and(runs) && outside.is_some_and(runs);
    let inside = &text[word.clone()];
    !glued(inside.chars().next(), text[..word.start].chars().next_back())
        && !glued(inside.chars().next_back(), text[word.end..].chars().next())
}

/// Whether `c` is a letter of a script that puts something between words.
fn separates(c: char) -> bool {
    c.is_alphabetic() && !matches!(c, '\u{590}'..='\u{10ff}' | '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{ffff}')
}

/// A word for or against a value, by which is nearer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// No word within the distance.
    None,
    /// No anti-cue is nearer than the nearest cue.
    For,
    /// An anti-cue is nearer than any cue.
    Against,
}

fn runs_into(anti: &Hit, cue: &Hit) -> bool {
    anti.start < cue.start && (anti.end..=anti.end + 1).contains(&cue.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Sign) {
        let words =
            [("phone", 0), ("number", 0), ("телефон", 0), ("电话", 0), ("order", 1), ("tax number", 2), ("number", 3)];
        let cues = Cues::new(&words.map(|(word, list)| (word.to_owned(), list)), Some(3));
        let start = text.find('5').unwrap() as isize;
        let mut hits = Vec::new();
        cues.find(text, 0..text.len(), 0, &mut hits);
        let before = |hit: &Hit| usize::try_from(start - hit.end).ok().filter(|gap| *gap <= 20);
        let after = |hit: &Hit| usize::try_from(hit.start - start - 3).ok().filter(|gap| *gap <= 10);
        let [of, against] = [0, 1].map(|list| Lists::from_iter([list]));
        assert_eq!(cues.judge(&hits, &of, &against, |hit| before(hit).or_else(|| after(hit))), expected, "{text}");
    }

    #[test]
    fn the_nearest_word_decides() {
        check("555", Sign::None);
        check("phone 555", Sign::For);
        check("PHONE: 555", Sign::For);
        check("555 is my phone", Sign::For);
        check("order 555", Sign::Against);
        check("order 7, phone 555", Sign::For);
        check("phone 7, order 555", Sign::Against);
        check("phone 555 order", Sign::For);
        check("order number 555", Sign::Against);
        check("order phone 555", Sign::For);
        check("order_phone 555", Sign::For);
        check("tax number 555", Sign::None);
        check("phone ................................ 555", Sign::None);
    }

    #[test]
    fn an_anti_cue_is_as_near_as_the_word_that_it_takes_along() {
        check("order number is 555 in my phone", Sign::Against);
        check("order it is my 555 in my phone", Sign::For);
    }

    #[test]
    fn words_stand_alone_where_the_script_separates_them() {
        check("telephones 555", Sign::None);
        check("ТЕЛЕФОН 555", Sign::For);
        check("Телефоны 555", Sign::None);
        check("我的电话是555", Sign::For);
    }
}
