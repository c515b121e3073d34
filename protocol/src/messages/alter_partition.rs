//! AlterPartition (key 56, versions 2–3): a leader asks the controller to change a partition's ISR (KIP-497).
//!
//! * 2: topics by id
//! * 3: the broker epoch of each ISR member (KIP-903)

use crate::derive::Message;
use crate::{ErrorCode, TaggedFields, Uuid};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 56, response = AlterPartitionResponse, versions = "2..=3", flexible = "0..")]
pub struct AlterPartitionRequest {
    pub broker_id: i32,
    #[kafka(default = -1)]
    pub broker_epoch: i64,
    pub topics: Vec<RequestTopicData>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`AlterPartitionRequest::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct RequestTopicData {
    pub topic_id: Uuid,
    pub partitions: Vec<RequestPartitionData>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`RequestTopicData::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct RequestPartitionData {
    pub partition_index: i32,
    pub leader_epoch: i32,
    #[kafka(versions = "2")]
    pub new_isr: Vec<i32>,
    #[kafka(versions = "3..")]
    pub new_isr_with_epochs: Vec<BrokerState>,
    pub leader_recovery_state: i8,
    pub partition_epoch: i32,
    pub unknown_tagged_fields: TaggedFields,
}

/// A member of the ISR and the epoch it was registered with.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct BrokerState {
    pub broker_id: i32,
    #[kafka(default = -1)]
    pub broker_epoch: i64,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "2..=3", flexible = "0..")]
pub struct AlterPartitionResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub topics: Vec<ResponseTopicData>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`AlterPartitionResponse::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ResponseTopicData {
    pub topic_id: Uuid,
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
    pub isr: Vec<i32>,
    pub leader_recovery_state: i8,
    pub partition_epoch: i32,
    pub unknown_tagged_fields: TaggedFields,
}
