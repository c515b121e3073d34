//! ListGroups (key 16, versions 0–5): lists the groups this broker coordinates.
//!
//! * 3: flexible
//! * 4: filter by state (KIP-518)
//! * 5: filter by type (KIP-848)

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 16, response = ListGroupsResponse, versions = "0..=5", flexible = "3..")]
pub struct ListGroupsRequest {
    #[kafka(versions = "4..")]
    pub states_filter: Vec<Str>,
    #[kafka(versions = "5..")]
    pub types_filter: Vec<Str>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=5", flexible = "3..")]
pub struct ListGroupsResponse {
    #[kafka(versions = "1..", ignorable)]
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub groups: Vec<ListedGroup>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ListGroupsResponse::groups`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ListedGroup {
    pub group_id: Str,
    pub protocol_type: Str,
    #[kafka(versions = "4..", ignorable)]
    pub group_state: Str,
    #[kafka(versions = "5..", ignorable)]
    pub group_type: Str,
    pub unknown_tagged_fields: TaggedFields,
}
