//! A copy of a log in another directory taking the log's place (KIP-113, `Partition.maybeReplaceCurrentWithFutureReplica`).
//!
//! ```text
//!   copy caught up ─▶ take_over: what the other knows ─▶ everything synced, marked ─▶ renamed to the partition's name ─▶ other deleted
//! ```
//! Guarantees: from the renaming on, the copy holds all that the other holds, durably, whatever happens next; the mark tells the two apart
//! until the other is gone and the cluster has heard of it.

use super::error::Failure;
use super::snapshots::ProducerState;
use super::writer::LogWriter;
use crate::dir::mark_moved;
use crate::offset::Offset;
use std::path::{Path, PathBuf};

impl LogWriter {
    /// Whether every record of this log is the other's: up to this end, and in the same epochs. Otherwise where this one must be cut.
    pub fn cut_to_match(&self, other: &LogWriter) -> Option<Offset> {
        self.reader.cut_to_match(&other.reader)
    }

    /// Takes from `other`, a log with the same records, what it knows besides them: producers, epochs without records, offsets.
    ///
    /// # Panics
    /// When the two do not end together.
    pub fn take_over(&mut self, other: &LogWriter, now_ms: i64) -> Result<(), Failure> {
        let (shared, others) = (self.shared().clone(), other.shared());
        others.load_producers(now_ms)?;
        let offsets = others.offsets();
        assert_eq!(
            shared.offsets().end,
            offsets.end,
            "a copy that is not whole must not take a log's place"
        );
        let producers = others.producers.lock().loaded().cloned();
        if let Some(producers) = producers {
            *shared.producers.lock() = ProducerState::Loaded(producers);
        }
        {
            let theirs = others.epochs.lock().epochs.clone();
            let mut ours = shared.epochs.lock();
            ours.epochs = theirs;
            // Written with the next flush.
            ours.unwritten_from = Some(offsets.start);
        }
        shared.change_offsets(|ours| {
            ours.start = offsets.start;
            ours.high_watermark = offsets.high_watermark;
            ours.stable = offsets.stable;
        });
        Ok(())
    }

    /// Syncs a whole copy, and marks it as one. A failure leaves it what it is, a copy.
    pub fn mark_whole(&mut self) -> Result<(), Failure> {
        self.close()?;
        let place = &self.shared().place;
        let doing = "marking a copy as whole";
        let path = place.path().map_err(Failure::of(doing))?;
        mark_moved(place.disk(), &path)
            .and_then(|()| place.disk().sync_dir(&path))
            .map_err(Failure::of(doing))
    }

    /// Gives the directory of a marked copy the partition's name: it is the partition now. After a failure nobody knows which of the two a
    /// restart will find, so neither may be written to.
    pub fn promote(&mut self, to: PathBuf) -> Result<(), Failure> {
        let place = &self.shared().place;
        let parent = to.parent().unwrap_or(Path::new("/")).to_owned();
        place
            .rename(to)
            .and_then(|()| place.disk().sync_dir(&parent))
            .map_err(Failure::of("putting a copy in a log's place"))
    }
}

impl super::LogReader {
    /// Whether every record of this log is the other's: `None`. Otherwise where this one must be cut.
    pub fn cut_to_match(&self, other: &super::LogReader) -> Option<Offset> {
        let end = self.offsets().end;
        let others_end = other.offsets().end;
        let Some(latest) = self.latest_epoch() else {
            return (end > others_end).then_some(others_end);
        };
        let theirs = other
            .latest_epoch()
            .and_then(|epoch| other.end_offset_for_epoch(latest.min(epoch)));
        let cut = match theirs {
            None => self.offsets().start,
            Some((epoch, others)) if epoch == latest => others,
            Some((epoch, others)) => self
                .end_offset_for_epoch(epoch)
                .map_or(others, |(_, ours)| ours.min(others)),
        };
        let cut = cut.min(others_end);
        (cut < end).then_some(cut)
    }
}
