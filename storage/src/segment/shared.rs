//! A segment as readers and the writer share it.

use super::aborted::TransactionIndex;
use super::files::{FileKind, LazyFile, Place};
use super::index::{Index, OffsetEntry, TimeEntry};
use super::read::{Located, Patience};
use super::scan::BatchAt;
use crate::batch::NO_TIMESTAMP;
use crate::offset::Offset;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

/// How many of the last batches of an active segment are remembered for readers at its end.
const RECENT_BATCHES: usize = 64;

/// A time and the last offset of the first batch that reached it (`TimestampOffset`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimestampOffset {
    /// Milliseconds.
    pub timestamp: i64,
    pub offset: Offset,
}

/// See the module.
#[derive(Debug)]
pub struct Segment {
    base_offset: Offset,
    log: Arc<LazyFile>,
    offset_index: Index<OffsetEntry>,
    time_index: Index<TimeEntry>,
    transactions: TransactionIndex,
    state: Mutex<State>,
}

/// How far a segment reaches: both change together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    pub size_bytes: u64,
    /// No batch here ends at or after it. In a segment that is not the last it may be the next segment's base offset.
    pub next_offset: Offset,
}

#[derive(Debug)]
struct State {
    extent: Extent,
    /// `None` until looked up in the time index.
    max_timestamp: Option<TimestampOffset>,
    recent: Recent,
}

/// The last batches of an active segment, adjacent and in order.
#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<Located>);

impl Segment {
    /// A segment whose files are there. `has_transactions`: whether a `.txnindex` is among them.
    pub fn existing(
        place: &Arc<Place>,
        base_offset: Offset,
        extent: Extent,
        has_transactions: bool,
    ) -> Arc<Segment> {
        let file = |kind| LazyFile::new(place.clone(), base_offset, kind);
        Arc::new(Segment {
            base_offset,
            log: file(FileKind::Log),
            offset_index: Index::existing(file(FileKind::OffsetIndex)),
            time_index: Index::existing(file(FileKind::TimeIndex)),
            transactions: TransactionIndex::new(file(FileKind::TransactionIndex), has_transactions),
            state: Mutex::new(State {
                extent,
                max_timestamp: None,
                recent: Recent::default(),
            }),
        })
    }

    /// A new, empty segment; leftovers of the same name are emptied. With `allocate_bytes`, room is reserved for that much.
    pub fn create(
        place: &Arc<Place>,
        base_offset: Offset,
        allocate_bytes: Option<u64>,
    ) -> io::Result<Arc<Segment>> {
        let segment = Segment::existing(
            place,
            base_offset,
            Extent {
                size_bytes: 0,
                next_offset: base_offset,
            },
            false,
        );
        let created = segment.create_files(allocate_bytes);
        if created.is_err() {
            let _ = segment.remove_files();
        }
        created.map(|()| segment)
    }

    fn create_files(&self, allocate_bytes: Option<u64>) -> io::Result<()> {
        let file = self.log.create()?;
        if file.size_bytes()? > 0 {
            file.set_size_bytes(0)?;
        }
        if let Some(size_bytes) = allocate_bytes {
            file.allocate(size_bytes)?;
        }
        self.offset_index.reset()?;
        self.time_index.reset()?;
        self.state.lock().max_timestamp = Some(TimestampOffset {
            timestamp: NO_TIMESTAMP,
            offset: self.base_offset,
        });
        Ok(())
    }

    pub fn base_offset(&self) -> Offset {
        self.base_offset
    }

    pub fn extent(&self) -> Extent {
        self.state.lock().extent
    }

    pub fn size_bytes(&self) -> u64 {
        self.extent().size_bytes
    }

    pub fn is_empty(&self) -> bool {
        self.size_bytes() == 0
    }

    pub fn log_file(&self) -> &Arc<LazyFile> {
        &self.log
    }

    pub fn offset_index(&self) -> &Index<OffsetEntry> {
        &self.offset_index
    }

    pub fn time_index(&self) -> &Index<TimeEntry> {
        &self.time_index
    }

