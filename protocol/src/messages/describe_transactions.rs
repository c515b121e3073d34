//! DescribeTransactions (key 65, version 0): describes transactions (KIP-664).

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 65, response = DescribeTransactionsResponse, versions = "0", flexible = "0..")]
pub struct DescribeTransactionsRequest {
    pub transactional_ids: Vec<Str>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct DescribeTransactionsResponse {
    pub throttle_time_ms: i32,
    pub transaction_states: Vec<TransactionState>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeTransactionsResponse::transaction_states`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TransactionState {
    pub error_code: ErrorCode,
    pub transactional_id: Str,
    pub transaction_state: Str,
    pub transaction_timeout_ms: i32,
    pub transaction_start_time_ms: i64,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub topics: Vec<TopicData>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`TransactionState::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicData {
    pub topic: Str,
    pub partitions: Vec<i32>,
    pub unknown_tagged_fields: TaggedFields,
}
