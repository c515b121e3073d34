//! What the writer and the readers of a log have in common, and the reader itself.

use super::config::LogConfig;
use super::error::Failure;
use super::flush::FlushState;
use super::offsets::LogOffsets;
use super::open::EPOCHS;
use super::snapshots::ProducerState;
use crate::disk;
use crate::epochs::Epochs;
use crate::offset::{LeaderEpoch, Offset};
use crate::segment::{Place, SegmentSet};
use arc_swap::ArcSwap;
use parking_lot::{Mutex, RwLock};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// Locks are held for a look or a step in memory, never across a system call (but for `epoch_file`), and taken in this order: producers, epochs, offsets, flush.
#[derive(Debug)]
pub(super) struct Shared {
    pub place: Arc<Place>,
    pub config: ArcSwap<LogConfig>,
    pub segments: ArcSwap<SegmentSet>,
    pub producers: Mutex<ProducerState>,
    pub epochs: Mutex<EpochState>,
    pub offsets: RwLock<LogOffsets>,
    pub flush: Mutex<FlushState>,
    /// Held while the epoch file is replaced, which flushing and deleting both do.
    pub epoch_file: Mutex<()>,
    /// Set once, when what is on disk can no longer be known.
    pub failure: OnceLock<Failure>,
}

/// The epochs, and from where on they are not in their file.
#[derive(Debug, Default)]
pub(super) struct EpochState {
    pub epochs: Epochs,
    /// Start of the oldest epoch that the file lacks. Until it is written, a checkpoint must not claim more than up to here.
    pub unwritten_from: Option<Offset>,
}

impl EpochState {
    pub fn assign(&mut self, epoch: LeaderEpoch, start_offset: Offset) {
        if self.epochs.assign(epoch, start_offset) {
            self.unwritten_from = Some(
                self.unwritten_from
                    .map_or(start_offset, |earlier| earlier.min(start_offset)),
            );
        }
    }
}

/// A shared view of a log; clones are cheap. Reading never waits for the writer.
#[derive(Clone, Debug)]
pub struct LogReader {
    pub(super) shared: Arc<Shared>,
}

impl Shared {
    pub fn offsets(&self) -> LogOffsets {
        *self.offsets.read()
    }

    pub fn change_offsets(&self, change: impl FnOnce(&mut LogOffsets)) -> LogOffsets {
        let mut offsets = self.offsets.write();
        *offsets = offsets.changed(change);
        *offsets
    }

    /// Replaces the epoch file; durable once the log's directory is synced. Besides epochs it says where the log starts.
    pub fn write_epochs(&self) -> io::Result<()> {
        let _writing = self.epoch_file.lock();
        let (content, unwritten_from) = {
            let state = self.epochs.lock();
            (state.epochs.encode(), state.unwritten_from)
        };
        let path = self.place.path()?.join(EPOCHS);
        disk::replace_file(self.place.disk(), &path, content.as_bytes())?;
        let mut state = self.epochs.lock();
        if state.unwritten_from == unwritten_from && state.epochs.encode() == content {
            state.unwritten_from = None;
        }
        Ok(())
    }

    /// Takes the log out of service: the first failure stays.
    pub fn fail(&self, failure: Failure) {
        tracing::error!(%failure, "a log is offline");
        let _ = self.failure.set(failure);
    }
}

impl LogReader {
    pub fn offsets(&self) -> LogOffsets {
        self.shared.offsets()
    }

    /// Why the log takes no writes any more; `None` while it does.
    pub fn failure(&self) -> Option<&Failure> {
        self.shared.failure.get()
    }

    /// Bytes of all segments' `.log` files, the part below the start offset included.
    pub fn size_bytes(&self) -> u64 {
        self.shared.segments.load().size_bytes()
    }

    pub fn segment_count(&self) -> usize {
        self.shared.segments.load().len()
    }

    pub fn config(&self) -> Arc<LogConfig> {
        self.shared.config.load_full()
    }

    /// Where the partition's files are now; `None` once removed.
    pub fn path(&self) -> Option<PathBuf> {
        self.shared.place.path().ok()
    }

    /// The newest epoch in which anything was written.
    pub fn latest_epoch(&self) -> Option<LeaderEpoch> {
        self.shared
            .epochs
            .lock()
            .epochs
            .latest()
            .map(|entry| entry.epoch)
    }

    /// The epoch in which the record at `offset` was (or, at the end, will have been last) written.
    pub fn epoch_at(&self, offset: Offset) -> Option<LeaderEpoch> {
        self.shared.epochs.lock().epochs.epoch_at(offset)
    }

    /// The largest epoch not above `requested` and the offset at which it ended; `None` is Kafka's (−1, −1) (OffsetForLeaderEpoch, KIP-279).
    pub fn end_offset_for_epoch(&self, requested: LeaderEpoch) -> Option<(LeaderEpoch, Offset)> {
        let epochs = self.shared.epochs.lock();
        let end = self.shared.offsets().end;
        epochs.epochs.end_offset_for(requested, end)
    }
}
