//! What consumers of a classic group say to each other through it (protocol type `consumer`): opaque to the broker on the wire,
//! read by it for OffsetDelete, DescribeGroups and the move to a consumer group. Each is prefixed with its version, an i16
//! (`ConsumerProtocol`): see [`super::prefixed`].

use crate::derive::Message;
use crate::{Bytes, Str};

/// What a member of a classic consumer group subscribes to. 1: what it owns; 2: the generation it owns it from; 3: its rack.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=3")]
pub struct ConsumerProtocolSubscription {
    pub topics: Vec<Str>,
    #[kafka(default = None)]
    pub user_data: Option<Bytes>,
    #[kafka(versions = "1..", ignorable)]
    pub owned_partitions: Vec<TopicPartition>,
    #[kafka(versions = "2..", default = -1, ignorable)]
    pub generation_id: i32,
    #[kafka(versions = "3..", default = None, ignorable)]
    pub rack_id: Option<Str>,
}

/// An element of [`ConsumerProtocolSubscription::owned_partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicPartition {
    pub topic: Str,
    pub partitions: Vec<i32>,
}

/// What a member of a classic consumer group is assigned.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=3")]
pub struct ConsumerProtocolAssignment {
    pub assigned_partitions: Vec<TopicPartition>,
    #[kafka(default = None)]
    pub user_data: Option<Bytes>,
}
