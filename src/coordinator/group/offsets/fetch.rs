//! OffsetFetch. No commit is no error: offset −1.

use super::super::record::{Committed, Durable, TopicOffsets};
use ottla_protocol::messages::offset_fetch::{
    OffsetFetchRequestGroup, OffsetFetchResponseGroup, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopics,
};
use ottla_protocol::{Str, Uuid};

/// What a partition without a commit has.
const NO_OFFSET: i64 = -1;

/// The offsets that are asked for, or all of the group.
pub fn fetch(durable: &Durable, request: &OffsetFetchRequestGroup) -> OffsetFetchResponseGroup {
    let offsets = durable.offsets.get(&*request.group_id);
    let topics = match &request.topics {
        None => offsets
            .into_iter()
            .flat_map(|topics| topics.iter())
            .map(|(topic, partitions)| every(topic, partitions))
            .collect(),
        Some(topics) => topics
            .iter()
            .map(|topic| {
                let stored = offsets.and_then(|topics| topics.get(&*topic.name));
                let partitions = topic.partition_indexes.iter().map(|index| {
                    let committed = stored.and_then(|partitions| partitions.get(index));
                    let committed = committed.filter(|committed| is_of(committed, topic.topic_id));
                    answer(*index, committed.map(|committed| &**committed))
                });
                OffsetFetchResponseTopics {
                    name: topic.name.clone(),
                    topic_id: topic.topic_id,
                    partitions: partitions.collect(),
                    ..Default::default()
                }
            })
            .collect(),
    };
    OffsetFetchResponseGroup {
        group_id: request.group_id.clone(),
        topics,
        ..Default::default()
    }
}

fn every(topic: &str, partitions: &TopicOffsets) -> OffsetFetchResponseTopics {
    let partitions = partitions
        .iter()
        .map(|(index, committed)| answer(*index, Some(committed)));
    OffsetFetchResponseTopics {
        name: Str::from(topic),
        partitions: partitions.collect(),
        ..Default::default()
    }
}

/// Whether the offset is of this very topic, and not of an earlier one of the same name.
fn is_of(committed: &Committed, topic_id: Uuid) -> bool {
    committed.topic_id.is_zero() || topic_id.is_zero() || committed.topic_id == topic_id
}

fn answer(partition_index: i32, committed: Option<&Committed>) -> OffsetFetchResponsePartitions {
    match committed {
        None => OffsetFetchResponsePartitions {
            partition_index,
            committed_offset: NO_OFFSET,
            committed_leader_epoch: -1,
            metadata: Some(Str::default()),
            ..Default::default()
        },
        Some(committed) => OffsetFetchResponsePartitions {
            partition_index,
            committed_offset: committed.offset,
            committed_leader_epoch: committed.leader_epoch,
            metadata: Some(committed.metadata.clone()),
            ..Default::default()
        },
    }
}
