//! DescribeProducers (key 61, version 0): describes the producers that a partition remembers (KIP-664).

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 61, response = DescribeProducersResponse, versions = "0", flexible = "0..")]
pub struct DescribeProducersRequest {
    pub topics: Vec<TopicRequest>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeProducersRequest::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicRequest {
    pub name: Str,
    pub partition_indexes: Vec<i32>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct DescribeProducersResponse {
    pub throttle_time_ms: i32,
    pub topics: Vec<TopicResponse>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeProducersResponse::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicResponse {
    pub name: Str,
    pub partitions: Vec<PartitionResponse>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`TopicResponse::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionResponse {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    #[kafka(default = None)]
    pub error_message: Option<Str>,
    pub active_producers: Vec<ProducerState>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`PartitionResponse::active_producers`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ProducerState {
    pub producer_id: i64,
    pub producer_epoch: i32,
    #[kafka(default = -1)]
    pub last_sequence: i32,
    #[kafka(default = -1)]
    pub last_timestamp: i64,
    pub coordinator_epoch: i32,
    #[kafka(default = -1)]
    pub current_txn_start_offset: i64,
    pub unknown_tagged_fields: TaggedFields,
}
