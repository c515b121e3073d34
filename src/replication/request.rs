//! The messages that followers send: Fetch from version 17 on, by topic ids (KIP-516), with the follower's broker epoch (KIP-903) and the
//! epoch of its last record (KIP-595); ListOffsets for a follower that is out of range. Pure.

use std::collections::BTreeMap;

use ottla_controller::ids::{BrokerEpoch, BrokerId, TopicId};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::fetch::{
    FetchPartition, FetchRequest, FetchResponse, FetchTopic, ForgottenTopic, PartitionData,
    ReplicaState,
};
use ottla_protocol::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopic,
};
use ottla_storage::offset::{LeaderEpoch, Offset};

use super::assignment::Key;
use super::tracked::{Asked, Planned};
use crate::config::ReplicationValues;

/// What brokers of one cluster speak among each other.
pub const FETCH_VERSION: i16 = 18;
pub const LIST_OFFSETS_VERSION: i16 = 9;

const LATEST: i64 = -1;
/// On local disk: what is tiered is not fetched from leaders.
const EARLIEST_LOCAL: i64 = -4;

/// Who fetches.
#[derive(Clone, Copy, Debug)]
pub struct Me {
    pub broker: BrokerId,
    pub epoch: BrokerEpoch,
}

/// The request for a plan.
pub fn fetch(planned: &Planned, me: Me, values: &ReplicationValues) -> FetchRequest {
    let mut topics: BTreeMap<TopicId, Vec<FetchPartition>> = BTreeMap::new();
    for ((topic, index), asked) in &planned.named {
        let partition = fetch_partition(*index, asked, values.fetch_max_bytes);
        topics.entry(*topic).or_default().push(partition);
    }
    let mut forgotten: BTreeMap<TopicId, Vec<i32>> = BTreeMap::new();
    for (topic, index) in &planned.forgotten {
        forgotten.entry(*topic).or_default().push(*index);
    }
    FetchRequest {
        replica_state: ReplicaState {
            replica_id: me.broker.0,
            replica_epoch: me.epoch.0,
            ..Default::default()
        },
        max_wait_ms: i32::try_from(values.fetch_wait_max.as_millis()).unwrap_or(i32::MAX),
        min_bytes: values.fetch_min_bytes,
        max_bytes: values.response_max_bytes,
        session_id: planned.session_id,
        session_epoch: planned.session_epoch,
        topics: topics
            .into_iter()
            .map(|(topic, partitions)| FetchTopic {
                topic_id: topic.0,
                partitions,
                ..Default::default()
            })
            .collect(),
        forgotten_topics_data: forgotten
            .into_iter()
            .map(|(topic, partitions)| ForgottenTopic {
                topic_id: topic.0,
                partitions,
                ..Default::default()
            })
            .collect(),
        ..Default::default()
    }
}

fn fetch_partition(index: i32, asked: &Asked, max_bytes: i32) -> FetchPartition {
    FetchPartition {
        partition: index,
        current_leader_epoch: asked.epoch.0,
        fetch_offset: asked.offset.0,
        last_fetched_epoch: asked.last_epoch.unwrap_or(LeaderEpoch::NONE).0,
        log_start_offset: asked.log_start.0,
        partition_max_bytes: max_bytes,
        ..Default::default()
    }
}

/// The partitions of an answer.
pub fn fetched(response: FetchResponse) -> impl Iterator<Item = (Key, PartitionData)> {
    response.responses.into_iter().flat_map(|topic| {
        let id = TopicId(topic.topic_id);
        topic
            .partitions
            .into_iter()
            .map(move |data| ((id, data.partition_index), data))
    })
}

/// Asks where one partition of the leader starts and ends: two requests, because one may name a partition only once.
pub fn bounds(topic: &str, index: i32, epoch: LeaderEpoch, me: Me) -> [ListOffsetsRequest; 2] {
    [EARLIEST_LOCAL, LATEST].map(|timestamp| ListOffsetsRequest {
        replica_id: me.broker.0,
        topics: vec![ListOffsetsTopic {
            name: topic.into(),
            partitions: vec![ListOffsetsPartition {
                partition_index: index,
                current_leader_epoch: epoch.0,
                timestamp,
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    })
}

/// The one offset that was asked for.
pub fn listed(response: &ListOffsetsResponse) -> Result<Offset, ErrorCode> {
    let partition = response
        .topics
        .first()
        .and_then(|topic| topic.partitions.first());
    match partition {
        Some(found) if found.error_code == ErrorCode::NONE && found.offset >= 0 => {
            Ok(Offset(found.offset))
        }
        Some(found) if found.error_code.is_error() => Err(found.error_code),
        _ => Err(ErrorCode::UNKNOWN_SERVER_ERROR),
    }
}
