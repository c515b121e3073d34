//! Forgetting the beginning of a partition: DeleteRecords (KIP-107, `Partition.deleteRecordsOnLeader`) and retention.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use ottla_protocol::ErrorCode;
use ottla_storage::log::Removal;
use ottla_storage::offset::Offset;

use super::replica::Partition;

/// What DeleteRecords sends for "up to the high watermark".
pub const HIGH_WATERMARK: Offset = Offset(-1);

impl Partition {
    /// Moves the log start up to `offset` (or to the high watermark for [`HIGH_WATERMARK`]); records before it are gone for
    /// readers at once, their files later. Answers the new low watermark once all living replicas have got there.
    ///
    /// # Errors
    /// NOT_LEADER_OR_FOLLOWER; POLICY_VIOLATION for a topic whose `cleanup.policy` has no `delete`; OFFSET_OUT_OF_RANGE for an
    /// offset beyond the high watermark or another negative one; KAFKA_STORAGE_ERROR; REQUEST_TIMED_OUT when followers have not got there
    /// within `timeout`, though they will.
    pub async fn delete_records(
        self: &Arc<Self>,
        offset: Offset,
        timeout: Duration,
    ) -> Result<Offset, ErrorCode> {
        let deadline = self.directory().clock().deadline(timeout);
        let to = self.delete_here(offset).await?;
        let reached = tokio::time::timeout_at(deadline, self.low_watermark_at(to)).await;
        reached.unwrap_or(Err(ErrorCode::REQUEST_TIMED_OUT))
    }

    /// Resolves with the low watermark when it is at `offset` or beyond.
    async fn low_watermark_at(&self, offset: Offset) -> Result<Offset, ErrorCode> {
        loop {
            let mut moved = pin!(self.replicating.starts_moved.notified());
            moved.as_mut().enable();
            self.check(None)?;
            let low_watermark = self.low_watermark();
            if low_watermark >= offset {
                return Ok(low_watermark);
            }
            moved.await;
        }
    }

    /// Answers where the log starts now, at least.
    async fn delete_here(self: &Arc<Self>, offset: Offset) -> Result<Offset, ErrorCode> {
        self.check(None)?;
        if !self.topic.in_force().config.deletes {
            return Err(ErrorCode::POLICY_VIOLATION);
        }
        let partition = self.clone();
        let moved = self.with_writer(move |writer| {
            let high_watermark = partition.offsets().high_watermark;
            let offset = if offset == HIGH_WATERMARK {
                high_watermark
            } else {
                offset
            };
            if offset < Offset::ZERO || offset > high_watermark {
                return Err(ErrorCode::OFFSET_OUT_OF_RANGE);
            }
            if writer.advance_start(offset) {
                partition.tell_readers();
            }
            Ok(offset)
        });
        moved.await.map_err(|_| ErrorCode::KAFKA_STORAGE_ERROR)?
    }

    /// Deletes the segments that may go by the topic's retention or lie below the log start. `None` when none goes, or when the
    /// directory failed over it.
    pub(super) async fn enforce_retention(self: &Arc<Self>) -> Option<Removal> {
        let retention = self.topic.in_force().retention();
        let partition = self.clone();
        let now_ms = self.directory().clock().wall_ms();
        let deleted = self.with_writer_on(&self.directory().threads().reads, move |writer| {
            let deleted = writer.delete_old_segments(&retention, now_ms);
            if matches!(deleted, Ok(Some(_))) {
                partition.tell_readers();
            }
            deleted
        });
        match deleted.await.ok()? {
            Ok(removal) => removal,
            Err(failure) => {
                if self.role().ended.is_none() {
                    self.directory().report(&failure);
                }
                None
            }
        }
    }
}
