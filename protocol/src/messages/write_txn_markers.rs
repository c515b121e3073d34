//! WriteTxnMarkers (key 27, versions 1–2): a coordinator has leaders write commit and abort markers.
//!
//! * 1: flexible
//! * 2: the transaction's version (KIP-1228)

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 27, response = WriteTxnMarkersResponse, versions = "1..=2", flexible = "1..")]
pub struct WriteTxnMarkersRequest {
    pub markers: Vec<WritableTxnMarker>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`WriteTxnMarkersRequest::markers`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct WritableTxnMarker {
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub transaction_result: bool,
    pub topics: Vec<WritableTxnMarkerTopic>,
    pub coordinator_epoch: i32,
    #[kafka(versions = "2..", ignorable)]
    pub transaction_version: i8,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`WritableTxnMarker::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct WritableTxnMarkerTopic {
    pub name: Str,
    pub partition_indexes: Vec<i32>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "1..=2", flexible = "1..")]
pub struct WriteTxnMarkersResponse {
    pub markers: Vec<WritableTxnMarkerResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`WriteTxnMarkersResponse::markers`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct WritableTxnMarkerResult {
    pub producer_id: i64,
    pub topics: Vec<WritableTxnMarkerTopicResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`WritableTxnMarkerResult::topics`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct WritableTxnMarkerTopicResult {
    pub name: Str,
    pub partitions: Vec<WritableTxnMarkerPartitionResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`WritableTxnMarkerTopicResult::partitions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct WritableTxnMarkerPartitionResult {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub unknown_tagged_fields: TaggedFields,
}