    pub fn transactions(&self) -> &TransactionIndex {
        &self.transactions
    }

    /// The latest time of any batch here as far as the segment knows; looks into the time index once. `NO_TIMESTAMP` without any.
    pub fn max_timestamp(&self, patience: Patience) -> io::Result<TimestampOffset> {
        if let Some(known) = self.state.lock().max_timestamp {
            return Ok(known);
        }
        let last = self.time_index.last(patience)?;
        let found = last.map_or(
            TimestampOffset {
                timestamp: NO_TIMESTAMP,
                offset: self.base_offset,
            },
            |entry| self.absolute(&entry),
        );
        Ok(*self.state.lock().max_timestamp.get_or_insert(found))
    }

    pub(super) fn absolute(&self, entry: &TimeEntry) -> TimestampOffset {
        TimestampOffset {
            timestamp: entry.timestamp,
            offset: self.base_offset.plus(i64::from(entry.relative_offset)),
        }
    }

    pub(super) fn set_max_timestamp(&self, max_timestamp: TimestampOffset) {
        self.state.lock().max_timestamp = Some(max_timestamp);
    }

    /// Makes batches visible that were written behind the others. `remember`: whether readers at the end profit from knowing them.
    pub(super) fn extend(&self, batches: &[BatchAt], remember: bool) {
        let Some(last) = batches.last() else { return };
        let mut state = self.state.lock();
        state.extent = Extent {
            size_bytes: last.end(),
            next_offset: last.last_offset.next(),
        };
        if remember {
            batches
                .iter()
                .for_each(|batch| state.recent.push(Located::from(batch)));
        }
    }

    /// Declares the segment to reach this far; forgets recent batches.
    pub fn set_extent(&self, extent: Extent) {
        let mut state = self.state.lock();
        state.extent = extent;
        state.recent = Recent::default();
    }

    pub(super) fn forget_max_timestamp(&self) {
        self.state.lock().max_timestamp = None;
    }

    pub(super) fn recent<R>(&self, look: impl FnOnce(&Recent) -> Option<R>) -> Option<R> {
        look(&self.state.lock().recent)
    }

    /// Lets go of descriptors and of what only an active segment needs.
    pub fn rest(&self) {
        self.state.lock().recent = Recent::default();
        self.offset_index.rest();
        self.time_index.rest();
        self.files().for_each(|file| file.close());
    }

    /// Makes the log durable, and nothing else.
    pub fn sync_log(&self) -> io::Result<()> {
        self.log.open()?.sync_data()
    }

    pub fn sync_indexes(&self) -> io::Result<()> {
        self.offset_index.sync()?;
        self.time_index.sync()?;
        self.transactions.sync()
    }

    pub fn mark_deleted(&self) -> io::Result<()> {
        self.files().try_for_each(|file| file.mark_deleted())
    }

    pub fn remove_files(&self) -> io::Result<()> {
        self.files().try_for_each(|file| file.remove())
    }

    fn files(&self) -> impl Iterator<Item = &Arc<LazyFile>> {
        [
            &self.log,
            self.offset_index.file(),
            self.time_index.file(),
            self.transactions.file(),
        ]
        .into_iter()
    }
}

impl Recent {
    fn push(&mut self, batch: Located) {
        if self
            .0
            .back()
            .is_some_and(|last| last.end() != batch.position)
        {
            self.0.clear();
        }
        if self.0.len() == RECENT_BATCHES {
            self.0.pop_front();
        }
        self.0.push_back(batch);
    }

    /// The first batch that ends at or after `offset`, if it is certain that no earlier one does.
    pub(super) fn locate(&self, offset: Offset) -> Option<Located> {
        if offset < self.0.front()?.base_offset {
            return None;
        }
        self.0
            .get(self.0.partition_point(|batch| batch.last_offset < offset))
            .copied()
    }

    /// The end of the last batch that ends at or before `limit`.
    pub(super) fn last_end_at_or_before(&self, limit: u64) -> Option<u64> {
        let count = self.0.partition_point(|batch| batch.end() <= limit);
        count.checked_sub(1).map(|last| self.0[last].end())
    }
}
