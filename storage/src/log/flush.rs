//! Making a log durable, as a value: a [`FlushTask`] is taken in no time, run on any thread, and its outcome reported back. Only then do
//! `flushed` and the recovery point move.
//!
//! | scope | syncs | moves |
//! |---|---|---|
//! | `Data` | `.log` files up to the end, new names | `flushed`: what `flush.messages` and `flush.ms` wait for |
//! | `Rolled` | closed segments with indexes, snapshots, epochs, names | `flushed` and recovery point to the active segment's start |
//! | `Everything` | the same up to the end, with a new producer snapshot | both to the end: checkpoints and clean stops |
//!
//! A sync that failed is never tried again: what it covered may be lost though a second one succeeds. The log is failed for good.

use super::error::Failure;
use super::open::Checkpointed;
use super::shared::{LogReader, Shared};
use super::snapshots::{self, ProducerState};
use crate::disk::{Disk, sync_if_present};
use crate::offset::Offset;
use crate::producers::snapshot;
use crate::segment::Segment;
use std::io;
use std::path::Path;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlushScope {
    Data,
    Rolled,
    Everything,
}

/// What is known of the log's durability, besides `flushed`.
#[derive(Debug)]
pub(super) struct FlushState {
    /// Recovery starts here; everything before is durable, indexes and snapshots included.
    pub recovery_point: Offset,
    /// Counts changes of names in the log's directory.
    names: u64,
    names_synced: u64,
    /// The log's directory itself is new.
    is_parent_synced: bool,
    /// Snapshots written since the last sync.
    unsynced_snapshots: Vec<Offset>,
    /// Snapshots that were taken, oldest first; those at a segment's start stay, of the others only the newest and the durable one are of use.
    snapshots: Vec<Offset>,
    /// The one that recovery starts from.
    durable_snapshot: Option<Offset>,
    /// Counts truncations: a flush that began before one says nothing about what was written after.
    truncations: u64,
    /// A truncation that was announced: no checkpoint may claim more.
    truncating_to: Option<Offset>,
}

/// See the module.
#[derive(Debug)]
pub struct FlushTask {
    shared: Arc<Shared>,
    scope: FlushScope,
    end: Offset,
    segments: Vec<Arc<Segment>>,
    names: Option<u64>,
    syncs_parent: bool,
    /// To write at `end`.
    snapshot: Option<Vec<u8>>,
    /// Where the newest snapshot is once the task has run.
    snapshot_at: Option<Offset>,
    snapshots: Vec<Offset>,
    truncations: u64,
}

/// What [`FlushTask::run`] achieved, for [`LogReader::flushed`].
#[derive(Debug)]
pub struct FlushOutcome {
    task: FlushTask,
    result: Result<(), Failure>,
}

impl FlushState {
    pub fn new(recovery_point: Offset, has_unsynced_names: bool) -> FlushState {
        FlushState {
            recovery_point,
            names: 1,
            names_synced: u64::from(!has_unsynced_names),
            is_parent_synced: !has_unsynced_names,
            unsynced_snapshots: Vec::new(),
            snapshots: Vec::new(),
            durable_snapshot: None,
            truncations: 0,
            truncating_to: None,
        }
    }

    pub fn names_changed(&mut self) {
        self.names += 1;
    }

    /// A snapshot was written and not synced. Answers which are of no use any more, unless a segment starts there.
    #[must_use]
    pub fn snapshot_written(&mut self, offset: Offset) -> Vec<Offset> {
        self.unsynced_snapshots.push(offset);
        self.names_changed();
        self.note_snapshot(offset, false)
    }

    /// A crash left these, or recovery wrote them.
    pub fn snapshots_unsynced(&mut self, offsets: impl Iterator<Item = Offset>) {
        self.unsynced_snapshots.extend(offsets);
    }

    /// A snapshot is there. Answers which are of no use any more, unless a segment starts there.
    #[must_use]
    pub fn note_snapshot(&mut self, offset: Offset, is_durable: bool) -> Vec<Offset> {
        if let Err(index) = self.snapshots.binary_search(&offset) {
            self.snapshots.insert(index, offset);
        }
        if is_durable {
            self.durable_snapshot = Some(offset);
        }
        let (newest, durable) = (self.snapshots.last().copied(), self.durable_snapshot);
        let is_useful = |snapshot: &Offset| Some(*snapshot) == newest || Some(*snapshot) == durable;
        let stale = self
            .snapshots
            .iter()
            .copied()
            .filter(|snapshot| !is_useful(snapshot))
            .collect();
        self.snapshots.retain(is_useful);
        stale
    }

