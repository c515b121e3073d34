//! Records of share groups (KIP-932): kinds 10 to 15.

use crate::derive::Message;
use crate::{Str, TaggedFields, Uuid};

/// A member of a share group.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0")]
pub struct ShareGroupMemberMetadataKey {
    pub group_id: Str,
    pub member_id: Str,
}

/// What a member of a share group said of itself.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct ShareGroupMemberMetadataValue {
    pub rack_id: Option<Str>,
    pub client_id: Str,
    pub client_host: Str,
    pub subscribed_topic_names: Vec<Str>,
    pub unknown_tagged_fields: TaggedFields,
}

/// A share group.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0")]
pub struct ShareGroupMetadataKey {
    pub group_id: Str,
}

/// A share group's epoch and the hash of the topics it subscribes to.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct ShareGroupMetadataValue {
    pub epoch: i32,
    pub metadata_hash: i64,
    pub unknown_tagged_fields: TaggedFields,
}

/// The assignment a share group is moving to.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0")]
pub struct ShareGroupTargetAssignmentMetadataKey {
    pub group_id: Str,
}

/// The epoch of that assignment.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct ShareGroupTargetAssignmentMetadataValue {
    pub assignment_epoch: i32,
    #[kafka(tag = 0)]
    pub assignment_timestamp: i64,
    pub unknown_tagged_fields: TaggedFields,
}

/// A member's part of the assignment its share group is moving to.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0")]
pub struct ShareGroupTargetAssignmentMemberKey {
    pub group_id: Str,
    pub member_id: Str,
}

/// The partitions the member is to read.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct ShareGroupTargetAssignmentMemberValue {
    pub topic_partitions: Vec<TopicPartition>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ShareGroupTargetAssignmentMemberValue::topic_partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicPartition {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What a member of a share group reads now.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0")]
pub struct ShareGroupCurrentMemberAssignmentKey {
    pub group_id: Str,
    pub member_id: Str,
}

/// The member's epochs, its state and its partitions.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct ShareGroupCurrentMemberAssignmentValue {
    pub member_epoch: i32,
    pub previous_member_epoch: i32,
    pub state: i8,
    pub assigned_partitions: Vec<TopicPartitions>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ShareGroupCurrentMemberAssignmentValue::assigned_partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicPartitions {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
    pub unknown_tagged_fields: TaggedFields,
}

/// The partitions that a share group has state for.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0")]
pub struct ShareGroupStatePartitionMetadataKey {
    pub group_id: Str,
}

/// Those partitions, by whether their state is being made, exists or is being deleted.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct ShareGroupStatePartitionMetadataValue {
    pub initializing_topics: Vec<TopicPartitionsInfo>,
    pub initialized_topics: Vec<TopicPartitionsInfo>,
    pub deleting_topics: Vec<TopicInfo>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ShareGroupStatePartitionMetadataValue::initializing_topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicPartitionsInfo {
    pub topic_id: Uuid,
    pub topic_name: Str,
    pub partitions: Vec<i32>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ShareGroupStatePartitionMetadataValue::deleting_topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicInfo {
    pub topic_id: Uuid,
    pub topic_name: Str,
    pub unknown_tagged_fields: TaggedFields,
}
