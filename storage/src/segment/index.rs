//! The offset and the time index of a segment: sorted entries of fixed size, the last ones in memory, the others in a file.
//!
//! Entries are appended to memory and reach the file in batches ([`Index::write_pending`]): an index is a hint that recovery can rebuild, so
//! losing the tail costs a scan and nothing else. A segment that is searched keeps the first entry of each 4 KiB block of the file (2 KiB for a whole
//! segment of 1 GiB), so a search reads one block; a segment at rest keeps nothing.

use super::files::LazyFile;
use super::read::Patience;
use crate::disk::DiskFile;
use parking_lot::Mutex;
use std::io::{self, IoSlice};
use std::sync::Arc;

/// How many entries may gather in memory: 4 KiB of an offset index, which stands for 2 MiB of log at Kafka's interval.
pub(super) const MAX_PENDING_ENTRIES: usize = 512;
const BLOCK_BYTES: usize = 4096;
const MAX_ENTRY_BYTES: usize = 12;

/// An entry, relative to the segment's base offset.
pub trait Entry: Copy + Send + 'static {
    const SIZE_BYTES: usize;
    fn encode(&self, to: &mut Vec<u8>);
    fn parse(bytes: &[u8]) -> Self;
    /// Whether `self` may come right after `previous`.
    fn follows(&self, previous: &Self) -> bool;
}

/// `.index`: the batch that ends with this offset starts at this position of the `.log`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetEntry {
    pub relative_offset: i32,
    pub position: i32,
}

/// `.timeindex`: no record up to this offset is later than this timestamp (milliseconds).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeEntry {
    pub timestamp: i64,
    pub relative_offset: i32,
}

impl Entry for OffsetEntry {
    const SIZE_BYTES: usize = 8;

    fn encode(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.relative_offset.to_be_bytes());
        to.extend_from_slice(&self.position.to_be_bytes());
    }

    fn parse(bytes: &[u8]) -> Self {
        OffsetEntry {
            relative_offset: int(&bytes[0..]),
            position: int(&bytes[4..]),
        }
    }

    fn follows(&self, previous: &Self) -> bool {
        self.relative_offset > previous.relative_offset && self.position > previous.position
    }
}

impl Entry for TimeEntry {
    const SIZE_BYTES: usize = 12;

    fn encode(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.timestamp.to_be_bytes());
        to.extend_from_slice(&self.relative_offset.to_be_bytes());
    }

    fn parse(bytes: &[u8]) -> Self {
        let timestamp = i64::from_be_bytes(*bytes.first_chunk().expect("an entry has 12 bytes"));
        TimeEntry {
            timestamp,
            relative_offset: int(&bytes[8..]),
        }
    }

    fn follows(&self, previous: &Self) -> bool {
        self.timestamp > previous.timestamp && self.relative_offset >= previous.relative_offset
    }
}

fn int(bytes: &[u8]) -> i32 {
    i32::from_be_bytes(*bytes.first_chunk().expect("an entry holds whole integers"))
}

/// See the module.
#[derive(Debug)]
pub struct Index<E> {
    file: Arc<LazyFile>,
    tail: Mutex<Tail<E>>,
    /// Held while entries are written, so that two writers (append and flush) do not cross.
    writing: Mutex<()>,
}

#[derive(Debug)]
struct Tail<E> {
    /// Entries in the file; `None` until somebody asks.
    written: Option<usize>,
    pending: Vec<E>,
    /// The first entry of each block of the file; `None` until somebody searches.
    tops: Option<Vec<E>>,
}

impl<E: Entry> Index<E> {
    const PER_BLOCK: usize = BLOCK_BYTES / E::SIZE_BYTES;

    /// An index whose file exists, as it is.
    pub fn existing(file: Arc<LazyFile>) -> Index<E> {
        let tail = Tail {
            written: None,
            pending: Vec::new(),
            tops: None,
        };
        Index {
            file,
            tail: Mutex::new(tail),
            writing: Mutex::new(()),
        }
    }

    pub fn file(&self) -> &Arc<LazyFile> {
        &self.file
    }

    /// Makes the file exist and empty.
    pub fn reset(&self) -> io::Result<()> {
        self.file.create()?;
        self.truncate(0)
    }

    /// Entries in file and memory.
    pub fn len(&self) -> io::Result<usize> {
        Ok(self.written()? + self.tail.lock().pending.len())
    }

    /// Adds an entry in memory; the caller keeps the order.
    pub fn append(&self, entry: E) {
        self.tail.lock().pending.push(entry);
    }

    pub fn pending_count(&self) -> usize {
        self.tail.lock().pending.len()
    }

    /// Moves the entries in memory to the file. On failure they stay in memory.
    pub fn write_pending(&self) -> io::Result<()> {
        let _writing = self.writing.lock();
        let written = self.written()?;
        let entries = self.tail.lock().pending.clone();
        if entries.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::with_capacity(entries.len() * E::SIZE_BYTES);
        entries.iter().for_each(|entry| entry.encode(&mut bytes));
        self.file
            .create()?
            .write_vectored_at(&[IoSlice::new(&bytes)], (written * E::SIZE_BYTES) as u64)?;
        let mut tail = self.tail.lock();
        tail.written = Some(written + entries.len());
        if let Some(tops) = &mut tail.tops {
            let first = (written.next_multiple_of(Self::PER_BLOCK)) - written;
            tops.extend(entries.iter().skip(first).step_by(Self::PER_BLOCK));
        }
        tail.pending.drain(..entries.len());
        if tail.pending.is_empty() {
            tail.pending = Vec::new();
        }
        Ok(())
    }

