//! The cue words of a line, looked for where they are asked for, and once.

use std::ops::Range;

use super::{Cues, Hit};

/// How many bytes are looked through for cue words at once: neighbours ask for nearly the same.
const BLOCK: usize = 512;

/// The cue words of one text, found block by block where they were asked for.
#[derive(Default)]
pub struct Heard {
    hits: Vec<Hit>,
    /// Where the hits of each block are, if it was looked through.
    blocks: Vec<Option<Range<usize>>>,
}

impl Heard {
    /// Forgets everything, before another line.
    pub fn clear(&mut self) {
        self.hits.clear();
        self.blocks.clear();
    }

    /// The cue words that begin within `range`, which is a part of the line `line` of `text`.
    pub fn within<'h>(
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
