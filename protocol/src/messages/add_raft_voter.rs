//! AddRaftVoter (key 80, versions 0–1): adds a controller to the voters (KIP-853).
//!
//! * 1: may be answered before the change is committed

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields, Uuid};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 80, response = AddRaftVoterResponse, versions = "0..=1", flexible = "0..")]
pub struct AddRaftVoterRequest {
    pub cluster_id: Option<Str>,
    pub timeout_ms: i32,
    pub voter_id: i32,
    pub voter_directory_id: Uuid,
    pub listeners: Vec<Listener>,
    #[kafka(versions = "1..", default = true)]
    pub ack_when_committed: bool,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`AddRaftVoterRequest::listeners`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Listener {
    pub name: Str,
    pub host: Str,
    pub port: u16,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=1", flexible = "0..")]
pub struct AddRaftVoterResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}
