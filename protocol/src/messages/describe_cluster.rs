//! DescribeCluster (key 60, versions 0–2): describes the cluster's id, controller and brokers (KIP-700).
//!
//! * 1: brokers or controllers (KIP-919)
//! * 2: fenced brokers (KIP-1073)

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 60, response = DescribeClusterResponse, versions = "0..=2", flexible = "0..")]
pub struct DescribeClusterRequest {
    pub include_cluster_authorized_operations: bool,
    #[kafka(versions = "1..", default = 1)]
    pub endpoint_type: i8,
    #[kafka(versions = "2..")]
    pub include_fenced_brokers: bool,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=2", flexible = "0..")]
pub struct DescribeClusterResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[kafka(default = None)]
    pub error_message: Option<Str>,
    #[kafka(versions = "1..", default = 1)]
    pub endpoint_type: i8,
    pub cluster_id: Str,
    #[kafka(default = -1)]
    pub controller_id: i32,
    pub brokers: Vec<DescribeClusterBroker>,
    #[kafka(default = i32::MIN)]
    pub cluster_authorized_operations: i32,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeClusterResponse::brokers`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeClusterBroker {
    pub broker_id: i32,
    pub host: Str,
    pub port: i32,
    #[kafka(default = None)]
    pub rack: Option<Str>,
    #[kafka(versions = "2..")]
    pub is_fenced: bool,
    pub unknown_tagged_fields: TaggedFields,
}
