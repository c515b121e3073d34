//! TxnOffsetCommit (key 28, versions 0–6): stores a group's offsets as a part of a transaction.
//!
//! * 2: leader epochs
//! * 3: flexible; the consuming member (KIP-447)
//! * 4: may be refused as abortable (KIP-890)
//! * 5: adds the offsets partition to the transaction by itself (KIP-890)
//! * 6: topics by id (KIP-1319)

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields, Uuid};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 28, response = TxnOffsetCommitResponse, versions = "0..=6", flexible = "3..")]
pub struct TxnOffsetCommitRequest {
    pub transactional_id: Str,
    pub group_id: Str,
    pub producer_id: i64,
    pub producer_epoch: i16,
    #[kafka(versions = "3..", default = -1)]
    pub generation_id_or_member_epoch: i32,
    #[kafka(versions = "3..")]
    pub member_id: Str,
    #[kafka(versions = "3..", default = None)]
    pub group_instance_id: Option<Str>,
    pub topics: Vec<TxnOffsetCommitRequestTopic>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`TxnOffsetCommitRequest::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TxnOffsetCommitRequestTopic {
    #[kafka(versions = "0..=5", ignorable)]
    pub name: Str,
    #[kafka(versions = "6..", ignorable)]
    pub topic_id: Uuid,
    pub partitions: Vec<TxnOffsetCommitRequestPartition>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`TxnOffsetCommitRequestTopic::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TxnOffsetCommitRequestPartition {
    pub partition_index: i32,
    pub committed_offset: i64,
    #[kafka(versions = "2..", default = -1, ignorable)]
    pub committed_leader_epoch: i32,
    pub committed_metadata: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=6", flexible = "3..")]
pub struct TxnOffsetCommitResponse {
    pub throttle_time_ms: i32,
    pub topics: Vec<TxnOffsetCommitResponseTopic>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`TxnOffsetCommitResponse::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TxnOffsetCommitResponseTopic {
    #[kafka(versions = "0..=5", ignorable)]
    pub name: Str,
    #[kafka(versions = "6..", ignorable)]
    pub topic_id: Uuid,
    pub partitions: Vec<TxnOffsetCommitResponsePartition>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`TxnOffsetCommitResponseTopic::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TxnOffsetCommitResponsePartition {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub unknown_tagged_fields: TaggedFields,
}
