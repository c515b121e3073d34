//! DeleteTopics (key 20, versions 1–6): deletes topics.
//!
//! * 4: flexible
//! * 5: error messages; may be refused by quota (KIP-599)
//! * 6: topics by id (KIP-516)

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields, Uuid};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 20, response = DeleteTopicsResponse, versions = "1..=6", flexible = "4..")]
pub struct DeleteTopicsRequest {
    #[kafka(versions = "6..")]
    pub topics: Vec<DeleteTopicState>,
    #[kafka(versions = "1..=5", ignorable)]
    pub topic_names: Vec<Str>,
    pub timeout_ms: i32,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DeleteTopicsRequest::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DeleteTopicState {
    #[kafka(default = None)]
    pub name: Option<Str>,
    pub topic_id: Uuid,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "1..=6", flexible = "4..")]
pub struct DeleteTopicsResponse {
    pub throttle_time_ms: i32,
    pub responses: Vec<DeletableTopicResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DeleteTopicsResponse::responses`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DeletableTopicResult {
    #[kafka(nullable = "6..")]
    pub name: Option<Str>,
    #[kafka(versions = "6..", ignorable)]
    pub topic_id: Uuid,
    pub error_code: ErrorCode,
    #[kafka(versions = "5..", default = None, ignorable)]
    pub error_message: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}
