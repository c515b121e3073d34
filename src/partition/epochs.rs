//! Where leader epochs ended: OffsetForLeaderEpoch (KIP-101, KIP-279, `Partition.lastOffsetForLeaderEpoch`).

use ottla_protocol::ErrorCode;
use ottla_storage::offset::{LeaderEpoch, Offset};

use super::replica::Partition;

impl Partition {
    /// The largest epoch not above `requested` and the offset where it ended; (−1, −1) when there is none.
    ///
    /// # Errors
    /// As [`super::Role::check`].
    pub fn end_of_epoch(
        &self,
        requested: LeaderEpoch,
        current_leader_epoch: Option<LeaderEpoch>,
    ) -> Result<(LeaderEpoch, Offset), ErrorCode> {
        self.check(current_leader_epoch)?;
        Ok(self
            .reader()
            .end_offset_for_epoch(requested)
            .unwrap_or((LeaderEpoch::NONE, Offset::NONE)))
    }
}
