//! A producer that sends again from its first unanswered batch is never told that its sequence is out of order, or that nobody knows it:
//! whoever leads knows of each producer what was acknowledged to it.

use ottla_protocol::ErrorCode;

/// Errors that say "again, later, perhaps elsewhere".
const PASSING: &[ErrorCode] = &[
    ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
    ErrorCode::NOT_LEADER_OR_FOLLOWER,
    ErrorCode::LEADER_NOT_AVAILABLE,
    ErrorCode::NOT_ENOUGH_REPLICAS,
    ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND,
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
