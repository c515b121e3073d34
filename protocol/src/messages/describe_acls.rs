//! DescribeAcls (key 29, versions 1–3): lists access control entries.
//!
//! * 1: pattern types (KIP-290)
//! * 2: flexible
//! * 3: user resources

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 29, response = DescribeAclsResponse, versions = "1..=3", flexible = "2..")]
pub struct DescribeAclsRequest {
    pub resource_type_filter: i8,
    pub resource_name_filter: Option<Str>,
    #[kafka(default = 3)]
    pub pattern_type_filter: i8,
    pub principal_filter: Option<Str>,
    pub host_filter: Option<Str>,
    pub operation: i8,
    pub permission_type: i8,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "1..=3", flexible = "2..")]
pub struct DescribeAclsResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Str>,
    pub resources: Vec<DescribeAclsResource>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeAclsResponse::resources`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeAclsResource {
    pub resource_type: i8,
    pub resource_name: Str,
    #[kafka(default = 3)]
    pub pattern_type: i8,
    pub acls: Vec<AclDescription>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeAclsResource::acls`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AclDescription {
    pub principal: Str,
    pub host: Str,
    pub operation: i8,
    pub permission_type: i8,
    pub unknown_tagged_fields: TaggedFields,
}
