//! A partition on its way from one set of replicas to another (KIP-455).
//!
//! ```text
//!   towards(target): old and new replicas together ──new ones in sync──▶ completed: the target alone
//!                                                   ──cancelled────────▶ reverted: the old ones alone
//! ```
//! Kafka's `PartitionReassignmentReplicas` and `PartitionReassignmentRevert`.

use crate::ids::BrokerId;
use crate::image::Partition;

/// The replicas of a partition, and which of them come and go. Nothing is under way when none does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reassignment {
    /// The target's replicas in its order, then those that are being removed.
    pub replicas: Vec<BrokerId>,
    pub adding: Vec<BrokerId>,
    pub removing: Vec<BrokerId>,
}

/// What a cancelled reassignment goes back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reverted {
    pub replicas: Vec<BrokerId>,
    /// Empty when none of the old replicas is in sync: going back loses data.
    pub isr: Vec<BrokerId>,
}

impl Reassignment {
    /// Nothing under way.
    pub fn none(replicas: Vec<BrokerId>) -> Self {
        Reassignment {
            replicas,
            ..Default::default()
        }
    }

    /// What is under way on a partition.
    pub fn under_way(partition: &Partition) -> Self {
        Reassignment {
            replicas: partition.replicas.to_vec(),
            adding: partition.adding_replicas.to_vec(),
            removing: partition.removing_replicas.to_vec(),
        }
    }

    /// The way from what a partition has now to `target`. One that is under way already is turned: what it was adding and the target
    /// has too is still being added, so that cancelling knows what was there before (Kafka forgets it).
    pub fn towards(partition: &Partition, target: &[BrokerId]) -> Self {
        let mut removing = without(&partition.replicas, target);
        let settled = without(&partition.replicas, &partition.adding_replicas);
        let mut adding = without(target, &settled);
        removing.sort_unstable();
        adding.sort_unstable();
        let replicas = target.iter().chain(&removing).copied().collect();
        Reassignment {
            replicas,
            adding,
            removing,
        }
    }

    /// Replicas and ISR at the end of the way, if the end is reached with this ISR: every new replica is in it, and, where
    /// there will be fewer replicas, every one of the target. `None` also where nothing is under way.
    pub fn completed(&self, isr: &[BrokerId]) -> Option<(Vec<BrokerId>, Vec<BrokerId>)> {
        if self.adding.is_empty() && self.removing.is_empty() {
            return None;
        }
        let isr = without(isr, &self.removing);
        let replicas = without(&self.replicas, &self.removing);
        let in_sync = |needed: &[BrokerId]| needed.iter().all(|replica| isr.contains(replica));
        let shrinks = self.adding.len() < self.removing.len();
        let nothing_left = !self.removing.is_empty() && (isr.is_empty() || replicas.is_empty());
        if nothing_left || !in_sync(&self.adding) || (shrinks && !in_sync(&replicas)) {
            return None;
        }
        Some((replicas, isr))
    }

    /// What cancelling gives.
    pub fn reverted(partition: &Partition) -> Reverted {
        Reverted {
            replicas: without(&partition.replicas, &partition.adding_replicas),
            isr: without(&partition.isr, &partition.adding_replicas),
        }
    }
}

fn without(replicas: &[BrokerId], removed: &[BrokerId]) -> Vec<BrokerId> {
    let stays = |replica: &BrokerId| !removed.contains(replica);
    replicas.iter().copied().filter(stays).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(numbers: &[i32]) -> Vec<BrokerId> {
        numbers.iter().copied().map(BrokerId).collect()
    }

    fn on(replicas: &[i32]) -> Partition {
        Partition {
            replicas: ids(replicas).into(),
            isr: ids(replicas).into(),
            ..Default::default()
        }
    }

    #[test]
    fn the_way_holds_old_and_new_replicas_with_the_targets_order_in_front() {
        let way = Reassignment::towards(&on(&[0, 1, 2]), &ids(&[2, 3, 4]));
        assert_eq!(way.replicas, ids(&[2, 3, 4, 0, 1]));
        assert_eq!((way.adding, way.removing), (ids(&[3, 4]), ids(&[0, 1])));
    }

    #[test]
    fn a_turned_way_still_knows_what_it_was_adding() {
        let mut partition = on(&[3, 0, 1, 2]);
        partition.adding_replicas = ids(&[3]).into();
        partition.removing_replicas = ids(&[2]).into();
        let same = Reassignment::towards(&partition, &ids(&[3, 0, 1]));
        assert_eq!(same, Reassignment::under_way(&partition));
        let back = Reassignment::towards(&partition, &ids(&[0, 1, 2]));
        assert_eq!((back.adding, back.removing), (ids(&[]), ids(&[3])));
    }

    #[test]
    fn the_way_ends_when_all_new_replicas_are_in_sync() {
        let way = Reassignment::towards(&on(&[0, 1, 2]), &ids(&[2, 3, 4]));
        assert_eq!(way.completed(&ids(&[0, 1, 2, 3])), None);
        assert_eq!(
            way.completed(&ids(&[0, 3, 4])),
            Some((ids(&[2, 3, 4]), ids(&[3, 4])))
        );
    }

    #[test]
    fn fewer_replicas_wait_until_all_that_stay_are_in_sync() {
        let way = Reassignment::towards(&on(&[0, 1, 2, 3, 4]), &ids(&[2, 3, 4, 5]));
        assert_eq!(way.completed(&ids(&[0, 1, 5])), None);
        assert!(way.completed(&ids(&[0, 1, 2, 3, 4, 5])).is_some());
    }

    #[test]
    fn a_replica_that_would_be_alone_and_out_of_sync_ends_nothing() {
        let way = Reassignment::towards(&on(&[0, 1]), &ids(&[1]));
        assert_eq!(way.completed(&ids(&[0])), None);
    }

    #[test]
    fn another_order_of_the_same_replicas_has_nothing_under_way() {
        let way = Reassignment::towards(&on(&[0, 1]), &ids(&[1, 0]));
        assert_eq!(way, Reassignment::none(ids(&[1, 0])));
    }

    #[test]
    fn going_back_without_an_old_replica_in_sync_leaves_nobody_in_sync() {
        let mut partition = on(&[2, 0]);
        partition.adding_replicas = ids(&[2]).into();
        partition.isr = ids(&[2]).into();
        let reverted = Reassignment::reverted(&partition);
        assert_eq!((reverted.replicas, reverted.isr), (ids(&[0]), ids(&[])));
    }
}
