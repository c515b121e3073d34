//! The node knows a producer as its log does: a batch sent again is the same batch at the same offset, the next one is expected,
//! and neither is refused for its sequence.
//!
//! (That a batch sent again stands where it stood, and once, follows from `acknowledged` and `duplicates`.)

use crate::wire::Stored;
use ottla_protocol::ErrorCode;

/// Errors that say "again, later". A sequence out of order is none: batches are only ever sent again from the first unanswered one.
const PASSING: &[ErrorCode] = &[
    ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
    ErrorCode::NOT_LEADER_OR_FOLLOWER,
    ErrorCode::LEADER_NOT_AVAILABLE,
    ErrorCode::KAFKA_STORAGE_ERROR,
    ErrorCode::REQUEST_TIMED_OUT,
];

/// A batch may be refused so.
pub fn may_refuse(error: ErrorCode) {
    assert!(
        PASSING.contains(&error),
        "a batch was refused with {error:?}"
    );
}

/// A fetch may be refused so.
pub fn may_not_read(error: ErrorCode) {
    assert!(
        PASSING.contains(&error),
        "a fetch was refused with {error:?}"
    );
}

/// Where a producer goes on whose last batches were lost; `None` when nothing of it is left.
pub fn next_sequence(producer: (i64, i16), log: &[Stored]) -> Option<i32> {
    log.iter()
        .filter(|record| record.producer == producer)
        .map(|record| {
            record.base_sequence + i32::try_from(record.offset - record.base_offset).unwrap() + 1
        })
        .max()
}
