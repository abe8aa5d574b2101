//! The first look at a text, sixteen bytes at a time: where digits and long words are, and whether it is plain.
//!
//! Most of a chat holds neither, and what needs one of them is looked for nowhere else. A long word is a run of at least
//! [`LONG_WORD`] bytes of ASCII without a blank: a token, a link, a base64 text; it is told where it has become so long.

use smallvec::SmallVec;
use wide::i8x16;

/// How many bytes are looked at together.
pub(super) const BLOCK: usize = 64;

/// From so many bytes on, what stands between blanks is a long word.
pub(super) const LONG_WORD: usize = 14;

/// What was seen of a text.
#[derive(Debug, Default)]
pub(super) struct Glance {
    /// Where digits are.
    pub digits: Blocks,
    /// Where long words are, behind their first bytes.
    pub long_words: Blocks,
    /// Whether all is ASCII, and nothing can begin an escape.
    pub is_plain: bool,
}

impl Glance {
    /// Looks at `text`.
    pub(super) fn at(text: &str) -> Self {
        let mut glance = Self { is_plain: true, ..Self::default() };
        let (blocks, rest) = text.as_bytes().as_chunks();
        let words = blocks.chunks(WORD).fold(0, |words, blocks| glance.see(blocks, words));
        if !rest.is_empty() {
            glance.see(&[block_at(rest, 0)], words);
        }
        glance
    }

    /// Looks at the next blocks, no more than have their bits in one word. Which bytes of the block before are of words says
    /// `words`; what comes back says it of the last.
    fn see(&mut self, blocks: &[[u8; BLOCK]], mut words: u64) -> u64 {
        let is_odd = |bytes: i8x16| bytes | equal(bytes, b'\\') | equal(bytes, b'&');
        let (mut digits, mut long) = (0, 0);
        for (number, block) in blocks.iter().enumerate() {
            let before = std::mem::replace(&mut words, graphic(block));
            digits |= u64::from(any(block, is_digit)) << number;
            long |= u64::from(long_words(before, words) != 0) << number;
            self.is_plain &= !any(block, is_odd);
        }
        self.digits.add(digits, blocks.len());
        self.long_words.add(long, blocks.len());
        words
    }
}

/// The block that begins at `at`, filled up with blanks behind the end of the text.
pub(super) fn block_at(text: &[u8], at: usize) -> [u8; BLOCK] {
    let rest = &text[at..];
    rest.first_chunk().copied().unwrap_or_else(|| {
        let mut block = [b' '; BLOCK];
        block[..rest.len()].copy_from_slice(rest);
        block
    })
}

/// Which bytes of a block are digits.
pub(super) fn digits(block: &[u8; BLOCK]) -> u64 {
    bits(block, is_digit)
}

/// Which bytes of a block are letters of ASCII.
pub(super) fn letters(block: &[u8; BLOCK]) -> u64 {
    bits(block, |bytes| is_between(bytes | i8x16::splat(0x20), b'a', b'z'))
}

/// Which bytes of a block are of ASCII and stand for something.
pub(super) fn graphic(block: &[u8; BLOCK]) -> u64 {
    bits(block, is_graphic)
}

/// Which bytes of a block are some of these.
pub(super) fn any_of<const N: usize>(block: &[u8; BLOCK], any: [u8; N]) -> u64 {
    bits(block, |bytes| any.iter().fold(i8x16::splat(0), |found, byte| found | equal(bytes, *byte)))
}

/// Which bytes of a block are not of ASCII.
pub(super) fn wide(block: &[u8; BLOCK]) -> u64 {
    bits(block, |bytes| bytes)
}

fn is_digit(bytes: i8x16) -> i8x16 {
    is_between(bytes, b'0', b'9')
}

fn is_graphic(bytes: i8x16) -> i8x16 {
    bytes.simd_gt(i8x16::splat(b' ' as i8))
}

/// Which of `bytes` are from `first` to `last`, two bytes of ASCII.
fn is_between(bytes: i8x16, first: u8, last: u8) -> i8x16 {
    // These become the largest numbers that eight bits with a sign can hold.
    let up = i8::MAX - last as i8;
    (bytes + i8x16::splat(up)).simd_gt(i8x16::splat(first as i8 - 1 + up))
}

/// The bytes of a block up to which a word is long, where `words` are of words, and `before` in the last block.
fn long_words(before: u64, words: u64) -> u64 {
    let run = u128::from(words) << u64::BITS | u128::from(before);
    // Each step asks for a longer run that ends at a byte: of 2, 4, 8 and 14.
    let run = run & run << 1;
    let run = run & run << 2;
    let run = run & run << 4;
    ((run & run << (LONG_WORD - 8)) >> u64::BITS) as u64
}

fn equal(bytes: i8x16, byte: u8) -> i8x16 {
    bytes.simd_eq(i8x16::splat(byte as i8))
}

