//! ConsumerGroupHeartbeat (key 68, versions 0–1): everything a member of a consumer group does (KIP-848): join (epoch 0), stay, leave (-1; static -2).
//!
//! * 1: subscription by regular expression; the member id is the client's

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields, Uuid};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 68, response = ConsumerGroupHeartbeatResponse, versions = "0..=1", flexible = "0..")]
pub struct ConsumerGroupHeartbeatRequest {
    pub group_id: Str,
    pub member_id: Str,
    pub member_epoch: i32,
    #[kafka(default = None)]
    pub instance_id: Option<Str>,
    #[kafka(default = None)]
    pub rack_id: Option<Str>,
    #[kafka(default = -1)]
    pub rebalance_timeout_ms: i32,
    #[kafka(default = None)]
    pub subscribed_topic_names: Option<Vec<Str>>,
    #[kafka(versions = "1..", default = None)]
    pub subscribed_topic_regex: Option<Str>,
    #[kafka(default = None)]
    pub server_assignor: Option<Str>,
    #[kafka(default = None)]
    pub topic_partitions: Option<Vec<TopicPartitions>>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ConsumerGroupHeartbeatRequest::topic_partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicPartitions {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=1", flexible = "0..")]
pub struct ConsumerGroupHeartbeatResponse {
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

/// The value of [`ConsumerGroupHeartbeatResponse::assignment`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Assignment {
    pub topic_partitions: Vec<TopicPartitions>,
    pub unknown_tagged_fields: TaggedFields,
}
