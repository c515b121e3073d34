//! AssignReplicasToDirs (key 73, version 0): a broker tells the controller in which directories its replicas are (KIP-858).

use crate::derive::Message;
use crate::{ErrorCode, TaggedFields, Uuid};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 73, response = AssignReplicasToDirsResponse, versions = "0", flexible = "0..")]
pub struct AssignReplicasToDirsRequest {
    pub broker_id: i32,
    #[kafka(default = -1)]
    pub broker_epoch: i64,
    pub directories: Vec<RequestDirectoryData>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`AssignReplicasToDirsRequest::directories`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct RequestDirectoryData {
    pub id: Uuid,
    pub topics: Vec<RequestTopicData>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`RequestDirectoryData::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct RequestTopicData {
    pub topic_id: Uuid,
    pub partitions: Vec<RequestPartitionData>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`RequestTopicData::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct RequestPartitionData {
    pub partition_index: i32,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct AssignReplicasToDirsResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub directories: Vec<ResponseDirectoryData>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`AssignReplicasToDirsResponse::directories`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ResponseDirectoryData {
    pub id: Uuid,
    pub topics: Vec<ResponseTopicData>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ResponseDirectoryData::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ResponseTopicData {
    pub topic_id: Uuid,
    pub partitions: Vec<ResponsePartitionData>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ResponseTopicData::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ResponsePartitionData {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub unknown_tagged_fields: TaggedFields,
}
