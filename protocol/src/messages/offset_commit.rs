//! OffsetCommit (key 8, versions 2–10): stores a group's offsets.
//!
//! * 6: leader epochs
//! * 7: static members (KIP-345)
//! * 8: flexible
//! * 9: member epochs (KIP-848)
//! * 10: topics by id (KIP-848)

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields, Uuid};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 8, response = OffsetCommitResponse, versions = "2..=10", flexible = "8..")]
pub struct OffsetCommitRequest {
    pub group_id: Str,
    #[kafka(default = -1)]
    pub generation_id_or_member_epoch: i32,
    pub member_id: Str,
    #[kafka(versions = "7..", default = None)]
    pub group_instance_id: Option<Str>,
    #[kafka(versions = "2..=4", default = -1, ignorable)]
    pub retention_time_ms: i64,
    pub topics: Vec<OffsetCommitRequestTopic>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`OffsetCommitRequest::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetCommitRequestTopic {
    #[kafka(versions = "2..=9", ignorable)]
    pub name: Str,
    #[kafka(versions = "10..", ignorable)]
    pub topic_id: Uuid,
    pub partitions: Vec<OffsetCommitRequestPartition>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`OffsetCommitRequestTopic::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetCommitRequestPartition {
    pub partition_index: i32,
    pub committed_offset: i64,
    #[kafka(versions = "6..", default = -1, ignorable)]
    pub committed_leader_epoch: i32,
    pub committed_metadata: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "2..=10", flexible = "8..")]
pub struct OffsetCommitResponse {
    #[kafka(versions = "3..", ignorable)]
    pub throttle_time_ms: i32,
    pub topics: Vec<OffsetCommitResponseTopic>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`OffsetCommitResponse::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetCommitResponseTopic {
    #[kafka(versions = "2..=9", ignorable)]
    pub name: Str,
    #[kafka(versions = "10..", ignorable)]
    pub topic_id: Uuid,
    pub partitions: Vec<OffsetCommitResponsePartition>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`OffsetCommitResponseTopic::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetCommitResponsePartition {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub unknown_tagged_fields: TaggedFields,
}
