//! InitializeShareGroupState (key 83, version 0): creates the persisted state of share partitions (KIP-932).

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields, Uuid};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 83, response = InitializeShareGroupStateResponse, versions = "0", flexible = "0..")]
pub struct InitializeShareGroupStateRequest {
    pub group_id: Str,
    pub topics: Vec<InitializeStateData>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`InitializeShareGroupStateRequest::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct InitializeStateData {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`InitializeStateData::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionData {
    pub partition: i32,
    pub state_epoch: i32,
    pub start_offset: i64,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct InitializeShareGroupStateResponse {
    pub results: Vec<InitializeStateResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`InitializeShareGroupStateResponse::results`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct InitializeStateResult {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`InitializeStateResult::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionResult {
    pub partition: i32,
    pub error_code: ErrorCode,
    #[kafka(default = None)]
    pub error_message: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}
