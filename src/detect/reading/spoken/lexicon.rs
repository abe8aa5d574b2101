//! The words of the digits by language, and a quick look whether a text may hold several in a row.

use std::{
    collections::{BTreeSet, HashMap},
    sync::LazyLock,
};

/// What a word in a number says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A digit.
    Digit(u8),
    /// The next digit, so many times.
    Times(usize),
}

/// A set of languages, as bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Languages(u32);

impl Languages {
    /// The languages of both sets.
    pub(super) fn shared(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether the set is empty.
    pub(super) fn is_none(self) -> bool {
        self.0 == 0
    }
}

/// What `word` says in a number, and in which languages.
pub(super) fn meaning(word: &str) -> Option<(Meaning, Languages)> {
    if word.len() > LONGEST {
        return None;
    }
    if let Some(known) = LEXICON.meanings.get(word) {
        return Some(*known);
    }
    word.bytes()
        .any(|byte| byte.is_ascii_uppercase())
        .then(|| LEXICON.meanings.get(&word.to_ascii_lowercase()).copied())?
}

/// Whether `c` may stand in a word of a number.
pub(super) fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '\u{93c}' | '\u{94d}')
}

/// Whether `c` is a word by itself: a Chinese character or a Korean syllable.
pub(super) fn stands_for_itself(c: char) -> bool {
    matches!(c, '\u{3005}'..='\u{3007}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}

/// Whether several words of numbers may stand at any of the places of `text` that are looked at, and `good` says so too.
pub(super) fn any_place(text: &str, good: impl Fn(usize) -> bool) -> bool {
    if text.is_ascii() { places::<WIDE>(text).any(good) } else { places::<NARROW>(text).any(good) }
}

/// Whether `number` is so long that it covers one of the places that are looked at, wherever it stands: what is too short for
/// that is never read, so that it does not matter what stands before it.
pub(super) fn is_seen(number: &str) -> bool {
    let every = if number.is_ascii() { WIDE } else { NARROW };
    number.len() >= every + LOOK - 1
}

/// How far apart the places are. A number of nine words has 35 bytes or more in most languages, 27 in Chinese and Korean.
const WIDE: usize = 24;
const NARROW: usize = 10;

/// How many bytes are looked at.
const LOOK: usize = 12;

fn places<const EVERY: usize>(text: &str) -> impl Iterator<Item = usize> {
    let quads = &LEXICON.quads;
    let known = |place: &[u8; LOOK]| {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = *place;
        quads.has([a, b, c, d]) && quads.has([e, f, g, h]) & quads.has([i, j, k, l])
    };
    let places = (0..text.len().saturating_sub(LOOK - 1)).step_by(EVERY);
    places.filter(move |at| text.as_bytes()[*at..].first_chunk().is_some_and(known))
}

/// Longer than any word of a digit, in bytes.
const LONGEST: usize = 24;

struct Lexicon {
    meanings: HashMap<String, (Meaning, Languages)>,
    quads: Quads,
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    let mut lexicon = Lexicon { meanings: HashMap::new(), quads: Quads(Box::new([0; Quads::WORDS])) };
    for (i, language) in DIGITS.iter().enumerate() {
        let digits = language.iter().zip(0u8..).map(|(words, digit)| (*words, Meaning::Digit(digit)));
        let times = MULTIPLES.iter().map(|(words, count)| (*words, Meaning::Times(*count)));
        let words: Vec<(String, Meaning)> = digits.chain(times).flat_map(|(words, it)| spellings(words, it)).collect();
        lexicon.quads.learn(&words.iter().map(|(word, _)| word.as_str()).collect::<Vec<_>>());
        for (word, meaning) in words {
            lexicon.meanings.entry(word).or_insert((meaning, Languages(0))).1.0 |= 1 << i;
        }
    }
    lexicon
});

/// Each of `words` as it is, and with the capitals that ASCII does not fold: `Один`, `ОДИН`.
fn spellings(words: &str, meaning: Meaning) -> impl Iterator<Item = (String, Meaning)> {
    words.split(' ').flat_map(move |word| {
        let mut rest = word.chars();
        let title: String = rest.next().into_iter().flat_map(char::to_uppercase).chain(rest).collect();
        let capitals =
            [title, word.to_uppercase()].into_iter().filter(|capital| !capital.is_ascii() && capital != word);
        [word.to_owned()].into_iter().chain(capitals.collect::<BTreeSet<_>>()).map(move |word| (word, meaning))
    })
}

/// The quadruples of bytes in words of numbers one behind the other, as bits by their hash.
struct Quads(Box<[u64; Quads::WORDS]>);

impl Quads {
    /// 131,072 bits.
    const WORDS: usize = 2048;

    fn learn(&mut self, words: &[&str]) {
        let gaps = if words[0].starts_with(stands_for_itself) { &["", " ", ", "][..] } else { &[" ", ", "] };
        for (first, second) in words.iter().flat_map(|first| words.iter().map(move |second| (first, second))) {
            for (gap, tail) in gaps.iter().flat_map(|gap| gaps.iter().map(move |tail| (gap, tail))) {
                let pair = format!("{first}{gap}{second}{tail}");
                pair.as_bytes().windows(4).for_each(|quad| self.add([quad[0], quad[1], quad[2], quad[3]]));
            }
        }
    }

    fn add(&mut self, quad: [u8; 4]) {
        let bit = Self::hash(quad);
        self.0[bit / 64] |= 1 << (bit % 64);
    }

    fn has(&self, quad: [u8; 4]) -> bool {
        let bit = Self::hash(quad);
        self.0[bit / 64] >> (bit % 64) & 1 == 1
    }

    /// Seventeen bits, the same for both cases of ASCII letters.
    fn hash(quad: [u8; 4]) -> usize {
        let folded = u32::from_le_bytes(quad) | 0x2020_2020;
        (folded.wrapping_mul(0x9e37_79b1) >> 15) as usize
    }
}

/// What says that the next digit comes several times, in any language.
const MULTIPLES: [(&str, usize); 3] = [
    ("double doble doppelt doppio dobro dubbel dobel डबल", 2),
    ("triple treble triplo tripel triplo ट्रिपल", 3),
    ("quadruple", 4),
];

/// The digits from zero to nine, by language, each with its other spellings.
const DIGITS: [[&str; 10]; 18] = [
    ["zero oh nought", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
    ["cero", "uno un", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"],
    ["zero", "um uma", "dois duas", "três tres", "quatro", "cinco", "seis meia", "sete", "oito", "nove"],
    ["zéro zero", "un une", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"],
    ["null", "eins ein", "zwei zwo", "drei", "vier", "fünf fuenf", "sechs", "sieben", "acht", "neun"],
    ["zero", "uno", "due", "tre", "quattro", "cinque", "sei", "sette", "otto", "nove"],
    ["nul", "een één", "twee", "drie", "vier", "vijf", "zes", "zeven", "acht", "negen"],
    ["zero", "jeden", "dwa", "trzy", "cztery", "pięć piec", "sześć szesc", "siedem", "osiem", "dziewięć dziewiec"],
    ["sıfır sifir", "bir", "iki", "üç uc", "dört dort", "beş bes", "altı alti", "yedi", "sekiz", "dokuz"],
    ["nol kosong", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan"],
    ["sifuri", "moja", "mbili", "tatu", "nne", "tano", "sita", "saba", "nane", "tisa"],
    ["शून्य ज़ीरो जीरो", "एक", "दो", "तीन", "चार", "पाँच पांच", "छह छः छे", "सात", "आठ", "नौ"],
    [
        "shunya zero",
        "ek",
        "do",
        "teen tin",
        "char chaar",
        "paanch panch",
        "chhe chah chhah",
        "saat sat",
        "aath ath",
        "nau",
    ],
    [
        "صفر",
        "واحد",
        "اثنان اثنين إثنان",
        "ثلاثة ثلاثه",
        "أربعة اربعة اربعه",
        "خمسة خمسه",
        "ستة سته",
        "سبعة سبعه",
        "ثمانية ثمانيه",
        "تسعة تسعه",
    ],
    ["ноль нуль", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять"],
    ["零 〇", "一 壹 幺", "二 两 貳 贰", "三 叁 參", "四 肆", "五 伍", "六 陆 陸", "七 柒", "八 捌", "九 玖"],
    ["ゼロ れい まる", "いち", "に", "さん", "よん し", "ご", "ろく", "なな しち", "はち", "きゅう く"],
    ["영 공", "일", "이", "삼", "사", "오", "육 륙", "칠", "팔", "구"],
];
