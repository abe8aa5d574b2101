//! What stands around a value on its line: the cue words and how far they are.
//!
//! Placeholders, and findings that will become placeholders, count as nothing: the redacted text reads the same.

use std::ops::Range;

use smallvec::SmallVec;

use super::{
    cues::{Gap, Hit, Sign},
    language::Distance,
    numbers::RuleSet,
    rule::{Round, Rule},
    scene::Scene,
    shape::Start,
};

/// The cue words around a value.
type Hits = SmallVec<[Hit; 16]>;

/// How many bytes of context a cue is looked for in, on each side, for each character of its distance.
const BYTES_PER_CHAR: usize = 3;

/// Room in a context for the word that the distance reaches.
const SLACK: usize = 32;

/// How much farther a word is that stands in the next sentence.
const SENTENCE: usize = 16;

/// How many bytes before a value its key begins at most.
const LONGEST_KEY: usize = 64;

/// Keys that leave it to other words what their value is.
const NO_KEYS: &[&str] =
    &["no", "nr", "num", "n", "v", "val", "value", "text", "data", "content", "body", "message", "msg"];

/// Whether a key leaves it to other words what its value is.
pub(crate) fn says_nothing(key: &str) -> bool {
    NO_KEYS.iter().any(|no| key.eq_ignore_ascii_case(no))
}

/// How many words may stand between a word and the value that it labels, and how long they are: `phone no. is 555`.
const SHORT_WORDS: usize = 3;
const SHORT: usize = 3;

/// Words that join the values of a list.
const JOINING: [&str; 12] = ["and", "or", "und", "oder", "et", "ou", "y", "e", "en", "i", "ve", "и"];

/// What may stand there besides; a comma ends it, as in `555 is my phone, 4503 the order`.
const LABEL_MARKS: &str = "_.:=#\"'`*+(-–—：«“„№";

/// How many characters of words of no weight may stand between a cue and a value.
const PASSING: usize = 40;

/// How many bytes before a value a cue of a rule is looked for.
fn reach(rule: &Rule) -> usize {
    let before = if rule.passing { rule.distance.before.max(PASSING) } else { rule.distance.before };
    before * BYTES_PER_CHAR + SLACK
}

