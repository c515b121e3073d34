//! Being a follower: taking what the leader answered, and going back to where the histories agree.
//!
//! ```text
//!   FromLeader ─▶ slot: still this epoch? still this end? ─▶ LogWriter ─▶ high watermark, log start ─▶ synced, where the topic asks
//!   Cut ─▶ no checkpoint claims more (once per directory) ─▶ slot: still this epoch? ─▶ LogWriter
//! ```
//! Guarantees: nothing that was fetched in one leader epoch is written in another; when [`Partition::follow`] resolves, the end of the
//! log is one that this replica vouches for, so that the next fetch may ask from there (architecture 9). The high watermark goes
//! back only with the log's end. Source: `ReplicaFetcherThread.processPartitionData`, `Partition.truncateTo`.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures::future::join_all;
use ottla_storage::log::{AppendError, LogWriter};
use ottla_storage::offset::{LeaderEpoch, Offset};

use super::checkpoints::Checkpoints;
use super::home::Home;
use super::replica::Partition;
use super::table::Table;
use super::waits::Ended;

/// What a leader answered to a fetch of one partition.
#[derive(Clone, Debug)]
pub struct FromLeader {
    /// In which the fetch was made.
    pub epoch: LeaderEpoch,
    pub fetch_offset: Offset,
    pub records: Bytes,
    pub high_watermark: Offset,
    pub log_start: Offset,
}

/// Where a follower's log goes back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Everything from here on goes.
    To(Offset),
    /// Everything goes; the log begins anew here.
    RestartAt(Offset),
}

impl Cut {
    fn offset(self) -> Offset {
        match self {
            Self::To(offset) | Self::RestartAt(offset) => offset,
        }
    }

    /// Whether it leaves all records of a log that ends here.
    fn is_nothing(self, end: Offset) -> bool {
        matches!(self, Self::To(offset) if offset >= end)
    }
}

/// How far a follower has come: what its next fetch says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FollowerPosition {
    pub log_start: Offset,
    pub high_watermark: Offset,
    pub end: Offset,
    /// The epoch of the last record; `None` in an empty log.
    pub last_epoch: Option<LeaderEpoch>,
}

/// Why a follower did not do what its leader's answer asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FollowError {
    /// The role or the log is another by now: the answer is void.
    Superseded,
    /// The records are damaged or do not fit; what came before them is in the log.
    Invalid(String),
    /// No room, for now.
    Full,
    /// The log or its directory has failed.
    Failed,
}

/// Where the log ends after an answer was taken, and whether all of it was.
struct Taken {
    end: Offset,
    appended: Result<(), FollowError>,
}

impl From<Ended> for FollowError {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::DirectoryFailed => Self::Failed,
            Ended::NotLeader | Ended::Deleted => Self::Superseded,
        }
    }
}

impl From<AppendError> for FollowError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Io(_) | AppendError::Failed(_) => Self::Failed,
            AppendError::Corrupt(_)
            | AppendError::OutOfOrder { .. }
            | AppendError::Producer(_)
            | AppendError::TooLarge { .. } => Self::Invalid(error.to_string()),
        }
    }
}

impl Partition {
    /// What the next fetch of this follower says.
    pub fn follower_position(&self) -> FollowerPosition {
        let offsets = self.offsets();
        FollowerPosition {
            log_start: offsets.start,
            high_watermark: offsets.high_watermark,
            end: offsets.end,
            last_epoch: self.reader().latest_epoch(),
        }
    }

    /// The largest epoch of this log not above `epoch`, and where it ended here.
    pub fn own_end_of_epoch(&self, epoch: LeaderEpoch) -> Option<(LeaderEpoch, Offset)> {
        self.reader().end_offset_for_epoch(epoch)
    }

    /// Takes what the leader answered. Resolves when it is written, and synced where the topic asks for that.
    ///
    /// # Errors
    /// See [`FollowError`].
    pub async fn follow(self: &Arc<Self>, piece: FromLeader) -> Result<(), FollowError> {
        if !piece.records.is_empty() && !self.directory().has_room_for(piece.records.len() as u64) {
            return Err(match self.directory().is_offline() {
                true => FollowError::Failed,
                false => FollowError::Full,
            });
        }
        let (partition, epoch) = (self.clone(), piece.epoch);
        let written = self.with_writer(move |writer| partition.take(&piece, writer));
        let taken = written.await.unwrap_or(Err(FollowError::Failed))?;
        self.durable(epoch, taken.end).await?;
        taken.appended
    }

    /// Resolves when this replica vouches for its log as it is now: what a start found may have to be synced first.
    ///
    /// # Errors
    /// See [`FollowError`].
    pub async fn vouches(self: &Arc<Self>, epoch: LeaderEpoch) -> Result<(), FollowError> {
        Ok(self.durable(epoch, self.offsets().end).await?)
    }

