//! Records of committed offsets (kinds 0 and 1) and of classic groups (kind 2).

use crate::derive::Message;
use crate::{Bytes, Str, TaggedFields, Uuid};

/// A group's offset of a partition, as very old brokers keyed it.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0")]
pub struct LegacyOffsetCommitKey {
    pub group: Str,
    pub topic: Str,
    pub partition: i32,
}

/// An offset as very old brokers stored it.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0")]
pub struct LegacyOffsetCommitValue {
    pub offset: i64,
    pub metadata: Str,
    pub commit_timestamp: i64,
}

/// A group's offset of a partition.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0")]
pub struct OffsetCommitKey {
    pub group: Str,
    pub topic: Str,
    pub partition: i32,
}

/// A stored offset. Version 1 is for an explicit expiry, 3 otherwise; times are in milliseconds.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=4", flexible = "4..")]
pub struct OffsetCommitValue {
    pub offset: i64,
    #[kafka(versions = "3..", default = -1, ignorable)]
    pub leader_epoch: i32,
    pub metadata: Str,
    pub commit_timestamp: i64,
    #[kafka(versions = "1", default = -1, ignorable)]
    pub expire_timestamp: i64,
    #[kafka(versions = "4..", tag = 0, ignorable)]
    pub topic_id: Uuid,
    pub unknown_tagged_fields: TaggedFields,
}

/// A classic group.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0")]
pub struct GroupMetadataKey {
    pub group: Str,
}

/// A classic group's generation and members.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=4", flexible = "4..")]
pub struct GroupMetadataValue {
    pub protocol_type: Str,
    pub generation: i32,
    pub protocol: Option<Str>,
    pub leader: Option<Str>,
    #[kafka(versions = "2..", default = -1, ignorable)]
    pub current_state_timestamp: i64,
    pub members: Vec<MemberMetadata>,
    pub unknown_tagged_fields: TaggedFields,
}

/// A member of a classic group with its subscription and assignment, in the group's own format. Times are in milliseconds.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct MemberMetadata {
    pub member_id: Str,
    #[kafka(versions = "3..", default = None, ignorable)]
    pub group_instance_id: Option<Str>,
    pub client_id: Str,
    pub client_host: Str,
    #[kafka(versions = "1..", default = -1, ignorable)]
    pub rebalance_timeout: i32,
    pub session_timeout: i32,
    pub subscription: Bytes,
    pub assignment: Bytes,
    pub unknown_tagged_fields: TaggedFields,
}