    /// Nothing from `offset` on counts as durable any more.
    pub fn forget_checkpoints_from(&mut self, offset: Offset) {
        self.truncating_to = Some(offset);
        self.recovery_point = self.recovery_point.min(offset);
    }

    /// The truncation that was announced does not happen: checkpoints may claim again what the next flush makes durable.
    pub fn call_off_truncation(&mut self) {
        self.truncating_to = None;
    }

    pub fn truncated_to(&mut self, end: Offset) {
        self.truncations += 1;
        self.truncating_to = None;
        self.snapshots.retain(|snapshot| *snapshot <= end);
        self.durable_snapshot = self.durable_snapshot.filter(|snapshot| *snapshot <= end);
        self.recovery_point = self.recovery_point.min(end);
    }

    pub fn restart_at(&mut self, offset: Offset) {
        self.truncated_to(offset);
        self.recovery_point = offset;
        self.unsynced_snapshots.clear();
        self.snapshots.clear();
        self.durable_snapshot = None;
        self.names_changed();
    }

    /// Whether power loss might take every name in the log's directory, the first segment's too.
    pub fn has_no_durable_name(&self) -> bool {
        self.names_synced == 0
    }

    fn unsynced_names(&self) -> Option<u64> {
        (self.names != self.names_synced).then_some(self.names)
    }
}

impl Shared {
    /// Makes the names in the log's directory durable, and its own. For the few moments where their order matters: a log whose first segment is
    /// lost must not begin with its second.
    pub fn sync_names(&self) -> io::Result<()> {
        let (names, syncs_parent) = {
            let flush = self.flush.lock();
            (flush.unsynced_names(), !flush.is_parent_synced)
        };
        let Some(names) = names else { return Ok(()) };
        let path = self.place.path()?;
        self.place.disk().sync_dir(&path)?;
        if syncs_parent {
            sync_parent(self.place.disk(), &path)?;
        }
        let mut flush = self.flush.lock();
        flush.names_synced = flush.names_synced.max(names);
        flush.is_parent_synced |= syncs_parent;
        Ok(())
    }
}

impl LogReader {
    /// What a flush of this scope has to do now; `None` when it would do nothing, or when the log is failed.
    pub fn flush_task(&self, scope: FlushScope) -> Option<FlushTask> {
        let shared = &self.shared;
        if shared.failure.get().is_some() {
            return None;
        }
        let producers = shared.producers.lock();
        let epochs = shared.epochs.lock();
        let offsets = shared.offsets();
        let flush = shared.flush.lock();
        let set = shared.segments.load();
        let end = if scope == FlushScope::Rolled {
            set.active().base_offset()
        } else {
            offsets.end
        };
        let start = if scope == FlushScope::Data {
            offsets.flushed
        } else {
            flush.recovery_point
        };
        let is_complete =
            start >= end && (scope == FlushScope::Rolled || flush.unsynced_names().is_none());
        if is_complete && (scope != FlushScope::Everything || epochs.unwritten_from.is_none()) {
            return None;
        }
        let mut segments = set.from(start).to_vec();
        if scope == FlushScope::Rolled {
            segments.pop();
        }
        let takes_all = scope != FlushScope::Data;
        let (snapshot, snapshot_at) = match &*producers {
            _ if scope != FlushScope::Everything => (None, None),
            ProducerState::Loaded(producers) => (Some(snapshot::encode(producers)), Some(end)),
            ProducerState::Spilled(offset) => (None, Some(*offset)),
        };
        Some(FlushTask {
            shared: shared.clone(),
            scope,
            end,
            segments,
            names: flush.unsynced_names(),
            syncs_parent: !flush.is_parent_synced,
            snapshot,
            snapshot_at,
            snapshots: if takes_all {
                flush.unsynced_snapshots.clone()
            } else {
                Vec::new()
            },
            truncations: flush.truncations,
        })
    }

    /// Whether closed segments wait for a flush of scope `Rolled`.
    pub fn has_unflushed_segments(&self) -> bool {
        let recovery_point = self.shared.flush.lock().recovery_point;
        recovery_point < self.shared.segments.load().active().base_offset()
    }

    /// Everything before it is durable, with all that recovery needs.
    pub fn recovery_point(&self) -> Offset {
        self.shared.flush.lock().recovery_point
    }

