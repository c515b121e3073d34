//! What must hold of every partition, whatever happened.

use ottla_controller::BrokerId;
use ottla_controller::image::{Image, Partition};
use std::collections::BTreeSet;

/// Rules of one image.
pub fn check_partition(image: &Image, partition: &Partition, keeps_eligible: bool) {
    let set = |brokers: &[BrokerId]| {
        let set: BTreeSet<BrokerId> = brokers.iter().copied().collect();
        assert_eq!(set.len(), brokers.len(), "twice in a set: {partition:?}");
        set
    };
    let replicas = set(&partition.replicas);
    let isr = set(&partition.isr);
    let eligible = set(&partition.eligible_leader_replicas);
    assert!(!replicas.is_empty(), "{partition:?}");
    assert_eq!(partition.directories.len(), replicas.len(), "{partition:?}");
    assert!(isr.is_subset(&replicas), "{partition:?}");
    assert!(eligible.is_subset(&replicas), "{partition:?}");
    assert!(isr.is_disjoint(&eligible), "{partition:?}");
    assert!(
        set(&partition.adding_replicas).is_subset(&replicas),
        "{partition:?}"
    );
    assert!(
        set(&partition.removing_replicas).is_subset(&replicas),
        "{partition:?}"
    );
    if let Some(leader) = partition.leader {
        assert!(isr.contains(&leader), "{partition:?}");
        assert!(can_serve(image, partition, leader), "{partition:?}");
    }
    if keeps_eligible {
        let all_serve = isr.iter().all(|it| can_serve(image, partition, *it));
        assert!(all_serve, "in sync and not serving: {partition:?}");
    } else {
        assert!(
            !isr.is_empty(),
            "somebody must have the data: {partition:?}"
        );
    }
}

/// Alive, not on its way out, and its directory online.
pub fn can_serve(image: &Image, partition: &Partition, broker: BrokerId) -> bool {
    let directory = partition.directory(broker).expect("a replica");
    let registered = image.brokers.get(broker);
    registered.is_some_and(|it| it.is_active() && it.has_online_directory(directory))
}

/// Rules of a change.
pub fn check_change(before: &Partition, after: &Partition) {
    if before == after {
        return;
    }
    let context = format!("{before:?} became {after:?}");
    assert!(after.partition_epoch > before.partition_epoch, "{context}");
    assert!(after.leader_epoch >= before.leader_epoch, "{context}");
    if after.leader != before.leader {
        assert!(after.leader_epoch > before.leader_epoch, "{context}");
    }
    let lost = before.replicas.iter().any(|it| !after.has_replica(*it));
    if lost {
        assert!(
            after.leader_epoch > before.leader_epoch,
            "a removed replica fetches on: {context}"
        );
    }
}
