//! Compressed bodies, decoded as they arrive: a request's, and an answer's that came compressed although it was asked not to.
//!
//! What a body may become is bounded: beyond [`FREE`], by so many times its own length. A body that ends in the middle, or has
//! something behind its end, is not what it says.

use std::io::{self, Write};

use brotli_decompressor::DecompressorWriter;
use bytes::Bytes;
use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use hyper::StatusCode;
use hyper::header::{CONTENT_ENCODING, HeaderMap};

use super::refused::Refused;

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Brotli,
    Deflate,
    Gzip,
    Identity,
    Zstd,
}

/// Decodes one body.
pub(super) struct Decoder {
    encoding: Encoding,
    /// None before the body's first byte, which tells the two forms of `deflate` apart.
    coder: Option<Coder>,
    expansion: usize,
    read: usize,
}

enum Coder {
    Brotli(Box<DecompressorWriter<Sink>>),
    Deflate(DeflateDecoder<Sink>),
    Gzip(MultiGzDecoder<Sink>),
    Zlib(ZlibDecoder<Sink>),
    Zstd(zstd::stream::write::Decoder<'static, Sink>),
}

/// Takes what was decoded, up to a limit.
#[derive(Default)]
struct Sink {
    bytes: Vec<u8>,
    /// All that ever came.
    written: usize,
    allowed: usize,
}

/// Why a body cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Undecodable {
    #[error("is not what its `content-encoding` says")]
    Garbage,
    #[error("is compressed more than once")]
    Stacked,
    #[error("holds far more than it is long")]
    TooMuch,
    #[error("is compressed in a way that Blotter does not know")]
    Unknown,
}

/// What any body may become, in bytes, however short it is.
const FREE: usize = 1 << 20;

/// How many bytes of a body are decoded at a time.
const SLICE: usize = 4 << 10;

/// The largest window of a zstd body, as a power of two: what RFC 9659 allows.
const ZSTD_WINDOW: u32 = 23;

impl Encoding {
    /// What a message's headers say of its body.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Undecodable> {
        let mut said = headers.get_all(CONTENT_ENCODING).iter();
        let name = said.next().map_or("identity", |value| value.to_str().unwrap_or_default());
        match name.trim().to_ascii_lowercase().as_str() {
            _ if said.next().is_some() => Err(Undecodable::Stacked),
            name if name.contains(',') => Err(Undecodable::Stacked),
            "br" => Ok(Self::Brotli),
            "deflate" => Ok(Self::Deflate),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "" | "identity" => Ok(Self::Identity),
            "zstd" => Ok(Self::Zstd),
            _ => Err(Undecodable::Unknown),
        }
    }

    /// A decoder for a body that may become `expansion` times as long; `None` where there is nothing to decode.
    pub(super) fn decoder(self, expansion: usize) -> Option<Decoder> {
        (self != Self::Identity).then_some(Decoder { encoding: self, coder: None, expansion, read: 0 })
    }

    /// What a request's whole body holds, up to `limit` bytes.
    pub(super) fn decode(self, body: Bytes, expansion: usize, limit: usize) -> Result<Bytes, Refused> {
        let Some(mut decoder) = self.decoder(expansion) else { return Ok(body) };
        let mut decoded = Vec::new();
        for slice in body.chunks(SLICE) {
            decoded.append(&mut decoder.push(slice).map_err(Undecodable::of_request)?);
            if decoded.len() > limit {
                return Err(too_large(&format!("more than {limit} bytes"), "request_bytes"));
            }
        }
        decoded.append(&mut decoder.finish().map_err(Undecodable::of_request)?);
        if decoded.len() > limit {
            return Err(too_large(&format!("more than {limit} bytes"), "request_bytes"));
        }
        Ok(decoded.into())
    }
}

impl Decoder {
    /// Takes the body's next bytes and gives what they say: little memory is needed where they are few.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Vec<u8>, Undecodable> {
        let Some(first) = bytes.first() else { return Ok(Vec::new()) };
        self.read = self.read.saturating_add(bytes.len());
        let allowed = self.read.saturating_mul(self.expansion).max(FREE);
        let coder = match &mut self.coder {
            Some(coder) => coder,
            none => none.insert(Coder::new(self.encoding, *first)?),
        };
        coder.sink().allowed = allowed;
        let fed = coder.writer().write_all(bytes).and_then(|()| coder.writer().flush());
        coder.decoded(fed)
    }

    /// Ends the body and gives the rest of what it says.
    pub(super) fn finish(&mut self) -> Result<Vec<u8>, Undecodable> {
        let Some(coder) = &mut self.coder else { return Ok(Vec::new()) };
        let ended = match coder {
            Coder::Brotli(coder) => coder.close(),
            Coder::Deflate(coder) => coder.try_finish(),
            Coder::Gzip(coder) => coder.try_finish(),
            Coder::Zlib(coder) => coder.try_finish(),
            Coder::Zstd(coder) => coder.do_finish(),
        };
        coder.decoded(ended)
    }
}

