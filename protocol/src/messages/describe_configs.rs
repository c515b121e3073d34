//! DescribeConfigs (key 32, versions 1–4): describes the configuration of topics, brokers, groups and more.
//!
//! * 1: sources and synonyms (KIP-226)
//! * 3: types and documentation (KIP-569)
//! * 4: flexible

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 32, response = DescribeConfigsResponse, versions = "1..=4", flexible = "4..")]
pub struct DescribeConfigsRequest {
    pub resources: Vec<DescribeConfigsResource>,
    pub include_synonyms: bool,
    #[kafka(versions = "3..")]
    pub include_documentation: bool,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeConfigsRequest::resources`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeConfigsResource {
    pub resource_type: i8,
    pub resource_name: Str,
    pub configuration_keys: Option<Vec<Str>>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "1..=4", flexible = "4..")]
pub struct DescribeConfigsResponse {
    pub throttle_time_ms: i32,
    pub results: Vec<DescribeConfigsResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeConfigsResponse::results`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeConfigsResult {
    pub error_code: ErrorCode,
    pub error_message: Option<Str>,
    pub resource_type: i8,
    pub resource_name: Str,
    pub configs: Vec<DescribeConfigsResourceResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeConfigsResult::configs`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeConfigsResourceResult {
    pub name: Str,
    pub value: Option<Str>,
    pub read_only: bool,
    #[kafka(default = -1)]
    pub config_source: i8,
    pub is_sensitive: bool,
    pub synonyms: Vec<DescribeConfigsSynonym>,
    #[kafka(versions = "3..", ignorable)]
    pub config_type: i8,
    #[kafka(versions = "3..", ignorable)]
    pub documentation: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeConfigsResourceResult::synonyms`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeConfigsSynonym {
    pub name: Str,
    pub value: Option<Str>,
    pub source: i8,
    pub unknown_tagged_fields: TaggedFields,
}
