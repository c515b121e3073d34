//! DescribeShareGroupOffsets (key 90, versions 0–1): describes where share groups stand (KIP-932).
//!
//! * 1: lag (KIP-1226)

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields, Uuid};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 90, response = DescribeShareGroupOffsetsResponse, versions = "0..=1", flexible = "0..")]
pub struct DescribeShareGroupOffsetsRequest {
    pub groups: Vec<DescribeShareGroupOffsetsRequestGroup>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeShareGroupOffsetsRequest::groups`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeShareGroupOffsetsRequestGroup {
    pub group_id: Str,
    pub topics: Option<Vec<DescribeShareGroupOffsetsRequestTopic>>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeShareGroupOffsetsRequestGroup::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeShareGroupOffsetsRequestTopic {
    pub topic_name: Str,
    pub partitions: Vec<i32>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=1", flexible = "0..")]
pub struct DescribeShareGroupOffsetsResponse {
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribeShareGroupOffsetsResponseGroup>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeShareGroupOffsetsResponse::groups`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeShareGroupOffsetsResponseGroup {
    pub group_id: Str,
    pub topics: Vec<DescribeShareGroupOffsetsResponseTopic>,
    pub error_code: ErrorCode,
    #[kafka(default = None)]
    pub error_message: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeShareGroupOffsetsResponseGroup::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeShareGroupOffsetsResponseTopic {
    pub topic_name: Str,
    pub topic_id: Uuid,
    pub partitions: Vec<DescribeShareGroupOffsetsResponsePartition>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeShareGroupOffsetsResponseTopic::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeShareGroupOffsetsResponsePartition {
    pub partition_index: i32,
    pub start_offset: i64,
    pub leader_epoch: i32,
    #[kafka(versions = "1..", default = -1, ignorable)]
    pub lag: i64,
    pub error_code: ErrorCode,
    #[kafka(default = None)]
    pub error_message: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}
