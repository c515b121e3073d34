//! The records of `__share_group_state`: what share coordinators remember (KIP-932).

use crate::derive::Message;
use crate::{Str, TaggedFields, Uuid};

/// A share partition, whole state.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0")]
pub struct ShareSnapshotKey {
    pub group_id: Str,
    pub topic_id: Uuid,
    pub partition: i32,
}

/// The whole state of a share partition: replaces everything before it.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct ShareSnapshotValue {
    pub snapshot_epoch: i32,
    pub state_epoch: i32,
    pub leader_epoch: i32,
    pub start_offset: i64,
    #[kafka(tag = 0, default = -1)]
    pub delivery_complete_count: i32,
    pub create_timestamp: i64,
    pub write_timestamp: i64,
    pub state_batches: Vec<StateBatch>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ShareSnapshotValue::state_batches`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct StateBatch {
    pub first_offset: i64,
    pub last_offset: i64,
    pub delivery_state: i8,
    pub delivery_count: i16,
    pub unknown_tagged_fields: TaggedFields,
}

/// A share partition, change of state.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0")]
pub struct ShareUpdateKey {
    pub group_id: Str,
    pub topic_id: Uuid,
    pub partition: i32,
}

/// What changed in a share partition since the snapshot of the same epoch.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct ShareUpdateValue {
    pub snapshot_epoch: i32,
    pub leader_epoch: i32,
    pub start_offset: i64,
    #[kafka(tag = 0, default = -1)]
    pub delivery_complete_count: i32,
    pub state_batches: Vec<StateBatch>,
    pub unknown_tagged_fields: TaggedFields,
}

super::coordinator::coordinator_records! {
    /// The key of a record of `__share_group_state`.
    pub enum ShareRecordKey;
    /// The value of a record of `__share_group_state`.
    pub enum ShareRecordValue;
    kinds {
        0 = ShareSnapshot(ShareSnapshotKey, ShareSnapshotValue);
        1 = ShareUpdate(ShareUpdateKey, ShareUpdateValue);
    }
}
