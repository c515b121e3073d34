//! ReadShareGroupStateSummary (key 87, versions 0–1): reads only where share partitions begin (KIP-932).
//!
//! * 1: a count of deliveries done (KIP-1226)

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields, Uuid};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 87, response = ReadShareGroupStateSummaryResponse, versions = "0..=1", flexible = "0..")]
pub struct ReadShareGroupStateSummaryRequest {
    pub group_id: Str,
    pub topics: Vec<ReadStateSummaryData>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ReadShareGroupStateSummaryRequest::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ReadStateSummaryData {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ReadStateSummaryData::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionData {
    pub partition: i32,
    pub leader_epoch: i32,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=1", flexible = "0..")]
pub struct ReadShareGroupStateSummaryResponse {
    pub results: Vec<ReadStateSummaryResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ReadShareGroupStateSummaryResponse::results`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ReadStateSummaryResult {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ReadStateSummaryResult::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionResult {
    pub partition: i32,
    pub error_code: ErrorCode,
    #[kafka(default = None)]
    pub error_message: Option<Str>,
    pub state_epoch: i32,
    pub leader_epoch: i32,
    pub start_offset: i64,
    #[kafka(versions = "1..", default = -1, ignorable)]
    pub delivery_complete_count: i32,
    pub unknown_tagged_fields: TaggedFields,
}
