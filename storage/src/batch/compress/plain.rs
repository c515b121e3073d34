//! The plain bytes of a batch's records, as a stream or whole.

use std::fmt;
use std::io::{self, BufRead, Read};

use bytes::Bytes;

use super::gzip::GzipReader;
use super::lz4::Lz4Reader;
use super::snappy::SnappyReader;
use super::zstd_reader::ZstdReader;
use crate::batch::Codec;

/// The most that any batch may unfold to when it is only walked through: Kafka counts these bytes in an `int`.
pub const MAX_PLAIN_SIZE_BYTES: usize = i32::MAX as usize;

/// Why records cannot be decompressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecompressError {
    /// They unfold to more than the caller takes.
    TooLarge {
        limit_bytes: usize,
    },
    Corrupt(String),
}

impl fmt::Display for DecompressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit_bytes } => {
                write!(f, "the records unfold to more than {limit_bytes} bytes")
            }
            Self::Corrupt(reason) => write!(f, "the records cannot be decompressed: {reason}"),
        }
    }
}

impl std::error::Error for DecompressError {}

/// A stream of plain bytes that fails once there are more than its limit.
pub struct Plain<'a> {
    source: Source<'a>,
    left: usize,
    limit_bytes: usize,
}

enum Source<'a> {
    Plain(&'a [u8]),
    Gzip(Box<GzipReader<'a>>),
    Snappy(SnappyReader<'a>),
    Lz4(Lz4Reader<'a>),
    Zstd(ZstdReader<'a>),
}

impl<'a> Plain<'a> {
    /// Begins to read `records`, compressed with `codec`. Some codecs refuse a bad frame here, some at the first read.
    pub fn new(codec: Codec, records: &'a [u8], limit_bytes: usize) -> io::Result<Plain<'a>> {
        let source = match codec {
            Codec::None => Source::Plain(records),
            Codec::Gzip => Source::Gzip(Box::new(GzipReader::new(records))),
            Codec::Snappy => Source::Snappy(SnappyReader::new(records)?),
            Codec::Lz4 => Source::Lz4(Lz4Reader::new(records)?),
            Codec::Zstd => Source::Zstd(ZstdReader::new(records)),
        };
        Ok(Plain {
            source,
            left: limit_bytes,
            limit_bytes,
        })
    }

    fn source(&mut self) -> &mut dyn BufRead {
        match &mut self.source {
            Source::Plain(source) => source,
            Source::Gzip(source) => source,
            Source::Snappy(source) => source,
            Source::Lz4(source) => source,
            Source::Zstd(source) => source,
        }
    }
}

impl BufRead for Plain<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let (left, limit_bytes) = (self.left, self.limit_bytes);
        let buffer = self.source().fill_buf()?;
        if left == 0 && !buffer.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                DecompressError::TooLarge { limit_bytes },
            ));
        }
        Ok(&buffer[..buffer.len().min(left)])
    }

    fn consume(&mut self, count: usize) {
        self.left -= count;
        self.source().consume(count);
    }
}

impl Read for Plain<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let buffer = self.fill_buf()?;
        let count = buffer.len().min(to.len());
        to[..count].copy_from_slice(&buffer[..count]);
        self.consume(count);
        Ok(count)
    }
}

/// The plain bytes whole; the same bytes when there is no codec. Memory grows with what comes out, up to `limit_bytes`.
pub fn decompress(
    codec: Codec,
    records: &Bytes,
    limit_bytes: usize,
) -> Result<Bytes, DecompressError> {
    if codec == Codec::None {
        return if records.len() <= limit_bytes {
            Ok(records.clone())
        } else {
            Err(DecompressError::TooLarge { limit_bytes })
        };
    }
    let mut plain = Vec::new();
    Plain::new(codec, records, limit_bytes)
        .and_then(|mut stream| stream.read_to_end(&mut plain))
        .map_err(DecompressError::from)?;
    Ok(plain.into())
}

impl From<io::Error> for DecompressError {
    fn from(error: io::Error) -> DecompressError {
        match error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<DecompressError>())
        {
            Some(inner) => inner.clone(),
            None => DecompressError::Corrupt(error.to_string()),
        }
    }
}
