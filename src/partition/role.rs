//! What the metadata says this node is to a partition: leader or follower, in which epoch, with whom. Pure.

use ottla_controller::ids::{BrokerId, PartitionEpoch};
use ottla_controller::image;
use ottla_protocol::ErrorCode;
use ottla_storage::offset::{LeaderEpoch, Offset};

use super::waits::Ended;

/// One node's role in one partition, as of one partition epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    pub me: BrokerId,
    pub leader: Option<BrokerId>,
    pub leader_epoch: LeaderEpoch,
    pub partition_epoch: PartitionEpoch,
    pub replicas: Box<[BrokerId]>,
    pub isr: Box<[BrokerId]>,
    /// Replicas come or go (KIP-455).
    pub is_reassigning: bool,
    /// Where this leader's epoch began; only meaningful while leading.
    pub epoch_start: Offset,
    /// Set once, when this replica serves no more: deleted, or its directory failed.
    pub ended: Option<Ended>,
}

impl Role {
    /// Before the metadata has said anything: nobody leads.
    pub fn none(me: BrokerId) -> Self {
        Self {
            me,
            leader: None,
            leader_epoch: LeaderEpoch::NONE,
            partition_epoch: PartitionEpoch(-1),
            replicas: Box::default(),
            isr: Box::default(),
            is_reassigning: false,
            epoch_start: Offset::ZERO,
            ended: None,
        }
    }

    pub fn of(partition: &image::Partition, me: BrokerId) -> Self {
        Self {
            me,
            leader: partition.leader,
            leader_epoch: LeaderEpoch(partition.leader_epoch.0),
            partition_epoch: partition.partition_epoch,
            replicas: partition.replicas.clone(),
            isr: partition.isr.clone(),
            is_reassigning: !partition.adding_replicas.is_empty()
                || !partition.removing_replicas.is_empty(),
            epoch_start: Offset::ZERO,
            ended: None,
        }
    }

    pub fn is_leader(&self) -> bool {
        self.leader == Some(self.me) && self.ended.is_none()
    }

    /// Whether a request may be served: its leader epoch must be ours, and we must lead (`Partition.getLocalLog`).
    ///
    /// # Errors
    /// FENCED_LEADER_EPOCH when the client's is older, UNKNOWN_LEADER_EPOCH when it is newer, NOT_LEADER_OR_FOLLOWER; before
    /// them UNKNOWN_TOPIC_OR_PARTITION or KAFKA_STORAGE_ERROR when the replica has ended.
    pub fn check(&self, current_leader_epoch: Option<LeaderEpoch>) -> Result<(), ErrorCode> {
        self.check_replica(current_leader_epoch)?;
        match self.is_leader() {
            true => Ok(()),
            false => Err(ErrorCode::NOT_LEADER_OR_FOLLOWER),
        }
    }

    /// As [`Role::check`], for what a follower serves as well (KIP-392).
    ///
    /// # Errors
    /// As [`Role::check`], without NOT_LEADER_OR_FOLLOWER.
    pub fn check_replica(
        &self,
        current_leader_epoch: Option<LeaderEpoch>,
    ) -> Result<(), ErrorCode> {
        if let Some(ended) = self.ended {
            return Err(ended.into());
        }
        match current_leader_epoch {
            Some(epoch) if epoch < self.leader_epoch => Err(ErrorCode::FENCED_LEADER_EPOCH),
            Some(epoch) if epoch > self.leader_epoch => Err(ErrorCode::UNKNOWN_LEADER_EPOCH),
            _ => Ok(()),
        }
    }

    /// How many replicas must be in sync: `min.insync.replicas`, but never more than there are (`effectiveMinIsr`).
    pub fn min_isr(&self, min_in_sync_replicas: u32) -> usize {
        usize::try_from(min_in_sync_replicas)
            .unwrap_or(usize::MAX)
            .min(self.replicas.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn led_by(leader: i32) -> Role {
        let brokers = |ids: &[i32]| ids.iter().copied().map(BrokerId).collect();
        Role {
            leader: Some(BrokerId(leader)),
            leader_epoch: LeaderEpoch(5),
            replicas: brokers(&[1, 2, 3]),
            isr: brokers(&[1]),
            ..Role::none(BrokerId(1))
        }
    }

    #[test]
    fn a_requests_leader_epoch_must_be_ours_and_is_checked_before_leadership() {
        let cases = [
            (1, None, Ok(())),
            (1, Some(5), Ok(())),
            (1, Some(4), Err(ErrorCode::FENCED_LEADER_EPOCH)),
            (1, Some(6), Err(ErrorCode::UNKNOWN_LEADER_EPOCH)),
            (2, None, Err(ErrorCode::NOT_LEADER_OR_FOLLOWER)),
            (2, Some(4), Err(ErrorCode::FENCED_LEADER_EPOCH)),
            (2, Some(5), Err(ErrorCode::NOT_LEADER_OR_FOLLOWER)),
        ];
        for (leader, epoch, expected) in cases {
            assert_eq!(
                led_by(leader).check(epoch.map(LeaderEpoch)),
                expected,
                "{leader} {epoch:?}"
            );
        }
        assert_eq!(led_by(2).check_replica(Some(LeaderEpoch(5))), Ok(()));
    }

    #[test]
    fn no_more_replicas_are_demanded_than_there_are() {
        assert_eq!(led_by(1).min_isr(2), 2);
        assert_eq!(led_by(1).min_isr(9), 3);
        assert_eq!(Role::none(BrokerId(1)).min_isr(2), 0);
    }
}
