//! One partition as the metadata sees it, and the two records that state it.
//!
//! The rules of a change record are Kafka's (`PartitionRegistration.merge`): an absent field stays, the leader epoch grows
//! with every named leader, the same one included, and the partition epoch grows with every record.

use crate::ids::{BrokerId, LeaderEpoch, PartitionEpoch, TopicId, directory};
use ottla_protocol::Uuid;
use ottla_protocol::records::metadata::{PartitionChangeRecord, PartitionRecord};

/// `leader` in a change record when the leader stays.
pub const NO_LEADER_CHANGE: i32 = -2;

/// Whether an unclean leader still has to sort itself out (KIP-704).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LeaderRecovery {
    #[default]
    Recovered,
    Recovering,
}

impl LeaderRecovery {
    /// The value that records and AlterPartition carry.
    pub fn to_wire(self) -> i8 {
        match self {
            LeaderRecovery::Recovered => 0,
            LeaderRecovery::Recovering => 1,
        }
    }

    /// `None` for a value that no version defines.
    pub fn from_wire(value: i8) -> Option<Self> {
        match value {
            0 => Some(LeaderRecovery::Recovered),
            1 => Some(LeaderRecovery::Recovering),
            _ => None,
        }
    }
}

/// A partition's assignment and leadership.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partition {
    /// In order of preference; the first is the preferred leader.
    pub replicas: Box<[BrokerId]>,
    /// The directory of each replica, in the order of `replicas`.
    pub directories: Box<[Uuid]>,
    pub isr: Box<[BrokerId]>,
    pub adding_replicas: Box<[BrokerId]>,
    pub removing_replicas: Box<[BrokerId]>,
    /// Eligible leader replicas: fenced, but known to hold everything below the high watermark (KIP-966).
    pub eligible_leader_replicas: Box<[BrokerId]>,
    /// The last leader (or last eligible replicas) of a partition that ran out of both.
    pub last_known_eligible: Box<[BrokerId]>,
    pub leader: Option<BrokerId>,
    pub leader_recovery: LeaderRecovery,
    pub leader_epoch: LeaderEpoch,
    pub partition_epoch: PartitionEpoch,
}

impl Partition {
    /// The partition that a full record states.
    pub fn from_record(record: &PartitionRecord) -> Self {
        Partition {
            replicas: brokers(&record.replicas),
            directories: directories(&record.directories, record.replicas.len()),
            isr: brokers(&record.isr),
            adding_replicas: brokers(&record.adding_replicas),
            removing_replicas: brokers(&record.removing_replicas),
            eligible_leader_replicas: optional_brokers(record.eligible_leader_replicas.as_deref()),
            last_known_eligible: optional_brokers(record.last_known_elr.as_deref()),
            leader: leader(record.leader),
            leader_recovery: LeaderRecovery::from_wire(record.leader_recovery_state)
                .unwrap_or_default(),
            leader_epoch: LeaderEpoch(record.leader_epoch),
            partition_epoch: PartitionEpoch(record.partition_epoch),
        }
    }

    /// The full record of this partition: what CreateTopics writes and what a snapshot holds.
    pub fn to_record(&self, topic: TopicId, partition: i32) -> PartitionRecord {
        PartitionRecord {
            partition_id: partition,
            topic_id: topic.0,
            replicas: numbers(&self.replicas),
            isr: numbers(&self.isr),
            removing_replicas: numbers(&self.removing_replicas),
            adding_replicas: numbers(&self.adding_replicas),
            leader: self.leader.unwrap_or(BrokerId::NONE).0,
            leader_recovery_state: self.leader_recovery.to_wire(),
            leader_epoch: self.leader_epoch.0,
            partition_epoch: self.partition_epoch.0,
            directories: self.directories.to_vec(),
            eligible_leader_replicas: some_unless_empty(&self.eligible_leader_replicas),
            last_known_elr: some_unless_empty(&self.last_known_eligible),
            ..Default::default()
        }
    }

