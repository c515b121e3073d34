//! Records of consumer groups (KIP-848): kinds 3 to 8 and 16.

use crate::derive::Message;
use crate::{Bytes, Str, TaggedFields, Uuid};

/// A consumer group.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0")]
pub struct ConsumerGroupMetadataKey {
    pub group_id: Str,
}

/// A consumer group's epoch and the hash of the topics it subscribes to.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct ConsumerGroupMetadataValue {
    pub epoch: i32,
    #[kafka(tag = 0)]
    pub metadata_hash: i64,
    pub unknown_tagged_fields: TaggedFields,
}

/// The topics of a consumer group, as brokers before 4.1 stored them.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0")]
pub struct ConsumerGroupPartitionMetadataKey {
    pub group_id: Str,
}

/// The topics a consumer group subscribes to. Replaced by the hash in the group's metadata; only deleted nowadays.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct ConsumerGroupPartitionMetadataValue {
    pub topics: Vec<TopicMetadata>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ConsumerGroupPartitionMetadataValue::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicMetadata {
    pub topic_id: Uuid,
    pub topic_name: Str,
    pub num_partitions: i32,
    pub partition_metadata: Vec<PartitionMetadata>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`TopicMetadata::partition_metadata`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionMetadata {
    pub partition: i32,
    pub racks: Vec<Str>,
    pub unknown_tagged_fields: TaggedFields,
}

/// A member of a consumer group.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0")]
pub struct ConsumerGroupMemberMetadataKey {
    pub group_id: Str,
    pub member_id: Str,
}

/// What a member of a consumer group said of itself.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct ConsumerGroupMemberMetadataValue {
    pub instance_id: Option<Str>,
    pub rack_id: Option<Str>,
    pub client_id: Str,
    pub client_host: Str,
    pub subscribed_topic_names: Vec<Str>,
    pub subscribed_topic_regex: Option<Str>,
    #[kafka(default = -1)]
    pub rebalance_timeout_ms: i32,
    pub server_assignor: Option<Str>,
    #[kafka(tag = 0)]
    pub classic_member_metadata: Option<ClassicMemberMetadata>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What a member that speaks the classic protocol adds.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ClassicMemberMetadata {
    pub session_timeout_ms: i32,
    pub supported_protocols: Vec<ClassicProtocol>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ClassicMemberMetadata::supported_protocols`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ClassicProtocol {
    pub name: Str,
    pub metadata: Bytes,
    pub unknown_tagged_fields: TaggedFields,
}

/// The assignment a consumer group is moving to.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0")]
pub struct ConsumerGroupTargetAssignmentMetadataKey {
    pub group_id: Str,
}

/// The epoch of that assignment; a tombstone forgets it.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct ConsumerGroupTargetAssignmentMetadataValue {
    pub assignment_epoch: i32,
    #[kafka(tag = 0)]
    pub assignment_timestamp: i64,
    pub unknown_tagged_fields: TaggedFields,
}

/// A member's part of the assignment its consumer group is moving to.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0")]
pub struct ConsumerGroupTargetAssignmentMemberKey {
    pub group_id: Str,
    pub member_id: Str,
}

/// The partitions the member is to own.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct ConsumerGroupTargetAssignmentMemberValue {
    pub topic_partitions: Vec<TopicPartition>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ConsumerGroupTargetAssignmentMemberValue::topic_partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicPartition {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What a member of a consumer group owns now.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0")]
pub struct ConsumerGroupCurrentMemberAssignmentKey {
    pub group_id: Str,
    pub member_id: Str,
}

/// The member's epochs, its state, what it owns and what it still has to give up.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct ConsumerGroupCurrentMemberAssignmentValue {
    pub member_epoch: i32,
    pub previous_member_epoch: i32,
    pub state: i8,
    pub assigned_partitions: Vec<TopicPartitions>,
    pub partitions_pending_revocation: Vec<TopicPartitions>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ConsumerGroupCurrentMemberAssignmentValue::assigned_partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicPartitions {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
    #[kafka(tag = 0)]
    pub assignment_epochs: Option<Vec<i32>>,
    pub unknown_tagged_fields: TaggedFields,
}

/// A regular expression some member of a consumer group subscribes with.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0")]
pub struct ConsumerGroupRegularExpressionKey {
    pub group_id: Str,
    pub regular_expression: Str,
}

/// The topics it matched, and at which metadata offset and time.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct ConsumerGroupRegularExpressionValue {
    pub topics: Vec<Str>,
    pub version: i64,
    pub timestamp: i64,
    pub unknown_tagged_fields: TaggedFields,
}
