//! The one owner of a log's end: rolling, resting, stopping. Appending, truncating and deleting are in files of their own.

use super::config::LogConfig;
use super::error::{AppendError, Failure};
use super::shared::{LogReader, Shared};
use super::snapshots::{self, ProducerState};
use crate::offset::{LeaderEpoch, Offset};
use crate::producers::snapshot;
use crate::segment::{ActiveSegment, SegmentLimits};
use std::io;
use std::sync::Arc;

const SNAPSHOT_INTERVAL_BYTES: u64 = 32 << 20;
/// A producer is about 200 bytes of snapshot: at most one byte in sixteen goes into snapshots.
const SNAPSHOT_INTERVAL_BYTES_PER_PRODUCER: u64 = 16 * 200;

/// See the module. Not `Clone`: whoever holds it is the only writer.
#[derive(Debug)]
pub struct LogWriter {
    pub(super) reader: LogReader,
    pub(super) active: ActiveSegment,
    pub(super) limits: SegmentLimits,
    bytes_since_snapshot: u64,
}

impl LogWriter {
    pub(super) fn new(shared: Arc<Shared>, active: ActiveSegment) -> LogWriter {
        let limits = shared
            .config
            .load()
            .limits(salt(active.segment().base_offset()));
        LogWriter {
            reader: LogReader { shared },
            active,
            limits,
            bytes_since_snapshot: 0,
        }
    }

    /// The shared view of this log.
    pub fn reader(&self) -> &LogReader {
        &self.reader
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.reader.shared
    }

    /// Takes effect with the next append.
    pub fn set_config(&mut self, config: Arc<LogConfig>) {
        self.limits = config.limits(salt(self.active.segment().base_offset()));
        self.shared().config.store(config);
    }

    /// Starts a new segment at the log's end, unless the active one is empty.
    pub fn roll(&mut self, now_ms: i64) -> Result<(), AppendError> {
        self.check_usable()?;
        if self.active.segment().is_empty() {
            return Ok(());
        }
        let end = self.shared().offsets().end;
        self.roll_at(end, now_ms)
            .map_err(|error| AppendError::Io(Failure::new("rolling a segment", &error)))
    }

    /// A new segment at `base_offset`, which is not before the log's end. On failure the old one stays active.
    pub(super) fn roll_at(&mut self, base_offset: Offset, now_ms: i64) -> io::Result<()> {
        let shared = self.shared().clone();
        self.active.close(&self.limits)?;
        // The name is taken before the segment exists, so that no segment is ever without a snapshot at its start.
        self.write_snapshot(base_offset)?;
        let has_no_durable_name = shared.flush.lock().has_no_durable_name();
        if has_no_durable_name {
            shared.sync_names()?;
        }
        let limits = shared.config.load().limits(salt(base_offset));
        let active = ActiveSegment::create(&shared.place, base_offset, &limits, now_ms)?;
        shared.segments.store(Arc::new(
            shared.segments.load().with(active.segment().clone()),
        ));
        shared.flush.lock().names_changed();
        let old = std::mem::replace(&mut self.active, active);
        old.segment().rest();
        self.limits = limits;
        Ok(())
    }

    /// Writes the producers as they are now under this offset; a spilled table is already in a file and moves there.
    pub(super) fn write_snapshot(&mut self, offset: Offset) -> io::Result<()> {
        let shared = self.shared();
        let spilled_at = match &*shared.producers.lock() {
            ProducerState::Loaded(_) => None,
            ProducerState::Spilled(at) => Some(*at),
        };
        if spilled_at == Some(offset) {
            return Ok(());
        }
        if spilled_at.is_some() {
            shared
                .load_producers(i64::MIN)
                .map_err(|failure| io::Error::new(failure.kind, failure.to_string()))?;
        }
        let bytes = shared
            .producers
            .lock()
            .loaded()
            .map(|producers| snapshot::encode(producers));
        if let Some(bytes) = bytes {
            snapshots::write(&shared.place, offset, &bytes)?;
            let stale = shared.flush.lock().snapshot_written(offset);
            shared.remove_snapshots(&stale);
        }
        self.bytes_since_snapshot = 0;
        Ok(())
    }

    /// Takes a snapshot now and then, so that a restart after process death replays little. More producers make it rarer.
    pub(super) fn snapshot_if_due(&mut self, written_bytes: u64) {
        self.bytes_since_snapshot += written_bytes;
        if self.bytes_since_snapshot < SNAPSHOT_INTERVAL_BYTES {
            return;
        }
        let count = self
            .shared()
            .producers
            .lock()
            .loaded()
            .map_or(0, |producers| producers.len() as u64);
        if self.bytes_since_snapshot < count * SNAPSHOT_INTERVAL_BYTES_PER_PRODUCER {
            return;
        }
        let end = self.shared().offsets().end;
        if let Err(error) = self.write_snapshot(end) {
            tracing::warn!(%error, "no producer snapshot was taken");
            self.bytes_since_snapshot = 0;
        }
    }

    /// Becoming leader in `epoch`: the epoch begins at the log's end, even if nothing is ever written in it. `false`, and nothing changes,
    /// where the log knows a later one: whoever says that this epoch is now does not know what has become of the partition.
    #[must_use]
    pub fn assign_epoch(&mut self, epoch: LeaderEpoch) -> bool {
        let end = self.shared().offsets().end;
        let mut state = self.shared().epochs.lock();
        if state
            .epochs
            .latest()
            .is_some_and(|latest| latest.epoch > epoch)
        {
            return false;
        }
        state.assign(epoch, end);
        true
    }

    /// Lets go of what an idle log does not need: its producers go to their snapshot, index entries to their files, files are closed.
    /// The next append or read brings back what it needs. Nothing happens while a transaction is open.
    pub fn rest(&mut self) -> Result<(), Failure> {
        let end = self.shared().offsets().end;
        self.active
            .write_indexes()
            .map_err(Failure::of("writing an index"))?;
        let is_spillable = self
            .shared()
            .producers
            .lock()
            .loaded()
            .is_some_and(|producers| producers.is_spillable());
        if is_spillable {
            self.write_snapshot(end)
                .map_err(Failure::of("writing a producer snapshot"))?;
            *self.shared().producers.lock() = ProducerState::Spilled(end);
        }
        self.shared()
            .segments
            .load()
            .iter()
            .for_each(|segment| segment.rest());
        Ok(())
    }

    /// Leaves the files as a clean stop leaves them: latest timestamp indexed, indexes and producers written, everything synced. Afterwards
    /// the recovery point is the end. The writer stays usable, in case the stop is called off.
    pub fn close(&mut self) -> Result<(), Failure> {
        if let Some(failure) = self.reader.failure() {
            return Err(failure.clone());
        }
        self.active
            .finish()
            .map_err(Failure::of("closing a segment"))?;
        let Some(task) = self.reader.flush_task(super::FlushScope::Everything) else {
            return Ok(());
        };
        self.reader.flushed(task.run())?;
        self.shared()
            .segments
            .load()
            .iter()
            .for_each(|segment| segment.rest());
        Ok(())
    }

    pub(super) fn check_usable(&self) -> Result<(), AppendError> {
        self.reader
            .failure()
            .map_or(Ok(()), |failure| Err(AppendError::Failed(failure.clone())))
    }
}

fn salt(base_offset: Offset) -> u64 {
    base_offset.0 as u64
}
