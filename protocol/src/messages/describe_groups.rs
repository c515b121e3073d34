//! DescribeGroups (key 15, versions 0–6): describes classic groups.
//!
//! * 3: authorised operations (KIP-430)
//! * 4: static members (KIP-345)
//! * 5: flexible
//! * 6: an unknown group is an error with a message, not a dead group (KIP-1043)

use crate::derive::Message;
use crate::{Bytes, ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 15, response = DescribeGroupsResponse, versions = "0..=6", flexible = "5..")]
pub struct DescribeGroupsRequest {
    pub groups: Vec<Str>,
    #[kafka(versions = "3..")]
    pub include_authorized_operations: bool,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=6", flexible = "5..")]
pub struct DescribeGroupsResponse {
    #[kafka(versions = "1..", ignorable)]
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeGroupsResponse::groups`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribedGroup {
    pub error_code: ErrorCode,
    #[kafka(versions = "6..", default = None)]
    pub error_message: Option<Str>,
    pub group_id: Str,
    pub group_state: Str,
    pub protocol_type: Str,
    pub protocol_data: Str,
    pub members: Vec<DescribedGroupMember>,
    #[kafka(versions = "3..", default = i32::MIN)]
    pub authorized_operations: i32,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribedGroup::members`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribedGroupMember {
    pub member_id: Str,
    #[kafka(versions = "4..", default = None, ignorable)]
    pub group_instance_id: Option<Str>,
    pub client_id: Str,
    pub client_host: Str,
    pub member_metadata: Bytes,
    pub member_assignment: Bytes,
    pub unknown_tagged_fields: TaggedFields,
}
