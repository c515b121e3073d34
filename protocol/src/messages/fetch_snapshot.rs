//! FetchSnapshot (key 59, versions 0–1): reads a piece of a Kafka controller's snapshot. Ottla's own quorum does not speak it.
//!
//! * 1: directory ids and endpoints (KIP-853)

use crate::derive::Message;
use crate::{ErrorCode, Records, Str, TaggedFields, Uuid};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 59, response = FetchSnapshotResponse, versions = "0..=1", flexible = "0..")]
pub struct FetchSnapshotRequest {
    #[kafka(tag = 0, default = None)]
    pub cluster_id: Option<Str>,
    #[kafka(default = -1)]
    pub replica_id: i32,
    #[kafka(default = i32::MAX)]
    pub max_bytes: i32,
    pub topics: Vec<RequestTopicSnapshot>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`FetchSnapshotRequest::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct RequestTopicSnapshot {
    pub name: Str,
    pub partitions: Vec<RequestPartitionSnapshot>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`RequestTopicSnapshot::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct RequestPartitionSnapshot {
    pub partition: i32,
    pub current_leader_epoch: i32,
    pub snapshot_id: SnapshotId,
    pub position: i64,
    #[kafka(versions = "1..", tag = 0, ignorable)]
    pub replica_directory_id: Uuid,
    pub unknown_tagged_fields: TaggedFields,
}

/// Names a snapshot: what it covers ends before this offset, in this epoch.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct SnapshotId {
    pub end_offset: i64,
    pub epoch: i32,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=1", flexible = "0..")]
pub struct FetchSnapshotResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub topics: Vec<ResponseTopicSnapshot>,
    #[kafka(versions = "1..", tag = 0)]
    pub node_endpoints: Vec<NodeEndpoint>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`FetchSnapshotResponse::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ResponseTopicSnapshot {
    pub name: Str,
    pub partitions: Vec<ResponsePartitionSnapshot>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ResponseTopicSnapshot::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ResponsePartitionSnapshot {
    pub index: i32,
    pub error_code: ErrorCode,
    pub snapshot_id: SnapshotId,
    #[kafka(tag = 0)]
    pub current_leader: LeaderIdAndEpoch,
    pub size: i64,
    pub position: i64,
    #[kafka(nullable = "none")]
    pub unaligned_records: Records,
    pub unknown_tagged_fields: TaggedFields,
}

/// Who leads the partition now; -1 for unknown.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct LeaderIdAndEpoch {
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub unknown_tagged_fields: TaggedFields,
}

/// The address of a broker named as a current leader.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct NodeEndpoint {
    pub node_id: i32,
    pub host: Str,
    pub port: u16,
    pub unknown_tagged_fields: TaggedFields,
}
