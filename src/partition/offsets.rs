//! Which offset a time, or a word for one, stands for: ListOffsets (`Partition.fetchOffsetForTimestamp`).
//!
//! | timestamp | stands for |
//! |---|---|
//! | −1 | latest: the high watermark, or the last stable offset for readers of committed records |
//! | −2, −4 | earliest, earliest on local disk: the log start (nothing is tiered) |
//! | −3 | the first record with the largest timestamp (KIP-734) |
//! | −5, −6 | latest tiered, earliest waiting for upload: none (KIP-1005, KIP-1023) |
//! | ≥ 0 | the first record that is not older |
//!
//! Guarantees: never names an offset that the asking reader may not read; right after an election, while that is not known
//! yet, it says so (OFFSET_NOT_AVAILABLE) instead of naming an older one.

use std::sync::Arc;

use ottla_protocol::ErrorCode;
use ottla_storage::batch::NO_TIMESTAMP;
use ottla_storage::log::{OffsetAtTime, ReadError};
use ottla_storage::offset::{LeaderEpoch, Offset};
use ottla_storage::segment::Patience;

use super::errors::read_error;
use super::read::Isolation;
use super::replica::Partition;
use super::role::Role;

pub const LATEST: i64 = -1;
pub const EARLIEST: i64 = -2;
pub const MAX_TIMESTAMP: i64 = -3;
pub const EARLIEST_LOCAL: i64 = -4;
pub const LATEST_TIERED: i64 = -5;
pub const EARLIEST_PENDING_UPLOAD: i64 = -6;

/// What ListOffsets answers for a partition; −1 in every field when there is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    pub timestamp: i64,
    pub offset: Offset,
    pub leader_epoch: LeaderEpoch,
}

impl Listed {
    /// Nothing.
    pub const NONE: Listed = Listed {
        timestamp: NO_TIMESTAMP,
        offset: Offset::NONE,
        leader_epoch: LeaderEpoch::NONE,
    };

    fn at(offset: Offset, leader_epoch: Option<LeaderEpoch>) -> Self {
        Self {
            timestamp: NO_TIMESTAMP,
            offset,
            leader_epoch: leader_epoch.unwrap_or(LeaderEpoch::NONE),
        }
    }
}

impl From<OffsetAtTime> for Listed {
    fn from(found: OffsetAtTime) -> Self {
        Self {
            timestamp: found.timestamp,
            offset: found.offset,
            leader_epoch: found.leader_epoch.unwrap_or(LeaderEpoch::NONE),
        }
    }
}

impl Partition {
    /// The offset that `timestamp` (milliseconds, or one of this module's words) stands for.
    ///
    /// # Errors
    /// As [`Role::check`]; OFFSET_NOT_AVAILABLE; UNSUPPORTED_VERSION for a negative number that means nothing;
    /// KAFKA_STORAGE_ERROR.
    pub async fn list_offset(
        self: &Arc<Self>,
        timestamp: i64,
        isolation: Isolation,
        current_leader_epoch: Option<LeaderEpoch>,
    ) -> Result<Listed, ErrorCode> {
        let role = self.check(current_leader_epoch)?;
        match timestamp {
            LATEST => self.latest(&role, isolation),
            EARLIEST | EARLIEST_LOCAL => {
                let start = self.offsets().start;
                Ok(Listed::at(start, self.reader().epoch_at(start)))
            }
            LATEST_TIERED | EARLIEST_PENDING_UPLOAD => Ok(Listed::NONE),
            MAX_TIMESTAMP => self.visible(&role, isolation, self.find(None).await?),
            earlier if earlier < 0 => Err(ErrorCode::UNSUPPORTED_VERSION),
            time => self.visible(&role, isolation, self.find(Some(time)).await?),
        }
    }

    fn latest(&self, role: &Role, isolation: Isolation) -> Result<Listed, ErrorCode> {
        match self.is_behind_its_epoch(role, isolation) {
            true => Err(ErrorCode::OFFSET_NOT_AVAILABLE),
            false => Ok(Listed::at(self.end_for(isolation), Some(role.leader_epoch))),
        }
    }

    /// What was found, unless the reader may not see it.
    fn visible(
        &self,
        role: &Role,
        isolation: Isolation,
        found: Option<OffsetAtTime>,
    ) -> Result<Listed, ErrorCode> {
        match found {
            Some(found) if found.offset < self.end_for(isolation) => Ok(found.into()),
            _ if self.is_behind_its_epoch(role, isolation) => Err(ErrorCode::OFFSET_NOT_AVAILABLE),
            _ => Ok(Listed::NONE),
        }
    }

    /// A new leader whose high watermark has not reached its own epoch does not know the end that was acknowledged (KIP-207).
    fn is_behind_its_epoch(&self, role: &Role, isolation: Isolation) -> bool {
        isolation != Isolation::Replica && role.epoch_start > self.offsets().high_watermark
    }

    /// The end of what such a reader sees.
    pub(super) fn end_for(&self, isolation: Isolation) -> Offset {
        let offsets = self.offsets();
        match isolation {
            Isolation::ReadUncommitted => offsets.high_watermark,
            Isolation::ReadCommitted => offsets.stable,
            Isolation::Replica => offsets.end,
        }
    }

    /// The first record at a time, or that with the latest one; on a reading thread when it is not in memory.
    async fn find(self: &Arc<Self>, time: Option<i64>) -> Result<Option<OffsetAtTime>, ErrorCode> {
        let look = move |partition: &Partition, patience| match time {
            Some(time) => partition.reader().offset_for_timestamp(time, patience),
            None => partition.reader().offset_of_max_timestamp(patience),
        };
        let found = match look(self, Patience::OnlyIfCached) {
            Err(ReadError::WouldBlock) => {
                let partition = self.clone();
                let found = self
                    .directory()
                    .threads()
                    .reads
                    .run(move || look(&partition, Patience::Wait))
                    .await;
                found.ok_or(ErrorCode::KAFKA_STORAGE_ERROR)?
            }
            found => found,
        };
        found.map_err(|error| read_error(&error))
    }
}
