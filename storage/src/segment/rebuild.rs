//! Rebuilding the indexes of a segment while recovery walks its batches.

use super::active::{ActiveSegment, SegmentLimits};
use super::files::unless_full;
use super::index::{OffsetEntry, TimeEntry};
use super::read::Patience;
use super::scan::{BatchAt, Scan};
use super::shared::{Extent, Segment};
use crate::offset::Offset;
use std::io;
use std::sync::Arc;

/// See the module. Every batch from the answered position on must be given to [`Rebuild::index`], in order.
#[derive(Debug)]
pub struct Rebuild {
    active: ActiveSegment,
}

impl Rebuild {
    /// Empties both indexes; the walk starts at position 0.
    pub fn from_start(segment: Arc<Segment>) -> io::Result<Rebuild> {
        segment.offset_index().reset()?;
        segment.time_index().reset()?;
        Ok(Rebuild {
            active: ActiveSegment::indexed_up_to(segment, None, (0, None), 0),
        })
    }

    /// Keeps the entries for what lies before `from`, as far as they are in order and the last of them points at its batch, and drops aborted
    /// transactions that ended later. Answers the position from which to walk.
    pub fn from_offset(segment: Arc<Segment>, from: Offset) -> io::Result<(Rebuild, u64)> {
        segment.transactions().truncate(from)?;
        let base = segment.base_offset();
        let mut entries = segment.offset_index().load_sane()?;
        let holds = |entry: &OffsetEntry| {
            base.plus(i64::from(entry.relative_offset)) < from && entry.relative_offset >= 0
        };
        entries.truncate(entries.iter().take_while(|entry| holds(entry)).count());
        let Some(last) = entries
            .last()
            .copied()
            .filter(|entry| points_at_its_batch(&segment, entry))
        else {
            return Ok((Rebuild::from_start(segment)?, 0));
        };
        let mut times = segment.time_index().load_sane()?;
        let holds = |entry: &TimeEntry| (0..=last.relative_offset).contains(&entry.relative_offset);
        times.truncate(times.iter().take_while(|entry| holds(entry)).count());
        segment.offset_index().truncate(entries.len())?;
        segment.time_index().truncate(times.len())?;
        let active = ActiveSegment::indexed_up_to(
            segment,
            Some(entries.len()),
            (times.len(), times.last().copied()),
            0,
        );
        Ok((Rebuild { active }, last.position as u64))
    }

    pub fn index(&mut self, batch: &BatchAt, limits: &SegmentLimits) {
        self.active.index(batch, limits);
        self.active.write_indexes_if_many();
    }

    /// The segment stays closed. On a full disk its index stays in memory.
    pub fn close(mut self) -> io::Result<()> {
        unless_full("writing an index", self.active.finish())
    }

    /// The segment is the last one, of this size, up to this offset.
    pub fn into_active(
        mut self,
        next_offset: Offset,
        size_bytes: u64,
        now_ms: i64,
    ) -> io::Result<ActiveSegment> {
        unless_full("writing an index", self.active.write_indexes())?;
        self.active.settle(
            Extent {
                size_bytes,
                next_offset,
            },
            now_ms,
        );
        Ok(self.active)
    }
}

fn points_at_its_batch(segment: &Arc<Segment>, entry: &OffsetEntry) -> bool {
    let read = || -> io::Result<Option<BatchAt>> {
        let position = u64::try_from(entry.position).map_err(|_| io::ErrorKind::InvalidData)?;
        Scan::new(
            segment.log_file().open()?,
            position,
            segment.size_bytes(),
            Patience::Wait,
        )
        .next_batch()
    };
    let expected = segment.base_offset().plus(i64::from(entry.relative_offset));
    matches!(read(), Ok(Some(batch)) if batch.last_offset == expected)
}
