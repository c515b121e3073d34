//! Cutting a segment: the log at a batch, the indexes at the last entries that still hold.

use super::index::{OffsetEntry, TimeEntry};
use super::read::Patience;
use super::shared::{Extent, Segment};
use crate::offset::Offset;
use std::io;

impl Segment {
    /// Drops the batches that end at or after `offset` and makes that durable, so that they cannot come back behind later ones. Answers where the
    /// segment ends now.
    pub fn truncate_to(&self, offset: Offset) -> io::Result<Offset> {
        let size_bytes = self
            .locate(offset, Patience::Wait)?
            .map_or(self.size_bytes(), |batch| batch.position);
        self.cut_indexes(offset, size_bytes)?;
        let file = self.log_file().open()?;
        file.set_size_bytes(size_bytes)?;
        file.sync_data()?;
        self.forget_max_timestamp();
        let next_offset = self.last_end_below(size_bytes)?;
        self.set_extent(Extent {
            size_bytes,
            next_offset,
        });
        Ok(next_offset)
    }

    /// Drops index entries and aborted transactions that speak of `offset`, of anything after it, or of positions from `size_bytes` on.
    pub fn cut_indexes(&self, offset: Offset, size_bytes: u64) -> io::Result<()> {
        let relative = offset.since(self.base_offset());
        let before = |entry: &OffsetEntry| {
            i64::from(entry.relative_offset) < relative && (entry.position as u64) < size_bytes
        };
        let offsets = self
            .offset_index()
            .search(before, Patience::Wait)?
            .map_or(0, |(last, _)| last + 1);
        self.offset_index().truncate(offsets)?;
        let before = |entry: &TimeEntry| i64::from(entry.relative_offset) < relative;
        let times = self
            .time_index()
            .search(before, Patience::Wait)?
            .map_or(0, |(last, _)| last + 1);
        self.time_index().truncate(times)?;
        self.transactions().truncate(offset)
    }

    /// The offset after the last batch before this position, which is where a batch starts or the file ends.
    fn last_end_below(&self, size_bytes: u64) -> io::Result<Offset> {
        let position = self
            .offset_index()
            .last(Patience::Wait)?
            .map_or(0, |entry| entry.position as u64);
        let mut scan = super::scan::Scan::new(
            self.log_file().open()?,
            position,
            size_bytes,
            Patience::Wait,
        );
        let mut next_offset = self.base_offset();
        while let Some(batch) = scan.next_batch()? {
            next_offset = batch.last_offset.next();
        }
        Ok(next_offset)
    }
}
