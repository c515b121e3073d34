//! UnregisterBroker (key 64, version 0): forgets a broker that is gone.

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 64, response = UnregisterBrokerResponse, versions = "0", flexible = "0..")]
pub struct UnregisterBrokerRequest {
    pub broker_id: i32,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct UnregisterBrokerResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}
