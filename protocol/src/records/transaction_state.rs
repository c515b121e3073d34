//! The records of `__transaction_state`: what transaction coordinators remember.

use crate::derive::Message;
use crate::{Str, TaggedFields};

/// A transactional id.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0")]
pub struct TransactionLogKey {
    pub transactional_id: Str,
}

/// Where the transactional id's transaction stands. Times are in milliseconds.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=1", flexible = "1..")]
pub struct TransactionLogValue {
    pub producer_id: i64,
    #[kafka(versions = "1..", tag = 0, default = -1)]
    pub previous_producer_id: i64,
    #[kafka(versions = "1..", tag = 1, default = -1)]
    pub next_producer_id: i64,
    pub producer_epoch: i16,
    #[kafka(versions = "1..", tag = 3, default = -1)]
    pub next_producer_epoch: i16,
    pub transaction_timeout_ms: i32,
    pub transaction_status: i8,
    pub transaction_partitions: Option<Vec<PartitionsSchema>>,
    pub transaction_last_update_timestamp_ms: i64,
    pub transaction_start_timestamp_ms: i64,
    #[kafka(versions = "1..", tag = 2)]
    pub client_transaction_version: i16,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`TransactionLogValue::transaction_partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionsSchema {
    pub topic: Str,
    pub partition_ids: Vec<i32>,
    pub unknown_tagged_fields: TaggedFields,
}

super::coordinator::coordinator_records! {
    /// The key of a record of `__transaction_state`.
    pub enum TransactionRecordKey;
    /// The value of a record of `__transaction_state`.
    pub enum TransactionRecordValue;
    kinds {
        0 = TransactionLog(TransactionLogKey, TransactionLogValue);
    }
}
