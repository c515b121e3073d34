//! ListTransactions (key 66, versions 0–2): lists the transactions this broker coordinates (KIP-664).
//!
//! * 1: filter by duration (KIP-994)
//! * 2: filter by a pattern of ids (KIP-1152)

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 66, response = ListTransactionsResponse, versions = "0..=2", flexible = "0..")]
pub struct ListTransactionsRequest {
    pub state_filters: Vec<Str>,
    pub producer_id_filters: Vec<i64>,
    #[kafka(versions = "1..", default = -1)]
    pub duration_filter: i64,
    #[kafka(versions = "2..", default = None)]
    pub transactional_id_pattern: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=2", flexible = "0..")]
pub struct ListTransactionsResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub unknown_state_filters: Vec<Str>,
    pub transaction_states: Vec<TransactionState>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ListTransactionsResponse::transaction_states`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TransactionState {
    pub transactional_id: Str,
    pub producer_id: i64,
    pub transaction_state: Str,
    pub unknown_tagged_fields: TaggedFields,
}
