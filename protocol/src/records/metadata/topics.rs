//! Topics and partitions.

use crate::derive::Message;
use crate::{Str, TaggedFields, Uuid};

/// A topic was created.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct TopicRecord {
    pub name: Str,
    pub topic_id: Uuid,
    pub unknown_tagged_fields: TaggedFields,
}

/// A topic and its partitions were deleted.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct RemoveTopicRecord {
    pub topic_id: Uuid,
    pub unknown_tagged_fields: TaggedFields,
}

/// A partition as a whole: at its creation, and in snapshots.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=2", flexible = "0..")]
pub struct PartitionRecord {
    #[kafka(default = -1)]
    pub partition_id: i32,
    pub topic_id: Uuid,
    pub replicas: Vec<i32>,
    pub isr: Vec<i32>,
    pub removing_replicas: Vec<i32>,
    pub adding_replicas: Vec<i32>,
    #[kafka(default = -1)]
    pub leader: i32,
    #[kafka(tag = 0)]
    pub leader_recovery_state: i8,
    #[kafka(default = -1)]
    pub leader_epoch: i32,
    #[kafka(default = -1)]
    pub partition_epoch: i32,
    #[kafka(versions = "1..")]
    pub directories: Vec<Uuid>,
    #[kafka(versions = "2..", tag = 1, default = None)]
    pub eligible_leader_replicas: Option<Vec<i32>>,
    #[kafka(versions = "2..", tag = 2, default = None)]
    pub last_known_elr: Option<Vec<i32>>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What changed of a partition; what is not set stays. Leader -2 is no change, -1 is no leader.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=2", flexible = "0..")]
pub struct PartitionChangeRecord {
    #[kafka(default = -1)]
    pub partition_id: i32,
    pub topic_id: Uuid,
    #[kafka(tag = 0, default = None)]
    pub isr: Option<Vec<i32>>,
    #[kafka(tag = 1, default = -2)]
    pub leader: i32,
    #[kafka(tag = 2, default = None)]
    pub replicas: Option<Vec<i32>>,
    #[kafka(tag = 3, default = None)]
    pub removing_replicas: Option<Vec<i32>>,
    #[kafka(tag = 4, default = None)]
    pub adding_replicas: Option<Vec<i32>>,
    #[kafka(tag = 5, default = -1)]
    pub leader_recovery_state: i8,
    #[kafka(versions = "1..", tag = 8, default = None)]
    pub directories: Option<Vec<Uuid>>,
    #[kafka(versions = "2..", tag = 6, default = None)]
    pub eligible_leader_replicas: Option<Vec<i32>>,
    #[kafka(versions = "2..", tag = 7, default = None)]
    pub last_known_elr: Option<Vec<i32>>,
    pub unknown_tagged_fields: TaggedFields,
}

/// The eligible leader replicas of a topic, or with an empty name of all, were cleared (KIP-966).
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct ClearElrRecord {
    pub topic_name: Str,
    pub unknown_tagged_fields: TaggedFields,
}
