//! Judgements about partitions and their replicas. Pure.

use super::finding::{Check, Finding, named};
use crate::cli::catalog::{Catalog, Partition, Topic};
use std::collections::BTreeMap;

/// `min.insync.replicas` by topic, as far as it is known. `brokers`: how many are alive.
pub fn judge(
    catalog: &Catalog,
    min_in_sync: &BTreeMap<String, usize>,
    brokers: usize,
) -> Vec<Finding> {
    let (mut offline, mut refusing, mut lacking) = (Vec::new(), Vec::new(), Vec::new());
    for topic in &catalog.topics {
        let least = min_in_sync.get(&topic.name).copied().unwrap_or(1);
        for partition in &topic.partitions {
            let name = format!("{}-{}", topic.name, partition.index);
            let in_sync = partition.in_sync.len();
            if partition.leader < 0 {
                offline.push(name);
            } else if in_sync < least {
                refusing.push(name);
            } else if in_sync < partition.replicas.len() {
                lacking.push(format!("{name} (without {})", named(&missing(partition))));
            }
        }
    }
    let mut findings = Vec::new();
    let mut add = |partitions: Vec<String>, what: &str, remedy: &str| {
        if !partitions.is_empty() {
            let says = format!(
                "{} partitions {what}: {}",
                partitions.len(),
                named(&partitions)
            );
            findings.push(Finding::problem(Check::Partitions, says, remedy));
        }
    };
    add(
        offline,
        "have no leader and can be neither read nor written",
        "start the brokers that have their replicas",
    );
    add(
        refusing,
        "have fewer replicas in sync than min.insync.replicas, and refuse what is produced with acks=all",
        "start the brokers that have their other replicas",
    );
    add(
        lacking,
        "are under-replicated",
        "start those brokers; where they run, look at their disks and at the network",
    );
    findings.extend(placements(catalog, min_in_sync, brokers));
    findings
}

fn missing(partition: &Partition) -> Vec<i32> {
    let replicas = partition.replicas.iter().copied();
    replicas
        .filter(|id| !partition.in_sync.contains(id))
        .collect()
}

/// Topics that will not bear the loss of one broker, as they are configured.
fn placements(
    catalog: &Catalog,
    min_in_sync: &BTreeMap<String, usize>,
    brokers: usize,
) -> Vec<Finding> {
    if brokers < 2 {
        return Vec::new();
    }
    let fewest = |topic: &Topic| {
        let counts = topic.partitions.iter().map(|one| one.replicas.len());
        counts.min().unwrap_or(usize::MAX)
    };
    let mut findings = Vec::new();
    let alone = catalog.topics.iter().filter(|topic| fewest(topic) == 1);
    let alone: Vec<&str> = alone.map(|topic| topic.name.as_str()).collect();
    if !alone.is_empty() {
        findings.push(Finding::warning(
            Check::Partitions,
            format!("{} topics have partitions with a single replica, which are away with their broker: {}", alone.len(), named(&alone)),
            "add replicas (kafka-reassign-partitions.sh), and set default.replication.factor for new topics",
        ));
    }
    let is_tight = |topic: &&Topic| {
        let least = min_in_sync.get(&topic.name).copied().unwrap_or(1);
        fewest(topic) > 1 && fewest(topic) <= least
    };
    let tight = catalog.topics.iter().filter(is_tight);
    let tight: Vec<&str> = tight.map(|topic| topic.name.as_str()).collect();
    if !tight.is_empty() {
        findings.push(Finding::warning(
            Check::Partitions,
            format!("{} topics have as many replicas as min.insync.replicas asks for, and cannot be written while one broker is away: {}", tight.len(), named(&tight)),
            "add a replica, or lower min.insync.replicas by one",
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(name: &str, partitions: &[(i32, &[i32], &[i32])]) -> Topic {
        let partition =
            |(index, (leader, replicas, in_sync)): (usize, &(i32, &[i32], &[i32]))| Partition {
                index: i32::try_from(index).unwrap(),
                leader: *leader,
                replicas: replicas.to_vec(),
                in_sync: in_sync.to_vec(),
            };
        Topic {
            name: name.to_owned(),
            id: Default::default(),
            is_internal: false,
            partitions: partitions.iter().enumerate().map(partition).collect(),
            error: ottla_protocol::ErrorCode::NONE,
        }
    }

    fn found(topics: Vec<Topic>, brokers: usize) -> Vec<String> {
        let catalog = Catalog {
            topics,
            brokers: Vec::new(),
        };
        let least = BTreeMap::from([("strict".to_owned(), 2)]);
        let found = judge(&catalog, &least, brokers);
        found.iter().map(Finding::to_string).collect()
    }

    #[test]
    fn well_replicated_partitions_are_nothing_to_speak_of() {
        let well = topic("strict", &[(1, &[1, 2, 3], &[1, 2, 3])]);
        assert_eq!(found(vec![well], 3), Vec::<String>::new());
        let alone = topic("t", &[(1, &[1], &[1])]);
        assert_eq!(
            found(vec![alone], 1),
            Vec::<String>::new(),
            "one broker has no other"
        );
    }

    #[test]
    fn what_partitions_lack_is_said_by_what_it_means() {
        for (topic, part) in [
            (
                topic("t", &[(-1, &[1, 2], &[1])]),
                "PROBLEM  partitions: 1 partitions have no leader and can be neither read nor written: t-0;",
            ),
            (
                topic("strict", &[(1, &[1, 2, 3], &[1])]),
                "PROBLEM  partitions: 1 partitions have fewer replicas in sync than min.insync.replicas, and refuse what is produced with acks=all: strict-0;",
            ),
            (
                topic("t", &[(1, &[1, 2, 3], &[1])]),
                "PROBLEM  partitions: 1 partitions are under-replicated: t-0 (without 2, 3);",
            ),
            (
                topic("t", &[(1, &[1], &[1])]),
                "WARNING  partitions: 1 topics have partitions with a single replica",
            ),
            (
                topic("strict", &[(1, &[1, 2], &[1, 2])]),
                "WARNING  partitions: 1 topics have as many replicas as min.insync.replicas asks for",
            ),
        ] {
            let found = found(vec![topic], 3);
            assert!(
                found.iter().any(|one| one.starts_with(part)),
                "{part}: {found:?}"
            );
        }
    }
}
