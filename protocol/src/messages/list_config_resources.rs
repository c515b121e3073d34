//! ListConfigResources (key 74, versions 0–1): lists resources that have a configuration. Version 0 knows only client metrics subscriptions (KIP-714).
//!
//! * 1: all types (KIP-1142)

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 74, response = ListConfigResourcesResponse, versions = "0..=1", flexible = "0..")]
pub struct ListConfigResourcesRequest {
    #[kafka(versions = "1..")]
    pub resource_types: Vec<i8>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=1", flexible = "0..")]
pub struct ListConfigResourcesResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub config_resources: Vec<ConfigResource>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ListConfigResourcesResponse::config_resources`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ConfigResource {
    pub resource_name: Str,
    #[kafka(versions = "1..", default = 16, ignorable)]
    pub resource_type: i8,
    pub unknown_tagged_fields: TaggedFields,
}