/// The bytes of a block of which `look` makes negative ones.
fn bits(block: &[u8; BLOCK], look: impl Fn(i8x16) -> i8x16) -> u64 {
    parts(block).rev().fold(0, |bits, part| bits << PART | u64::from(look(part).to_bitmask()))
}

/// Whether there are any.
fn any(block: &[u8; BLOCK], look: impl Fn(i8x16) -> i8x16) -> bool {
    parts(block).fold(i8x16::splat(0), |all, part| all | look(part)).to_bitmask() != 0
}

/// How many bytes fit into one vector.
const PART: usize = 16;

fn parts(block: &[u8; BLOCK]) -> impl DoubleEndedIterator<Item = i8x16> {
    let (parts, _) = block.as_chunks::<PART>();
    parts.iter().map(|part| i8x16::from(part.map(|byte| byte as i8)))
}

/// Some blocks of a text, as bits.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks {
    bits: SmallVec<[u64; 2]>,
    /// How many blocks the text has.
    count: usize,
}

impl Blocks {
    /// Adds the next blocks: so many bits, from the lowest on.
    fn add(&mut self, bits: u64, count: usize) {
        match self.bits.last_mut().filter(|_| !self.count.is_multiple_of(WORD)) {
            Some(last) => *last |= bits << (self.count % WORD),
            None => self.bits.push(bits),
        }
        self.count += count;
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.bits.iter().all(|bits| *bits == 0)
    }

    /// Where they begin in the text, in order.
    pub(super) fn starts(&self) -> impl Iterator<Item = usize> {
        let of_word = |(word, bits): (usize, &u64)| {
            let mut bits = *bits;
            std::iter::from_fn(move || {
                let first = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
                bits &= bits - 1;
                Some(word * WORD + first)
            })
        };
        let numbers = self.bits.iter().enumerate().flat_map(of_word);
        numbers.take_while(|number| *number < self.count).map(|number| number * BLOCK)
    }

    /// These, and so many blocks of the text before and behind each.
    pub(super) fn with_near(&self, before: u32, behind: u32) -> Self {
        if self.is_empty() {
            return self.clone();
        }
        let word = |at: Option<usize>| u128::from(at.and_then(|at| self.bits.get(at)).copied().unwrap_or(0));
        let widened = (0..self.bits.len()).map(|at| {
            let (last, this, next) = (word(at.checked_sub(1)), word(Some(at)), word(Some(at + 1)));
            let (up, down) = (this << WORD | last, next << WORD | this);
            let reached = (0..=before).fold(0, |bits, by| bits | (down >> by) as u64);
            (0..=behind).fold(reached, |bits, by| bits | (up << by >> WORD) as u64)
        });
        Self { bits: widened.collect(), count: self.count }
    }
}

/// How many blocks have their bits in one word.
const WORD: usize = u64::BITS as usize;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_and_long_words_are_seen_wherever_they_stand() {
        for before in (0..300).step_by(7) {
            for behind in (0..140).step_by(11) {
                let text = |middle: &str| format!("{}{middle}{}", " ".repeat(before), " ".repeat(behind));
                let starts = |blocks: &Blocks| blocks.starts().collect::<Vec<_>>();
                let glance = Glance::at(&text("abcdefghijk4m"));
                assert_eq!(starts(&glance.digits), [(before + 11) / BLOCK * BLOCK], "{before} {behind}");
                assert!(glance.long_words.is_empty() && glance.is_plain, "{before} {behind}");
                let glance = Glance::at(&text("abcdefghijklmn"));
                assert_eq!(starts(&glance.long_words), [(before + 13) / BLOCK * BLOCK], "{before} {behind}");
                assert!(glance.digits.is_empty(), "{before} {behind}");
                assert!(["é", "a\\", "&"].iter().all(|odd| !Glance::at(&text(odd)).is_plain), "{before} {behind}");
            }
        }
    }

    #[test]
    fn every_byte_but_ten_is_no_digit() {
        for byte in 0..=u8::MAX {
            let all = if byte.is_ascii_digit() { u64::MAX } else { 0 };
            assert_eq!(digits(&[byte; BLOCK]), all, "{byte}");
        }
    }

    #[test]
    fn blocks_reach_their_neighbours() {
        let mut text = vec![b' '; 200 * BLOCK];
        for block in [3, 63, 64, 130, 199] {
            text[block * BLOCK] = b'7';
        }
        let near = Glance::at(str::from_utf8(&text).unwrap()).digits.with_near(2, 1);
        let blocks: Vec<usize> = near.starts().map(|start| start / BLOCK).collect();
        assert_eq!(blocks, [1, 2, 3, 4, 61, 62, 63, 64, 65, 128, 129, 130, 131, 197, 198, 199]);
    }
}
