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
    let wait_max = planned
        .wait_max
        .map_or(values.fetch_wait_max, |due| due.min(values.fetch_wait_max));
    FetchRequest {
        replica_state: ReplicaState {
            replica_id: me.broker.0,
            replica_epoch: me.epoch.0,
            ..Default::default()
        },
        max_wait_ms: i32::try_from(wait_max.as_millis()).unwrap_or(i32::MAX),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{BrokerValues, Layers, StaticConfig, Unset};
    use ottla_protocol::{Message, Uuid};

    const ME: Me = Me {
        broker: BrokerId(7),
        epoch: BrokerEpoch(99),
    };

    fn key(topic: u8, index: i32) -> Key {
        (TopicId(Uuid([topic; 16])), index)
    }

    fn asked(offset: i64) -> Asked {
        Asked {
            epoch: LeaderEpoch(4),
            offset: Offset(offset),
            log_start: Offset(2),
            last_epoch: Some(LeaderEpoch(3)),
        }
    }

    #[test]
    fn a_fetch_asks_for_what_is_configured() {
        let node = StaticConfig::of(&[
            ("replica.fetch.max.bytes", "1000"),
            ("replica.fetch.min.bytes", "2"),
            ("replica.fetch.response.max.bytes", "3000"),
            ("replica.fetch.wait.max.ms", "40"),
        ]);
        let values = BrokerValues::resolve(&Layers {
            broker: &Unset,
            cluster: &Unset,
            node: &node,
        });
        let planned = Planned {
            session_id: 5,
            session_epoch: 6,
            named: vec![
                (key(1, 0), asked(10)),
                (key(2, 1), asked(20)),
                (key(1, 3), asked(30)),
            ],
            forgotten: vec![key(2, 0)],
            wait_max: None,
        };
        let request = fetch(&planned, ME, &values.replication);
        assert_eq!(
            (request.max_bytes, request.min_bytes, request.max_wait_ms),
            (3000, 2, 40)
        );
        let state = &request.replica_state;
        assert_eq!((state.replica_id, state.replica_epoch), (7, 99));
        let shape: Vec<_> = request
            .topics
            .iter()
            .map(|topic| {
                topic
                    .partitions
                    .iter()
                    .map(|partition| partition.partition)
                    .collect()
            })
            .collect::<Vec<Vec<_>>>();
        assert_eq!(shape, [vec![0, 3], vec![1]]);
        let first = &request.topics[0].partitions[0];
        assert_eq!(first.partition_max_bytes, 1000);
        assert_eq!(
            (first.current_leader_epoch, first.last_fetched_epoch),
            (4, 3)
        );
        assert_eq!((first.fetch_offset, first.log_start_offset), (10, 2));
        assert_eq!(request.forgotten_topics_data[0].partitions, [0]);
        let mut to = ottla_protocol::Encoder::new();
        request.encode(&mut to, FETCH_VERSION).unwrap();
    }

    #[test]
    fn the_bounds_of_a_leader_are_asked_in_the_followers_name_and_epoch() {
        for (request, timestamp) in bounds("orders", 3, LeaderEpoch(4), ME)
            .into_iter()
            .zip([EARLIEST_LOCAL, LATEST])
        {
            assert_eq!(request.replica_id, 7);
            let partition = &request.topics[0].partitions[0];
            assert_eq!(
                (partition.partition_index, partition.current_leader_epoch),
                (3, 4)
            );
            assert_eq!(partition.timestamp, timestamp);
            let mut to = ottla_protocol::Encoder::new();
            request.encode(&mut to, LIST_OFFSETS_VERSION).unwrap();
        }
    }
}
