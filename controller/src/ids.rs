//! Numbers that must not be swapped: brokers, epochs, topics, directories, metadata offsets.
//!
//! Plain newtypes over what Kafka sends. They are public fields on purpose: a handler that reads a number from a
//! message says `BrokerId(request.broker_id)` and is done.

use ottla_protocol::Uuid;
use std::fmt;

/// A broker's `node.id`; -1 stands for "no broker" on the wire and is never a key of the image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrokerId(pub i32);

impl BrokerId {
    /// What the wire says where a partition has no leader.
    pub const NONE: BrokerId = BrokerId(-1);
}

/// A topic's id: never reused, also when a topic of the same name is created again (KIP-516).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(pub Uuid);

/// Bumped whenever a partition's leader changes or leadership is deliberately renewed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaderEpoch(pub i32);

/// Bumped with every change of a partition's record; what AlterPartition compares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionEpoch(pub i32);

/// The metadata offset of a broker incarnation's registration: it fences older incarnations (KIP-631).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrokerEpoch(pub i64);

/// How many metadata records were applied before this one: every record has one, as in Kafka's metadata log. It is not
/// the raft log's index, in which leaders' blank entries and membership changes also count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetadataOffset(pub i64);

impl MetadataOffset {
    /// The offset of an image to which nothing was applied yet.
    pub const NONE: MetadataOffset = MetadataOffset(-1);
}

/// Directory ids with a meaning of their own (KIP-858).
pub mod directory {
    use super::Uuid;

    /// A replica whose broker has not chosen a directory yet.
    pub const UNASSIGNED: Uuid = Uuid([0; 16]);
    /// A replica whose directory is known to be lost.
    pub const LOST: Uuid = reserved(1);
    /// A replica that was written before directories were recorded.
    pub const MIGRATING: Uuid = reserved(2);

    const fn reserved(last: u8) -> Uuid {
        let mut bytes = [0; 16];
        bytes[15] = last;
        Uuid(bytes)
    }

    /// The first hundred ids are reserved by KIP-858; no directory may carry one.
    pub fn is_reserved(id: Uuid) -> bool {
        id.0[..15].iter().all(|byte| *byte == 0) && id.0[15] < 100
    }
}

macro_rules! display_as_inner {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(to)
            }
        }
    )*};
}
display_as_inner!(
    BrokerId,
    TopicId,
    LeaderEpoch,
    PartitionEpoch,
    BrokerEpoch,
    MetadataOffset
);

impl Default for MetadataOffset {
    fn default() -> Self {
        MetadataOffset::NONE
    }
}
