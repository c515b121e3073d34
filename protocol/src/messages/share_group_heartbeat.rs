//! ShareGroupHeartbeat (key 76, version 1): everything a member of a share group does (KIP-932): join, stay, leave.

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields, Uuid};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 76, response = ShareGroupHeartbeatResponse, versions = "1", flexible = "0..")]
pub struct ShareGroupHeartbeatRequest {
    pub group_id: Str,
    pub member_id: Str,
    pub member_epoch: i32,
    #[kafka(default = None)]
    pub rack_id: Option<Str>,
    #[kafka(default = None)]
    pub subscribed_topic_names: Option<Vec<Str>>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "1", flexible = "0..")]
pub struct ShareGroupHeartbeatResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[kafka(default = None)]
    pub error_message: Option<Str>,
    #[kafka(default = None)]
    pub member_id: Option<Str>,
    pub member_epoch: i32,
    pub heartbeat_interval_ms: i32,
    #[kafka(default = None)]
    pub assignment: Option<Assignment>,
    pub unknown_tagged_fields: TaggedFields,
}

/// The value of [`ShareGroupHeartbeatResponse::assignment`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Assignment {
    pub topic_partitions: Vec<TopicPartitions>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`Assignment::topic_partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicPartitions {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
    pub unknown_tagged_fields: TaggedFields,
}
