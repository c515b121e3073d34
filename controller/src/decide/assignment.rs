//! New partitions: placed by the placer or assigned by hand, led by the first replica that is alive.

use super::Refusal;
use crate::ids::{BrokerId, LeaderEpoch, PartitionEpoch, directory};
use crate::image::{Image, Partition};
use crate::placement::Placer;
use ottla_protocol::{ErrorCode, Uuid};
use std::collections::BTreeSet;

/// `count` partitions with `replicas` replicas each, a number that [`Placer::check`] returned.
pub(super) fn place(
    image: &Image,
    placer: &mut Placer,
    count: i32,
    replicas: usize,
) -> Result<Vec<Partition>, Refusal> {
    let place_one =
        |_| partition(image, &placer.place(replicas)).ok_or_else(|| all_fenced(replicas));
    (0..count).map(place_one).collect()
}

fn all_fenced(replicas: usize) -> Refusal {
    unreplicated(
        replicas,
        "All brokers are currently fenced or in controlled shutdown.",
    )
}

/// INVALID_REPLICATION_FACTOR with its reason.
pub(super) fn unreplicated(factor: impl std::fmt::Display, reason: &str) -> Refusal {
    let message = format!("Unable to replicate the partition {factor} time(s): {reason}");
    Refusal::new(ErrorCode::INVALID_REPLICATION_FACTOR, message)
}

/// One partition with the replicas that a request names. `factor` is the number of replicas of the partitions before it.
pub(super) fn manual(
    image: &Image,
    replicas: &[BrokerId],
    factor: Option<usize>,
    index: i32,
) -> Result<Partition, Refusal> {
    check_manual(image, replicas, factor)
        .map_err(|message| Refusal::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, message))?;
    partition(image, replicas).ok_or_else(|| {
        let message = format!(
            "All brokers specified in the manual partition assignment for partition {index} are fenced or in \
             controlled shutdown."
        );
        Refusal::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, message)
    })
}

/// The reason why these replicas cannot be assigned by hand.
pub(super) fn check_manual(
    image: &Image,
    replicas: &[BrokerId],
    factor: Option<usize>,
) -> Result<(), String> {
    if replicas.is_empty() {
        return Err("The manual partition assignment includes an empty replica list.".to_owned());
    }
    let mut seen = BTreeSet::new();
    let mut sorted = replicas.to_vec();
    sorted.sort_unstable();
    for replica in sorted {
        if image.brokers.get(replica).is_none() {
            return Err(format!(
                "The manual partition assignment includes broker {replica}, but no such broker is registered."
            ));
        }
        if !seen.insert(replica) {
            return Err(format!(
                "The manual partition assignment includes the broker {replica} more than once."
            ));
        }
    }
    match factor {
        Some(factor) if factor != replicas.len() => Err(format!(
            "The manual partition assignment includes a partition with {} replica(s), but this is not consistent \
             with previous partitions, which have {factor} replica(s).",
            replicas.len()
        )),
        _ => Ok(()),
    }
}

/// `None` when no replica is alive.
fn partition(image: &Image, replicas: &[BrokerId]) -> Option<Partition> {
    let isr: Box<[BrokerId]> = replicas
        .iter()
        .copied()
        .filter(|replica| image.brokers.is_active(*replica))
        .collect();
    let leader = *isr.first()?;
    Some(Partition {
        directories: replicas
            .iter()
            .map(|replica| default_directory(image, *replica))
            .collect(),
        replicas: replicas.into(),
        isr,
        leader: Some(leader),
        leader_epoch: LeaderEpoch(0),
        partition_epoch: PartitionEpoch(0),
        ..Default::default()
    })
}

/// A broker with one directory has nothing to choose; others choose and say so (KIP-858).
pub(super) fn default_directory(image: &Image, broker: BrokerId) -> Uuid {
    match image.brokers.get(broker).map(|broker| &*broker.log_dirs) {
        Some([only]) => *only,
        Some([]) | None => directory::MIGRATING,
        Some(_) => directory::UNASSIGNED,
    }
}
