//! CreateTopics (key 19, versions 2–7): creates topics.
//!
//! * 4: -1 takes the cluster's default partitions and replicas (KIP-464)
//! * 5: flexible; the topic's configuration in the answer (KIP-525)
//! * 6: may be refused by quota (KIP-599)
//! * 7: topic ids (KIP-516)

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields, Uuid};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 19, response = CreateTopicsResponse, versions = "2..=7", flexible = "5..")]
pub struct CreateTopicsRequest {
    pub topics: Vec<CreatableTopic>,
    #[kafka(default = 60000)]
    pub timeout_ms: i32,
    pub validate_only: bool,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`CreateTopicsRequest::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatableTopic {
    pub name: Str,
    pub num_partitions: i32,
    pub replication_factor: i16,
    pub assignments: Vec<CreatableReplicaAssignment>,
    pub configs: Vec<CreatableTopicConfig>,
    pub unknown_tagged_fields: TaggedFields,
}

/// The brokers that are to hold a partition, preferred leader first.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatableReplicaAssignment {
    pub partition_index: i32,
    pub broker_ids: Vec<i32>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`CreatableTopic::configs`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatableTopicConfig {
    pub name: Str,
    pub value: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "2..=7", flexible = "5..")]
pub struct CreateTopicsResponse {
    pub throttle_time_ms: i32,
    pub topics: Vec<CreatableTopicResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`CreateTopicsResponse::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatableTopicResult {
    pub name: Str,
    #[kafka(versions = "7..", ignorable)]
    pub topic_id: Uuid,
    pub error_code: ErrorCode,
    pub error_message: Option<Str>,
    #[kafka(versions = "5..", tag = 0, ignorable)]
    pub topic_config_error_code: ErrorCode,
    #[kafka(versions = "5..", default = -1, ignorable)]
    pub num_partitions: i32,
    #[kafka(versions = "5..", default = -1, ignorable)]
    pub replication_factor: i16,
    #[kafka(versions = "5..", ignorable)]
    pub configs: Option<Vec<CreatableTopicConfigs>>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`CreatableTopicResult::configs`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatableTopicConfigs {
    pub name: Str,
    pub value: Option<Str>,
    pub read_only: bool,
    #[kafka(default = -1, ignorable)]
    pub config_source: i8,
    pub is_sensitive: bool,
    pub unknown_tagged_fields: TaggedFields,
}
