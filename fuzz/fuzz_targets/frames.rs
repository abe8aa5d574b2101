//! Any bytes as a stream of any framing: all bytes come out again, with the same payloads however they are cut, and every payload
//! lies in its frame. (An LF after two CR belongs to the frame before or is one of its own, as it arrives.)
//!
//! The first byte chooses the framing, the second the cuts.

#![no_main]

use blotter_fuzz::pieces;
use blotter_fuzz::wire::frame::{Framing, Payload, Splitter};
use libfuzzer_sys::fuzz_target;

const FRAMINGS: [Framing; 5] = [Framing::Elements, Framing::Events, Framing::Lines, Framing::Messages, Framing::Whole];

fuzz_target!(|bytes: &[u8]| {
    let [choice, seed, stream @ ..] = bytes else { return };
    let framing = FRAMINGS[usize::from(*choice) % FRAMINGS.len()];
    let whole = frames(framing, &[stream]);
    assert_eq!(whole.concat(), stream);
    let cut = frames(framing, &pieces(stream, *seed));
    assert_eq!(cut.concat(), stream);
    assert_eq!(payloads(framing, &cut), payloads(framing, &whole), "{framing:?}");
    for frame in &whole {
        let Some(payload) = Payload::find(framing, frame) else { continue };
        for (at, _) in payload.text.iter().enumerate() {
            assert!(payload.frame_offset(at) <= frame.len());
        }
    }
});

fn frames(framing: Framing, chunks: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut splitter = Splitter::new(framing);
    let mut frames = Vec::new();
    for chunk in chunks {
        splitter.push(chunk);
        frames.extend(std::iter::from_fn(|| splitter.next_frame()).map(|frame| frame.to_vec()));
    }
    frames.extend(splitter.rest().map(|frame| frame.to_vec()));
    frames
}

/// What the frames say; blanks between them say nothing.
fn payloads(framing: Framing, frames: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let payloads = frames.iter().filter_map(|frame| Payload::find(framing, frame));
    payloads.map(|payload| payload.text.into_owned()).filter(|text| !text.trim_ascii().is_empty()).collect()
}
