//! ShareFetch (key 78, versions 1–2): acquires and reads records for a share group, and acknowledges earlier ones (KIP-932).
//!
//! * 2: the manner of acquiring (KIP-1206) and renewal of locks (KIP-1222)

use crate::derive::Message;
use crate::{ErrorCode, Records, Str, TaggedFields, Uuid};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 78, response = ShareFetchResponse, versions = "1..=2", flexible = "0..")]
pub struct ShareFetchRequest {
    #[kafka(default = None)]
    pub group_id: Option<Str>,
    pub member_id: Option<Str>,
    pub share_session_epoch: i32,
    pub max_wait_ms: i32,
    pub min_bytes: i32,
    #[kafka(default = i32::MAX)]
    pub max_bytes: i32,
    pub max_records: i32,
    pub batch_size: i32,
    #[kafka(versions = "2..", ignorable)]
    pub share_acquire_mode: i8,
    #[kafka(versions = "2..")]
    pub is_renew_ack: bool,
    pub topics: Vec<FetchTopic>,
    pub forgotten_topics_data: Vec<ForgottenTopic>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ShareFetchRequest::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct FetchTopic {
    pub topic_id: Uuid,
    pub partitions: Vec<FetchPartition>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`FetchTopic::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct FetchPartition {
    pub partition_index: i32,
    pub acknowledgement_batches: Vec<AcknowledgementBatch>,
    pub unknown_tagged_fields: TaggedFields,
}

/// A run of offsets and what became of them: one type for all, or one for each offset.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AcknowledgementBatch {
    pub first_offset: i64,
    pub last_offset: i64,
    pub acknowledge_types: Vec<i8>,
    pub unknown_tagged_fields: TaggedFields,
}

/// Partitions to be taken out of the fetch session.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ForgottenTopic {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "1..=2", flexible = "0..")]
pub struct ShareFetchResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[kafka(default = None)]
    pub error_message: Option<Str>,
    pub acquisition_lock_timeout_ms: i32,
    pub responses: Vec<ShareFetchableTopicResponse>,
    pub node_endpoints: Vec<NodeEndpoint>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ShareFetchResponse::responses`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ShareFetchableTopicResponse {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ShareFetchableTopicResponse::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionData {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    #[kafka(default = None)]
    pub error_message: Option<Str>,
    pub acknowledge_error_code: ErrorCode,
    #[kafka(default = None)]
    pub acknowledge_error_message: Option<Str>,
    pub current_leader: LeaderIdAndEpoch,
    #[kafka(nullable = "none")]
    pub records: Records,
    pub acquired_records: Vec<AcquiredRecords>,
    pub unknown_tagged_fields: TaggedFields,
}

/// Who leads the partition now; -1 for unknown.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct LeaderIdAndEpoch {
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub unknown_tagged_fields: TaggedFields,
}

/// A run of offsets now locked for this member, and how often they were delivered.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AcquiredRecords {
    pub first_offset: i64,
    pub last_offset: i64,
    pub delivery_count: i16,
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