    /// Takes note of a task that ran. A failure fails the log, and is returned; `flushed` is then where it was. A log that was truncated or deleted
    /// meanwhile takes no note at all.
    pub fn flushed(&self, outcome: FlushOutcome) -> Result<(), Failure> {
        let FlushOutcome { task, result } = outcome;
        if let Err(failure) = result {
            let is_deleted = failure.kind == io::ErrorKind::NotFound && self.failure().is_some();
            if is_deleted {
                return Ok(());
            }
            self.shared.fail(failure.clone());
            return Err(failure);
        }
        let stale = self.note(&task);
        self.shared.remove_snapshots(&stale);
        Ok(())
    }

    /// Moves what the task has made durable; answers which snapshots are of no use any more.
    fn note(&self, task: &FlushTask) -> Vec<Offset> {
        // Held by truncations too.
        let _producers = self.shared.producers.lock();
        let truncations = self.shared.flush.lock().truncations;
        if truncations != task.truncations {
            return task.snapshot.iter().map(|_| task.end).collect();
        }
        self.shared
            .change_offsets(|offsets| offsets.flushed = offsets.flushed.max(task.end));
        let mut flush = self.shared.flush.lock();
        flush.names_synced = flush.names_synced.max(task.names.unwrap_or(0));
        flush.is_parent_synced |= task.syncs_parent;
        if task.scope == FlushScope::Data {
            return Vec::new();
        }
        flush
            .unsynced_snapshots
            .retain(|snapshot| !task.snapshots.contains(snapshot));
        flush.recovery_point = flush.recovery_point.max(task.end);
        match task.snapshot_at {
            Some(offset) => flush.note_snapshot(offset, true),
            None => Vec::new(),
        }
    }

    /// What to write into the checkpoints of the log's directory now.
    pub fn checkpoint(&self) -> Checkpointed {
        let unwritten_from = self.shared.epochs.lock().unwritten_from;
        let offsets = self.shared.offsets();
        let flush = self.shared.flush.lock();
        let end = [unwritten_from, flush.truncating_to]
            .into_iter()
            .flatten()
            .fold(offsets.end, Offset::min);
        Checkpointed {
            recovery_point: flush.recovery_point,
            high_watermark: offsets.high_watermark,
            start: offsets.start,
            end,
        }
    }
}

impl FlushTask {
    /// Where the log ended when the task was taken: what `flushed` will be.
    pub fn end(&self) -> Offset {
        self.end
    }

    /// Syncs. Blocks for as long as the device takes.
    pub fn run(self) -> FlushOutcome {
        let result = self.sync();
        FlushOutcome { result, task: self }
    }

    fn sync(&self) -> Result<(), Failure> {
        let place = &self.shared.place;
        let path = place.path().map_err(Failure::of("syncing a log"))?;
        for segment in &self.segments {
            self.still_there(segment.sync_log(), segment)
                .map_err(Failure::of("syncing a log"))?;
        }
        if self.scope != FlushScope::Data {
            for segment in &self.segments {
                self.still_there(segment.sync_indexes(), segment)
                    .map_err(Failure::of("syncing an index"))?;
            }
            self.sync_snapshots()
                .map_err(Failure::of("syncing a producer snapshot"))?;
            self.shared
                .write_epochs()
                .map_err(Failure::of("writing the leader epochs"))?;
        }
        if self.names.is_some() || self.scope != FlushScope::Data {
            place
                .disk()
                .sync_dir(&path)
                .map_err(Failure::of("syncing a directory"))?;
        }
        if self.syncs_parent {
            sync_parent(place.disk(), &path).map_err(Failure::of("syncing a directory"))?;
        }
        Ok(())
    }

    fn sync_snapshots(&self) -> io::Result<()> {
        let place = &self.shared.place;
        if let Some(bytes) = &self.snapshot {
            snapshots::write(place, self.end, bytes)?;
        }
        for offset in self
            .snapshots
            .iter()
            .copied()
            .chain(self.snapshot.as_ref().map(|_| self.end))
        {
            snapshots::sync(place, offset)?;
        }
        Ok(())
    }

    /// A segment that was deleted since the task was taken needs no sync.
    fn still_there(&self, answer: io::Result<()>, segment: &Arc<Segment>) -> io::Result<()> {
        match answer {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let set = self.shared.segments.load();
                if set.iter().any(|other| Arc::ptr_eq(other, segment)) {
                    Err(error)
                } else {
                    Ok(())
                }
            }
            other => other,
        }
    }
}

fn sync_parent(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    sync_if_present(disk, &path.join("partition.metadata"))?;
    disk.sync_dir(path.parent().unwrap_or(Path::new("/")))
}
