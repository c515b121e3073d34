//! What a change of `min.insync.replicas` does to eligible leader replicas (KIP-966).
//!
//! A replica is eligible because nothing was committed without it: the ISR was below the minimum. Where the new minimum is reached
//! without it, that holds no longer. Kafka clears all eligible replicas of the topic, and with them the last hope of partitions whose ISR
//! is empty; here only what is no longer true goes.

use super::draft::Draft;
use super::elections::{Elections, Terms};
use super::leadership::Wanted;
use super::rules::{ConfigRules, MIN_IN_SYNC_REPLICAS};
use crate::image::{ConfigResource, Image, ResourceKind};
use ottla_protocol::records::metadata::MetadataRecord;
use std::collections::BTreeSet;

/// The records of an altered configuration, and what follows from them.
pub(super) fn with_consequences(
    image: &Image,
    rules: &dyn ConfigRules,
    records: Vec<MetadataRecord>,
) -> Vec<MetadataRecord> {
    let changed = changed_minimums(&records);
    if changed.is_empty() || !image.features.has_eligible_leader_replicas() {
        return records;
    }
    let mut draft = Draft::new(image);
    draft.add(records);
    let everywhere = changed.iter().any(|it| it.kind != ResourceKind::Topic);
    let after = &draft.image;
    let mut elections = Elections::new(after, rules);
    let followed = after
        .topics
        .partitions()
        .filter(|(_, _, partition)| !partition.eligible_leader_replicas.is_empty())
        .filter(|(topic, _, _)| everywhere || changed.contains(&ConfigResource::topic(&topic.name)))
        .filter_map(|(topic, index, partition)| {
            let wanted = Wanted::unchanged(partition);
            elections.change(topic, index, partition, wanted, Terms::default())
        })
        .map(MetadataRecord::PartitionChange)
        .collect();
    draft.add(followed);
    draft.records
}

fn changed_minimums(records: &[MetadataRecord]) -> BTreeSet<ConfigResource> {
    let of_minimum = |record: &MetadataRecord| match record {
        MetadataRecord::Config(config) if *config.name == *MIN_IN_SYNC_REPLICAS => {
            let kind = ResourceKind::from_wire(config.resource_type)?;
            Some(ConfigResource::new(kind, &*config.resource_name))
        }
        _ => None,
    };
    records.iter().filter_map(of_minimum).collect()
}
