//! DescribeQuorum (key 55), versions 0-2 (KIP-595, KIP-836, KIP-853).
//!
//! v1 times of the last fetch; v2 directory ids, endpoints, messages. The metadata quorum is openraft's: term and index are
//! shown as Kafka's leader epoch and offset of `__cluster_metadata-0`, so that `kafka-metadata-quorum` works.

use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType, Route};
use ottla_controller::controller::{MemberStatus, QuorumStatus};
use ottla_protocol::messages::describe_quorum::{
    DescribeQuorumRequest, DescribeQuorumResponse, Listener, Node, ReplicaState, RequestTopicData,
    ResponsePartitionData, ResponseTopicData,
};
use ottla_protocol::{ErrorCode, Str, Uuid};
use std::sync::Arc;

const METADATA_TOPIC: &str = "__cluster_metadata";
const METADATA_PARTITION: i32 = 0;
/// The version from which directory ids and endpoints are answered; earlier ones cannot carry them (KIP-853).
const DIRECTORIES_FROM: i16 = 2;

pub struct DescribeQuorum;

impl Api for DescribeQuorum {
    type Request = DescribeQuorumRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    const NEEDS: Needs = &[(Operation::Describe, ResourceType::Cluster)];
    const ROUTE: Route = Route::Controller;

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: DescribeQuorumRequest,
    ) -> Reply<DescribeQuorumResponse> {
        if let Err(error) = context
            .caller(&meta)
            .may(Operation::Describe, Resource::Cluster)
        {
            return Reply::Now(DescribeQuorumResponse {
                error_code: error,
                error_message: Some(Str::from_static(error.message())),
                ..Default::default()
            });
        }
        if !is_about_the_metadata(&request.topics) {
            return Reply::Now(unknown(request.topics));
        }
        let status = context.controller.quorum();
        Reply::Now(describe(&status, context.clock.wall_ms(), meta.api_version))
    }
}

/// Kafka answers for its metadata partition alone, or not at all (`DescribeQuorumRequest.forPartition`).
fn is_about_the_metadata(topics: &[RequestTopicData]) -> bool {
    let [topic] = topics else { return false };
    let [partition] = topic.partitions.as_slice() else {
        return false;
    };
    topic.topic_name == METADATA_TOPIC && partition.partition_index == METADATA_PARTITION
}

fn unknown(topics: Vec<RequestTopicData>) -> DescribeQuorumResponse {
    let topics = topics.into_iter().map(|topic| ResponseTopicData {
        topic_name: topic.topic_name,
        partitions: topic
            .partitions
            .iter()
            .map(|partition| ResponsePartitionData {
                partition_index: partition.partition_index,
                error_code: ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                error_message: Some(Str::from_static(
                    ErrorCode::UNKNOWN_TOPIC_OR_PARTITION.message(),
                )),
                ..Default::default()
            })
            .collect(),
        ..Default::default()
    });
    DescribeQuorumResponse {
        topics: topics.collect(),
        ..Default::default()
    }
}

fn describe(status: &QuorumStatus, now_ms: i64, version: i16) -> DescribeQuorumResponse {
    let is_leader = |member: &MemberStatus| status.leader == Some(member.id);
    let replica = |member: &MemberStatus| {
        // The leader is always caught up with itself (`LeaderState`).
        let seen_ms = match member.heard_ago {
            _ if is_leader(member) => now_ms,
            Some(ago) => now_ms - i64::try_from(ago.as_millis()).unwrap_or(now_ms),
            None => -1,
        };
        let is_caught_up = member.end.is_some_and(|end| end >= status.high_watermark);
        ReplicaState {
            replica_id: member.id.node.0,
            replica_directory_id: if version >= DIRECTORIES_FROM {
                member.id.directory
            } else {
                Uuid::ZERO
            },
            log_end_offset: member
                .end
                .and_then(|end| i64::try_from(end).ok())
                .unwrap_or(-1),
            last_fetch_timestamp: seen_ms,
            last_caught_up_timestamp: if is_caught_up { seen_ms } else { -1 },
            ..Default::default()
        }
    };
    let partition = ResponsePartitionData {
        partition_index: METADATA_PARTITION,
        leader_id: status.leader.map_or(-1, |leader| leader.node.0),
        leader_epoch: i32::try_from(status.term).unwrap_or(i32::MAX),
        high_watermark: i64::try_from(status.high_watermark).unwrap_or(i64::MAX),
        current_voters: status.voters.iter().map(replica).collect(),
        observers: status.observers.iter().map(replica).collect(),
        ..Default::default()
    };
    let topic = ResponseTopicData {
        topic_name: Str::from_static(METADATA_TOPIC),
        partitions: vec![partition],
        ..Default::default()
    };
    let nodes = match version >= DIRECTORIES_FROM {
        true => status.voters.iter().map(node).collect(),
        false => Vec::new(),
    };
    DescribeQuorumResponse {
        topics: vec![topic],
        nodes,
        ..Default::default()
    }
}

fn node(member: &MemberStatus) -> Node {
    let listeners = member.peer.endpoints.iter().map(|endpoint| Listener {
        name: Str::from(&*endpoint.listener),
        host: Str::from(&*endpoint.host),
        port: endpoint.port,
        ..Default::default()
    });
    Node {
        node_id: member.id.node.0,
        listeners: listeners.collect(),
        ..Default::default()
    }
}
