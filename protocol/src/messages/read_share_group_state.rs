//! ReadShareGroupState (key 84, version 0): reads the persisted state of share partitions (KIP-932).

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields, Uuid};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 84, response = ReadShareGroupStateResponse, versions = "0", flexible = "0..")]
pub struct ReadShareGroupStateRequest {
    pub group_id: Str,
    pub topics: Vec<ReadStateData>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ReadShareGroupStateRequest::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ReadStateData {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ReadStateData::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionData {
    pub partition: i32,
    pub leader_epoch: i32,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct ReadShareGroupStateResponse {
    pub results: Vec<ReadStateResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ReadShareGroupStateResponse::results`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ReadStateResult {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ReadStateResult::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionResult {
    pub partition: i32,
    pub error_code: ErrorCode,
    #[kafka(default = None)]
    pub error_message: Option<Str>,
    pub state_epoch: i32,
    pub start_offset: i64,
    pub state_batches: Vec<StateBatch>,
    pub unknown_tagged_fields: TaggedFields,
}

/// A run of offsets with one delivery state and count.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct StateBatch {
    pub first_offset: i64,
    pub last_offset: i64,
    pub delivery_state: i8,
    pub delivery_count: i16,
    pub unknown_tagged_fields: TaggedFields,
}
