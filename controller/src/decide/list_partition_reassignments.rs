//! ListPartitionReassignments (46): which partitions are on their way to other replicas (KIP-455).

use crate::ids::BrokerId;
use crate::image::{Image, Topic};
use ottla_protocol::Str;
use ottla_protocol::messages::list_partition_reassignments::{
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
    OngoingPartitionReassignment, OngoingTopicReassignment,
};

/// The answer. Partitions and topics that do not exist, or are not on their way, are left out.
pub fn list_partition_reassignments(
    image: &Image,
    request: &ListPartitionReassignmentsRequest,
) -> ListPartitionReassignmentsResponse {
    let topics: Vec<_> = match &request.topics {
        None => image
            .topics
            .iter()
            .filter_map(|topic| ongoing(topic, topic.partitions.keys().copied()))
            .collect(),
        Some(named) => named
            .iter()
            .filter_map(|asked| {
                let topic = image.topics.by_name(&asked.name)?;
                ongoing(topic, asked.partition_indexes.iter().copied())
            })
            .collect(),
    };
    ListPartitionReassignmentsResponse {
        error_message: None,
        topics,
        ..Default::default()
    }
}

fn ongoing(topic: &Topic, indexes: impl Iterator<Item = i32>) -> Option<OngoingTopicReassignment> {
    let numbers = |brokers: &[BrokerId]| brokers.iter().map(|broker| broker.0).collect();
    let partitions: Vec<_> = indexes
        .filter_map(|index| Some((index, topic.partition(index)?)))
        .filter(|(_, partition)| partition.is_reassigning())
        .map(|(index, partition)| OngoingPartitionReassignment {
            partition_index: index,
            replicas: numbers(&partition.replicas),
            adding_replicas: numbers(&partition.adding_replicas),
            removing_replicas: numbers(&partition.removing_replicas),
            ..Default::default()
        })
        .collect();
    (!partitions.is_empty()).then(|| OngoingTopicReassignment {
        name: Str::from(&*topic.name),
        partitions,
        ..Default::default()
    })
}
