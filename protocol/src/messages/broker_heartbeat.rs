//! BrokerHeartbeat (key 63, versions 0–2): keeps a broker registered and carries its wishes to be fenced or to stop.
//!
//! * 1: directories that failed (KIP-858)
//! * 2: cordoned directories (KIP-1066)

use crate::derive::Message;
use crate::{ErrorCode, TaggedFields, Uuid};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 63, response = BrokerHeartbeatResponse, versions = "0..=2", flexible = "0..")]
pub struct BrokerHeartbeatRequest {
    pub broker_id: i32,
    #[kafka(default = -1)]
    pub broker_epoch: i64,
    pub current_metadata_offset: i64,
    pub want_fence: bool,
    pub want_shut_down: bool,
    #[kafka(versions = "1..", tag = 0)]
    pub offline_log_dirs: Vec<Uuid>,
    #[kafka(versions = "2..", tag = 1, default = None)]
    pub cordoned_log_dirs: Option<Vec<Uuid>>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=2", flexible = "0..")]
pub struct BrokerHeartbeatResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub is_caught_up: bool,
    #[kafka(default = true)]
    pub is_fenced: bool,
    pub should_shut_down: bool,
    pub unknown_tagged_fields: TaggedFields,
}
