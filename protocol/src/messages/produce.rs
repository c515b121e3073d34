//! Produce (key 0, versions 3–13): appends record batches to partitions this broker leads.
//!
//! * 7: may carry zstd
//! * 8: per-record errors (KIP-467)
//! * 9: flexible
//! * 10: the current leader in answers (KIP-951)
//! * 11: may be refused as abortable (KIP-890)
//! * 12: adds the partition to the transaction by itself (KIP-890)
//! * 13: topics by id (KIP-516)

use crate::derive::Message;
use crate::{ErrorCode, Records, Str, TaggedFields, Uuid};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 0, response = ProduceResponse, versions = "3..=13", flexible = "9..")]
pub struct ProduceRequest {
    #[kafka(default = None)]
    pub transactional_id: Option<Str>,
    pub acks: i16,
    pub timeout_ms: i32,
    pub topic_data: Vec<TopicProduceData>,
    pub unknown_tagged_fields: TaggedFields,
}

/// One topic, named by name or by id.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicProduceData {
    #[kafka(versions = "3..=12", ignorable)]
    pub name: Str,
    #[kafka(versions = "13..", ignorable)]
    pub topic_id: Uuid,
    pub partition_data: Vec<PartitionProduceData>,
    pub unknown_tagged_fields: TaggedFields,
}

/// One partition and the batches to append to it.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionProduceData {
    pub index: i32,
    pub records: Records,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "3..=13", flexible = "9..")]
pub struct ProduceResponse {
    pub responses: Vec<TopicProduceResponse>,
    pub throttle_time_ms: i32,
    #[kafka(versions = "10..", tag = 0)]
    pub node_endpoints: Vec<NodeEndpoint>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ProduceResponse::responses`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicProduceResponse {
    #[kafka(versions = "3..=12", ignorable)]
    pub name: Str,
    #[kafka(versions = "13..", ignorable)]
    pub topic_id: Uuid,
    pub partition_responses: Vec<PartitionProduceResponse>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`TopicProduceResponse::partition_responses`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionProduceResponse {
    pub index: i32,
    pub error_code: ErrorCode,
    pub base_offset: i64,
    #[kafka(default = -1)]
    pub log_append_time_ms: i64,
    #[kafka(versions = "5..", default = -1, ignorable)]
    pub log_start_offset: i64,
    #[kafka(versions = "8..", ignorable)]
    pub record_errors: Vec<BatchIndexAndErrorMessage>,
    #[kafka(versions = "8..", default = None, ignorable)]
    pub error_message: Option<Str>,
    #[kafka(versions = "10..", tag = 0)]
    pub current_leader: LeaderIdAndEpoch,
    pub unknown_tagged_fields: TaggedFields,
}

/// A record that was refused, with its position in the batch.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct BatchIndexAndErrorMessage {
    pub batch_index: i32,
    #[kafka(default = None)]
    pub batch_index_error_message: Option<Str>,
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
