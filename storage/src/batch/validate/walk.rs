//! Walking through a batch's records once: each must be whole and keep the topic's rules for keys and timestamps.

use std::io::{self, BufRead};

use super::rules::Rules;
use crate::batch::check::CheckedBatch;
use crate::batch::compress::{DecompressError, Plain};
use crate::batch::error::{BatchError, MAX_RECORD_ERRORS, RecordError};
use crate::batch::scan::{self, Shape};
use crate::batch::{BatchHeader, Codec, NO_TIMESTAMP, TimestampType};

/// What the records turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Milliseconds; [`NO_TIMESTAMP`] when no record has one.
    pub max_timestamp: i64,
    /// Offset deltas are 0, 1, 2, …
    pub is_consecutive: bool,
    /// The first record with a negative timestamp that is not [`NO_TIMESTAMP`], which cannot be written anew.
    pub negative_timestamp: Option<RecordError>,
}

pub(super) fn walk(
    batch: &CheckedBatch,
    source: Codec,
    rules: &Rules,
    now_ms: i64,
) -> Result<Found, BatchError> {
    let records = &batch.bytes[crate::batch::HEADER_SIZE_BYTES..];
    match source {
        Codec::None => walk_records(&batch.header, records, rules, now_ms),
        _ => {
            let plain = Plain::new(source, records, rules.max_plain_bytes()).map_err(unreadable)?;
            walk_records(&batch.header, plain, rules, now_ms)
        }
    }
}

/// A stream of records that breaks off, is not what its codec says or unfolds beyond its limit.
pub(super) fn unreadable(error: io::Error) -> BatchError {
    match error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<DecompressError>())
    {
        Some(too_large) => BatchError::invalid(too_large.to_string()),
        None => BatchError::invalid(format!("its records cannot be read: {error}")),
    }
}

fn walk_records(
    header: &BatchHeader,
    mut plain: impl BufRead,
    rules: &Rules,
    now_ms: i64,
) -> Result<Found, BatchError> {
    let mut found = Found {
        max_timestamp: NO_TIMESTAMP,
        is_consecutive: true,
        negative_timestamp: None,
    };
    let mut refused = Refused::default();
    for index in 0..header.record_count {
        let record = scan::next(&mut plain).map_err(unreadable)?;
        let timestamp = header.timestamp_of(record.timestamp_delta);
        refused.judge(
            index,
            &record,
            timestamp,
            header.timestamp_type(),
            rules,
            now_ms,
        );
        found.max_timestamp = found.max_timestamp.max(timestamp);
        found.is_consecutive &= record.offset_delta == index;
        if timestamp < 0 && timestamp != NO_TIMESTAMP && found.negative_timestamp.is_none() {
            let message = format!("timestamp {timestamp} is negative");
            found.negative_timestamp = Some(RecordError {
                batch_index: index,
                message,
            });
        }
    }
    if !scan::is_at_end(&mut plain).map_err(unreadable)? {
        return Err(BatchError::invalid("bytes are left after its last record"));
    }
    refused.into_result().map(|()| found)
}

/// The records that rules refuse.
#[derive(Default)]
struct Refused {
    errors: Vec<RecordError>,
    has_timestamp: bool,
}

impl Refused {
    fn judge(
        &mut self,
        index: i32,
        record: &Shape,
        timestamp: i64,
        batch_type: TimestampType,
        rules: &Rules,
        now_ms: i64,
    ) {
        if rules.is_compacted && !record.has_key {
            self.add(index, false, || {
                "a record of a compacted topic needs a key".to_owned()
            });
        } else if rules.timestamp_type == TimestampType::CreateTime && timestamp != NO_TIMESTAMP {
            if is_out_of_bounds(timestamp, rules, now_ms) {
                self.add(index, true, || {
                    format!(
                        "timestamp {timestamp} is not within {} ms before and {} ms after {now_ms}",
                        rules.timestamp_before_max_ms, rules.timestamp_after_max_ms
                    )
                });
            }
        } else if batch_type == TimestampType::LogAppendTime {
            self.add(index, true, || {
                "a producer may not claim append time".to_owned()
            });
        }
    }

    fn add(&mut self, batch_index: i32, is_timestamp: bool, message: impl FnOnce() -> String) {
        self.has_timestamp |= is_timestamp;
        if self.errors.len() < MAX_RECORD_ERRORS {
            self.errors.push(RecordError {
                batch_index,
                message: message(),
            });
        }
    }

    fn into_result(self) -> Result<(), BatchError> {
        match (self.errors.is_empty(), self.has_timestamp) {
            (true, _) => Ok(()),
            (false, true) => Err(BatchError::InvalidTimestamps(self.errors)),
            (false, false) => Err(BatchError::InvalidRecords(self.errors)),
        }
    }
}

/// Kafka's arithmetic, which wraps (`LogValidator.recordHasInvalidTimestamp`).
fn is_out_of_bounds(timestamp: i64, rules: &Rules, now_ms: i64) -> bool {
    let age_ms = now_ms.wrapping_sub(timestamp);
    age_ms > rules.timestamp_before_max_ms || age_ms.wrapping_neg() > rules.timestamp_after_max_ms
}
