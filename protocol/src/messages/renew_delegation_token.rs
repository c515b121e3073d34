//! RenewDelegationToken (key 39, versions 1–2): renews a delegation token.
//!
//! * 2: flexible

use crate::derive::Message;
use crate::{Bytes, ErrorCode, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 39, response = RenewDelegationTokenResponse, versions = "1..=2", flexible = "2..")]
pub struct RenewDelegationTokenRequest {
    pub hmac: Bytes,
    pub renew_period_ms: i64,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "1..=2", flexible = "2..")]
pub struct RenewDelegationTokenResponse {
    pub error_code: ErrorCode,
    pub expiry_timestamp_ms: i64,
    pub throttle_time_ms: i32,
    pub unknown_tagged_fields: TaggedFields,
}
