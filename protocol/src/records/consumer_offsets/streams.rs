//! Records of streams groups (KIP-1071): kinds 17 and 19 to 23.

use crate::derive::Message;
use crate::{Str, TaggedFields};

/// A streams group.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0")]
pub struct StreamsGroupMetadataKey {
    pub group_id: Str,
}

/// A streams group's epochs, and the settings of its last assignment.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct StreamsGroupMetadataValue {
    pub epoch: i32,
    pub metadata_hash: i64,
    #[kafka(tag = 0, default = -1)]
    pub validated_topology_epoch: i32,
    #[kafka(tag = 1)]
    pub last_assignment_configs: Option<Vec<LastAssignmentConfig>>,
    #[kafka(tag = 2, default = -1)]
    pub stored_description_topology_epoch: i32,
    #[kafka(tag = 3, default = -1)]
    pub failed_description_topology_epoch: i32,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`StreamsGroupMetadataValue::last_assignment_configs`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct LastAssignmentConfig {
    pub key: Str,
    pub value: Str,
    pub unknown_tagged_fields: TaggedFields,
}

/// A member of a streams group.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0")]
pub struct StreamsGroupMemberMetadataKey {
    pub group_id: Str,
    pub member_id: Str,
}

/// What a member of a streams group said of itself.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct StreamsGroupMemberMetadataValue {
    pub instance_id: Option<Str>,
    pub rack_id: Option<Str>,
    pub client_id: Str,
    pub client_host: Str,
    #[kafka(default = -1)]
    pub rebalance_timeout_ms: i32,
    pub topology_epoch: i32,
    pub process_id: Str,
    #[kafka(default = None)]
    pub user_endpoint: Option<Endpoint>,
    pub client_tags: Vec<KeyValue>,
    pub unknown_tagged_fields: TaggedFields,
}

/// The value of [`StreamsGroupMemberMetadataValue::user_endpoint`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Endpoint {
    pub host: Str,
    pub port: u16,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`StreamsGroupMemberMetadataValue::client_tags`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct KeyValue {
    pub key: Str,
    pub value: Str,
    pub unknown_tagged_fields: TaggedFields,
}

/// The assignment a streams group is moving to.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0")]
pub struct StreamsGroupTargetAssignmentMetadataKey {
    pub group_id: Str,
}

/// The epoch of that assignment.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct StreamsGroupTargetAssignmentMetadataValue {
    pub assignment_epoch: i32,
    #[kafka(tag = 0)]
    pub assignment_timestamp: i64,
    pub unknown_tagged_fields: TaggedFields,
}

/// A member's part of the assignment its streams group is moving to.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0")]
pub struct StreamsGroupTargetAssignmentMemberKey {
    pub group_id: Str,
    pub member_id: Str,
}

/// The tasks the member is to run.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct StreamsGroupTargetAssignmentMemberValue {
    pub active_tasks: Vec<StreamsGroupTargetAssignmentMemberTaskIds>,
    pub standby_tasks: Vec<StreamsGroupTargetAssignmentMemberTaskIds>,
    pub warmup_tasks: Vec<StreamsGroupTargetAssignmentMemberTaskIds>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`StreamsGroupTargetAssignmentMemberValue::active_tasks`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct StreamsGroupTargetAssignmentMemberTaskIds {
    pub subtopology_id: Str,
    pub partitions: Vec<i32>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What a member of a streams group runs now.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0")]
pub struct StreamsGroupCurrentMemberAssignmentKey {
    pub group_id: Str,
    pub member_id: Str,
}

/// The member's epochs, its state, its tasks and those it still has to give up.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct StreamsGroupCurrentMemberAssignmentValue {
    pub member_epoch: i32,
    pub previous_member_epoch: i32,
    pub state: i8,
    pub active_tasks: Vec<StreamsGroupCurrentMemberAssignmentTaskIds>,
    pub standby_tasks: Vec<StreamsGroupCurrentMemberAssignmentTaskIds>,
    pub warmup_tasks: Vec<StreamsGroupCurrentMemberAssignmentTaskIds>,
    pub active_tasks_pending_revocation: Vec<StreamsGroupCurrentMemberAssignmentTaskIds>,
    pub standby_tasks_pending_revocation: Vec<StreamsGroupCurrentMemberAssignmentTaskIds>,
    pub warmup_tasks_pending_revocation: Vec<StreamsGroupCurrentMemberAssignmentTaskIds>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`StreamsGroupCurrentMemberAssignmentValue::active_tasks`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct StreamsGroupCurrentMemberAssignmentTaskIds {
    pub subtopology_id: Str,
    pub partitions: Vec<i32>,
    #[kafka(tag = 0)]
    pub assignment_epochs: Option<Vec<i32>>,
    pub unknown_tagged_fields: TaggedFields,
}

/// The topology of a streams group.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0")]
pub struct StreamsGroupTopologyKey {
    pub group_id: Str,
}

/// The subtopologies and the topics they read and write.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct StreamsGroupTopologyValue {
    pub epoch: i32,
    pub subtopologies: Vec<Subtopology>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`StreamsGroupTopologyValue::subtopologies`].
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
    pub topic_configs: Vec<TopicConfig>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`TopicInfo::topic_configs`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicConfig {
    pub key: Str,
    pub value: Str,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`Subtopology::copartition_groups`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CopartitionGroup {
    pub source_topics: Vec<i16>,
    pub source_topic_regex: Vec<i16>,
    pub repartition_source_topics: Vec<i16>,
    pub unknown_tagged_fields: TaggedFields,
}
