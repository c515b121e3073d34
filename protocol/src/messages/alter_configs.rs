//! AlterConfigs (key 33, versions 0–2): replaces the whole configuration of a resource.
//!
//! * 2: flexible

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 33, response = AlterConfigsResponse, versions = "0..=2", flexible = "2..")]
pub struct AlterConfigsRequest {
    pub resources: Vec<AlterConfigsResource>,
    pub validate_only: bool,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`AlterConfigsRequest::resources`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AlterConfigsResource {
    pub resource_type: i8,
    pub resource_name: Str,
    pub configs: Vec<AlterableConfig>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`AlterConfigsResource::configs`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AlterableConfig {
    pub name: Str,
    pub value: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=2", flexible = "2..")]
pub struct AlterConfigsResponse {
    pub throttle_time_ms: i32,
    pub responses: Vec<AlterConfigsResourceResponse>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`AlterConfigsResponse::responses`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AlterConfigsResourceResponse {
    pub error_code: ErrorCode,
    pub error_message: Option<Str>,
    pub resource_type: i8,
    pub resource_name: Str,
    pub unknown_tagged_fields: TaggedFields,
}
