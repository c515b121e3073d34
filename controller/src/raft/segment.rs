//! One file of the raft log: consecutive entries behind a header that says what came before.
//!
//! ```text
//!   00000000000000000042.raft
//!     frame: version u8 = 0, first index u64, log id before it (optional)
//!     frame: entry 42
//!     frame: entry 43 …
//! ```
//! The header is synced, and the directory with it, before any entry may be acknowledged. What follows the last whole frame
//! is a torn write that nobody was told about; opening cuts it off.

use super::bytes::{Put, Reader};
use super::format::{FormatError, check_version, put_log_id, read_entry_id, read_log_id};
use super::frame::{OVERHEAD_BYTES, put_frame, take_frame};
use super::types::LogId;
use bytes::{BufMut, Bytes, BytesMut};
use ottla_storage::disk::{Disk, DiskFile, OpenHow, read_file};
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const VERSION: u8 = 0;
const SUFFIX: &str = ".raft";

/// An open segment and where its entries lie.
pub struct Segment {
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    /// The index of the first entry, also while there is none.
    pub first_index: u64,
    /// The id of the entry before the first: purged, or in the segment before.
    pub previous: Option<LogId>,
    /// Where each entry's frame begins.
    positions: Vec<u64>,
    end: u64,
}

/// An entry's id and bytes, which [`read_entry`](super::format::read_entry) reads.
pub type StoredEntry = (LogId, Bytes);

/// The first index in a segment's name; `None` for other files.
pub fn first_index_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    if digits.len() == 20 {
        digits.parse().ok()
    } else {
        None
    }
}

impl Segment {
    /// Creates a segment for the entries from `first_index` on; durable when it returns.
    pub fn create(
        disk: &dyn Disk,
        directory: &Path,
        first_index: u64,
        previous: Option<LogId>,
    ) -> io::Result<Self> {
        let path = directory.join(format!("{first_index:020}{SUFFIX}"));
        let mut header = BytesMut::new();
        put_frame(&mut header, |to| {
            to.put_u8(VERSION);
            to.put_u64(first_index);
            to.put_option(previous.as_ref(), put_log_id);
            Ok(())
        })?;
        let file = disk.open(&path, OpenHow::Truncate)?;
        file.write_vectored_at(&[IoSlice::new(&header)], 0)?;
        file.sync_data()?;
        disk.sync_dir(directory)?;
        let end = offset(header.len());
        Ok(Segment {
            path,
            file,
            first_index,
            previous,
            positions: Vec::new(),
            end,
        })
    }

    /// Opens a segment and reads its entries, cutting a torn tail off the newest one. `None` when not even the header is
    /// whole: such a file was being created when the power failed, and holds nothing.
    ///
    /// # Errors
    /// Damage in any other segment: what was in it had been acknowledged.
    pub fn open(
        disk: &dyn Disk,
        path: PathBuf,
        is_newest: bool,
    ) -> io::Result<Option<(Self, Vec<StoredEntry>)>> {
        let whole = Bytes::from(read_file(disk, &path)?.unwrap_or_default());
        let mut rest = whole.clone();
        let Some(header) = take_frame(&mut rest) else {
            return if is_newest {
                Ok(None)
            } else {
                Err(damaged(&path, 0))
            };
        };
        let (first_index, previous) = read_header(header)?;
        let mut segment = Segment {
            file: disk.open(&path, OpenHow::Write)?,
            path,
            first_index,
            previous,
            positions: Vec::new(),
            end: offset(whole.len() - rest.len()),
        };
        let mut entries = Vec::new();
        while let Some(body) = take_frame(&mut rest) {
            let log_id = read_entry_id(&body)?;
            if log_id.index != segment.next_index() {
                break;
            }
            segment.positions.push(segment.end);
            segment.end = offset(whole.len() - rest.len());
            entries.push((log_id, body));
        }
        if segment.end < offset(whole.len()) {
            if !is_newest {
                return Err(damaged(&segment.path, segment.end));
            }
            let (path, at) = (segment.path.display(), segment.end);
            tracing::warn!(%path, at, of = whole.len(), "cutting off what was not completely written");
            segment.cut(segment.end)?;
        }
        Ok(Some((segment, entries)))
    }

    /// Appends frames, one for each length. Not durable before [`Segment::sync`].
    pub fn append(&mut self, frames: &[u8], lengths: &[usize]) -> io::Result<()> {
        self.file
            .write_vectored_at(&[IoSlice::new(frames)], self.end)?;
        for length in lengths {
            self.positions.push(self.end);
            self.end += offset(*length);
        }
        Ok(())
    }

    /// Makes everything appended survive power loss.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Removes the entries from `index` on; durable when it returns.
    pub fn truncate_from(&mut self, index: u64) -> io::Result<()> {
        let keep = usize::try_from(index.saturating_sub(self.first_index)).unwrap_or(usize::MAX);
        let Some(end) = self.positions.get(keep).copied() else {
            return Ok(());
        };
        self.positions.truncate(keep);
        self.cut(end)
    }

    /// The index that the next entry will have.
    pub fn next_index(&self) -> u64 {
        self.first_index + offset(self.positions.len())
    }

    /// Whether it holds no entry.
    pub fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    /// Its size, header included.
    pub fn size_bytes(&self) -> u64 {
        self.end
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn cut(&mut self, end: u64) -> io::Result<()> {
        self.end = end;
        self.file.set_size_bytes(end)?;
        self.file.sync_data()
    }
}

fn damaged(path: &Path, at: u64) -> io::Error {
    let message = format!("{} is damaged at byte {at}", path.display());
    io::Error::new(io::ErrorKind::InvalidData, message)
}

fn read_header(body: Bytes) -> Result<(u64, Option<LogId>), FormatError> {
    let mut from = Reader::new(body);
    check_version("a log segment", from.u8()?, VERSION)?;
    let first_index = from.u64()?;
    let previous = from.option(read_log_id)?;
    from.finish()?;
    Ok((first_index, previous))
}

fn offset(length: usize) -> u64 {
    u64::try_from(length).expect("a length fits into 64 bits")
}

const _: () = assert!(OVERHEAD_BYTES == 8, "the format above says so");
