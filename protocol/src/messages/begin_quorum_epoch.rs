//! BeginQuorumEpoch (key 53, versions 0–1): a Kafka controller announces its leadership. Ottla's own quorum does not speak it.
//!
//! * 1: flexible; directory ids and endpoints (KIP-853)

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields, Uuid};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 53, response = BeginQuorumEpochResponse, versions = "0..=1", flexible = "1..")]
pub struct BeginQuorumEpochRequest {
    #[kafka(default = None)]
    pub cluster_id: Option<Str>,
    #[kafka(versions = "1..", default = -1, ignorable)]
    pub voter_id: i32,
    pub topics: Vec<RequestTopicData>,
    #[kafka(versions = "1..", ignorable)]
    pub leader_endpoints: Vec<LeaderEndpoint>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`BeginQuorumEpochRequest::topics`].
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
    #[kafka(versions = "1..", ignorable)]
    pub voter_directory_id: Uuid,
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`BeginQuorumEpochRequest::leader_endpoints`].
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
pub struct BeginQuorumEpochResponse {
    pub error_code: ErrorCode,
    pub topics: Vec<ResponseTopicData>,
    #[kafka(versions = "1..", tag = 0)]
    pub node_endpoints: Vec<NodeEndpoint>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`BeginQuorumEpochResponse::topics`].
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
