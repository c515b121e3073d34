//! Finding times in a segment, batch by batch; which record of the batch it is, the caller finds out.

use super::read::Patience;
use super::scan::{BatchAt, Scan};
use super::shared::Segment;
use crate::offset::Offset;
use std::io;

impl Segment {
    /// The first batch that holds a record at or after `from` and has a maximum timestamp of at least `timestamp` milliseconds
    /// (`LogSegment.findOffsetByTimestamp`).
    pub fn first_batch_reaching(
        &self,
        timestamp: i64,
        from: Offset,
        patience: Patience,
    ) -> io::Result<Option<BatchAt>> {
        let known = self
            .time_index()
            .search(|entry| entry.timestamp <= timestamp, patience)?;
        let start = known.map_or(from, |(_, entry)| from.max(self.absolute(&entry).offset));
        let Some(found) = self.locate(start, patience)? else {
            return Ok(None);
        };
        let mut scan = Scan::new(
            self.log_file().open()?,
            found.position,
            self.size_bytes(),
            patience,
        );
        while let Some(batch) = scan.next_batch()? {
            if batch.max_timestamp >= timestamp && batch.last_offset >= from {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }
}
