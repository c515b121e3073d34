//! DeleteGroups (key 42, versions 0–3): deletes empty groups.
//!
//! * 2: flexible
//! * 3: error messages

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 42, response = DeleteGroupsResponse, versions = "0..=3", flexible = "2..")]
pub struct DeleteGroupsRequest {
    pub groups_names: Vec<Str>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=3", flexible = "2..")]
pub struct DeleteGroupsResponse {
    pub throttle_time_ms: i32,
    pub results: Vec<DeletableGroupResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DeleteGroupsResponse::results`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DeletableGroupResult {
    pub group_id: Str,
    pub error_code: ErrorCode,
    #[kafka(versions = "3..", default = None, ignorable)]
    pub error_message: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}
