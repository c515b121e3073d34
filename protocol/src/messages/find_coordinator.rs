//! FindCoordinator (key 10, versions 0–6): names the broker that coordinates a group, a transactional id or a share partition.
//!
//! * 1: transactional ids
//! * 3: flexible
//! * 4: several keys at once (KIP-699)
//! * 5: may be refused as abortable (KIP-890)
//! * 6: share partitions, `group:topicId:partition` (KIP-932)

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 10, response = FindCoordinatorResponse, versions = "0..=6", flexible = "3..")]
pub struct FindCoordinatorRequest {
    #[kafka(versions = "0..=3")]
    pub key: Str,
    #[kafka(versions = "1..")]
    pub key_type: i8,
    #[kafka(versions = "4..")]
    pub coordinator_keys: Vec<Str>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=6", flexible = "3..")]
pub struct FindCoordinatorResponse {
    #[kafka(versions = "1..", ignorable)]
    pub throttle_time_ms: i32,
    #[kafka(versions = "0..=3")]
    pub error_code: ErrorCode,
    #[kafka(versions = "1..=3", ignorable)]
    pub error_message: Option<Str>,
    #[kafka(versions = "0..=3")]
    pub node_id: i32,
    #[kafka(versions = "0..=3")]
    pub host: Str,
    #[kafka(versions = "0..=3")]
    pub port: i32,
    #[kafka(versions = "4..")]
    pub coordinators: Vec<Coordinator>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`FindCoordinatorResponse::coordinators`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Coordinator {
    pub key: Str,
    pub node_id: i32,
    pub host: Str,
    pub port: i32,
    pub error_code: ErrorCode,
    #[kafka(ignorable)]
    pub error_message: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}
