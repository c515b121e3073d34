//! The last segment of a log as its writer sees it: when to roll, what to index, how to cut.

use super::files::Place;
use super::index::{Entry, MAX_PENDING_ENTRIES, OffsetEntry, TimeEntry};
use super::read::Patience;
use super::scan::{BatchAt, Scan};
use super::shared::{Extent, Segment, TimestampOffset};
use crate::offset::Offset;
use std::io;
use std::sync::Arc;

/// When a segment is full, from the topic's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentLimits {
    /// `segment.bytes`.
    pub segment_bytes: u32,
    /// `segment.ms`, less this log's share of `segment.jitter.ms`.
    pub segment_ms: i64,
    /// `index.interval.bytes`.
    pub index_interval_bytes: u32,
    /// `segment.index.bytes`: limits the entries, though no room is reserved.
    pub segment_index_bytes: u32,
    /// `preallocate`.
    pub preallocate: bool,
}

/// See the module.
#[derive(Debug)]
pub struct ActiveSegment {
    segment: Arc<Segment>,
    bytes_since_index_entry: u64,
    offset_entries: usize,
    time_entries: usize,
    last_time_entry: Option<TimeEntry>,
    max_timestamp: TimestampOffset,
    /// Of the first batch: `segment.ms` counts from it (`LogSegment.rollingBasedTimestamp`).
    first_timestamp: Option<i64>,
    created_ms: i64,
}

impl ActiveSegment {
    /// A new segment from `base_offset` on.
    pub fn create(
        place: &Arc<Place>,
        base_offset: Offset,
        limits: &SegmentLimits,
        now_ms: i64,
    ) -> io::Result<ActiveSegment> {
        let allocate_bytes = limits
            .preallocate
            .then_some(u64::from(limits.segment_bytes));
        let segment = Segment::create(place, base_offset, allocate_bytes)?;
        Ok(ActiveSegment {
            segment,
            bytes_since_index_entry: 0,
            offset_entries: 0,
            time_entries: 0,
            last_time_entry: None,
            max_timestamp: TimestampOffset {
                timestamp: crate::batch::NO_TIMESTAMP,
                offset: base_offset,
            },
            first_timestamp: None,
            created_ms: now_ms,
        })
    }

    /// Takes over a segment whose indexes are right, up to their last entries: scans what comes after those by heads. Bytes after the last
    /// whole batch are `InvalidData`.
    pub fn open(segment: Arc<Segment>, now_ms: i64) -> io::Result<ActiveSegment> {
        let (offsets, times) = (segment.offset_index(), segment.time_index());
        let last_entry = offsets.last(Patience::Wait)?;
        let last_time_entry = times.last(Patience::Wait)?;
        let no_timestamp = TimestampOffset {
            timestamp: crate::batch::NO_TIMESTAMP,
            offset: segment.base_offset(),
        };
        let mut active = ActiveSegment {
            bytes_since_index_entry: 0,
            offset_entries: offsets.len()?,
            time_entries: times.len()?,
            last_time_entry,
            max_timestamp: last_time_entry.map_or(no_timestamp, |entry| segment.absolute(&entry)),
            first_timestamp: None,
            created_ms: now_ms,
            segment,
        };
        active.scan_tail(last_entry)?;
        Ok(active)
    }

    /// A segment under recovery: this many entries are in its indexes.
    pub(super) fn indexed_up_to(
        segment: Arc<Segment>,
        offset_entries: Option<usize>,
        (time_entries, last_time_entry): (usize, Option<TimeEntry>),
        now_ms: i64,
    ) -> ActiveSegment {
        let no_timestamp = TimestampOffset {
            timestamp: crate::batch::NO_TIMESTAMP,
            offset: segment.base_offset(),
        };
        ActiveSegment {
            bytes_since_index_entry: 0,
            offset_entries: offset_entries.unwrap_or(0),
            time_entries,
            last_time_entry,
            max_timestamp: last_time_entry.map_or(no_timestamp, |entry| segment.absolute(&entry)),
            first_timestamp: None,
            created_ms: now_ms,
            segment,
        }
    }

    /// Recovery has seen everything: this is how far the segment reaches.
    pub(super) fn settle(&mut self, extent: Extent, now_ms: i64) {
        self.created_ms = now_ms;
        self.segment.set_extent(extent);
        self.segment.set_max_timestamp(self.max_timestamp);
    }

