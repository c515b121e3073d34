//! DeleteShareGroupState (key 86, version 0): deletes the persisted state of share partitions (KIP-932).

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields, Uuid};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 86, response = DeleteShareGroupStateResponse, versions = "0", flexible = "0..")]
pub struct DeleteShareGroupStateRequest {
    pub group_id: Str,
    pub topics: Vec<DeleteStateData>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DeleteShareGroupStateRequest::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DeleteStateData {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DeleteStateData::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionData {
    pub partition: i32,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct DeleteShareGroupStateResponse {
    pub results: Vec<DeleteStateResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DeleteShareGroupStateResponse::results`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DeleteStateResult {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DeleteStateResult::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionResult {
    pub partition: i32,
    pub error_code: ErrorCode,
    #[kafka(default = None)]
    pub error_message: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}
