//! Walks the batches of a `.log` file by their heads, 4 KiB at a time. It checks what it needs to find the next one (magic, length) and leaves
//! CRCs and offsets to whoever cares. Bytes that cannot be a batch are `InvalidData`.

use super::read::Patience;
use crate::batch::{BatchHeader, HEADER_SIZE_BYTES, PREFIX_SIZE_BYTES, Prefix};
use crate::disk::DiskFile;
use crate::offset::Offset;
use std::io;
use std::sync::Arc;

const BLOCK_BYTES: usize = 4096;
/// The smallest head of a legacy message: up to and with attributes and two lengths.
const MIN_LEGACY_BYTES: usize = 26;

/// A batch and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchAt {
    pub position: u64,
    pub size_bytes: u32,
    pub base_offset: Offset,
    pub last_offset: Offset,
    /// Milliseconds; `NO_TIMESTAMP` when there is none.
    pub max_timestamp: i64,
    /// `None` for messages of magic 0 and 1, whose offset is the last one they hold.
    pub header: Option<BatchHeader>,
}

impl BatchAt {
    pub fn end(&self) -> u64 {
        self.position + u64::from(self.size_bytes)
    }
}

/// See the module.
#[derive(Debug)]
pub struct Scan {
    file: Arc<dyn DiskFile>,
    position: u64,
    end: u64,
    patience: Patience,
    block: Vec<u8>,
    block_position: u64,
}

impl Scan {
    /// The batches from `position` (where one must start) to `end`.
    pub fn new(file: Arc<dyn DiskFile>, position: u64, end: u64, patience: Patience) -> Scan {
        Scan {
            file,
            position,
            end,
            patience,
            block: Vec::new(),
            block_position: position,
        }
    }

    /// Where the next batch would start.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The next batch; `None` at the end.
    pub fn next_batch(&mut self) -> io::Result<Option<BatchAt>> {
        if self.position >= self.end {
            return Ok(None);
        }
        let left = self.end - self.position;
        let position = self.position;
        let head = self.head(
            usize::try_from(left).map_or(HEADER_SIZE_BYTES, |left| left.min(HEADER_SIZE_BYTES)),
        )?;
        let batch = parse(head, position, left)
            .map_err(|reason| io::Error::new(io::ErrorKind::InvalidData, reason))?;
        self.position = batch.end();
        Ok(Some(batch))
    }

    /// The bytes at the current position: `length` of them, fewer at the end of the file.
    fn head(&mut self, length: usize) -> io::Result<&[u8]> {
        let start = self
            .position
            .checked_sub(self.block_position)
            .and_then(|start| usize::try_from(start).ok());
        let start = match start.filter(|start| start + length <= self.block.len()) {
            Some(start) => start,
            None => {
                let wanted = usize::try_from(self.end - self.position)
                    .map_or(BLOCK_BYTES, |left| left.min(BLOCK_BYTES));
                self.block.resize(wanted, 0);
                let read = self
                    .patience
                    .read(&*self.file, &mut self.block, self.position)?;
                self.block.truncate(read);
                self.block_position = self.position;
                0
            }
        };
        Ok(&self.block[start..self.block.len().min(start + length)])
    }
}

fn parse(head: &[u8], position: u64, left: u64) -> Result<BatchAt, &'static str> {
    let prefix = Prefix::parse(head).ok_or("the file ends within the head of a batch")?;
    let size_bytes = prefix
        .size_bytes()
        .and_then(|size| u32::try_from(size).ok())
        .ok_or("a batch has a negative length")?;
    if u64::from(size_bytes) > left {
        return Err("a batch is longer than the rest of the file");
    }
    match prefix.magic {
        0 | 1 if size_bytes as usize >= MIN_LEGACY_BYTES && head.len() >= MIN_LEGACY_BYTES => {
            let timestamp = head[PREFIX_SIZE_BYTES + 1..]
                .first_chunk()
                .map_or(-1, |bytes| i64::from_be_bytes(*bytes));
            let max_timestamp = if prefix.magic == 1 {
                timestamp
            } else {
                crate::batch::NO_TIMESTAMP
            };
            Ok(BatchAt {
                position,
                size_bytes,
                base_offset: prefix.base_offset,
                last_offset: prefix.base_offset,
                max_timestamp,
                header: None,
            })
        }
        2 if size_bytes as usize >= HEADER_SIZE_BYTES => {
            let header =
                BatchHeader::parse(head).ok_or("the file ends within the head of a batch")?;
            if header.last_offset_delta < 0 {
                return Err("a batch ends before it starts");
            }
            Ok(BatchAt {
                position,
                size_bytes,
                base_offset: header.base_offset,
                last_offset: header.last_offset(),
                max_timestamp: header.max_timestamp,
                header: Some(header),
            })
        }
        0..=2 => Err("a batch is too short for its head"),
        _ => Err("a batch has an unknown magic"),
    }
}
