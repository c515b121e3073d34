//! Compressing records into a buffer that refuses to outgrow its limit.

use std::io::{self, Write};

use flate2::write::GzEncoder;
use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};

use super::snappy::SnappyWriter;
use crate::batch::Codec;

/// A codec with its level (KIP-390).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Compression {
    pub codec: Codec,
    /// As in `compression.{gzip,lz4,zstd}.level`; `None` is the codec's default. LZ4 has one level here: Kafka's default one, the
    /// fast one.
    pub level: Option<i32>,
}

/// Bytes that may not become more than a limit.
#[derive(Debug)]
pub struct Sink {
    bytes: Vec<u8>,
    limit_bytes: usize,
}

/// A stream that compresses what is written to it.
pub enum Compressor {
    Plain(Sink),
    Gzip(GzEncoder<Sink>),
    Snappy(Box<SnappyWriter<Sink>>),
    Lz4(Box<FrameEncoder<Sink>>),
    Zstd(zstd::Encoder<'static, Sink>),
}

impl Compression {
    pub const NONE: Compression = Compression {
        codec: Codec::None,
        level: None,
    };

    /// The codec at its default level.
    pub fn of(codec: Codec) -> Compression {
        Compression { codec, level: None }
    }
}

impl Sink {
    /// Continues `bytes`, which may reach `limit_bytes` in all.
    pub fn new(bytes: Vec<u8>, limit_bytes: usize) -> Sink {
        Sink { bytes, limit_bytes }
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl Write for Sink {
    /// `FileTooLarge` beyond the limit.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.limit_bytes.saturating_sub(self.bytes.len()) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Compressor {
    pub fn new(compression: Compression, sink: Sink) -> io::Result<Compressor> {
        Ok(match compression.codec {
            Codec::None => Compressor::Plain(sink),
            Codec::Gzip => Compressor::Gzip(GzEncoder::new(sink, gzip_level(compression.level))),
            Codec::Snappy => Compressor::Snappy(Box::new(SnappyWriter::new(sink)?)),
            Codec::Lz4 => {
                let frame = FrameInfo::new()
                    .block_size(BlockSize::Max64KB)
                    .block_mode(BlockMode::Independent);
                Compressor::Lz4(Box::new(FrameEncoder::with_frame_info(frame, sink)))
            }
            Codec::Zstd => {
                let level = compression.level.unwrap_or(zstd::DEFAULT_COMPRESSION_LEVEL);
                Compressor::Zstd(zstd::Encoder::new(sink, level)?)
            }
        })
    }

    /// Ends the stream; yields all bytes.
    pub fn finish(self) -> io::Result<Vec<u8>> {
        let sink = match self {
            Compressor::Plain(sink) => sink,
            Compressor::Gzip(stream) => stream.finish()?,
            Compressor::Snappy(stream) => stream.finish()?,
            // An encoder that nothing was written to writes no frame; records are never empty, but an empty frame is right.
            Compressor::Lz4(stream) => stream.finish()?,
            Compressor::Zstd(stream) => stream.finish()?,
        };
        Ok(sink.into_bytes())
    }

    fn stream(&mut self) -> &mut dyn Write {
        match self {
            Compressor::Plain(stream) => stream,
            Compressor::Gzip(stream) => stream,
            Compressor::Snappy(stream) => stream,
            Compressor::Lz4(stream) => stream,
            Compressor::Zstd(stream) => stream,
        }
    }
}

impl Write for Compressor {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream().flush()
    }
}

/// Levels 1–9; −1 and anything else is zlib's default.
fn gzip_level(level: Option<i32>) -> flate2::Compression {
    match level {
        Some(level @ 1..=9) => flate2::Compression::new(level as u32),
        _ => flate2::Compression::default(),
    }
}
