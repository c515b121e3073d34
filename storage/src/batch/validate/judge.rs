//! The order of the checks, and what becomes of a batch that passes them.

use super::rules::Rules;
use super::valid_batch::ValidBatch;
use super::{entry, rewrite, walk};
use crate::batch::check::{self, CheckedBatch};
use crate::batch::error::BatchError;
use crate::batch::{Attributes, BatchHeader, Codec, TimestampType};
use crate::producers::Origin;

/// Checks `batch` against the rules of its topic, as of `now_ms`. Only batches of [`Origin::Client`] may not be control batches,
/// must number their records without gaps and carry a sequence with their producer id.
pub fn validate(
    batch: CheckedBatch,
    rules: &Rules,
    origin: Origin,
    now_ms: i64,
) -> Result<ValidBatch, BatchError> {
    let header = &batch.header;
    let source = codec(header)?;
    if origin == Origin::Client {
        entry::check_client_header(header)?;
    }
    let target = rules.compression.target(source);
    let is_plain = source == Codec::None && target.codec == Codec::None;
    let found = walk::walk(&batch, source, rules, now_ms)?;
    let keeps_records = source == target.codec && (is_plain || found.is_consecutive);
    let valid = if keeps_records || (source == Codec::None && header.is_control()) {
        keep(batch, found.max_timestamp, rules, now_ms)
    } else {
        rewrite::rewrite(&batch, source, target, &found, rules, now_ms)?
    };
    if valid.size_bytes() > rules.segment_bytes {
        return Err(BatchError::LargerThanSegment {
            size_bytes: valid.size_bytes(),
            max_bytes: rules.segment_bytes,
        });
    }
    Ok(valid)
}

pub(super) fn codec(header: &BatchHeader) -> Result<Codec, BatchError> {
    header.attributes.codec().ok_or_else(|| {
        BatchError::UnsupportedCompression(
            format!("there is no codec {}", header.attributes.0 & 7).into(),
        )
    })
}

/// The batch as it came, but for its timestamp type and max timestamp.
fn keep(batch: CheckedBatch, found_max_timestamp: i64, rules: &Rules, now_ms: i64) -> ValidBatch {
    let records = batch.records();
    let mut header = batch.header;
    let is_stamped = rules.timestamp_type == TimestampType::LogAppendTime;
    let max_timestamp = if is_stamped {
        now_ms
    } else {
        found_max_timestamp
    };
    if header.timestamp_type() != rules.timestamp_type || header.max_timestamp != max_timestamp {
        header.attributes =
            Attributes(header.attributes.0 & 0x7f).with_timestamp_type(rules.timestamp_type);
        header.max_timestamp = max_timestamp;
        header.crc = check::checksum_of_parts(&header.encode(), &records);
    }
    ValidBatch {
        header,
        records,
        log_append_time: is_stamped.then_some(now_ms),
        is_rewritten: false,
    }
}
