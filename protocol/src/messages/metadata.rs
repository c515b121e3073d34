//! Metadata (key 3, versions 0–13): describes the brokers, the controller, and topics with their leaders, replicas and ISR.
//!
//! * 1: null asks for all topics
//! * 4: whether to create missing topics
//! * 5: offline replicas
//! * 7: leader epochs
//! * 8: authorised operations (KIP-430)
//! * 9: flexible
//! * 10: topic ids (KIP-516)
//! * 11: cluster operations move to DescribeCluster (KIP-700)
//! * 12: topics by id
//! * 13: may ask the client to bootstrap again (KIP-1102)

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields, Uuid};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 3, response = MetadataResponse, versions = "0..=13", flexible = "9..")]
pub struct MetadataRequest {
    #[kafka(nullable = "1..")]
    pub topics: Option<Vec<MetadataRequestTopic>>,
    #[kafka(versions = "4..", default = true)]
    pub allow_auto_topic_creation: bool,
    #[kafka(versions = "8..=10")]
    pub include_cluster_authorized_operations: bool,
    #[kafka(versions = "8..")]
    pub include_topic_authorized_operations: bool,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`MetadataRequest::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct MetadataRequestTopic {
    #[kafka(versions = "10..", ignorable)]
    pub topic_id: Uuid,
    #[kafka(nullable = "10..")]
    pub name: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=13", flexible = "9..")]
pub struct MetadataResponse {
    #[kafka(versions = "3..", ignorable)]
    pub throttle_time_ms: i32,
    pub brokers: Vec<MetadataResponseBroker>,
    #[kafka(versions = "2..", default = None, ignorable)]
    pub cluster_id: Option<Str>,
    #[kafka(versions = "1..", default = -1, ignorable)]
    pub controller_id: i32,
    pub topics: Vec<MetadataResponseTopic>,
    #[kafka(versions = "8..=10", default = i32::MIN)]
    pub cluster_authorized_operations: i32,
    #[kafka(versions = "13..", ignorable)]
    pub error_code: ErrorCode,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`MetadataResponse::brokers`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct MetadataResponseBroker {
    pub node_id: i32,
    pub host: Str,
    pub port: i32,
    #[kafka(versions = "1..", default = None, ignorable)]
    pub rack: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`MetadataResponse::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct MetadataResponseTopic {
    pub error_code: ErrorCode,
    #[kafka(nullable = "12..")]
    pub name: Option<Str>,
    #[kafka(versions = "10..", ignorable)]
    pub topic_id: Uuid,
    #[kafka(versions = "1..", ignorable)]
    pub is_internal: bool,
    pub partitions: Vec<MetadataResponsePartition>,
    #[kafka(versions = "8..", default = i32::MIN)]
    pub topic_authorized_operations: i32,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`MetadataResponseTopic::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct MetadataResponsePartition {
    pub error_code: ErrorCode,
    pub partition_index: i32,
    pub leader_id: i32,
    #[kafka(versions = "7..", default = -1, ignorable)]
    pub leader_epoch: i32,
    pub replica_nodes: Vec<i32>,
    pub isr_nodes: Vec<i32>,
    #[kafka(versions = "5..", ignorable)]
    pub offline_replicas: Vec<i32>,
    pub unknown_tagged_fields: TaggedFields,
}
