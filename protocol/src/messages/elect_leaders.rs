//! ElectLeaders (key 43, versions 0–2): elects preferred or unclean leaders.
//!
//! * 1: unclean election (KIP-460)
//! * 2: flexible

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 43, response = ElectLeadersResponse, versions = "0..=2", flexible = "2..")]
pub struct ElectLeadersRequest {
    #[kafka(versions = "1..")]
    pub election_type: i8,
    pub topic_partitions: Option<Vec<TopicPartitions>>,
    #[kafka(default = 60000)]
    pub timeout_ms: i32,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ElectLeadersRequest::topic_partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicPartitions {
    pub topic: Str,
    pub partitions: Vec<i32>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=2", flexible = "2..")]
pub struct ElectLeadersResponse {
    pub throttle_time_ms: i32,
    #[kafka(versions = "1..")]
    pub error_code: ErrorCode,
    pub replica_election_results: Vec<ReplicaElectionResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ElectLeadersResponse::replica_election_results`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ReplicaElectionResult {
    pub topic: Str,
    pub partition_result: Vec<PartitionResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ReplicaElectionResult::partition_result`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionResult {
    pub partition_id: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}
