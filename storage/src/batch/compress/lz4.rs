//! LZ4 frames as Kafka reads them (`Lz4BlockInputStream`): one frame of independent blocks.
//!
//! ```text
//!   magic 04 22 4D 18 | FLG | BD | content size u64 (if FLG says so; not checked) | header checksum
//!   blocks: size u32 (top bit: stored plain) | bytes | xxh32 (if FLG says so)
//!   end: size 0 | content checksum (if FLG says so; not checked, as in Kafka)
//! ```

use std::io::{self, BufRead, Read};

use twox_hash::XxHash32;

const MAGIC: [u8; 4] = 0x184D_2204u32.to_le_bytes();
const STORED_PLAIN: u32 = 1 << 31;

pub struct Lz4Reader<'a> {
    rest: &'a [u8],
    has_block_checksums: bool,
    max_block_size: usize,
    /// Where a compressed block unfolds to.
    unfolded: Vec<u8>,
    block: Block<'a>,
    /// How much of the block is consumed.
    at: usize,
    is_over: bool,
}

enum Block<'a> {
    Unfolded,
    Stored(&'a [u8]),
}

impl<'a> Lz4Reader<'a> {
    pub fn new(frame: &'a [u8]) -> io::Result<Lz4Reader<'a>> {
        let mut rest = frame;
        if *take::<4>(&mut rest)? != MAGIC {
            return Err(invalid("not an LZ4 frame"));
        }
        let descriptor = rest;
        let [flags, block_descriptor] = *take::<2>(&mut rest)?;
        if flags >> 6 != 1 {
            return Err(invalid("an LZ4 frame of unknown version"));
        }
        if flags & 0b0000_0011 != 0 || block_descriptor & 0b1000_1111 != 0 {
            return Err(invalid("reserved bits of the LZ4 frame are set"));
        }
        if flags & 0b0010_0000 == 0 {
            return Err(invalid("the blocks of the LZ4 frame depend on each other"));
        }
        let max_block_size = match block_descriptor >> 4 {
            size @ 4..=7 => 1 << (2 * size + 8),
            _ => return Err(invalid("an LZ4 frame of unknown block size")),
        };
        if flags & 0b0000_1000 != 0 {
            take::<8>(&mut rest)?;
        }
        let descriptor = &descriptor[..descriptor.len() - rest.len()];
        let [checksum] = *take::<1>(&mut rest)?;
        if checksum != (XxHash32::oneshot(0, descriptor) >> 8) as u8 {
            return Err(invalid("the header checksum of the LZ4 frame is wrong"));
        }
        Ok(Lz4Reader {
            rest,
            has_block_checksums: flags & 0b0001_0000 != 0,
            max_block_size,
            unfolded: Vec::new(),
            block: Block::Stored(&[]),
            at: 0,
            is_over: false,
        })
    }

    fn block(&self) -> &[u8] {
        let block = match self.block {
            Block::Unfolded => &self.unfolded,
            Block::Stored(block) => block,
        };
        &block[self.at..]
    }

    fn next_block(&mut self) -> io::Result<()> {
        let size = u32::from_le_bytes(*take::<4>(&mut self.rest)?);
        self.at = 0;
        if size == 0 || size == STORED_PLAIN {
            self.is_over = true;
            self.block = Block::Stored(&[]);
            return Ok(());
        }
        let is_stored = size & STORED_PLAIN != 0;
        let size = (size & !STORED_PLAIN) as usize;
        if size > self.max_block_size {
            return Err(invalid("an LZ4 block is larger than its frame allows"));
        }
        let (block, rest) = self
            .rest
            .split_at_checked(size)
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        self.rest = rest;
        if self.has_block_checksums
            && u32::from_le_bytes(*take::<4>(&mut self.rest)?) != XxHash32::oneshot(0, block)
        {
            return Err(invalid("the checksum of an LZ4 block is wrong"));
        }
        self.block = if is_stored {
            Block::Stored(block)
        } else {
            self.unfold(block)?
        };
        Ok(())
    }

    /// No sequence of LZ4 puts out more than 255 bytes per byte, so a small block cannot claim a large buffer.
    fn unfold(&mut self, block: &[u8]) -> io::Result<Block<'a>> {
        let room = self.max_block_size.min(block.len().saturating_mul(255));
        self.unfolded.resize(room, 0);
        let size = lz4_flex::block::decompress_into(block, &mut self.unfolded)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        self.unfolded.truncate(size);
        Ok(Block::Unfolded)
    }
}

impl BufRead for Lz4Reader<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.block().is_empty() && !self.is_over {
            self.next_block()?;
        }
        Ok(self.block())
    }

    fn consume(&mut self, count: usize) {
        self.at += count;
    }
}

impl Read for Lz4Reader<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(to)?;
        self.consume(count);
        Ok(count)
    }
}

fn take<'a, const SIZE: usize>(rest: &mut &'a [u8]) -> io::Result<&'a [u8; SIZE]> {
    let (taken, left) = rest
        .split_first_chunk()
        .ok_or(io::ErrorKind::UnexpectedEof)?;
    *rest = left;
    Ok(taken)
}

fn invalid(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
