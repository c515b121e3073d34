//! Heartbeat (key 12, versions 0–4): keeps a member of a classic group alive and tells it of rebalances.
//!
//! * 3: static members (KIP-345)
//! * 4: flexible

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 12, response = HeartbeatResponse, versions = "0..=4", flexible = "4..")]
pub struct HeartbeatRequest {
    pub group_id: Str,
    pub generation_id: i32,
    pub member_id: Str,
    #[kafka(versions = "3..", default = None)]
    pub group_instance_id: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=4", flexible = "4..")]
pub struct HeartbeatResponse {
    #[kafka(versions = "1..", ignorable)]
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub unknown_tagged_fields: TaggedFields,
}