impl Coder {
    fn new(encoding: Encoding, first: u8) -> Result<Self, Undecodable> {
        const BUFFER: usize = 16 << 10;
        let sink = Sink::default();
        Ok(match encoding {
            Encoding::Brotli => Self::Brotli(Box::new(DecompressorWriter::new(sink, BUFFER))),
            // A zlib header names its method, 8, in the low half of its first byte; some senders leave the header out.
            Encoding::Deflate if first & 0x0f == 8 => Self::Zlib(ZlibDecoder::new(sink)),
            Encoding::Deflate => Self::Deflate(DeflateDecoder::new(sink)),
            Encoding::Gzip => Self::Gzip(MultiGzDecoder::new(sink)),
            Encoding::Identity | Encoding::Zstd => {
                let mut coder = zstd::stream::write::Decoder::new(sink).map_err(|_| Undecodable::Garbage)?;
                coder.window_log_max(ZSTD_WINDOW).map_err(|_| Undecodable::Garbage)?;
                Self::Zstd(coder)
            }
        })
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Brotli(coder) => coder,
            Self::Deflate(coder) => coder,
            Self::Gzip(coder) => coder,
            Self::Zlib(coder) => coder,
            Self::Zstd(coder) => coder,
        }
    }

    fn sink(&mut self) -> &mut Sink {
        match self {
            Self::Brotli(coder) => coder.get_mut(),
            Self::Deflate(coder) => coder.get_mut(),
            Self::Gzip(coder) => coder.get_mut(),
            Self::Zlib(coder) => coder.get_mut(),
            Self::Zstd(coder) => coder.get_mut(),
        }
    }

    fn decoded(&mut self, fed: io::Result<()>) -> Result<Vec<u8>, Undecodable> {
        let sink = self.sink();
        match fed {
            _ if sink.written > sink.allowed => Err(Undecodable::TooMuch),
            Ok(()) => Ok(std::mem::take(&mut sink.bytes)),
            Err(_) => Err(Undecodable::Garbage),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written = self.written.saturating_add(bytes.len());
        if self.written > self.allowed {
            return Err(io::Error::other(Undecodable::TooMuch));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Undecodable {
    /// What the caller of a request with such a body is told.
    pub(super) fn of_request(self) -> Refused {
        if self == Self::TooMuch {
            return too_large("far more than it is long", "expansion");
        }
        let message = format!(
            "The request's body {self}, so it cannot be scanned: send it with `gzip`, `deflate`, `br` or `zstd`, or \
            without `content-encoding`."
        );
        Refused::request(StatusCode::UNSUPPORTED_MEDIA_TYPE, "request/encoding", message)
    }
}

fn too_large(what: &str, limit: &str) -> Refused {
    let message = format!("The request holds {what}: shorten it, or raise `{limit}`.");
    Refused::request(StatusCode::PAYLOAD_TOO_LARGE, "request/too-large", message)
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    const ALL: [Encoding; 4] = [Encoding::Brotli, Encoding::Deflate, Encoding::Gzip, Encoding::Zstd];

    fn encode(encoding: Encoding, body: &[u8]) -> Bytes {
        let fast = Compression::fast();
        let written = match encoding {
            Encoding::Brotli => {
                let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
                encoder.write_all(body).unwrap();
                encoder.into_inner()
            }
            Encoding::Deflate => {
                let mut encoder = ZlibEncoder::new(Vec::new(), fast);
                encoder.write_all(body).unwrap();
                encoder.finish().unwrap()
            }
            Encoding::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), fast);
                encoder.write_all(body).unwrap();
                encoder.finish().unwrap()
            }
            Encoding::Identity => body.to_vec(),
            Encoding::Zstd => zstd::encode_all(body, 0).unwrap(),
        };
        written.into()
    }

    /// Text that does not shrink to nothing.
    fn body() -> Vec<u8> {
        (0..30_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_string().into_bytes()).collect()
    }

    fn cut(encoding: Encoding, body: &[u8], size: usize) -> Result<Vec<u8>, Undecodable> {
        let mut decoder = encoding.decoder(200).unwrap();
        let mut decoded = Vec::new();
        for piece in body.chunks(size) {
            decoded.append(&mut decoder.push(piece)?);
        }
        decoded.append(&mut decoder.finish()?);
        Ok(decoded)
    }

    fn raw(body: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_body_is_read_however_it_is_compressed_and_cut() {
        let body = body();
        for encoding in ALL {
            let encoded = encode(encoding, &body);
            for size in [1, 7, 4096, usize::MAX] {
                assert!(cut(encoding, &encoded, size) == Ok(body.clone()), "{encoding:?} by {size}");
            }
            assert_eq!(cut(encoding, b"", 1), Ok(Vec::new()), "{encoding:?}: no body");
        }
        assert_eq!(cut(Encoding::Deflate, &raw(b"{\"a\":1}"), 1), Ok(b"{\"a\":1}".to_vec()), "without a zlib header");
        let two = [encode(Encoding::Gzip, b"{\"a\""), encode(Encoding::Gzip, b":1}")].concat();
        assert_eq!(cut(Encoding::Gzip, &two, 5), Ok(b"{\"a\":1}".to_vec()), "two members");
    }

    #[test]
    fn what_was_flushed_is_there_at_once() {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        let mut zstd = zstd::stream::write::Encoder::new(Vec::new(), 0).unwrap();
        let mut brotli = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
        let mut decoders = [Encoding::Gzip, Encoding::Zstd, Encoding::Brotli].map(|one| one.decoder(200).unwrap());
        for number in 0..50 {
            let event = format!("data: {{\"n\":{number}}}\n\n");
            let encoders: [&mut dyn Write; 3] = [&mut gzip, &mut zstd, &mut brotli];
            for encoder in encoders {
                encoder.write_all(event.as_bytes()).unwrap();
                encoder.flush().unwrap();
            }
            let sent = [gzip.get_mut(), zstd.get_mut(), brotli.get_mut()].map(std::mem::take);
            for (decoder, sent) in decoders.iter_mut().zip(sent) {
                assert_eq!(decoder.push(&sent), Ok(event.clone().into_bytes()), "{:?}", decoder.encoding);
            }
        }
    }

    #[test]
    fn what_is_cut_off_or_goes_on_or_is_something_else_is_not_read() {
        let body = body();
        for encoding in ALL {
            let encoded = encode(encoding, &body);
            for left in [1, encoded.len() / 2, encoded.len() - 1] {
                assert!(cut(encoding, &encoded[..left], 4096).is_err(), "{encoding:?}: {left} bytes of it");
            }
            assert!(cut(encoding, &[&encoded[..], b"{\"a\":1}"].concat(), 4096).is_err(), "{encoding:?} goes on");
            assert!(cut(encoding, b"{\"messages\":[]}", 4096).is_err(), "{encoding:?} is JSON");
        }
    }

    #[test]
    fn a_body_becomes_so_many_times_as_long_and_no_longer() {
        for encoding in ALL {
            let bomb = encode(encoding, &vec![b' '; 16 << 20]);
            assert!(bomb.len() < 100_000, "{encoding:?}: {}", bomb.len());
            let mut decoder = encoding.decoder(200).unwrap();
            let (mut most, mut all) = (0, 0);
            let failed = bomb.chunks(SLICE).find_map(|slice| match decoder.push(slice) {
                Ok(decoded) => {
                    (most, all) = (most.max(decoded.len()), all + decoded.len());
                    None
                }
                Err(undecodable) => Some(undecodable),
            });
            assert_eq!(failed, Some(Undecodable::TooMuch), "{encoding:?}");
            assert!(all <= FREE.max(200 * bomb.len()) && most <= FREE + 200 * SLICE, "{encoding:?}: {most} of {all}");
            assert!(cut(encoding, &encode(encoding, &vec![b' '; FREE]), 4096).is_ok(), "{encoding:?}: what is free");
        }
    }

    #[test]
    fn a_request_holds_no_more_than_its_limit() {
        let code = |decoded: Result<Bytes, Refused>| decoded.map_err(|refused| refused.code).unwrap_err();
        for encoding in ALL {
            let encoded = encode(encoding, &[b' '; 1000]);
            assert_eq!(encoding.decode(encoded.clone(), 200, 1000).unwrap().len(), 1000, "{encoding:?}");
            assert_eq!(code(encoding.decode(encoded, 200, 999)), "request/too-large", "{encoding:?}");
            assert_eq!(code(encoding.decode("{}".into(), 200, 1000)), "request/encoding", "{encoding:?}");
        }
    }
}
