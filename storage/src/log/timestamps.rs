//! Offsets by time (ListOffsets, KIP-79, KIP-734).

use super::error::{Failure, ReadError};
use super::shared::LogReader;
use crate::batch::{HEADER_SIZE_BYTES, TimestampType, shapes};
use crate::disk::DiskFile;
use crate::offset::{LeaderEpoch, Offset};
use crate::segment::{BatchAt, Patience, Segment};
use bytes::Bytes;
use std::io;

/// A record found by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetAtTime {
    /// Milliseconds: the record's own.
    pub timestamp: i64,
    pub offset: Offset,
    /// The epoch in which it was written.
    pub leader_epoch: Option<LeaderEpoch>,
}

impl LogReader {
    /// The first record whose timestamp is at least `timestamp` milliseconds; `None` when all are earlier. It may lie beyond what a consumer may
    /// see: the caller compares.
    pub fn offset_for_timestamp(
        &self,
        timestamp: i64,
        patience: Patience,
    ) -> Result<Option<OffsetAtTime>, ReadError> {
        let found = self
            .find(timestamp, patience)
            .map_err(Failure::of("looking for a time"))?;
        Ok(found.map(|(timestamp, offset)| self.at_time(timestamp, offset)))
    }

    /// The first record with the log's latest timestamp; `None` when no record has one (`ListOffsetsRequest.MAX_TIMESTAMP`).
    pub fn offset_of_max_timestamp(
        &self,
        patience: Patience,
    ) -> Result<Option<OffsetAtTime>, ReadError> {
        let found = self
            .find_latest(patience)
            .map_err(Failure::of("looking for the latest time"))?;
        Ok(found.map(|(timestamp, offset)| self.at_time(timestamp, offset)))
    }

    fn at_time(&self, timestamp: i64, offset: Offset) -> OffsetAtTime {
        OffsetAtTime {
            timestamp,
            offset,
            leader_epoch: self.epoch_at(offset),
        }
    }

    fn find(&self, timestamp: i64, patience: Patience) -> io::Result<Option<(i64, Offset)>> {
        let offsets = self.offsets();
        for segment in self.shared.segments.load().from(offsets.start) {
            if segment.max_timestamp(patience)?.timestamp < timestamp {
                continue;
            }
            let mut from = offsets.start;
            while let Some(batch) = segment.first_batch_reaching(timestamp, from, patience)? {
                if batch.base_offset >= offsets.end {
                    return Ok(None);
                }
                let found = first_record(segment, &batch, patience, |at, offset| {
                    at >= timestamp && offset >= offsets.start
                })?;
                if found.is_some() {
                    return Ok(found);
                }
                // The batch promised a record that the start offset or compaction has taken.
                from = batch.last_offset.next();
            }
        }
        Ok(None)
    }

    fn find_latest(&self, patience: Patience) -> io::Result<Option<(i64, Offset)>> {
        let offsets = self.offsets();
        let mut latest: Option<(i64, Offset)> = None;
        let set = self.shared.segments.load();
        for segment in set.from(offsets.start) {
            let max = segment.max_timestamp(patience)?;
            if max.timestamp >= 0 && latest.is_none_or(|(timestamp, _)| max.timestamp > timestamp) {
                latest = Some((max.timestamp, max.offset));
            }
        }
        let Some((timestamp, last_offset)) = latest else {
            return Ok(None);
        };
        let segment = &set.from(last_offset)[0];
        let Some(batch) = segment.first_batch_reaching(timestamp, last_offset, patience)? else {
            return Ok(None);
        };
        first_record(segment, &batch, patience, |at, _| at == timestamp)
    }
}

/// Time and offset of the first record of a batch that pleases. A batch of the old formats counts as one record.
fn first_record(
    segment: &Segment,
    batch: &BatchAt,
    patience: Patience,
    pleases: impl Fn(i64, Offset) -> bool,
) -> io::Result<Option<(i64, Offset)>> {
    let Some(header) = &batch.header else {
        let record = (batch.max_timestamp, batch.last_offset);
        return Ok(Some(record).filter(|(timestamp, offset)| pleases(*timestamp, *offset)));
    };
    if header.timestamp_type() == TimestampType::LogAppendTime
        && pleases(header.max_timestamp, header.base_offset)
    {
        return Ok(Some((header.max_timestamp, header.base_offset)));
    }
    let bytes = read_batch(&*segment.log_file().open()?, batch, patience)?;
    for record in shapes(header, &bytes[HEADER_SIZE_BYTES..])? {
        let record = record?;
        let timestamp = header.timestamp_of(record.timestamp_delta);
        let offset = header.base_offset.plus(i64::from(record.offset_delta));
        if pleases(timestamp, offset) {
            return Ok(Some((timestamp, offset)));
        }
    }
    Ok(None)
}

fn read_batch(file: &dyn DiskFile, batch: &BatchAt, patience: Patience) -> io::Result<Bytes> {
    let mut bytes = vec![0; batch.size_bytes as usize];
    if patience.read(file, &mut bytes, batch.position)? < bytes.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes.into())
}
