//! Finding offsets in a segment: from an offset to a position, and from a budget of bytes to the last whole batch within it.
//!
//! Readers at the end of a log find both in the active segment's list of recent batches, without touching a file. Others pay a search in the
//! index file and a scan of at most one index interval. An index that points elsewhere than at a batch is not believed: the scan starts over
//! from the segment's start, which is slow and right.

use super::index::OffsetEntry;
use super::scan::{BatchAt, Scan};
use super::shared::{Extent, Segment};
use crate::disk::DiskFile;
use crate::offset::Offset;
use std::io;

/// Whether a read may wait for the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// For threads that may block.
    Wait,
    /// For the runtime's own threads: `WouldBlock` when a page is not in memory; the caller repeats the call elsewhere.
    OnlyIfCached,
}

impl Patience {
    pub fn read(self, file: &dyn DiskFile, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        match self {
            Patience::Wait => file.read_at(buffer, offset),
            Patience::OnlyIfCached => file.read_at_if_cached(buffer, offset),
        }
    }
}

/// A batch found by offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Located {
    pub base_offset: Offset,
    pub last_offset: Offset,
    pub position: u64,
    pub size_bytes: u32,
}

impl Located {
    pub fn end(&self) -> u64 {
        self.position + u64::from(self.size_bytes)
    }
}

impl From<&BatchAt> for Located {
    fn from(batch: &BatchAt) -> Self {
        Located {
            base_offset: batch.base_offset,
            last_offset: batch.last_offset,
            position: batch.position,
            size_bytes: batch.size_bytes,
        }
    }
}

impl Segment {
    /// The first batch whose last offset is at or after `offset`; `None` when all end before.
    pub fn locate(&self, offset: Offset, patience: Patience) -> io::Result<Option<Located>> {
        if let Some(found) = self.recent(|recent| recent.locate(offset)) {
            return Ok(Some(found));
        }
        let extent = self.extent();
        if offset >= extent.next_offset || extent.size_bytes == 0 {
            return Ok(None);
        }
        let relative = offset.since(self.base_offset());
        let start = self.index_position(
            |entry| i64::from(entry.relative_offset) <= relative,
            patience,
        )?;
        if start > 0 {
            match self.first_ending_at_or_after(offset, start, extent, patience) {
                Ok(Some((found, is_first))) if !is_first || found.base_offset <= offset => {
                    return Ok(Some(found));
                }
                Err(error) if error.kind() != io::ErrorKind::InvalidData => return Err(error),
                _ => {
                    tracing::warn!(base_offset = %self.base_offset(), "an offset index points astray; scanning the segment")
                }
            }
        }
        Ok(self
            .first_ending_at_or_after(offset, 0, extent, patience)?
            .map(|(found, _)| found))
    }

    /// Where a read that starts at `first` must end so as to hold whole batches only, none that ends at or after `upper_bound`, and at most
    /// `max_bytes`. `first.position` when not even the first fits.
    pub fn boundary(
        &self,
        first: &Located,
        max_bytes: u64,
        upper_bound: Offset,
        patience: Patience,
    ) -> io::Result<u64> {
        let extent = self.extent();
        let visible_end = if upper_bound >= extent.next_offset {
            extent.size_bytes
        } else {
            self.locate(upper_bound, patience)?
                .map_or(extent.size_bytes, |beyond| beyond.position)
        };
        let limit = first.position.saturating_add(max_bytes);
        if visible_end <= limit {
            return Ok(visible_end.max(first.position));
        }
        if first.end() > limit {
            return Ok(first.position);
        }
        if let Some(end) = self.recent(|recent| recent.last_end_at_or_before(limit)) {
            return Ok(end.max(first.end()));
        }
        let indexed = self.index_position(|entry| entry.position as u64 <= limit, patience)?;
        if indexed > first.position {
            match self.last_end_at_or_before(limit, indexed, extent, patience) {
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {}
                end => return end,
            }
        }
        self.last_end_at_or_before(limit, first.position, extent, patience)
    }

    /// The first batch that ends at or after `offset` among those from `start`, and whether it is the very first of them.
    fn first_ending_at_or_after(
        &self,
        offset: Offset,
        start: u64,
        extent: Extent,
        patience: Patience,
    ) -> io::Result<Option<(Located, bool)>> {
        let mut scan = Scan::new(self.log_file().open()?, start, extent.size_bytes, patience);
        while let Some(batch) = scan.next_batch()? {
            if batch.last_offset >= offset {
                return Ok(Some((Located::from(&batch), batch.position == start)));
            }
        }
        Ok(None)
    }

    fn last_end_at_or_before(
        &self,
        limit: u64,
        start: u64,
        extent: Extent,
        patience: Patience,
    ) -> io::Result<u64> {
        let mut scan = Scan::new(self.log_file().open()?, start, extent.size_bytes, patience);
        let mut end = start;
        while let Some(batch) = scan.next_batch()? {
            if batch.end() > limit {
                break;
            }
            end = batch.end();
        }
        Ok(end)
    }

    /// The position that the last entry before the turning point holds; 0 without one.
    fn index_position(
        &self,
        is_before: impl Fn(&OffsetEntry) -> bool,
        patience: Patience,
    ) -> io::Result<u64> {
        match self.offset_index().search(is_before, patience) {
            Ok(found) => {
                Ok(found.map_or(0, |(_, entry)| u64::try_from(entry.position).unwrap_or(0)))
            }
            Err(error)
                if error.kind() == io::ErrorKind::NotFound && self.log_file().open().is_ok() =>
            {
                Ok(0)
            }
            Err(error) => Err(error),
        }
    }
}
