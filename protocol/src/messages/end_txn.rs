//! EndTxn (key 26, versions 0–5): commits or aborts a transaction.
//!
//! * 3: flexible
//! * 4: may be refused as abortable (KIP-890)
//! * 5: the next epoch in the answer (KIP-890)

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 26, response = EndTxnResponse, versions = "0..=5", flexible = "3..")]
pub struct EndTxnRequest {
    pub transactional_id: Str,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub committed: bool,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=5", flexible = "3..")]
pub struct EndTxnResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[kafka(versions = "5..", default = -1, ignorable)]
    pub producer_id: i64,
    #[kafka(versions = "5..", default = -1, ignorable)]
    pub producer_epoch: i16,
    pub unknown_tagged_fields: TaggedFields,
}
