//! AddPartitionsToTxn (key 24, versions 0–5): adds partitions to a transaction.
//!
//! * 3: flexible
//! * 4: several transactions, for brokers only; verification (KIP-890)
//! * 5: may be refused as abortable (KIP-890)

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 24, response = AddPartitionsToTxnResponse, versions = "0..=5", flexible = "3..")]
pub struct AddPartitionsToTxnRequest {
    #[kafka(versions = "4..")]
    pub transactions: Vec<AddPartitionsToTxnTransaction>,
    #[kafka(versions = "0..=3")]
    pub v3_and_below_transactional_id: Str,
    #[kafka(versions = "0..=3")]
    pub v3_and_below_producer_id: i64,
    #[kafka(versions = "0..=3")]
    pub v3_and_below_producer_epoch: i16,
    #[kafka(versions = "0..=3")]
    pub v3_and_below_topics: Vec<AddPartitionsToTxnTopic>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`AddPartitionsToTxnRequest::transactions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AddPartitionsToTxnTransaction {
    pub transactional_id: Str,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub verify_only: bool,
    pub topics: Vec<AddPartitionsToTxnTopic>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`AddPartitionsToTxnTransaction::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AddPartitionsToTxnTopic {
    pub name: Str,
    pub partitions: Vec<i32>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=5", flexible = "3..")]
pub struct AddPartitionsToTxnResponse {
    pub throttle_time_ms: i32,
    #[kafka(versions = "4..", ignorable)]
    pub error_code: ErrorCode,
    #[kafka(versions = "4..")]
    pub results_by_transaction: Vec<AddPartitionsToTxnResult>,
    #[kafka(versions = "0..=3")]
    pub results_by_topic_v3_and_below: Vec<AddPartitionsToTxnTopicResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`AddPartitionsToTxnResponse::results_by_transaction`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AddPartitionsToTxnResult {
    pub transactional_id: Str,
    pub topic_results: Vec<AddPartitionsToTxnTopicResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`AddPartitionsToTxnResult::topic_results`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AddPartitionsToTxnTopicResult {
    pub name: Str,
    pub results_by_partition: Vec<AddPartitionsToTxnPartitionResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`AddPartitionsToTxnTopicResult::results_by_partition`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AddPartitionsToTxnPartitionResult {
    pub partition_index: i32,
    pub partition_error_code: ErrorCode,
    pub unknown_tagged_fields: TaggedFields,
}
