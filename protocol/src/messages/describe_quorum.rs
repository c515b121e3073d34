//! DescribeQuorum (key 55, versions 0–2): describes the metadata quorum: leader, voters, observers and their lag.
//!
//! * 1: times of the last fetch
//! * 2: directory ids, listeners and error messages (KIP-853)

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields, Uuid};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 55, response = DescribeQuorumResponse, versions = "0..=2", flexible = "0..")]
pub struct DescribeQuorumRequest {
    pub topics: Vec<RequestTopicData>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeQuorumRequest::topics`].
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
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=2", flexible = "0..")]
pub struct DescribeQuorumResponse {
    pub error_code: ErrorCode,
    #[kafka(versions = "2..", ignorable)]
    pub error_message: Option<Str>,
    pub topics: Vec<ResponseTopicData>,
    #[kafka(versions = "2..")]
    pub nodes: Vec<Node>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeQuorumResponse::topics`].
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
    #[kafka(versions = "2..", ignorable)]
    pub error_message: Option<Str>,
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub high_watermark: i64,
    pub current_voters: Vec<ReplicaState>,
    pub observers: Vec<ReplicaState>,
    pub unknown_tagged_fields: TaggedFields,
}

/// A replica as the quorum or a leader knows it; -1 marks what is not known.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ReplicaState {
    pub replica_id: i32,
    #[kafka(versions = "2..")]
    pub replica_directory_id: Uuid,
    pub log_end_offset: i64,
    #[kafka(versions = "1..", default = -1, ignorable)]
    pub last_fetch_timestamp: i64,
    #[kafka(versions = "1..", default = -1, ignorable)]
    pub last_caught_up_timestamp: i64,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeQuorumResponse::nodes`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Node {
    pub node_id: i32,
    pub listeners: Vec<Listener>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`Node::listeners`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Listener {
    pub name: Str,
    pub host: Str,
    pub port: u16,
    pub unknown_tagged_fields: TaggedFields,
}
