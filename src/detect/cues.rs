//! Cue words: what stands beside a value and says what it is, or what it is not.
//!
//! A cue counts on the value's own line, or in what [names](super::label) it. Words of alphabets that separate words must
//! stand alone; those of Chinese, Japanese, Korean, Thai, Arabic and Indian scripts may be glued to others.

mod borders;
mod heard;
mod names;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

pub(super) use borders::is_whole;
pub(super) use heard::Heard;
pub(super) use names::words_of;

use super::{lexicon::Lexicon, marks};
use borders::stands_alone;
use names::names;

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
    /// The list of phrases that take the sense of the words in them.
    aside: Lists,
    /// Words that may stand between a cue and its value.
    passing: BTreeSet<String>,
}

/// The lists whose words mean something to every pattern.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shared {
    /// Of words that go with any number.
    pub any: Option<ListId>,
    /// Of phrases that take the sense of the words in them.
    pub aside: Option<ListId>,
    /// Of words that may stand between a cue and its value.
    pub passing: Option<ListId>,
}

/// What people write for a word for number, before what it is of.
const SHORTENED: [(&str, &[&str]); 4] = [
    ("número d", &["nro d", "nro. d", "nº d", "n° d"]),
    ("numéro d", &["n° d", "nº d"]),
    ("numer ", &["nr "]),
    ("nomor ", &["no ", "no. "]),
];

/// How `phrase` is written with a short word for number: `nro de reclamo`.
fn shortened(phrase: &str) -> impl Iterator<Item = String> {
    let begins = SHORTENED.iter().find_map(|(long, short)| Some((phrase.strip_prefix(long)?, *short)));
    begins.into_iter().flat_map(|(rest, short)| short.iter().map(move |short| [short, rest].concat()))
}

/// How programs write the words of `phrase` in a name: `national_id`.
fn in_name(phrase: &str) -> Option<String> {
    let is_name = phrase.contains(' ') && phrase.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b' ');
    is_name.then(|| phrase.replace(' ', "_"))
}

/// What may stand there besides.
const PASSING_MARKS: [char; 11] = [' ', ':', '：', '=', '-', '\'', '’', '"', '*', '(', ','];

/// A cue word and where it stands; what stands before the text has places below zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    pub start: isize,
    pub end: isize,
    pub word: WordId,
    /// Whether it is a part of a name such as `customerPhone`.
    pub is_part: bool,
}

impl Hit {
    fn len(&self) -> isize {
        self.end - self.start
    }
}

/// How far a word is from a value: of two as far away, the one before it is nearer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Gap {
    pub chars: usize,
    pub is_behind: bool,
}

impl Cues {
    /// Compiles words with the list that each is in.
    pub(super) fn new(words: &[(String, ListId)], shared: Shared) -> Self {
        let mut by_word: BTreeMap<String, Vec<ListId>> = BTreeMap::new();
        let mut passing = BTreeSet::new();
        for (word, list) in words {
            let word = word.to_lowercase();
            let written = marks::unmarked(&word).chain(shortened(&word)).chain([word.clone()]);
            for typed in written.flat_map(|typed| in_name(&typed).into_iter().chain([typed])) {
                if shared.passing == Some(*list) {
                    passing.insert(typed);
                } else {
                    by_word.entry(typed).or_default().push(*list);
                }
            }
        }
        Self {
            words: Lexicon::new(by_word.keys().map(String::as_str)),
            lists: by_word.into_values().map(Lists::from_iter).collect(),
            any: shared.any.into_iter().collect(),
            aside: shared.aside.into_iter().collect(),
            passing,
        }
    }

    /// Whether `between` holds nothing that parts a cue from its value, as in `pin of my card is 4821`.
    pub(super) fn passes(&self, between: &str) -> bool {
        let mut words = between.split(PASSING_MARKS).filter(|word| !word.is_empty());
        words.all(|word| self.passing.contains(&word.to_lowercase()))
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
        let known = hits.len();
        let mut heard = |place: Range<usize>, word: WordId, is_part: bool| {
            let (start, end) = (place.start as isize + origin, place.end as isize + origin);
            hits.push(Hit { start, end, word, is_part });
        };
        self.words.find(text, range.clone(), |place, word| {
            if stands_alone(text, place.clone()) {
                heard(place, word, false);
            }
        });
        let mut of_names = names(text.as_bytes(), range).peekable();
        let has_names = of_names.peek().is_some();
        for name in of_names {
            self.find_in_name(text, name, |place, word| heard(place, word, true));
        }
        if has_names {
            hits[known..].sort_unstable();
        }
    }

