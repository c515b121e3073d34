//! What a produced batch's head must say, before any record is looked at.

use bytes::Bytes;

use super::judge::codec;
use crate::batch::check::{self, CheckedBatch};
use crate::batch::error::BatchError;
use crate::batch::{BatchHeader, Codec};
use crate::offset::{Offset, Sequence};

/// First version of Produce whose clients know zstd (KIP-110).
const ZSTD_PRODUCE_VERSION: i16 = 7;

/// Checks the records of one partition of a produce request of this version: exactly one batch of magic 2 with base offset 0, not
/// larger than `max.message.bytes`, its CRC right. A partial batch behind it is ignored, as in Kafka.
pub fn check_produced(
    mut records: Bytes,
    produce_version: i16,
    max_message_bytes: usize,
) -> Result<CheckedBatch, BatchError> {
    let Some(batch) = check::cut(&mut records)? else {
        return Err(BatchError::invalid("there is no batch"));
    };
    if batch[16] != 2 {
        return Err(BatchError::invalid(format!(
            "magic {} is no longer written",
            batch[16]
        )));
    }
    let Some(header) = BatchHeader::parse(&batch) else {
        return Err(BatchError::corrupt(format!(
            "{} bytes are too few for a batch",
            batch.len()
        )));
    };
    if produce_version < ZSTD_PRODUCE_VERSION && codec(&header)? == Codec::Zstd {
        return Err(BatchError::UnsupportedCompression(
            "zstd needs version 7 of Produce".into(),
        ));
    }
    if check::cut(&mut records)?.is_some() {
        return Err(BatchError::invalid("there is more than one batch"));
    }
    if header.base_offset != Offset::ZERO {
        return Err(BatchError::invalid(format!(
            "the base offset is {}, not 0",
            header.base_offset
        )));
    }
    if batch.len() > max_message_bytes {
        return Err(BatchError::TooLarge {
            at_least_bytes: batch.len(),
            max_bytes: max_message_bytes,
        });
    }
    check::check(batch)
}

/// The counts, flags and sequence that a client's batch must have (`LogValidator.validateBatch`).
pub(super) fn check_client_header(header: &BatchHeader) -> Result<(), BatchError> {
    let count_by_offsets = i64::from(header.last_offset_delta) + 1;
    if count_by_offsets <= 0 {
        return Err(BatchError::invalid(format!(
            "its last offset delta is {}",
            header.last_offset_delta
        )));
    }
    if header.record_count <= 0 {
        return Err(BatchError::invalid(format!(
            "its count of records is {}",
            header.record_count
        )));
    }
    if count_by_offsets != i64::from(header.record_count) {
        return Err(BatchError::invalid(format!(
            "its offsets span {count_by_offsets} records, but its count of records is {}",
            header.record_count
        )));
    }
    if header.is_control() {
        return Err(BatchError::invalid("clients may not write control records"));
    }
    if header.producer_id.is_some() && header.base_sequence < Sequence(0) {
        return Err(BatchError::invalid(format!(
            "producer {} sent sequence {}",
            header.producer_id, header.base_sequence
        )));
    }
    Ok(())
}
