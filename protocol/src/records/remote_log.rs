//! The records of `__remote_log_metadata` (KIP-405), framed as metadata records are.

use super::typed::typed_records;
use crate::derive::Message;
use crate::{Bytes, Str, TaggedFields, Uuid};

/// A segment is being, or was, copied to remote storage.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct RemoteLogSegmentMetadataRecord {
    pub remote_log_segment_id: RemoteLogSegmentIdEntry,
    pub start_offset: i64,
    pub end_offset: i64,
    pub broker_id: i32,
    pub max_timestamp_ms: i64,
    pub event_timestamp_ms: i64,
    pub segment_leader_epochs: Vec<SegmentLeaderEpochEntry>,
    pub segment_size_in_bytes: i32,
    #[kafka(default = None)]
    pub custom_metadata: Option<Bytes>,
    pub remote_log_segment_state: i8,
    #[kafka(tag = 0)]
    pub txn_index_empty: bool,
    pub unknown_tagged_fields: TaggedFields,
}

/// The value of [`RemoteLogSegmentMetadataRecord::remote_log_segment_id`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct RemoteLogSegmentIdEntry {
    pub topic_id_partition: TopicIdPartitionEntry,
    pub id: Uuid,
    pub unknown_tagged_fields: TaggedFields,
}

/// The value of [`RemoteLogSegmentIdEntry::topic_id_partition`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicIdPartitionEntry {
    pub name: Str,
    pub id: Uuid,
    pub partition: i32,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`RemoteLogSegmentMetadataRecord::segment_leader_epochs`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct SegmentLeaderEpochEntry {
    pub leader_epoch: i32,
    pub offset: i64,
    pub unknown_tagged_fields: TaggedFields,
}

/// The state of a remote segment changed.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct RemoteLogSegmentMetadataUpdateRecord {
    pub remote_log_segment_id: RemoteLogSegmentIdEntry,
    pub broker_id: i32,
    pub event_timestamp_ms: i64,
    #[kafka(default = None)]
    pub custom_metadata: Option<Bytes>,
    pub remote_log_segment_state: i8,
    pub unknown_tagged_fields: TaggedFields,
}

/// The deletion of a partition in remote storage.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct RemotePartitionDeleteMetadataRecord {
    pub topic_id_partition: TopicIdPartitionEntry,
    pub broker_id: i32,
    pub event_timestamp_ms: i64,
    pub remote_partition_delete_state: i8,
    pub unknown_tagged_fields: TaggedFields,
}

/// A remote segment in a snapshot of a partition's metadata.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct RemoteLogSegmentMetadataSnapshotRecord {
    pub segment_id: Uuid,
    pub start_offset: i64,
    pub end_offset: i64,
    pub broker_id: i32,
    pub max_timestamp_ms: i64,
    pub event_timestamp_ms: i64,
    pub segment_leader_epochs: Vec<SegmentLeaderEpochEntry>,
    pub segment_size_in_bytes: i32,
    #[kafka(default = None)]
    pub custom_metadata: Option<Bytes>,
    pub remote_log_segment_state: i8,
    #[kafka(tag = 0)]
    pub txn_index_empty: bool,
    pub unknown_tagged_fields: TaggedFields,
}

typed_records! {
    /// A record of `__remote_log_metadata` of any kind.
    pub enum RemoteLogRecord;
    kinds {
        0 = RemoteLogSegmentMetadata(RemoteLogSegmentMetadataRecord);
        1 = RemoteLogSegmentMetadataUpdate(RemoteLogSegmentMetadataUpdateRecord);
        2 = RemotePartitionDeleteMetadata(RemotePartitionDeleteMetadataRecord);
        3 = RemoteLogSegmentMetadataSnapshot(RemoteLogSegmentMetadataSnapshotRecord);
    }
}