    /// Finds what the last word of `name` says, with what runs into that: a `phoneScreen` is no phone.
    fn find_in_name(&self, text: &str, name: Range<usize>, mut heard: impl FnMut(Range<usize>, WordId)) {
        let words = words_of(&text[name.clone()]);
        let back = |at: usize| name.start + at - words[..at].matches(' ').count();
        let mut places = Vec::new();
        self.words.find(&words, 0..words.len(), |place, word| {
            if stands_alone(&words, place.clone()) {
                places.push((place, word));
            }
        });
        places.sort_by_key(|(place, _)| std::cmp::Reverse(place.end));
        let mut goes_on = vec![words.len()];
        for (place, word) in places {
            if goes_on.contains(&(place.end + 1)) {
                goes_on.push(place.start);
                heard(back(place.start)..back(place.end), word);
            }
        }
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
        gap: impl Fn(&Hit) -> Option<Gap>,
    ) -> Sign {
        let nearest = |lists: &Lists, spoilt: &dyn Fn(&Hit) -> bool, gap: &dyn Fn(&Hit) -> Option<Gap>| {
            let mut nearest = None;
            for hit in hits.iter().filter(|hit| self.is_of(hit, lists)) {
                let nearer = gap(hit).filter(|gap| nearest.is_none_or(|nearest| *gap < nearest));
                if nearer.is_some() && !spoilt(hit) {
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
        let of_other = |cue: &Hit| self.is_inside(cue, hits, |longer| !self.is_of(longer, cues));
        let cue = nearest(cues, &|cue| of_other(cue) || follows(cue) && self.is_of(cue, &self.any), &gap);
        // What stands against a value is only silenced by what speaks for it, or by what was said in passing.
        let silences = |longer: &Hit| self.is_of(longer, cues) || self.is_of(longer, &self.aside);
        let anti = nearest(anti_cues, &|anti| self.is_inside(anti, hits, silences), &anti_gap);
        match (cue, anti) {
            (None, None) => Sign::None,
            (Some(cue), anti) if anti.is_none_or(|anti| cue <= anti) => Sign::For,
            _ => Sign::Against,
        }
    }

    /// Whether `hit` is part of a longer word that says something else. `order number` is still about an order.
    fn is_inside(&self, hit: &Hit, hits: &[Hit], is_other: impl Fn(&Hit) -> bool) -> bool {
        let holds = |longer: &&Hit| longer.start <= hit.start && hit.end <= longer.end && longer.len() > hit.len();
        hits.iter().filter(holds).max_by_key(|longer| longer.len()).is_some_and(|longest| {
            let begins = |other: &Hit| longest.start == hit.start && other.end == longest.end && runs_into(hit, other);
            is_other(longest) && !hits.iter().any(|other| self.is_of(other, &self.any) && begins(other))
        })
    }
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
        let words = [
            ("phone", 0),
            ("number", 0),
            ("телефон", 0),
            ("电话", 0),
            ("order", 1),
            ("tax number", 2),
            ("number", 3),
            ("order desk", 2),
            ("order day", 4),
        ];
        let cues = Cues::new(
            &words.map(|(word, list)| (word.to_owned(), list)),
            Shared { any: Some(3), aside: Some(4), passing: None },
        );
        let start = text.find('5').unwrap() as isize;
        let mut hits = Vec::new();
        cues.find(text, 0..text.len(), 0, &mut hits);
        let gap = |chars: isize, most, is_behind| {
            usize::try_from(chars).ok().filter(|chars| *chars <= most).map(|chars| Gap { chars, is_behind })
        };
        let before = |hit: &Hit| gap(start - hit.end, 20, false);
        let after = |hit: &Hit| gap(hit.start - start - 3, 10, true);
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
        check("order 555 phone", Sign::Against);
        check("order desk 555 as my phone", Sign::Against);
        check("order day 555 as my phone", Sign::For);
        check("phone ................................ 555", Sign::None);
    }

    #[test]
    fn an_anti_cue_is_as_near_as_the_word_that_it_takes_along() {
        check("order number is 555 in my phone", Sign::Against);
        check("order it is my 555 in my phone", Sign::For);
    }

    #[test]
    fn words_of_no_weight_are_passed_over() {
        let words = [("ist", 0), ("é", 0), ("мой", 0), ("phone", 1)];
        let passing = Shared { passing: Some(0), ..Shared::default() };
        let cues = Cues::new(&words.map(|(word, list)| (word.to_owned(), list)), passing);
        for (between, passes) in [
            ("", true),
            (" ", true),
            (" IST: ", true),
            (" é ", true),
            (" Мой, ист ", false),
            (" МОЙ ", true),
            (" phone ", false),
            (" ist 5 ", false),
            (" ist. ", false),
        ] {
            assert_eq!(cues.passes(between), passes, "{between}");
        }
    }

    #[test]
    fn a_capital_begins_a_word() {
        check("customerPhone=555", Sign::For);
        check("customerPhoneOld: 555", Sign::None);
        check("phoneScreen 555", Sign::None);
        check("orderPhone 555", Sign::For);
        check("taxNumber 555", Sign::None);
        check("phoneNumber 555", Sign::For);
        check("orderNumber=555", Sign::Against);
        check("iPhone 555", Sign::None);
        check("customerphone 555", Sign::None);
    }

    #[test]
    fn words_stand_alone_where_the_script_separates_them() {
        check("telephones 555", Sign::None);
        check("ТЕЛЕФОН 555", Sign::For);
        check("Телефоны 555", Sign::None);
        check("我的电话是555", Sign::For);
        check("我的phone是555", Sign::For);
        check("éphone 555 phoneé", Sign::None);
    }
}
