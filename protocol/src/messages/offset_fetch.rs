//! OffsetFetch (key 9, versions 1–10): reads a group's stored offsets.
//!
//! * 2: null asks for all topics
//! * 5: leader epochs
//! * 6: flexible
//! * 7: waits for pending transactions (KIP-447)
//! * 8: several groups at once (KIP-709)
//! * 9: member epochs (KIP-848)
//! * 10: topics by id (KIP-848)

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields, Uuid};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 9, response = OffsetFetchResponse, versions = "1..=10", flexible = "6..")]
pub struct OffsetFetchRequest {
    #[kafka(versions = "1..=7")]
    pub group_id: Str,
    #[kafka(versions = "1..=7", nullable = "2..=7")]
    pub topics: Option<Vec<OffsetFetchRequestTopic>>,
    #[kafka(versions = "8..")]
    pub groups: Vec<OffsetFetchRequestGroup>,
    #[kafka(versions = "7..")]
    pub require_stable: bool,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`OffsetFetchRequest::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetFetchRequestTopic {
    pub name: Str,
    pub partition_indexes: Vec<i32>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`OffsetFetchRequest::groups`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetFetchRequestGroup {
    pub group_id: Str,
    #[kafka(versions = "9..", default = None, ignorable)]
    pub member_id: Option<Str>,
    #[kafka(versions = "9..", default = -1, ignorable)]
    pub member_epoch: i32,
    pub topics: Option<Vec<OffsetFetchRequestTopics>>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`OffsetFetchRequestGroup::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetFetchRequestTopics {
    #[kafka(versions = "8..=9", ignorable)]
    pub name: Str,
    #[kafka(versions = "10..", ignorable)]
    pub topic_id: Uuid,
    pub partition_indexes: Vec<i32>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "1..=10", flexible = "6..")]
pub struct OffsetFetchResponse {
    #[kafka(versions = "3..", ignorable)]
    pub throttle_time_ms: i32,
    #[kafka(versions = "1..=7")]
    pub topics: Vec<OffsetFetchResponseTopic>,
    #[kafka(versions = "2..=7", ignorable)]
    pub error_code: ErrorCode,
    #[kafka(versions = "8..")]
    pub groups: Vec<OffsetFetchResponseGroup>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`OffsetFetchResponse::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetFetchResponseTopic {
    pub name: Str,
    pub partitions: Vec<OffsetFetchResponsePartition>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`OffsetFetchResponseTopic::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetFetchResponsePartition {
    pub partition_index: i32,
    pub committed_offset: i64,
    #[kafka(versions = "5..=7", default = -1, ignorable)]
    pub committed_leader_epoch: i32,
    pub metadata: Option<Str>,
    pub error_code: ErrorCode,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`OffsetFetchResponse::groups`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetFetchResponseGroup {
    pub group_id: Str,
    pub topics: Vec<OffsetFetchResponseTopics>,
    pub error_code: ErrorCode,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`OffsetFetchResponseGroup::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetFetchResponseTopics {
    #[kafka(versions = "8..=9", ignorable)]
    pub name: Str,
    #[kafka(versions = "10..", ignorable)]
    pub topic_id: Uuid,
    pub partitions: Vec<OffsetFetchResponsePartitions>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`OffsetFetchResponseTopics::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetFetchResponsePartitions {
    pub partition_index: i32,
    pub committed_offset: i64,
    #[kafka(default = -1, ignorable)]
    pub committed_leader_epoch: i32,
    pub metadata: Option<Str>,
    pub error_code: ErrorCode,
    pub unknown_tagged_fields: TaggedFields,
}
