//! Snappy as Java writes it (the xerial frame of snappy-java's `SnappyOutputStream`), and bare blocks, which other clients send.
//!
//! ```text
//!   82 "SNAPPY" 00 | version u32 = 1 | compatible with u32 = 1      the frame's head, 16 bytes; may repeat between blocks
//!   blocks: size u32 | bytes
//! ```
//! Numbers are big endian. Anything that does not start with the frame's head is one bare block.

use std::io::{self, BufRead, Read, Write};

use snap::raw::{Decoder, Encoder};

const FRAME_MAGIC: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
const FRAME_HEAD_SIZE_BYTES: usize = 16;
/// Plain bytes per block that we write, as snappy-java does.
const BLOCK_SIZE_BYTES: usize = 32 * 1024;
/// No element of a block puts out more than 64 bytes for 3 of its own.
const MAX_RATIO: usize = 22;

pub struct SnappyReader<'a> {
    rest: &'a [u8],
    is_framed: bool,
    block: Vec<u8>,
    /// How much of the block is consumed.
    at: usize,
}

impl<'a> SnappyReader<'a> {
    pub fn new(records: &'a [u8]) -> io::Result<SnappyReader<'a>> {
        if records.is_empty() {
            return Err(invalid("no Snappy block is empty"));
        }
        let is_framed = records.len() >= FRAME_HEAD_SIZE_BYTES && records.starts_with(&FRAME_MAGIC);
        let mut reader = SnappyReader {
            rest: records,
            is_framed,
            block: Vec::new(),
            at: 0,
        };
        if is_framed {
            reader.skip_frame_head()?;
        }
        Ok(reader)
    }

    fn skip_frame_head(&mut self) -> io::Result<()> {
        let (head, rest) = self
            .rest
            .split_first_chunk::<FRAME_HEAD_SIZE_BYTES>()
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        if u32::from_be_bytes([head[8], head[9], head[10], head[11]]) < 1 {
            return Err(invalid("a Snappy frame of unknown version"));
        }
        self.rest = rest;
        Ok(())
    }

    /// Unfolds the next block; leaves none at the end.
    fn next_block(&mut self) -> io::Result<()> {
        self.at = 0;
        self.block.clear();
        if !self.is_framed {
            let block = std::mem::take(&mut self.rest);
            return if block.is_empty() {
                Ok(())
            } else {
                self.unfold(block)
            };
        }
        while self.rest.starts_with(&FRAME_MAGIC) {
            self.skip_frame_head()?;
        }
        // Fewer than four bytes are no block: Java takes them for the end too.
        let Some((size, rest)) = self.rest.split_first_chunk::<4>() else {
            self.rest = &[];
            return Ok(());
        };
        let size = u32::from_be_bytes(*size) as usize;
        let (block, rest) = rest
            .split_at_checked(size)
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        self.rest = rest;
        self.unfold(block)
    }

    fn unfold(&mut self, block: &[u8]) -> io::Result<()> {
        let size = snap::raw::decompress_len(block)?;
        if size > block.len().saturating_mul(MAX_RATIO) {
            return Err(invalid("a Snappy block claims more than it can hold"));
        }
        self.block.resize(size, 0);
        Decoder::new().decompress(block, &mut self.block)?;
        Ok(())
    }
}

impl BufRead for SnappyReader<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.at == self.block.len() && !self.rest.is_empty() {
            self.next_block()?;
        }
        Ok(&self.block[self.at..])
    }

    fn consume(&mut self, count: usize) {
        self.at += count;
    }
}

impl Read for SnappyReader<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(to)?;
        self.consume(count);
        Ok(count)
    }
}

/// Writes the xerial frame.
pub struct SnappyWriter<W> {
    to: W,
    plain: Vec<u8>,
    block: Vec<u8>,
    encoder: Encoder,
}

impl<W: Write> SnappyWriter<W> {
    pub fn new(mut to: W) -> io::Result<SnappyWriter<W>> {
        to.write_all(&FRAME_MAGIC)?;
        to.write_all(&[0, 0, 0, 1, 0, 0, 0, 1])?;
        Ok(SnappyWriter {
            to,
            plain: Vec::new(),
            block: Vec::new(),
            encoder: Encoder::new(),
        })
    }

    pub fn finish(mut self) -> io::Result<W> {
        self.end_block()?;
        Ok(self.to)
    }

    fn end_block(&mut self) -> io::Result<()> {
        if self.plain.is_empty() {
            return Ok(());
        }
        self.block
            .resize(snap::raw::max_compress_len(self.plain.len()), 0);
        let size = self.encoder.compress(&self.plain, &mut self.block)?;
        self.plain.clear();
        self.to.write_all(&(size as u32).to_be_bytes())?;
        self.to.write_all(&self.block[..size])
    }
}

impl<W: Write> Write for SnappyWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(BLOCK_SIZE_BYTES - self.plain.len());
        self.plain.extend_from_slice(&bytes[..taken]);
        if self.plain.len() == BLOCK_SIZE_BYTES {
            self.end_block()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn invalid(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