    /// This partition after a change record.
    pub fn merged(&self, change: &PartitionChangeRecord) -> Self {
        let mut next = self.clone();
        replace(&mut next.isr, change.isr.as_deref());
        replace(&mut next.replicas, change.replicas.as_deref());
        replace(
            &mut next.removing_replicas,
            change.removing_replicas.as_deref(),
        );
        replace(&mut next.adding_replicas, change.adding_replicas.as_deref());
        replace(
            &mut next.eligible_leader_replicas,
            change.eligible_leader_replicas.as_deref(),
        );
        replace(
            &mut next.last_known_eligible,
            change.last_known_elr.as_deref(),
        );
        if let Some(named) = change.directories.as_deref() {
            next.directories = directories(named, next.replicas.len());
        } else if change.replicas.is_some() {
            next.directories = vec![directory::UNASSIGNED; next.replicas.len()].into();
        }
        if change.leader != NO_LEADER_CHANGE {
            next.leader = leader(change.leader);
            next.leader_epoch.0 += 1;
        }
        if let Some(recovery) = LeaderRecovery::from_wire(change.leader_recovery_state) {
            next.leader_recovery = recovery;
        }
        next.partition_epoch.0 += 1;
        next
    }

    /// Whether `broker` holds a replica.
    pub fn has_replica(&self, broker: BrokerId) -> bool {
        self.replicas.contains(&broker)
    }

    /// Whether the replica that should lead does.
    pub fn has_preferred_leader(&self) -> bool {
        self.leader.is_some() && self.leader == self.replicas.first().copied()
    }

    /// Whether a reassignment is under way (KIP-455).
    pub fn is_reassigning(&self) -> bool {
        !self.adding_replicas.is_empty() || !self.removing_replicas.is_empty()
    }

    /// The directory of `broker`'s replica, if it has one.
    pub fn directory(&self, broker: BrokerId) -> Option<Uuid> {
        let at = self
            .replicas
            .iter()
            .position(|replica| *replica == broker)?;
        self.directories.get(at).copied()
    }
}

fn leader(wire: i32) -> Option<BrokerId> {
    (wire >= 0).then_some(BrokerId(wire))
}

fn brokers(wire: &[i32]) -> Box<[BrokerId]> {
    wire.iter().copied().map(BrokerId).collect()
}

fn optional_brokers(wire: Option<&[i32]>) -> Box<[BrokerId]> {
    brokers(wire.unwrap_or_default())
}

/// Records before version 1 carry no directories; every replica then is where its broker left it.
fn directories(wire: &[Uuid], replicas: usize) -> Box<[Uuid]> {
    if wire.len() == replicas {
        wire.into()
    } else {
        vec![directory::MIGRATING; replicas].into()
    }
}

fn numbers(brokers: &[BrokerId]) -> Vec<i32> {
    brokers.iter().map(|broker| broker.0).collect()
}

fn some_unless_empty(brokers: &[BrokerId]) -> Option<Vec<i32>> {
    (!brokers.is_empty()).then(|| numbers(brokers))
}

fn replace(field: &mut Box<[BrokerId]>, wire: Option<&[i32]>) {
    if let Some(wire) = wire {
        *field = brokers(wire);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn led_by(leader: i32) -> Partition {
        Partition {
            replicas: brokers(&[1, 2, 3]),
            directories: vec![directory::UNASSIGNED; 3].into(),
            isr: brokers(&[1, 2, 3]),
            leader: Some(BrokerId(leader)),
            leader_epoch: LeaderEpoch(4),
            partition_epoch: PartitionEpoch(9),
            ..Default::default()
        }
    }

    #[test]
    fn a_record_and_back_is_the_same_partition() {
        let before = led_by(2);
        assert_eq!(
            Partition::from_record(&before.to_record(TopicId::default(), 0)),
            before
        );
    }

    #[test]
    fn naming_the_same_leader_bumps_the_leader_epoch() {
        let after = led_by(2).merged(&PartitionChangeRecord {
            leader: 2,
            ..Default::default()
        });
        assert_eq!((after.leader, after.leader_epoch.0), (Some(BrokerId(2)), 5));
        assert_eq!(after.partition_epoch.0, 10);
    }

    #[test]
    fn an_isr_change_alone_keeps_the_leader_epoch() {
        let change = PartitionChangeRecord {
            isr: Some(vec![2]),
            ..Default::default()
        };
        let after = led_by(2).merged(&change);
        assert_eq!((after.leader_epoch.0, after.partition_epoch.0), (4, 10));
        assert_eq!(&*after.isr, &[BrokerId(2)]);
    }

    #[test]
    fn no_leader_is_no_broker_and_not_broker_minus_one() {
        let after = led_by(2).merged(&PartitionChangeRecord {
            leader: -1,
            ..Default::default()
        });
        assert_eq!(after.leader, None);
    }
}
