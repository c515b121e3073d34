//! What the producer rules need to know of a batch, taken from its header (and, for a transaction marker, from its first record).

use crate::batch::BatchHeader;
use crate::offset::{Offset, ProducerEpoch, ProducerId, Sequence};

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkerKind {
    Abort,
    Commit,
}

/// The content of a transaction marker (`EndTransactionMarker`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndMarker {
    pub kind: MarkerKind,
    pub coordinator_epoch: i32,
    /// Milliseconds: the marker record's own timestamp.
    pub timestamp: i64,
    /// `transaction.version` under which the coordinator wrote it; 0 where it is not known (replication, recovery), which is
    /// the most lenient rule.
    pub transaction_version: i16,
}

/// A batch with a producer id, its offsets already assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerBatch {
    pub producer_id: ProducerId,
    pub producer_epoch: ProducerEpoch,
    pub first_sequence: Sequence,
    pub last_sequence: Sequence,
    pub first_offset: Offset,
    pub last_offset: Offset,
    /// Milliseconds, as stored (that is the append time where the topic says so).
    pub max_timestamp: i64,
    pub is_transactional: bool,
    /// `None` for a batch of data.
    pub marker: Option<EndMarker>,
}

impl ProducerBatch {
    /// The batch that starts with `header`; `marker` is what [`EndMarker`] its first record holds when it is a control batch.
    /// `None` when no producer id is set, or for an empty control batch (what compaction leaves of a transaction): neither
    /// changes any state.
    pub fn of(header: &BatchHeader, marker: Option<EndMarker>) -> Option<ProducerBatch> {
        if !header.producer_id.is_some() || header.is_control() != marker.is_some() {
            return None;
        }
        Some(ProducerBatch {
            producer_id: header.producer_id,
            producer_epoch: header.producer_epoch,
            first_sequence: header.base_sequence,
            last_sequence: header.last_sequence(),
            first_offset: header.base_offset,
            last_offset: header.last_offset(),
            max_timestamp: header.max_timestamp,
            is_transactional: header.is_transactional(),
            marker,
        })
    }
}
