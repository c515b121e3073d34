//! ListOffsets (key 2, versions 1–11): finds offsets by timestamp or by a named position (earliest, latest, …).
//!
//! * 1: one offset for each partition
//! * 2: isolation level
//! * 4: fences by leader epoch (KIP-320)
//! * 6: flexible
//! * 7: the position of the greatest timestamp, -3 (KIP-734)
//! * 8: the earliest local position, -4 (KIP-405)
//! * 9: the last tiered position, -5 (KIP-1005)
//! * 10: a timeout for remote storage (KIP-1075)
//! * 11: the earliest position to be tiered, -6 (KIP-1023)

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 2, response = ListOffsetsResponse, versions = "1..=11", flexible = "6..")]
pub struct ListOffsetsRequest {
    pub replica_id: i32,
    #[kafka(versions = "2..")]
    pub isolation_level: i8,
    pub topics: Vec<ListOffsetsTopic>,
    #[kafka(versions = "10..", ignorable)]
    pub timeout_ms: i32,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ListOffsetsRequest::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ListOffsetsTopic {
    pub name: Str,
    pub partitions: Vec<ListOffsetsPartition>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ListOffsetsTopic::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ListOffsetsPartition {
    pub partition_index: i32,
    #[kafka(versions = "4..", default = -1, ignorable)]
    pub current_leader_epoch: i32,
    pub timestamp: i64,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "1..=11", flexible = "6..")]
pub struct ListOffsetsResponse {
    #[kafka(versions = "2..", ignorable)]
    pub throttle_time_ms: i32,
    pub topics: Vec<ListOffsetsTopicResponse>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ListOffsetsResponse::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ListOffsetsTopicResponse {
    pub name: Str,
    pub partitions: Vec<ListOffsetsPartitionResponse>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ListOffsetsTopicResponse::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ListOffsetsPartitionResponse {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    #[kafka(default = -1)]
    pub timestamp: i64,
    #[kafka(default = -1)]
    pub offset: i64,
    #[kafka(versions = "4..", default = -1)]
    pub leader_epoch: i32,
    pub unknown_tagged_fields: TaggedFields,
}
