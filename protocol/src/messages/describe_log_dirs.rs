//! DescribeLogDirs (key 35, versions 1–5): describes a broker's directories and what they hold.
//!
//! * 2: flexible
//! * 3: an error for the whole
//! * 4: sizes of the volumes (KIP-827)
//! * 5: cordoned directories (KIP-1066)

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 35, response = DescribeLogDirsResponse, versions = "1..=5", flexible = "2..")]
pub struct DescribeLogDirsRequest {
    pub topics: Option<Vec<DescribableLogDirTopic>>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeLogDirsRequest::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribableLogDirTopic {
    pub topic: Str,
    pub partitions: Vec<i32>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "1..=5", flexible = "2..")]
pub struct DescribeLogDirsResponse {
    pub throttle_time_ms: i32,
    #[kafka(versions = "3..", ignorable)]
    pub error_code: ErrorCode,
    pub results: Vec<DescribeLogDirsResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeLogDirsResponse::results`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeLogDirsResult {
    pub error_code: ErrorCode,
    pub log_dir: Str,
    pub topics: Vec<DescribeLogDirsTopic>,
    #[kafka(versions = "4..", default = -1, ignorable)]
    pub total_bytes: i64,
    #[kafka(versions = "4..", default = -1, ignorable)]
    pub usable_bytes: i64,
    #[kafka(versions = "5..", ignorable)]
    pub is_cordoned: bool,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeLogDirsResult::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeLogDirsTopic {
    pub name: Str,
    pub partitions: Vec<DescribeLogDirsPartition>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeLogDirsTopic::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeLogDirsPartition {
    pub partition_index: i32,
    pub partition_size: i64,
    pub offset_lag: i64,
    pub is_future_key: bool,
    pub unknown_tagged_fields: TaggedFields,
}
