//! Compressed request bodies: read like any other, within the same limit on what they hold.

use std::io::{self, Read};

use bytes::Bytes;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use hyper::StatusCode;
use hyper::header::{CONTENT_ENCODING, HeaderMap};

use super::refused::Refused;

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Deflate,
    Gzip,
    Identity,
    Zstd,
}

impl Encoding {
    /// What a request's headers say of its body.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Refused> {
        let mut said = headers.get_all(CONTENT_ENCODING).iter();
        let name = said.next().map_or("identity", |value| value.to_str().unwrap_or_default());
        match name.to_ascii_lowercase().as_str() {
            _ if said.next().is_some() => Err(refused("is compressed more than once")),
            "deflate" => Ok(Self::Deflate),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "identity" => Ok(Self::Identity),
            "zstd" => Ok(Self::Zstd),
            _ => Err(refused("is compressed in a way that Blotter does not know")),
        }
    }

    /// What a body holds, up to `limit` bytes.
    pub(super) fn decode(self, body: Bytes, limit: usize) -> Result<Bytes, Refused> {
        let decoded = match self {
            Self::Identity => return Ok(body),
            Self::Deflate => read(ZlibDecoder::new(&*body), limit),
            Self::Gzip => read(MultiGzDecoder::new(&*body), limit),
            Self::Zstd => zstd::Decoder::new(&*body).and_then(|decoder| read(decoder, limit)),
        };
        match decoded {
            Ok(bytes) if bytes.len() <= limit => Ok(bytes.into()),
            Ok(_) => Err(Refused::request(
                StatusCode::PAYLOAD_TOO_LARGE,
                "request/too-large",
                format!("The request holds more than {limit} bytes: shorten it, or raise `request_bytes`."),
            )),
            Err(_) => Err(refused("is not what its `content-encoding` says")),
        }
    }
}

/// Reads one byte more than is allowed at most.
fn read(decoder: impl Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    decoder.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn refused(what: &str) -> Refused {
    let message = format!(
        "The request's body {what}, so it cannot be scanned: send it with `gzip`, `deflate` or `zstd`, or without \
        `content-encoding`."
    );
    Refused::request(StatusCode::UNSUPPORTED_MEDIA_TYPE, "request/encoding", message)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const BODY: &[u8] = br#"{"messages":[]}"#;

    fn gzip(body: &[u8]) -> Bytes {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap().into()
    }

    #[test]
    fn a_body_is_read_however_it_is_compressed() {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        zlib.write_all(BODY).unwrap();
        let zstd = zstd::encode_all(BODY, 0).unwrap();
        for (encoding, body) in [
            (Encoding::Deflate, zlib.finish().unwrap().into()),
            (Encoding::Gzip, gzip(BODY)),
            (Encoding::Identity, BODY.into()),
            (Encoding::Zstd, zstd.into()),
        ] {
            assert_eq!(encoding.decode(body, 100).unwrap(), BODY, "{encoding:?}");
        }
    }

    #[test]
    fn what_a_body_holds_is_bounded() {
        let bomb = gzip(&vec![b' '; 1 << 20]);
        assert!(bomb.len() < 10_000);
        let code = |decoded: Result<Bytes, Refused>| decoded.map_err(|refused| refused.code).unwrap_err();
        assert_eq!(code(Encoding::Gzip.decode(bomb, 1 << 16)), "request/too-large");
        assert_eq!(code(Encoding::Gzip.decode(BODY.into(), 100)), "request/encoding");
        assert_eq!(code(Encoding::Zstd.decode(gzip(BODY), 100)), "request/encoding");
        let half = gzip(BODY);
        assert_eq!(code(Encoding::Gzip.decode(half.slice(..half.len() - 9), 100)), "request/encoding");
    }
}
