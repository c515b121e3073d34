//! Fetch (key 1, versions 4–18): reads record batches; consumers, followers and Kafka's metadata replicas use it.
//!
//! * 4: transactions: isolation level, last stable offset
//! * 5: log start offset
//! * 7: fetch sessions (KIP-227)
//! * 8: may be throttled before the answer
//! * 9: fences by leader epoch (KIP-320)
//! * 10: may carry zstd
//! * 11: reading from a follower (KIP-392)
//! * 12: flexible; truncation by diverging epoch (KIP-595)
//! * 13: topics by id (KIP-516)
//! * 14: knows OFFSET_MOVED_TO_TIERED_STORAGE (KIP-405)
//! * 15: the follower's epoch (KIP-903)
//! * 16: the new leader's address in answers (KIP-951)
//! * 17: the follower's directory (KIP-853)
//! * 18: the follower's high watermark (KIP-1166)

use crate::derive::Message;
use crate::{ErrorCode, Records, Str, TaggedFields, Uuid};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 1, response = FetchResponse, versions = "4..=18", flexible = "12..")]
pub struct FetchRequest {
    #[kafka(versions = "12..", tag = 0, default = None, ignorable)]
    pub cluster_id: Option<Str>,
    #[kafka(versions = "4..=14", default = -1)]
    pub replica_id: i32,
    #[kafka(versions = "15..", tag = 1)]
    pub replica_state: ReplicaState,
    pub max_wait_ms: i32,
    pub min_bytes: i32,
    #[kafka(default = i32::MAX)]
    pub max_bytes: i32,
    pub isolation_level: i8,
    #[kafka(versions = "7..", ignorable)]
    pub session_id: i32,
    #[kafka(versions = "7..", default = -1, ignorable)]
    pub session_epoch: i32,
    pub topics: Vec<FetchTopic>,
    #[kafka(versions = "7..")]
    pub forgotten_topics_data: Vec<ForgottenTopic>,
    #[kafka(versions = "11..", ignorable)]
    pub rack_id: Str,
    pub unknown_tagged_fields: TaggedFields,
}

/// A replica as the quorum or a leader knows it; -1 marks what is not known.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ReplicaState {
    #[kafka(default = -1)]
    pub replica_id: i32,
    #[kafka(default = -1)]
    pub replica_epoch: i64,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`FetchRequest::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct FetchTopic {
    #[kafka(versions = "4..=12", ignorable)]
    pub topic: Str,
    #[kafka(versions = "13..", ignorable)]
    pub topic_id: Uuid,
    pub partitions: Vec<FetchPartition>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`FetchTopic::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct FetchPartition {
    pub partition: i32,
    #[kafka(versions = "9..", default = -1, ignorable)]
    pub current_leader_epoch: i32,
    pub fetch_offset: i64,
    #[kafka(versions = "12..", default = -1)]
    pub last_fetched_epoch: i32,
    #[kafka(versions = "5..", default = -1, ignorable)]
    pub log_start_offset: i64,
    pub partition_max_bytes: i32,
    #[kafka(versions = "17..", tag = 0, ignorable)]
    pub replica_directory_id: Uuid,
    #[kafka(versions = "18..", tag = 1, default = i64::MAX, ignorable)]
    pub high_watermark: i64,
    pub unknown_tagged_fields: TaggedFields,
}

/// Partitions to be taken out of the fetch session.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ForgottenTopic {
    #[kafka(versions = "7..=12", ignorable)]
    pub topic: Str,
    #[kafka(versions = "13..", ignorable)]
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "4..=18", flexible = "12..")]
pub struct FetchResponse {
    pub throttle_time_ms: i32,
    #[kafka(versions = "7..", ignorable)]
    pub error_code: ErrorCode,
    #[kafka(versions = "7..")]
    pub session_id: i32,
    pub responses: Vec<FetchableTopicResponse>,
    #[kafka(versions = "16..", tag = 0)]
    pub node_endpoints: Vec<NodeEndpoint>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`FetchResponse::responses`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct FetchableTopicResponse {
    #[kafka(versions = "4..=12", ignorable)]
    pub topic: Str,
    #[kafka(versions = "13..", ignorable)]
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`FetchableTopicResponse::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionData {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub high_watermark: i64,
    #[kafka(default = -1)]
    pub last_stable_offset: i64,
    #[kafka(versions = "5..", default = -1, ignorable)]
    pub log_start_offset: i64,
    #[kafka(versions = "12..", tag = 0)]
    pub diverging_epoch: EpochEndOffset,
    #[kafka(versions = "12..", tag = 1)]
    pub current_leader: LeaderIdAndEpoch,
    #[kafka(versions = "12..", tag = 2)]
    pub snapshot_id: SnapshotId,
    pub aborted_transactions: Option<Vec<AbortedTransaction>>,
    #[kafka(versions = "11..", default = -1)]
    pub preferred_read_replica: i32,
    pub records: Records,
    pub unknown_tagged_fields: TaggedFields,
}

/// Where a leader epoch ended in the log that answers.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct EpochEndOffset {
    #[kafka(default = -1)]
    pub epoch: i32,
    #[kafka(default = -1)]
    pub end_offset: i64,
    pub unknown_tagged_fields: TaggedFields,
}

/// Who leads the partition now; -1 for unknown.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct LeaderIdAndEpoch {
    #[kafka(default = -1)]
    pub leader_id: i32,
    #[kafka(default = -1)]
    pub leader_epoch: i32,
    pub unknown_tagged_fields: TaggedFields,
}

/// Names a snapshot: what it covers ends before this offset, in this epoch.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct SnapshotId {
    #[kafka(default = -1)]
    pub end_offset: i64,
    #[kafka(default = -1)]
    pub epoch: i32,
    pub unknown_tagged_fields: TaggedFields,
}

/// A transaction whose records a committed reader must skip, from its first offset on.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AbortedTransaction {
    pub producer_id: i64,
    pub first_offset: i64,
    pub unknown_tagged_fields: TaggedFields,
}

/// The address of a broker named as a current leader.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct NodeEndpoint {
    pub node_id: i32,
    pub host: Str,
    pub port: i32,
    #[kafka(default = None)]
    pub rack: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}
