//! A text on its way into the log: compressed and looked through by whoever brings it, for all entries wait for the one writer.
//!
//! Sealing it costs the writer a twentieth of that, so it stays there, beside the keys and the places that it binds texts to.

use std::cell::RefCell;

use zstd::bulk::{Compressor, Decompressor};

use super::mention::Mentions;

/// How hard is tried. Chats of 2 KB take the library's default, 3, twice as long, and become a hundredth smaller.
const LEVEL: i32 = 1;

/// A compressed text; nothing when the text is empty.
#[derive(Debug, Default)]
pub struct Packed {
    bytes: Option<Vec<u8>>,
    mentions: Mentions,
}

impl Packed {
    /// Compresses `text`.
    pub fn of(text: &[u8]) -> Self {
        thread_local! {
            // Its tables are dearer to make than a text is to compress, and so it is on the way back.
            static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
        }
        if text.is_empty() {
            return Self::default();
        }
        let packed = COMPRESSOR.with_borrow_mut(|compressor| {
            let compressor =
                compressor.get_or_insert_with(|| Compressor::new(LEVEL).expect("the level is a known one"));
            compressor.compress(text)
        });
        let bytes = Some(packed.expect("the room is as large as the text may become"));
        Self { bytes, mentions: Mentions::within(text) }
    }

    /// The compressed bytes, if there is a text.
    pub fn bytes(&self) -> Option<&[u8]> {
        self.bytes.as_deref()
    }

    /// The placeholders in it.
    pub fn mentions(&self) -> &Mentions {
        &self.mentions
    }
}

/// The text that was compressed; `None` when these are not the bytes of one.
pub fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    thread_local! {
        static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
    }
    let length = zstd::zstd_safe::get_frame_content_size(packed).ok()??;
    DECOMPRESSOR.with_borrow_mut(|decompressor| {
        let decompressor = decompressor.get_or_insert_with(|| Decompressor::new().expect("it takes no settings"));
        decompressor.decompress(packed, usize::try_from(length).ok()?).ok()
    })
}
