//! CreatePartitions (key 37, versions 0–3): raises a topic's number of partitions.
//!
//! * 2: flexible
//! * 3: may be refused by quota (KIP-599)

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 37, response = CreatePartitionsResponse, versions = "0..=3", flexible = "2..")]
pub struct CreatePartitionsRequest {
    pub topics: Vec<CreatePartitionsTopic>,
    pub timeout_ms: i32,
    pub validate_only: bool,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`CreatePartitionsRequest::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatePartitionsTopic {
    pub name: Str,
    pub count: i32,
    pub assignments: Option<Vec<CreatePartitionsAssignment>>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`CreatePartitionsTopic::assignments`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatePartitionsAssignment {
    pub broker_ids: Vec<i32>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=3", flexible = "2..")]
pub struct CreatePartitionsResponse {
    pub throttle_time_ms: i32,
    pub results: Vec<CreatePartitionsTopicResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`CreatePartitionsResponse::results`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatePartitionsTopicResult {
    pub name: Str,
    pub error_code: ErrorCode,
    #[kafka(default = None)]
    pub error_message: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}
