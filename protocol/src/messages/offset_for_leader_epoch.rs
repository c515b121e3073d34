//! OffsetForLeaderEpoch (key 23, versions 2–4): tells where a leader epoch ended, to detect truncation.
//!
//! * 3: the asking replica
//! * 4: flexible

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 23, response = OffsetForLeaderEpochResponse, versions = "2..=4", flexible = "4..")]
pub struct OffsetForLeaderEpochRequest {
    #[kafka(versions = "3..", default = -2, ignorable)]
    pub replica_id: i32,
    pub topics: Vec<OffsetForLeaderTopic>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`OffsetForLeaderEpochRequest::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetForLeaderTopic {
    pub topic: Str,
    pub partitions: Vec<OffsetForLeaderPartition>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`OffsetForLeaderTopic::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetForLeaderPartition {
    pub partition: i32,
    #[kafka(default = -1)]
    pub current_leader_epoch: i32,
    pub leader_epoch: i32,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "2..=4", flexible = "4..")]
pub struct OffsetForLeaderEpochResponse {
    pub throttle_time_ms: i32,
    pub topics: Vec<OffsetForLeaderTopicResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`OffsetForLeaderEpochResponse::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetForLeaderTopicResult {
    pub topic: Str,
    pub partitions: Vec<EpochEndOffset>,
    pub unknown_tagged_fields: TaggedFields,
}

/// Where a leader epoch ended in the log that answers.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct EpochEndOffset {
    pub error_code: ErrorCode,
    pub partition: i32,
    #[kafka(default = -1)]
    pub leader_epoch: i32,
    #[kafka(default = -1)]
    pub end_offset: i64,
    pub unknown_tagged_fields: TaggedFields,
}
