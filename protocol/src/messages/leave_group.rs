//! LeaveGroup (key 13, versions 0–5): removes members from a classic group.
//!
//! * 3: several members at once (KIP-345)
//! * 4: flexible
//! * 5: the reason for leaving (KIP-800)

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 13, response = LeaveGroupResponse, versions = "0..=5", flexible = "4..")]
pub struct LeaveGroupRequest {
    pub group_id: Str,
    #[kafka(versions = "0..=2")]
    pub member_id: Str,
    #[kafka(versions = "3..")]
    pub members: Vec<MemberIdentity>,
    pub unknown_tagged_fields: TaggedFields,
}

/// A member to be removed, by member id or, for a static one, by instance id.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct MemberIdentity {
    pub member_id: Str,
    #[kafka(default = None)]
    pub group_instance_id: Option<Str>,
    #[kafka(versions = "5..", default = None, ignorable)]
    pub reason: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=5", flexible = "4..")]
pub struct LeaveGroupResponse {
    #[kafka(versions = "1..", ignorable)]
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[kafka(versions = "3..")]
    pub members: Vec<MemberResponse>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`LeaveGroupResponse::members`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct MemberResponse {
    pub member_id: Str,
    pub group_instance_id: Option<Str>,
    pub error_code: ErrorCode,
    pub unknown_tagged_fields: TaggedFields,
}
