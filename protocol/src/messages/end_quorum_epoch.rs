//! EndQuorumEpoch (key 54, versions 0–1): a Kafka controller resigns its leadership. Ottla's own quorum does not speak it.
//!
//! * 1: flexible; directory ids and endpoints (KIP-853)

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields, Uuid};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 54, response = EndQuorumEpochResponse, versions = "0..=1", flexible = "1..")]
pub struct EndQuorumEpochRequest {
    #[kafka(default = None)]
    pub cluster_id: Option<Str>,
    pub topics: Vec<RequestTopicData>,
    #[kafka(versions = "1..", ignorable)]
    pub leader_endpoints: Vec<LeaderEndpoint>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`EndQuorumEpochRequest::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct RequestTopicData {
    pub topic_name: Str,
    pub partitions: Vec<RequestPartitionData>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`RequestTopicData::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct RequestPartitionData {
    pub partition_index: i32,
    pub leader_id: i32,
    pub leader_epoch: i32,
    #[kafka(versions = "0", ignorable)]
    pub preferred_successors: Vec<i32>,
    #[kafka(versions = "1..", ignorable)]
    pub preferred_candidates: Vec<ReplicaInfo>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`RequestPartitionData::preferred_candidates`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ReplicaInfo {
    pub candidate_id: i32,
    pub candidate_directory_id: Uuid,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`EndQuorumEpochRequest::leader_endpoints`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct LeaderEndpoint {
    pub name: Str,
    pub host: Str,
    pub port: u16,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=1", flexible = "1..")]
pub struct EndQuorumEpochResponse {
    pub error_code: ErrorCode,
    pub topics: Vec<ResponseTopicData>,
    #[kafka(versions = "1..", tag = 0)]
    pub node_endpoints: Vec<NodeEndpoint>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`EndQuorumEpochResponse::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ResponseTopicData {
    pub topic_name: Str,
    pub partitions: Vec<ResponsePartitionData>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ResponseTopicData::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ResponsePartitionData {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub unknown_tagged_fields: TaggedFields,
}

/// The address of a broker named as a current leader.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct NodeEndpoint {
    pub node_id: i32,
    pub host: Str,
    pub port: u16,
    pub unknown_tagged_fields: TaggedFields,
}
