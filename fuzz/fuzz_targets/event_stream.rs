//! Messages of Amazon's binary event stream: what is sealed is read again, whatever is changed in a message or follows it.
//!
//! The first byte is the length of the head, the second the cuts, then head and payload; a zero byte in the payload ends it, and
//! the rest follows the message as it is.

#![no_main]

use blotter_fuzz::pieces;
use blotter_fuzz::wire::frame::{Framing, Payload, Splitter, seal};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let [head, seed, rest @ ..] = bytes else { return };
    let (head, rest) = rest.split_at(usize::from(*head).min(rest.len()));
    let (payload, after) = rest.split_at(rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len()));
    let one = message(head, payload);
    let other = message(head, &[payload, b"more"].concat());
    let stream = [&one[..], &other, after].concat();
    let mut splitter = Splitter::new(Framing::Messages);
    let mut frames = Vec::new();
    for piece in pieces(&stream, *seed) {
        splitter.push(piece);
        frames.extend(std::iter::from_fn(|| splitter.next_frame()));
    }
    assert_eq!((&frames[0][..], &frames[1][..]), (&one[..], &other[..]));
    let read = Payload::find(Framing::Messages, &one).expect("a sealed message is read");
    assert_eq!(*read.text, *payload);
    assert_eq!(seal(Framing::Messages, one.clone()), one);
    // A message with a flipped bit in its lengths is none.
    let mut broken = one.clone();
    broken[usize::from(*seed) % 12] ^= 1 << (seed % 8);
    assert!(Payload::find(Framing::Messages, &broken).is_none());
});

fn message(head: &[u8], payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(head.len()).expect("a head is short").to_be_bytes();
    seal(Framing::Messages, [&[0; 4], &length[..], &[0; 4], head, payload, &[0; 4]].concat())
}
