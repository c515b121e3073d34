//! AlterReplicaLogDirs (key 34, versions 1–2): moves replicas between the directories of a broker (KIP-113).
//!
//! * 2: flexible

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 34, response = AlterReplicaLogDirsResponse, versions = "1..=2", flexible = "2..")]
pub struct AlterReplicaLogDirsRequest {
    pub dirs: Vec<AlterReplicaLogDir>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`AlterReplicaLogDirsRequest::dirs`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AlterReplicaLogDir {
    pub path: Str,
    pub topics: Vec<AlterReplicaLogDirTopic>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`AlterReplicaLogDir::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AlterReplicaLogDirTopic {
    pub name: Str,
    pub partitions: Vec<i32>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "1..=2", flexible = "2..")]
pub struct AlterReplicaLogDirsResponse {
    pub throttle_time_ms: i32,
    pub results: Vec<AlterReplicaLogDirTopicResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`AlterReplicaLogDirsResponse::results`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AlterReplicaLogDirTopicResult {
    pub topic_name: Str,
    pub partitions: Vec<AlterReplicaLogDirPartitionResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`AlterReplicaLogDirTopicResult::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AlterReplicaLogDirPartitionResult {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub unknown_tagged_fields: TaggedFields,
}
