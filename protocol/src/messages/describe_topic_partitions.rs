//! DescribeTopicPartitions (key 75, version 0): describes topics page by page, with eligible leader replicas (KIP-966).

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields, Uuid};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 75, response = DescribeTopicPartitionsResponse, versions = "0", flexible = "0..")]
pub struct DescribeTopicPartitionsRequest {
    pub topics: Vec<TopicRequest>,
    #[kafka(default = 2000)]
    pub response_partition_limit: i32,
    #[kafka(default = None)]
    pub cursor: Option<Cursor>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeTopicPartitionsRequest::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicRequest {
    pub name: Str,
    pub unknown_tagged_fields: TaggedFields,
}

/// The place to go on from: a topic name and the first partition not yet described.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Cursor {
    pub topic_name: Str,
    pub partition_index: i32,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct DescribeTopicPartitionsResponse {
    pub throttle_time_ms: i32,
    pub topics: Vec<DescribeTopicPartitionsResponseTopic>,
    #[kafka(default = None)]
    pub next_cursor: Option<Cursor>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeTopicPartitionsResponse::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeTopicPartitionsResponseTopic {
    pub error_code: ErrorCode,
    pub name: Option<Str>,
    pub topic_id: Uuid,
    pub is_internal: bool,
    pub partitions: Vec<DescribeTopicPartitionsResponsePartition>,
    #[kafka(default = i32::MIN)]
    pub topic_authorized_operations: i32,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeTopicPartitionsResponseTopic::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeTopicPartitionsResponsePartition {
    pub error_code: ErrorCode,
    pub partition_index: i32,
    pub leader_id: i32,
    #[kafka(default = -1)]
    pub leader_epoch: i32,
    pub replica_nodes: Vec<i32>,
    pub isr_nodes: Vec<i32>,
    #[kafka(default = None)]
    pub eligible_leader_replicas: Option<Vec<i32>>,
    #[kafka(default = None)]
    pub last_known_elr: Option<Vec<i32>>,
    pub offline_replicas: Vec<i32>,
    pub unknown_tagged_fields: TaggedFields,
}