    /// Makes everything durable that was appended before.
    pub fn sync(&self) -> io::Result<()> {
        self.write_pending()?;
        self.file.open()?.sync_data()
    }

    /// Keeps the first `count` entries.
    pub fn truncate(&self, count: usize) -> io::Result<()> {
        let _writing = self.writing.lock();
        let written = self.written()?;
        if count < written || self.file.open()?.size_bytes()? != (written * E::SIZE_BYTES) as u64 {
            self.file
                .open()?
                .set_size_bytes((count.min(written) * E::SIZE_BYTES) as u64)?;
        }
        let mut tail = self.tail.lock();
        tail.pending.truncate(count.saturating_sub(written));
        tail.written = Some(count.min(written));
        if let Some(tops) = &mut tail.tops {
            tops.truncate(count.min(written).div_ceil(Self::PER_BLOCK));
        }
        Ok(())
    }

    pub fn last(&self, patience: Patience) -> io::Result<Option<E>> {
        self.search(|_| true, patience)
            .map(|found| found.map(|(_, entry)| entry))
    }

    /// The last entry for which `is_before` holds, and its number. `is_before` holds for a first part of the entries and for none after.
    pub fn search(
        &self,
        is_before: impl Fn(&E) -> bool,
        patience: Patience,
    ) -> io::Result<Option<(usize, E)>> {
        let written = self.written()?;
        {
            let tail = self.tail.lock();
            let count = tail.pending.partition_point(&is_before);
            if count > 0 {
                return Ok(Some((
                    tail.written.unwrap_or(written) + count - 1,
                    tail.pending[count - 1],
                )));
            }
        }
        let file = self.file.open()?;
        let (blocks, written) = self.count_blocks_before(&*file, written, &is_before, patience)?;
        let Some(block) = blocks.checked_sub(1) else {
            return Ok(None);
        };
        let from = block * Self::PER_BLOCK;
        let found = last_before(&*file, from, written, &is_before, patience)?;
        Ok(found.map(|(index, entry)| (from + index, entry)))
    }

    /// How many blocks of the file start with an entry that is before, and how many entries the file has.
    fn count_blocks_before(
        &self,
        file: &dyn DiskFile,
        written: usize,
        is_before: &impl Fn(&E) -> bool,
        patience: Patience,
    ) -> io::Result<(usize, usize)> {
        let tail = self.tail.lock();
        if let (Some(tops), Some(written)) = (&tail.tops, tail.written) {
            return Ok((tops.partition_point(is_before), written));
        }
        drop(tail);
        let mut tops = Vec::with_capacity(written.div_ceil(Self::PER_BLOCK));
        let mut bytes = [0; MAX_ENTRY_BYTES];
        for index in (0..written).step_by(Self::PER_BLOCK) {
            let bytes = &mut bytes[..E::SIZE_BYTES];
            if patience.read(file, bytes, (index * E::SIZE_BYTES) as u64)? < bytes.len() {
                break;
            }
            tops.push(E::parse(bytes));
        }
        let count = tops.partition_point(is_before);
        let mut tail = self.tail.lock();
        // Entries may have been written or cut meanwhile: then the next search looks again.
        if tail.written == Some(written) {
            tail.tops = Some(tops);
        }
        Ok((count, written))
    }

    /// Lets go of what only searches need.
    pub fn rest(&self) {
        self.tail.lock().tops = None;
        self.file.close();
    }

    /// Every entry in the file and then in memory, as far as they are in order: what comes after a crash may be anything.
    pub fn load_sane(&self) -> io::Result<Vec<E>> {
        let file = self.file.create()?;
        let mut bytes = vec![0; self.written()? * E::SIZE_BYTES];
        let length = file.read_at(&mut bytes, 0)?;
        let mut entries: Vec<E> = Vec::with_capacity(length / E::SIZE_BYTES);
        for entry in bytes[..length]
            .chunks_exact(E::SIZE_BYTES)
            .map(E::parse)
            .chain(self.tail.lock().pending.iter().copied())
        {
            if entries.last().is_some_and(|last| !entry.follows(last)) {
                break;
            }
            entries.push(entry);
        }
        Ok(entries)
    }

    fn written(&self) -> io::Result<usize> {
        if let Some(written) = self.tail.lock().written {
            return Ok(written);
        }
        let size_bytes = self.file.open()?.size_bytes()?;
        let written = usize::try_from(size_bytes).expect("an index fits in memory") / E::SIZE_BYTES;
        Ok(*self.tail.lock().written.get_or_insert(written))
    }
}

/// Among the entries of the block that starts with entry `from`, the last that is before, and its number in the block.
fn last_before<E: Entry>(
    file: &dyn DiskFile,
    from: usize,
    written: usize,
    is_before: &impl Fn(&E) -> bool,
    patience: Patience,
) -> io::Result<Option<(usize, E)>> {
    let mut buffer = [0; BLOCK_BYTES];
    let count = written
        .saturating_sub(from)
        .min(BLOCK_BYTES / E::SIZE_BYTES);
    let bytes = &mut buffer[..count * E::SIZE_BYTES];
    let length = patience.read(file, bytes, (from * E::SIZE_BYTES) as u64)?;
    let entry = |index: usize| E::parse(&bytes[index * E::SIZE_BYTES..]);
    let (mut low, mut high) = (0, length / E::SIZE_BYTES);
    while low < high {
        let middle = low + (high - low) / 2;
        if is_before(&entry(middle)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low.checked_sub(1).map(|last| (last, entry(last))))
}
