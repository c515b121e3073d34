//! StreamsGroupHeartbeat (key 88, versions 0–1): everything a member of a streams group does (KIP-1071): topology in, tasks out.
//!
//! * 1: the topology can be described to the broker (KIP-1331); a wider lag field

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 88, response = StreamsGroupHeartbeatResponse, versions = "0..=1", flexible = "0..")]
pub struct StreamsGroupHeartbeatRequest {
    pub group_id: Str,
    pub member_id: Str,
    pub member_epoch: i32,
    pub endpoint_information_epoch: i32,
    #[kafka(default = None)]
    pub instance_id: Option<Str>,
    #[kafka(default = None)]
    pub rack_id: Option<Str>,
    #[kafka(default = -1)]
    pub rebalance_timeout_ms: i32,
    #[kafka(default = None)]
    pub topology: Option<Topology>,
    #[kafka(default = None)]
    pub active_tasks: Option<Vec<TaskIds>>,
    #[kafka(default = None)]
    pub standby_tasks: Option<Vec<TaskIds>>,
    #[kafka(default = None)]
    pub warmup_tasks: Option<Vec<TaskIds>>,
    #[kafka(default = None)]
    pub process_id: Option<Str>,
    #[kafka(default = None)]
    pub user_endpoint: Option<Endpoint>,
    #[kafka(default = None)]
    pub client_tags: Option<Vec<KeyValue>>,
    #[kafka(default = None)]
    pub task_offsets: Option<Vec<TaskOffset>>,
    #[kafka(default = None)]
    pub task_end_offsets: Option<Vec<TaskOffset>>,
    pub shutdown_application: bool,
    pub unknown_tagged_fields: TaggedFields,
}

/// The topology that a streams group runs.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Topology {
    pub epoch: i32,
    pub subtopologies: Vec<Subtopology>,
    pub unknown_tagged_fields: TaggedFields,
}

/// A part of a streams topology that is assigned as one.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Subtopology {
    pub subtopology_id: Str,
    pub source_topics: Vec<Str>,
    pub source_topic_regex: Vec<Str>,
    pub state_changelog_topics: Vec<TopicInfo>,
    pub repartition_sink_topics: Vec<Str>,
    pub repartition_source_topics: Vec<TopicInfo>,
    pub copartition_groups: Vec<CopartitionGroup>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`Subtopology::state_changelog_topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicInfo {
    pub name: Str,
    pub partitions: i32,
    pub replication_factor: i16,
    pub topic_configs: Vec<KeyValue>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`TopicInfo::topic_configs`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct KeyValue {
    pub key: Str,
    pub value: Str,
    pub unknown_tagged_fields: TaggedFields,
}

/// Topics that must have equal partition counts, as indexes into the lists of the subtopology.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CopartitionGroup {
    pub source_topics: Vec<i16>,
    pub source_topic_regex: Vec<i16>,
    pub repartition_source_topics: Vec<i16>,
    pub unknown_tagged_fields: TaggedFields,
}

/// Tasks of a subtopology, by partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TaskIds {
    pub subtopology_id: Str,
    pub partitions: Vec<i32>,
    pub unknown_tagged_fields: TaggedFields,
}

/// The value of [`StreamsGroupHeartbeatRequest::user_endpoint`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Endpoint {
    pub host: Str,
    pub port: u16,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`StreamsGroupHeartbeatRequest::task_offsets`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TaskOffset {
    pub subtopology_id: Str,
    pub partition: i32,
    pub offset: i64,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=1", flexible = "0..")]
pub struct StreamsGroupHeartbeatResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[kafka(default = None)]
    pub error_message: Option<Str>,
    pub member_id: Str,
    pub member_epoch: i32,
    pub heartbeat_interval_ms: i32,
    #[kafka(versions = "0")]
    pub acceptable_recovery_lag_legacy: i32,
    pub task_offset_interval_ms: i32,
    #[kafka(versions = "1..", default = -1, ignorable)]
    pub acceptable_recovery_lag: i64,
    pub status: Option<Vec<Status>>,
    #[kafka(default = None)]
    pub active_tasks: Option<Vec<TaskIds>>,
    #[kafka(default = None)]
    pub standby_tasks: Option<Vec<TaskIds>>,
    #[kafka(default = None)]
    pub warmup_tasks: Option<Vec<TaskIds>>,
    #[kafka(versions = "1..")]
    pub topology_description_required: bool,
    pub endpoint_information_epoch: i32,
    #[kafka(default = None)]
    pub partitions_by_user_endpoint: Option<Vec<EndpointToPartitions>>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`StreamsGroupHeartbeatResponse::status`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Status {
    pub status_code: i8,
    pub status_detail: Str,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`StreamsGroupHeartbeatResponse::partitions_by_user_endpoint`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct EndpointToPartitions {
    pub user_endpoint: Endpoint,
    pub active_partitions: Vec<TopicPartition>,
    pub standby_partitions: Vec<TopicPartition>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`EndpointToPartitions::active_partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicPartition {
    pub topic: Str,
    pub partitions: Vec<i32>,
    pub unknown_tagged_fields: TaggedFields,
}
