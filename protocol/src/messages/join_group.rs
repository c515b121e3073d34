//! JoinGroup (key 11, versions 0–9): joins a classic group; the answer comes when its rebalance does.
//!
//! * 4: the member id is given in a first round (KIP-394)
//! * 5: static members (KIP-345)
//! * 6: flexible
//! * 7: protocol type in the answer (KIP-559)
//! * 8: the reason for joining (KIP-800)
//! * 9: a returning static leader may skip assigning (KIP-814)

use crate::derive::Message;
use crate::{Bytes, ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 11, response = JoinGroupResponse, versions = "0..=9", flexible = "6..")]
pub struct JoinGroupRequest {
    pub group_id: Str,
    pub session_timeout_ms: i32,
    #[kafka(versions = "1..", default = -1, ignorable)]
    pub rebalance_timeout_ms: i32,
    pub member_id: Str,
    #[kafka(versions = "5..", default = None)]
    pub group_instance_id: Option<Str>,
    pub protocol_type: Str,
    pub protocols: Vec<JoinGroupRequestProtocol>,
    #[kafka(versions = "8..", default = None, ignorable)]
    pub reason: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`JoinGroupRequest::protocols`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct JoinGroupRequestProtocol {
    pub name: Str,
    pub metadata: Bytes,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=9", flexible = "6..")]
pub struct JoinGroupResponse {
    #[kafka(versions = "2..", ignorable)]
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[kafka(default = -1)]
    pub generation_id: i32,
    #[kafka(versions = "7..", default = None, ignorable)]
    pub protocol_type: Option<Str>,
    #[kafka(nullable = "7..")]
    pub protocol_name: Option<Str>,
    pub leader: Str,
    #[kafka(versions = "9..")]
    pub skip_assignment: bool,
    pub member_id: Str,
    pub members: Vec<JoinGroupResponseMember>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`JoinGroupResponse::members`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct JoinGroupResponseMember {
    pub member_id: Str,
    #[kafka(versions = "5..", default = None, ignorable)]
    pub group_instance_id: Option<Str>,
    pub metadata: Bytes,
    pub unknown_tagged_fields: TaggedFields,
}
