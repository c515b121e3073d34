//! CreateAcls (key 30, versions 1–3): creates access control entries.
//!
//! * 1: pattern types (KIP-290)
//! * 2: flexible
//! * 3: user resources

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 30, response = CreateAclsResponse, versions = "1..=3", flexible = "2..")]
pub struct CreateAclsRequest {
    pub creations: Vec<AclCreation>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`CreateAclsRequest::creations`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AclCreation {
    pub resource_type: i8,
    pub resource_name: Str,
    #[kafka(default = 3)]
    pub resource_pattern_type: i8,
    pub principal: Str,
    pub host: Str,
    pub operation: i8,
    pub permission_type: i8,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "1..=3", flexible = "2..")]
pub struct CreateAclsResponse {
    pub throttle_time_ms: i32,
    pub results: Vec<AclCreationResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`CreateAclsResponse::results`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AclCreationResult {
    pub error_code: ErrorCode,
    pub error_message: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}
