//! Cutting the end of a log off: what a follower does when its leader's log says otherwise.

use super::error::{AppendError, Failure};
use super::offsets::LogOffsets;
use super::open::snapshot_offset;
use super::replay;
use super::snapshots::{self, ProducerState};
use super::writer::LogWriter;
use crate::offset::Offset;
use crate::producers::Producers;
use crate::segment::{ActiveSegment, Patience, SegmentSet};
use std::io;
use std::sync::Arc;

impl LogWriter {
    /// Declares that nothing from `offset` on, or from the start of the batch that holds it, counts as durable any more. Whoever wants to truncate
    /// calls this first and then writes the directory's checkpoints, once for many partitions: otherwise a crash in between would look like lost
    /// data. Answers where the log will end.
    pub fn lower_recovery_point(&mut self, offset: Offset) -> Result<Offset, Failure> {
        let end = self.batch_start(offset)?;
        self.shared().flush.lock().forget_checkpoints_from(end);
        Ok(end)
    }

    /// What was announced by [`LogWriter::lower_recovery_point`] does not happen.
    pub fn call_off_truncation(&mut self) {
        self.shared().flush.lock().call_off_truncation();
    }

    /// Where the batch that holds `offset` begins; `offset` itself when none does.
    fn batch_start(&self, offset: Offset) -> Result<Offset, Failure> {
        let set = self.shared().segments.load();
        let found = set.from(offset)[0]
            .locate(offset, Patience::Wait)
            .map_err(Failure::of("looking for an offset"))?;
        Ok(found.map_or(offset, |batch| batch.base_offset.min(offset)))
    }

    /// Drops every record at or after `offset`: batches that reach it go whole. When the log ends before, only epochs go that begin at its end: this
    /// replica led in them and wrote nothing (`UnifiedLog.truncateTo`). A log cut before its first segment
    /// starts over there, and one cut below its start starts where it ends. High watermark, stable and
    /// flushed offsets follow back.
    pub fn truncate_to(&mut self, offset: Offset, now_ms: i64) -> Result<(), AppendError> {
        self.check_usable()?;
        let offsets = self.shared().offsets();
        if offset >= offsets.end {
            let mut state = self.shared().epochs.lock();
            state.epochs.truncate_from_end(offsets.end);
            return Ok(());
        }
        if offset < self.shared().segments.load().first().base_offset() {
            return self.truncate_fully_and_start_at(offset, now_ms);
        }
        let truncated = self.cut_to(offset, now_ms);
        self.or_fail(truncated, "truncating a log")
    }

    /// Drops everything; the log is empty and starts and ends at `offset`.
    pub fn truncate_fully_and_start_at(
        &mut self,
        offset: Offset,
        now_ms: i64,
    ) -> Result<(), AppendError> {
        self.check_usable()?;
        let restarted = self.restart_at(offset, now_ms);
        self.or_fail(restarted, "truncating a log")
    }

    /// Half a truncation cannot be told from a whole one: a failure is final.
    fn or_fail(&mut self, done: io::Result<()>, doing: &'static str) -> Result<(), AppendError> {
        done.map_err(|error| {
            let failure = Failure::new(doing, &error);
            self.shared().fail(failure.clone());
            AppendError::Failed(failure)
        })
    }

    fn cut_to(&mut self, offset: Offset, now_ms: i64) -> io::Result<()> {
        let shared = self.shared().clone();
        let set = shared.segments.load_full();
        let kept = set.before(offset).len() + 1;
        let last = set
            .iter()
            .nth(kept - 1)
            .expect("a set holds one segment more than lie wholly before an offset")
            .clone();
        let end = last.truncate_to(offset)?;
        let segments = set.iter().take(kept).cloned().collect();
        let active = ActiveSegment::open(last, now_ms)?;
        self.install_end(SegmentSet::new(segments), active, end, now_ms)?;
        set.iter()
            .skip(kept)
            .try_for_each(|segment| segment.remove_files())?;
        shared.place.disk().sync_dir(&shared.place.path()?)
    }

    fn restart_at(&mut self, offset: Offset, now_ms: i64) -> io::Result<()> {
        let shared = self.shared().clone();
        let old = shared.segments.load_full();
        let start = shared.offsets().start;
        shared
            .flush
            .lock()
            .forget_checkpoints_from(offset.min(start));
        // Old files first: should a crash come between, an empty directory is right, a mixture would not be.
        old.iter().try_for_each(|segment| segment.remove_files())?;
        shared.place.disk().sync_dir(&shared.place.path()?)?;
        let active = ActiveSegment::create(&shared.place, offset, &self.limits, now_ms)?;
        let set = SegmentSet::new(vec![active.segment().clone()]);
        self.remove_snapshots_from(Offset(i64::MIN))?;
        let mut producers = shared.producers.lock();
        *producers = ProducerState::Loaded(Producers::new());
        shared.epochs.lock().epochs.clear();
        shared.segments.store(Arc::new(set));
        self.active = active;
        *shared.offsets.write() = LogOffsets::empty_at(offset);
        shared.flush.lock().restart_at(offset);
        drop(producers);
        shared.place.disk().sync_dir(&shared.place.path()?)
    }

    fn install_end(
        &mut self,
        set: SegmentSet,
        active: ActiveSegment,
        end: Offset,
        now_ms: i64,
    ) -> io::Result<()> {
        let shared = self.shared().clone();
        let producers = self.producers_before(&set, end, now_ms)?;
        self.remove_snapshots_from(end.next())?;
        let mut state = shared.producers.lock();
        shared.epochs.lock().epochs.truncate_from_end(end);
        let unstable = producers.first_unstable_offset().unwrap_or(end);
        *state = ProducerState::Loaded(producers);
        shared.segments.store(Arc::new(set));
        self.active = active;
        shared.change_offsets(|offsets| {
            offsets.end = end;
            offsets.start = offsets.start.min(end);
            offsets.flushed = offsets.flushed.min(end);
            offsets.high_watermark = offsets.high_watermark.min(end);
            offsets.stable = offsets
                .stable
                .min(unstable)
                .min(offsets.high_watermark)
                .max(offsets.start);
        });
        shared.flush.lock().truncated_to(end);
        Ok(())
    }

    fn producers_before(
        &self,
        set: &SegmentSet,
        end: Offset,
        now_ms: i64,
    ) -> io::Result<Producers> {
        replay::producers_before(
            &self.shared().place,
            &self.snapshots()?,
            set.iter().as_slice(),
            end,
            &self.shared().config.load(),
            now_ms,
        )
    }

    fn remove_snapshots_from(&self, offset: Offset) -> io::Result<()> {
        let place = &self.shared().place;
        let beyond = self.snapshots()?.into_iter().filter(|at| *at >= offset);
        beyond
            .into_iter()
            .try_for_each(|at| snapshots::remove(place, at))
    }

    fn snapshots(&self) -> io::Result<Vec<Offset>> {
        let place = &self.shared().place;
        let entries = place.disk().read_dir(&place.path()?)?;
        Ok(entries
            .iter()
            .filter_map(|entry| snapshot_offset(&entry.name))
            .collect())
    }
}