impl Scene<'_> {
    /// Puts the rules that the cue words around `place` wake into `rules`.
    pub(super) fn listeners(&self, place: Range<usize>, rules: &mut RuleSet) {
        let Distance { before, after } = self.detector.numbers.hearing;
        let first = self.context_start(place.start, before * BYTES_PER_CHAR + SLACK);
        let last = self.context_end(place.end, after * BYTES_PER_CHAR + SLACK + self.detector.numbers.longest);
        let mut heard = self.heard.borrow_mut();
        let named = self.named(&place, first);
        rules.clear();
        for hit in heard.within(&self.detector.cues, self.text, &self.line, first..last).chain(named) {
            rules.add(self.detector.numbers.listeners(hit.word));
        }
    }

    /// The cue words of what names `place`, if it names it from `first` on or later.
    fn named(&self, place: &Range<usize>, first: usize) -> impl Iterator<Item = &Hit> {
        let names =
            &self.names[self.last_name(place.start)..self.names.partition_point(|named| named.from <= place.end)];
        names.iter().filter(move |named| named.from >= first).flat_map(|named| named.hits(&self.detector.cues))
    }

    /// The number of the last name that begins at `at` or before.
    fn last_name(&self, at: usize) -> usize {
        self.names.partition_point(|named| named.from <= at).saturating_sub(1)
    }

    /// Whether a cue word of a number's rule runs into it, as in `visa4111111111111111exp`.
    pub(super) fn touches_cue(&self, rule: &Rule, span: &Range<usize>) -> bool {
        if rule.cues.is_empty() || !matches!(rule.start, Start::Number { back: 0, .. }) {
            return false;
        }
        let range = self.text.floor_char_boundary(self.line_start(span.start, SLACK))..self.line_end(span.end, 1);
        let mut heard = self.heard.borrow_mut();
        let mut hits = heard.within(&self.detector.cues, self.text, &self.line, range);
        let (start, end) = (span.start as isize, span.end as isize);
        hits.any(|hit| (hit.end == start || hit.start == end) && self.detector.cues.is_of(hit, &rule.cues))
    }

    /// Whether any cue word stands near enough to matter to a match within `range`: most numbers have none.
    pub(super) fn has_words(&self, rule: &Rule, range: Range<usize>) -> bool {
        let first = self.context_start(range.start, reach(rule));
        let last = self.context_end(range.end, rule.distance.after * BYTES_PER_CHAR + SLACK);
        self.named(&range, first).next().is_some()
            || self.heard.borrow_mut().within(&self.detector.cues, self.text, &self.line, first..last).next().is_some()
    }

    /// What the words around `span`, on its line, say about it.
    pub(super) fn sign(&self, rule: &Rule, span: &Range<usize>) -> Sign {
        let range = self.context_start(span.start, reach(rule))
            ..self.context_end(span.end, rule.distance.after * BYTES_PER_CHAR + SLACK);
        let mut heard = self.heard.borrow_mut();
        let hits = heard.within(&self.detector.cues, self.text, &self.line, range.clone());
        let mut names = self.named(span, range.start).peekable();
        let cues = &self.detector.cues;
        let speaks = |hit: &&Hit| cues.is_of(hit, &rule.cues) || cues.is_of(hit, &rule.anti_cues);
        if names.peek().is_none() && !hits.clone().any(|hit| speaks(&hit)) {
            return if self.is_part_of_name(span) { Sign::Against } else { Sign::None };
        }
        if rule.round == Round::Weak && self.is_hexadecimal(span) {
            return Sign::Against;
        }
        let (start, end) = (span.start as isize, span.end as isize);
        let key = self.key(span.start).map(|key| self.whole_key(key.start, hits.clone()));
        let before = |hit: &Hit| hit.end <= start && key.is_none_or(|key| hit.start >= key);
        let behind = |hit: &Hit| hit.start >= end && key.is_none() && !hit.is_part;
        let stays = |hit: &&Hit| (before(hit) || behind(hit)) && !self.is_inside_gone(hit);
        let mut hits: Hits = hits.filter(stays).copied().collect();
        self.leave_labels(&mut hits, end);
        let alone = self.names.iter().any(|named| named.is_hint).then(|| hits.clone());
        if key.is_none() {
            hits.extend(names.copied());
        }
        match (self.weigh(rule, span, hits), alone) {
            (Sign::Against, Some(hits)) => self.weigh(rule, span, hits),
            (sign, _) => sign,
        }
    }

    /// What `hits` say about `span`.
    fn weigh(&self, rule: &Rule, span: &Range<usize>, mut hits: Hits) -> Sign {
        let cues = &self.detector.cues;
        let also = |hits: &[Hit]| rule.also.is_empty() || hits.iter().any(|hit| cues.is_of(hit, &rule.also));
        let judge = |hits: &[Hit]| match cues.judge(hits, &rule.cues, &rule.anti_cues, |hit| self.gap(hit, span, rule))
        {
            Sign::For if !also(hits) => Sign::None,
            sign => sign,
        };
        match judge(&hits) {
            Sign::None if self.is_part_of_name(span) => Sign::Against,
            Sign::Against if self.leave_settled(rule, &mut hits, span.start) => match (judge(&hits), rule.round) {
                (Sign::None, Round::Weak) => Sign::Against,
                (sign, _) => sign,
            },
            sign => sign,
        }
    }

    /// Takes out the anti-cues whose own value stands before `start`, and from which words lead there: the order in `phone for
    /// order 7 is 555`. Says whether there were any, and something to gain by it: a cue, or that none is needed.
    fn leave_settled(&self, rule: &Rule, hits: &mut Hits, start: usize) -> bool {
        let settled = |hit: &Hit| {
            let value = self
                .detector
                .cues
                .is_of(hit, &rule.anti_cues)
                .then(|| self.label_of(hit.start..hit.end, hits))
                .flatten();
            value.is_some_and(|value| self.goes_on(value, start))
        };
        let stands_alone = rule.round == Round::Likely;
        let may_change = (stands_alone || hits.iter().any(|hit| self.detector.cues.is_of(hit, &rule.cues)))
            && hits.iter().any(settled);
        if may_change {
            *hits = hits.iter().filter(|hit| !settled(hit)).copied().collect();
        }
        may_change
    }

    /// Whether words lead from the value at `value` to another one at `start`: a list of values has none between them.
    fn goes_on(&self, value: usize, start: usize) -> bool {
        let gone = self.next_gone(value).filter(|gone| gone.start <= value);
        let Some(between) = self.text.get(gone.map_or(value, |gone| gone.end)..start) else { return false };
        let mut words = between.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
        words.any(|word| !JOINING.iter().any(|joining| word.eq_ignore_ascii_case(joining)))
    }

    /// Whether `span` goes on a name such as `batch_2015352855`.
    fn is_part_of_name(&self, span: &Range<usize>) -> bool {
        self.text[..span.start].strip_suffix('_').is_some_and(|name| name.ends_with(char::is_alphabetic))
    }

    /// Takes out the words behind `end` that label a value of their own.
    fn leave_labels(&self, hits: &mut Hits, end: isize) {
        let behind = &hits[hits.partition_point(|hit| hit.start < end)..];
        let labels: Hits = behind.iter().filter(|hit| self.labels_next(hit.start..hit.end, hits)).copied().collect();
        hits.retain(|hit| !labels.contains(hit));
    }

    /// How many characters `hit` is from `span`, if it is within the distance; what will be gone counts as nothing. Behind
    /// another key of JSON it is about that key's value.
    fn gap(&self, hit: &Hit, span: &Range<usize>, rule: &Rule) -> Option<Gap> {
        let distance = rule.distance;
        if hit.end <= span.start as isize {
            let outside = usize::try_from(-hit.end).unwrap_or(0);
            let named = || self.names.get(self.last_name(span.start)).map_or(0, |named| named.from);
            let chars = outside + self.chars(usize::try_from(hit.end).unwrap_or_else(|_| named())..span.start);
            let is_near = chars <= distance.before || rule.passing && self.is_passed(hit, span);
            is_near.then_some(Gap { chars: chars.min(distance.before), is_behind: false })
        } else {
            let between = span.end..usize::try_from(hit.start).ok()?;
            if self.text[between.clone()].contains("\":") {
                return None;
            }
            let apart = if self.ends_sentence(between.clone()) { SENTENCE } else { 0 };
            let chars = self.chars(between) + apart;
            (chars <= distance.after).then_some(Gap { chars, is_behind: true })
        }
    }

    /// Whether only words that are passed over stand between `hit` and `span`.
    fn is_passed(&self, hit: &Hit, span: &Range<usize>) -> bool {
        let cues = &self.detector.cues;
        let named = self.names.get(self.last_name(span.start)).filter(|_| hit.end < 0);
        let Some(end) = named.map_or(usize::try_from(hit.end).ok(), |named| Some(named.from)) else { return false };
        let is_gone = self.next_gone(end).is_some_and(|gone| gone.start < span.start);
        !is_gone && cues.passes(&self.text[end..span.start]) && named.is_none_or(|named| cues.passes(named.behind(hit)))
    }

    /// Whether `span` is the digits of a longer hexadecimal number, as in `b641-475273aedfbe`.
    fn is_hexadecimal(&self, span: &Range<usize>) -> bool {
        let text = self.text.as_bytes();
        let floor = self.last_gone(span.start).map_or(self.line.start, |gone| gone.end.max(self.line.start));
        let ceiling = self.next_gone(span.end).map_or(self.line.end, |gone| gone.start.clamp(span.end, self.line.end));
        let mut before = text[floor..span.start].iter().rev().take_while(|byte| byte.is_ascii_alphanumeric());
        let mut behind = text[span.end..ceiling].iter().take_while(|byte| byte.is_ascii_alphanumeric());
        let hexadecimal = |glued: &mut dyn Iterator<Item = &u8>| {
            let mut glued = glued.take(LONGEST_KEY).peekable();
            glued.peek().is_some() && glued.all(u8::is_ascii_hexdigit)
        };
        hexadecimal(&mut before) || hexadecimal(&mut behind)
    }

    /// The key that says what begins at `at`: `ts` in `call ts=2015352855`, `"id"` in `"id":"2015352855"`.
    fn key(&self, at: usize) -> Option<Range<usize>> {
        let floor = self.last_gone(at).map_or(self.line.start, |gone| gone.end.max(self.line.start));
        let before = &self.text[self.text.ceil_char_boundary(at.saturating_sub(LONGEST_KEY).max(floor))..at];
        let in_key = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        let is_path = before.strip_suffix('/').is_some_and(|path| {
            let folder = path.trim_end_matches(in_key);
            folder.len() < path.len() && folder.ends_with('/')
        });
        if is_path {
            return Some(at..at);
        }
        let unquoted = |text: &'_ str| text.trim_end_matches(['"', '\'', '\\']).len();
        let sign = unquoted(before.trim_end_matches('('));
        let key_end = match before[..sign].trim_end().as_bytes().last()? {
            b'=' => unquoted(before[..before[..sign].trim_end().len() - 1].trim_end()),
            b':' => {
                let named = before[..sign].trim_end().len() - 1;
                Some(unquoted(&before[..named])).filter(|end| *end < named)?
            }
            _ => return None,
        };
        let name = &before[before[..key_end].trim_end_matches(in_key).len()..key_end];
        let says = name.contains(char::is_alphabetic) && !says_nothing(name.trim_end_matches('.'));
        let end = at - (before.len() - key_end);
        says.then_some(end - name.len()..end)
    }

    /// Where the key that ends with the word at `start` begins: at the first of its cue words, as in `Order number=5`.
    fn whole_key<'h>(&self, start: usize, hits: impl Iterator<Item = &'h Hit> + Clone) -> isize {
        let mut start = start as isize;
        let begins_word = |at: isize| hits.clone().any(|hit| hit.start == at);
        let parts = |at: isize| usize::try_from(at).is_ok_and(|at| self.text.as_bytes().get(at) == Some(&b' '));
        while let Some(earlier) = hits
            .clone()
            .map(|hit| (hit.start, hit.end))
            .find(|hit| hit.0 < start && (hit.1 > start || hit.1 + 1 == start && parts(hit.1) && begins_word(start)))
        {
            start = earlier.0;
        }
        start
    }

    /// Whether a word is followed, after a few short words at most, by a value of its own. `hits` are sorted by their start.
    fn labels_next(&self, word: Range<isize>, hits: &[Hit]) -> bool {
        self.label_of(word, hits).is_some()
    }

    /// Where that value begins.
    fn label_of(&self, word: Range<isize>, hits: &[Hit]) -> Option<usize> {
        let from = hits.partition_point(|hit| hit.start < word.start);
        let mut end = word.end;
        for next in &hits[from..] {
            if next.start > end + 1 {
                break;
            }
            end = end.max(next.end);
        }
        let mut at = usize::try_from(end).ok()?;
        for _ in 0..=SHORT_WORDS {
            let gone = self.next_gone(at);
            let limit = gone.map_or(self.line.end, |gone| gone.start.clamp(at, self.line.end));
            let rest = &self.text[at..limit];
            let mark = rest.trim_start_matches(|c: char| c == ' ' || LABEL_MARKS.contains(c));
            if mark.is_empty() {
                return gone.map(|gone| gone.start).filter(|start| *start < self.line.end);
            }
            if mark.starts_with(|c: char| c.is_ascii_digit()) {
                return Some(limit - mark.len());
            }
            let word = mark.chars().take_while(|c| c.is_alphabetic()).take(SHORT + 1);
            let (count, len) = word.fold((0, 0), |(count, len), c| (count + 1, len + c.len_utf8()));
            if count == 0 || count > SHORT || mark[len..].starts_with('=') {
                return None;
            }
            at = limit - mark.len() + len;
        }
        None
    }

    /// Whether a sentence ends within `range`.
    fn ends_sentence(&self, range: Range<usize>) -> bool {
        self.text.as_bytes()[range].windows(2).any(|pair| matches!(pair, [b'.' | b'!' | b'?', b' ']))
    }

    /// How many characters `range` holds, without what will be gone.
    fn chars(&self, range: Range<usize>) -> usize {
        let (mut count, mut at) = (0, range.start);
        while at < range.end {
            let gone = self.next_gone(at).filter(|gone| gone.start < range.end);
            let end = gone.map_or(range.end, |gone| gone.start);
            count += self.text[at..end].chars().count();
            at = gone.map_or(range.end, |gone| gone.end);
        }
        count
    }

    /// Where the context of a value at `at` begins: `reach` bytes back on its line, without what will be gone.
    fn context_start(&self, at: usize, reach: usize) -> usize {
        let (mut end, mut left) = (at, reach);
        while let Some(gone) = self.last_gone(end).filter(|gone| gone.end >= self.line_start(end, left)) {
            left = left.saturating_sub(end - gone.end + 1);
            end = gone.start;
        }
        self.text.ceil_char_boundary(self.line_start(end, left))
    }

    /// Where the context of a value that ends at `at` ends.
    fn context_end(&self, at: usize, reach: usize) -> usize {
        let (mut start, mut left) = (at, reach);
        while let Some(gone) = self.next_gone(start).filter(|gone| gone.start <= self.line_end(start, left)) {
            left = left.saturating_sub(gone.start.saturating_sub(start) + 1);
            start = gone.end;
        }
        self.text.floor_char_boundary(self.line_end(start, left))
    }

    fn is_inside_gone(&self, hit: &Hit) -> bool {
        let place = usize::try_from(hit.start).ok().and_then(|start| self.next_gone(start));
        place.is_some_and(|gone| (gone.start as isize) < hit.end)
    }
}