    fn take(
        self: &Arc<Self>,
        piece: &FromLeader,
        writer: &mut LogWriter,
    ) -> Result<Taken, FollowError> {
        self.check_follows(piece.epoch)?;
        let before = self.offsets();
        if before.end != piece.fetch_offset {
            return Err(FollowError::Superseded);
        }
        let counts = &self.replicating;
        let size_bytes = piece.records.len() as u64;
        counts.received.fetch_add(1, Ordering::Relaxed);
        counts
            .received_bytes
            .fetch_add(size_bytes, Ordering::Relaxed);
        let appended = if piece.records.is_empty() {
            Ok(())
        } else {
            let now_ms = self.directory().clock().wall_ms();
            let (records, epoch) = (piece.records.clone(), piece.epoch);
            let appended = self
                .directory()
                .timed(|| writer.append_as_follower(records, epoch, now_ms));
            self.note_append(self.directory().clock().elapsed());
            appended.map(drop)
        };
        let end = self.offsets().end;
        self.reader()
            .advance_high_watermark(piece.high_watermark.min(end));
        writer.advance_start(piece.log_start);
        if self.offsets() != before {
            self.tell_readers();
        }
        self.progress();
        self.flush_if_due();
        Ok(Taken {
            end,
            appended: appended.map_err(|error| self.failed(error)),
        })
    }

    /// Whether this replica follows in this epoch.
    fn check_follows(&self, epoch: LeaderEpoch) -> Result<(), FollowError> {
        let role = self.role();
        match role.ended {
            Some(Ended::DirectoryFailed) => Err(FollowError::Failed),
            None if role.leader_epoch == epoch && !role.is_leader() => Ok(()),
            _ => Err(FollowError::Superseded),
        }
    }

    fn failed(&self, error: AppendError) -> FollowError {
        if let AppendError::Io(failure) | AppendError::Failed(failure) = &error
            && self.role().ended.is_none()
        {
            self.directory().report(failure);
        }
        error.into()
    }

    async fn announce_cut(
        self: &Arc<Self>,
        epoch: LeaderEpoch,
        cut: Cut,
    ) -> Result<(), FollowError> {
        let partition = self.clone();
        let announced = self.with_writer_on(&self.directory().threads().reads, move |writer| {
            partition.check_follows(epoch)?;
            if cut.is_nothing(partition.offsets().end) {
                return Ok(());
            }
            writer
                .lower_recovery_point(cut.offset())
                .map_err(|failure| partition.failed(AppendError::Io(failure)))
                .map(drop)
        });
        announced.await.unwrap_or(Err(FollowError::Failed))
    }

    async fn carry_out_cut(
        self: &Arc<Self>,
        epoch: LeaderEpoch,
        cut: Cut,
    ) -> Result<(), FollowError> {
        let partition = self.clone();
        let cutting = self.with_writer_on(&self.directory().threads().reads, move |writer| {
            if let Err(superseded) = partition.check_follows(epoch) {
                writer.call_off_truncation();
                return Err(superseded);
            }
            let before = partition.offsets();
            let now_ms = partition.directory().clock().wall_ms();
            let done = match cut {
                Cut::To(offset) => writer.truncate_to(offset, now_ms),
                Cut::RestartAt(offset) => writer.truncate_fully_and_start_at(offset, now_ms),
            };
            let after = partition.offsets();
            let was_empty = before.start == before.end;
            if after.high_watermark < before.high_watermark && !was_empty {
                tracing::warn!(%partition, ?cut, %epoch, ?before, "records that were committed are gone: the leader was elected uncleanly, or lost its log");
            } else if after != before {
                tracing::info!(%partition, ?cut, %epoch, ?before, "cut back to what the leader has");
            }
            partition.tell_readers();
            done.map_err(|error| partition.failed(error))
        });
        cutting.await.unwrap_or(Err(FollowError::Failed))
    }
}

impl Table {
    /// Cuts followers' logs back, if they still follow in the epoch given. The directories' checkpoints are written once for all: a
    /// crash half way must not look like lost data.
    ///
    /// # Errors
    /// One answer per partition, in their order; see [`FollowError`].
    pub async fn cut_back(
        self: &Arc<Self>,
        cuts: &[(Arc<Partition>, LeaderEpoch, Cut)],
    ) -> Vec<Result<(), FollowError>> {
        let announcing = cuts
            .iter()
            .map(|(partition, epoch, cut)| partition.announce_cut(*epoch, *cut));
        let announced = join_all(announcing).await;
        for index in 0..self.homes.len() {
            let directory = &self.homes[index].directory;
            let is_here = |(partition, _, cut): &(Arc<Partition>, LeaderEpoch, Cut)| {
                Arc::ptr_eq(&partition.directory(), directory)
                    && !cut.is_nothing(partition.offsets().end)
            };
            if cuts.iter().any(is_here) {
                self.on_directory(index, write_checkpoints).await;
            }
        }
        let carried_out =
            cuts.iter()
                .zip(announced)
                .map(|((partition, epoch, cut), announced)| async move {
                    announced?;
                    partition.carry_out_cut(*epoch, *cut).await
                });
        join_all(carried_out).await
    }
}

fn write_checkpoints(table: &Table, home: &Home) {
    home.checkpoint(&table.in_order(), |files: &Checkpoints, logs| {
        let disk = &**home.directory.disk();
        files.write_high_watermarks(disk, logs)?;
        files.write_recovery_points(disk, logs)
    });
}
