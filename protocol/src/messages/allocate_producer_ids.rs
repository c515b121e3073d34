//! AllocateProducerIds (key 67, version 0): a broker takes a block of producer ids from the controller (KIP-730).

use crate::derive::Message;
use crate::{ErrorCode, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 67, response = AllocateProducerIdsResponse, versions = "0", flexible = "0..")]
pub struct AllocateProducerIdsRequest {
    pub broker_id: i32,
    #[kafka(default = -1)]
    pub broker_epoch: i64,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct AllocateProducerIdsResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub producer_id_start: i64,
    pub producer_id_len: i32,
    pub unknown_tagged_fields: TaggedFields,
}