    fn scan_tail(&mut self, last_entry: Option<OffsetEntry>) -> io::Result<()> {
        let size_bytes = self.segment.size_bytes();
        let start = last_entry.map_or(0, |entry| u64::try_from(entry.position).unwrap_or(0));
        let mut scan = Scan::new(
            self.segment.log_file().open()?,
            start,
            size_bytes,
            Patience::Wait,
        );
        let mut next_offset = self.segment.base_offset();
        while let Some(batch) = scan.next_batch()? {
            if batch.base_offset < next_offset {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "offsets go backwards",
                ));
            }
            next_offset = batch.last_offset.next();
            self.note_timestamp(&batch);
        }
        if last_entry.is_some_and(|entry| {
            next_offset
                <= self
                    .segment
                    .base_offset()
                    .plus(i64::from(entry.relative_offset))
        }) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the offset index goes beyond the log",
            ));
        }
        self.bytes_since_index_entry = size_bytes - start.min(size_bytes);
        self.segment.set_extent(Extent {
            size_bytes,
            next_offset,
        });
        self.segment.set_max_timestamp(self.max_timestamp);
        Ok(())
    }

    pub fn segment(&self) -> &Arc<Segment> {
        &self.segment
    }

    /// Whether a write of `batch_bytes` up to `last_offset` belongs into a new segment (`LogSegment.shouldRoll`).
    /// `pending_bytes` of the same write come before it.
    pub fn should_roll(
        &mut self,
        limits: &SegmentLimits,
        pending_bytes: u64,
        batch_bytes: u64,
        max_timestamp: i64,
        last_offset: Offset,
        now_ms: i64,
    ) -> io::Result<bool> {
        let size_bytes = self.segment.size_bytes() + pending_bytes;
        let room_bytes = u64::from(limits.segment_bytes).saturating_sub(batch_bytes);
        let is_index_full = self.offset_entries
            >= limits.segment_index_bytes as usize / OffsetEntry::SIZE_BYTES
            || self.time_entries + 1 >= limits.segment_index_bytes as usize / TimeEntry::SIZE_BYTES;
        let is_far = i32::try_from(last_offset.since(self.segment.base_offset())).is_err();
        Ok(is_far
            || size_bytes > 0
                && (size_bytes > room_bytes
                    || is_index_full
                    || self.waited_ms(max_timestamp, now_ms)? > limits.segment_ms))
    }

    fn waited_ms(&mut self, max_timestamp: i64, now_ms: i64) -> io::Result<i64> {
        if self.first_timestamp.is_none() && !self.segment.is_empty() {
            let mut scan = Scan::new(
                self.segment.log_file().open()?,
                0,
                self.segment.size_bytes(),
                Patience::Wait,
            );
            self.first_timestamp = scan.next_batch()?.map(|batch| batch.max_timestamp);
        }
        Ok(match self.first_timestamp {
            Some(first) if first >= 0 => max_timestamp.saturating_sub(first),
            _ => now_ms - self.created_ms,
        })
    }

    /// Batches have been written at the end of the file: index them and let readers see them.
    pub fn appended(&mut self, batches: &[BatchAt], limits: &SegmentLimits) {
        for batch in batches {
            self.index(batch, limits);
            if self.first_timestamp.is_none() && batch.position == 0 {
                self.first_timestamp = Some(batch.max_timestamp);
            }
        }
        self.segment.set_max_timestamp(self.max_timestamp);
        self.segment.extend(batches, true);
    }

    /// Enters a batch into the indexes where one is due (`LogSegment.append`): used by recovery too.
    pub fn index(&mut self, batch: &BatchAt, limits: &SegmentLimits) {
        self.note_timestamp(batch);
        if self.bytes_since_index_entry > u64::from(limits.index_interval_bytes) {
            self.append_entries(batch);
            self.bytes_since_index_entry = 0;
        }
        self.bytes_since_index_entry += u64::from(batch.size_bytes);
    }

    fn note_timestamp(&mut self, batch: &BatchAt) {
        if batch.max_timestamp > self.max_timestamp.timestamp {
            self.max_timestamp = TimestampOffset {
                timestamp: batch.max_timestamp,
                offset: batch.last_offset,
            };
        }
    }

    /// A batch beyond what 32 bits can say gets no entry: our own never are (`should_roll`), and foreign ones are found by scanning.
    fn append_entries(&mut self, batch: &BatchAt) {
        let (relative_offset, position) = (
            self.relative(batch.last_offset),
            i32::try_from(batch.position).ok(),
        );
        if let (Some(relative_offset), Some(position)) = (relative_offset, position) {
            self.segment.offset_index().append(OffsetEntry {
                relative_offset,
                position,
            });
            self.offset_entries += 1;
            self.append_time_entry();
        }
    }

    /// `TimeIndex.maybeAppend`: only ever later timestamps.
    fn append_time_entry(&mut self) {
        let timestamp = self.max_timestamp.timestamp;
        let is_later = timestamp
            > self
                .last_time_entry
                .map_or(crate::batch::NO_TIMESTAMP, |entry| entry.timestamp);
        if let Some(relative_offset) = self
            .relative(self.max_timestamp.offset)
            .filter(|_| is_later)
        {
            let entry = TimeEntry {
                timestamp,
                relative_offset,
            };
            self.segment.time_index().append(entry);
            self.last_time_entry = Some(entry);
            self.time_entries += 1;
        }
    }

    fn relative(&self, offset: Offset) -> Option<i32> {
        i32::try_from(offset.since(self.segment.base_offset())).ok()
    }

    /// Writes index entries to their files whenever enough have gathered. A failure is harmless: they stay in memory until the next time.
    pub fn write_indexes_if_many(&self) {
        let pending = self.segment.offset_index().pending_count();
        if pending > 0
            && pending.is_multiple_of(MAX_PENDING_ENTRIES)
            && let Err(error) = self.write_indexes()
        {
            tracing::debug!(%error, base_offset = %self.segment.base_offset(), "index entries not written yet");
        }
    }

    pub fn write_indexes(&self) -> io::Result<()> {
        self.segment.offset_index().write_pending()?;
        self.segment.time_index().write_pending()
    }

    /// Enters the latest timestamp, by which the segment's age will be judged, and writes the indexes
    /// (`LogSegment.onBecomeInactiveSegment`). Also right before a clean stop.
    pub fn finish(&mut self) -> io::Result<()> {
        self.append_time_entry();
        self.write_indexes()
    }

    /// As [`ActiveSegment::finish`], for a segment that will not be written again: gives back reserved room.
    pub fn close(&mut self, limits: &SegmentLimits) -> io::Result<()> {
        self.finish()?;
        if limits.preallocate {
            self.segment
                .log_file()
                .open()?
                .set_size_bytes(self.segment.size_bytes())?;
        }
        Ok(())
    }
}
