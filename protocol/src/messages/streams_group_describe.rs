//! StreamsGroupDescribe (key 89, versions 0–1): describes streams groups (KIP-1071).
//!
//! * 1: the topology's description (KIP-1331) and the assignor

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 89, response = StreamsGroupDescribeResponse, versions = "0..=1", flexible = "0..")]
pub struct StreamsGroupDescribeRequest {
    pub group_ids: Vec<Str>,
    pub include_authorized_operations: bool,
    #[kafka(versions = "1..")]
    pub include_topology_description: bool,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=1", flexible = "0..")]
pub struct StreamsGroupDescribeResponse {
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`StreamsGroupDescribeResponse::groups`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribedGroup {
    pub error_code: ErrorCode,
    #[kafka(default = None)]
    pub error_message: Option<Str>,
    pub group_id: Str,
    pub group_state: Str,
    pub group_epoch: i32,
    pub assignment_epoch: i32,
    #[kafka(default = None)]
    pub topology: Option<Topology>,
    pub members: Vec<Member>,
    #[kafka(default = i32::MIN)]
    pub authorized_operations: i32,
    #[kafka(versions = "1..", default = None)]
    pub topology_description: Option<TopologyDescription>,
    #[kafka(versions = "1..")]
    pub topology_description_status: i8,
    #[kafka(versions = "1..", default = None, ignorable)]
    pub assignor_name: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}

/// The topology that a streams group runs.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Topology {
    pub epoch: i32,
    #[kafka(default = None)]
    pub subtopologies: Option<Vec<Subtopology>>,
    pub unknown_tagged_fields: TaggedFields,
}

/// A part of a streams topology that is assigned as one.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Subtopology {
    pub subtopology_id: Str,
    pub source_topics: Vec<Str>,
    pub repartition_sink_topics: Vec<Str>,
    pub state_changelog_topics: Vec<TopicInfo>,
    pub repartition_source_topics: Vec<TopicInfo>,
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

/// An element of [`DescribedGroup::members`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Member {
    pub member_id: Str,
    pub member_epoch: i32,
    #[kafka(default = None)]
    pub instance_id: Option<Str>,
    #[kafka(default = None)]
    pub rack_id: Option<Str>,
    pub client_id: Str,
    pub client_host: Str,
    pub topology_epoch: i32,
    pub process_id: Str,
    #[kafka(default = None)]
    pub user_endpoint: Option<Endpoint>,
    pub client_tags: Vec<KeyValue>,
    pub task_offsets: Vec<TaskOffset>,
    pub task_end_offsets: Vec<TaskOffset>,
    pub assignment: Assignment,
    pub target_assignment: Assignment,
    pub is_classic: bool,
    pub unknown_tagged_fields: TaggedFields,
}

/// The value of [`Member::user_endpoint`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Endpoint {
    pub host: Str,
    pub port: u16,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`Member::task_offsets`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TaskOffset {
    pub subtopology_id: Str,
    pub partition: i32,
    pub offset: i64,
    pub unknown_tagged_fields: TaggedFields,
}

/// The value of [`Member::assignment`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Assignment {
    pub active_tasks: Vec<TaskIds>,
    pub standby_tasks: Vec<TaskIds>,
    pub warmup_tasks: Vec<TaskIds>,
    pub unknown_tagged_fields: TaggedFields,
}

/// Tasks of a subtopology, by partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TaskIds {
    pub subtopology_id: Str,
    pub partitions: Vec<i32>,
    pub unknown_tagged_fields: TaggedFields,
}

/// The value of [`DescribedGroup::topology_description`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopologyDescription {
    pub subtopologies: Vec<TopologyDescriptionSubtopology>,
    pub global_stores: Vec<TopologyDescriptionGlobalStore>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`TopologyDescription::subtopologies`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopologyDescriptionSubtopology {
    pub subtopology_id: Str,
    pub nodes: Vec<TopologyDescriptionNode>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`TopologyDescriptionSubtopology::nodes`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopologyDescriptionNode {
    pub name: Str,
    pub node_type: i8,
    pub source_topics: Vec<Str>,
    #[kafka(default = None)]
    pub sink_topic: Option<Str>,
    pub stores: Vec<Str>,
    pub successors: Vec<Str>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`TopologyDescription::global_stores`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopologyDescriptionGlobalStore {
    pub source: TopologyDescriptionNode,
    pub processor: TopologyDescriptionNode,
    pub unknown_tagged_fields: TaggedFields,
}
