//! SyncGroup (key 14, versions 0–5): hands the leader's assignment in and each member's own out.
//!
//! * 3: static members (KIP-345)
//! * 4: flexible
//! * 5: protocol type and name (KIP-559)

use crate::derive::Message;
use crate::{Bytes, ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 14, response = SyncGroupResponse, versions = "0..=5", flexible = "4..")]
pub struct SyncGroupRequest {
    pub group_id: Str,
    pub generation_id: i32,
    pub member_id: Str,
    #[kafka(versions = "3..", default = None)]
    pub group_instance_id: Option<Str>,
    #[kafka(versions = "5..", default = None, ignorable)]
    pub protocol_type: Option<Str>,
    #[kafka(versions = "5..", default = None, ignorable)]
    pub protocol_name: Option<Str>,
    pub assignments: Vec<SyncGroupRequestAssignment>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`SyncGroupRequest::assignments`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct SyncGroupRequestAssignment {
    pub member_id: Str,
    pub assignment: Bytes,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=5", flexible = "4..")]
pub struct SyncGroupResponse {
    #[kafka(versions = "1..", ignorable)]
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[kafka(versions = "5..", default = None, ignorable)]
    pub protocol_type: Option<Str>,
    #[kafka(versions = "5..", default = None, ignorable)]
    pub protocol_name: Option<Str>,
    pub assignment: Bytes,
    pub unknown_tagged_fields: TaggedFields,
}
