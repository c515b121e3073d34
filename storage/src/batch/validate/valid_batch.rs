//! The outcome of validation: a batch ready to be written.

use bytes::Bytes;

use crate::batch::{BatchHeader, HEADER_SIZE_BYTES};
use crate::offset::{LeaderEpoch, Offset};
use crate::producers::ProducerBatch;

/// A batch to be written: head and records apart, so that placing it at its offset touches no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidBatch {
    /// Checksummed; base offset and leader epoch are set by [`ValidBatch::place`].
    pub header: BatchHeader,
    /// Everything after the head.
    pub records: Bytes,
    /// Milliseconds, when the topic stamps batches itself: goes into the answer.
    pub log_append_time: Option<i64>,
    /// Whether the records are not those that came in.
    pub is_rewritten: bool,
}

impl ValidBatch {
    /// A batch that this broker built itself ([`crate::batch::build`]) and does not check. The bytes are one whole batch.
    pub fn own(batch: Bytes) -> ValidBatch {
        let header = BatchHeader::parse(&batch).expect("a built batch has a head");
        assert_eq!(
            header.size_bytes(),
            batch.len(),
            "a built batch knows its size"
        );
        ValidBatch {
            header,
            records: batch.slice(HEADER_SIZE_BYTES..),
            log_append_time: None,
            is_rewritten: false,
        }
    }

    /// Gives the batch its place in the log. The CRC does not cover these fields.
    pub fn place(&mut self, base_offset: Offset, leader_epoch: LeaderEpoch) {
        self.header.base_offset = base_offset;
        self.header.partition_leader_epoch = leader_epoch;
    }

    /// The first 61 bytes to write; [`ValidBatch::records`] follow.
    pub fn head(&self) -> [u8; HEADER_SIZE_BYTES] {
        self.header.encode()
    }

    pub fn size_bytes(&self) -> usize {
        self.header.size_bytes()
    }

    /// What the producer rules look at, once the batch is placed; `None` when it has no producer id. Not for control batches.
    pub fn producer_batch(&self) -> Option<ProducerBatch> {
        ProducerBatch::of(&self.header, None)
    }
}
