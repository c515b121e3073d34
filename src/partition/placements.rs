//! Where replicas lie, as the controller is yet to hear: directories that this broker chose, and replicas that it lost (KIP-858).
//!
//! Guarantees: per partition the latest; a broker with a lost replica says so, so that others lead. Does not send:
//! `replication/directories.rs` does.

use std::collections::BTreeMap;

use ottla_controller::ids::{BrokerId, TopicId, directory};
use ottla_controller::image;
use ottla_protocol::Uuid;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// A partition and the directory that its replica here is in.
pub type Placement = ((TopicId, i32), Uuid);

/// See the module.
#[derive(Debug, Default)]
pub struct Placements {
    waiting: Mutex<BTreeMap<(TopicId, i32), Uuid>>,
    arrived: Notify,
}

impl Placements {
    pub fn submit(&self, key: (TopicId, i32), directory: Uuid) {
        self.waiting.lock().insert(key, directory);
        self.arrived.notify_one();
    }

    /// Puts back what could not be sent, unless there is a later one meanwhile.
    pub fn put_back(&self, (key, directory): Placement) {
        self.waiting.lock().entry(key).or_insert(directory);
        self.arrived.notify_one();
    }

    /// Takes up to `max`.
    pub fn take(&self, max: usize) -> Vec<Placement> {
        let mut waiting = self.waiting.lock();
        let mut taken = Vec::new();
        while taken.len() < max
            && let Some(first) = waiting.pop_first()
        {
            taken.push(first);
        }
        taken
    }

    /// Resolves when there may be something to take. One taker at a time.
    pub async fn arrived(&self) {
        while self.waiting.lock().is_empty() {
            self.arrived.notified().await;
        }
    }
}

/// What the controller must hear about a replica: pure. `assigned` is what the metadata says, `actual` where it is open; `None` when it could
/// not be opened. A replica without others keeps its place: there is nobody to lead instead.
pub fn to_tell(
    partition: &image::Partition,
    assigned: Option<Uuid>,
    actual: Option<Uuid>,
) -> Option<Uuid> {
    let told = match actual {
        Some(actual) => actual,
        None if partition.replicas.len() > 1 => directory::LOST,
        None => return None,
    };
    (assigned != Some(told)).then_some(told)
}

/// Whether a replica whose directory is gone may begin with an empty log: others have what is committed, and nobody counts on this one.
pub fn may_begin_anew(partition: &image::Partition, me: BrokerId) -> bool {
    let counts = [
        &partition.isr,
        &partition.eligible_leader_replicas,
        &partition.last_known_eligible,
    ];
    partition.replicas.len() > 1 && !counts.iter().any(|brokers| brokers.contains(&me))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_the_metadata_is_told_and_a_loss_only_where_others_can_lead() {
        let replicated = |count: i32| image::Partition {
            replicas: (1..=count).map(BrokerId).collect(),
            ..Default::default()
        };
        let (here, there) = (Uuid([1; 16]), Uuid([2; 16]));
        // (replicas, assigned, actual, told)
        let cases = [
            (3, Some(here), Some(here), None),
            (1, Some(directory::UNASSIGNED), Some(here), Some(here)),
            (3, Some(there), Some(here), Some(here)),
            (3, Some(directory::LOST), Some(here), Some(here)),
            (3, Some(here), None, Some(directory::LOST)),
            (3, Some(directory::LOST), None, None),
            (1, Some(here), None, None),
        ];
        for (replicas, assigned, actual, told) in cases {
            assert_eq!(
                to_tell(&replicated(replicas), assigned, actual),
                told,
                "{replicas} {assigned:?} {actual:?}"
            );
        }
    }

    #[test]
    fn a_lost_replica_begins_anew_only_when_it_is_in_no_list_of_those_that_count() {
        let (me, other) = (BrokerId(1), BrokerId(2));
        let partition = image::Partition {
            replicas: [me, other].into(),
            isr: [other].into(),
            ..Default::default()
        };
        assert!(may_begin_anew(&partition, me));
        assert!(!may_begin_anew(&partition, other), "in sync");
        let eligible = image::Partition {
            eligible_leader_replicas: [me].into(),
            ..partition.clone()
        };
        assert!(!may_begin_anew(&eligible, me));
        let alone = image::Partition {
            replicas: [me].into(),
            ..partition
        };
        assert!(!may_begin_anew(&alone, me));
    }
}
