//! From what can go wrong here to what Kafka calls it: one exhaustive match per kind.
//!
//! Guarantees: a client never sees UNKNOWN_SERVER_ERROR for a known cause.

use ottla_protocol::ErrorCode;
use ottla_storage::batch::{BatchError, RecordError};
use ottla_storage::log::{AppendError, ReadError};
use ottla_storage::offset::Offset;
use ottla_storage::producers::ProducerError;

use super::waits::Ended;

/// Why records were not appended, as a produce answer says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub error: ErrorCode,
    /// For people; only where Kafka sends one.
    pub message: Option<String>,
    /// Which records a rule refuses (KIP-467).
    pub record_errors: Vec<RecordError>,
    /// −1 where Kafka does not say it.
    pub log_start: Offset,
}

impl Refused {
    pub fn new(error: ErrorCode) -> Self {
        Self {
            error,
            message: None,
            record_errors: Vec::new(),
            log_start: Offset::NONE,
        }
    }

    pub fn with_log_start(self, log_start: Offset) -> Self {
        Self { log_start, ..self }
    }
}

impl From<Ended> for ErrorCode {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::NotLeader => ErrorCode::NOT_LEADER_OR_FOLLOWER,
            Ended::Deleted => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            Ended::DirectoryFailed => ErrorCode::KAFKA_STORAGE_ERROR,
        }
    }
}

/// What is wrong with a batch, as `ReplicaManager.appendToLocalLog` answers it.
pub fn batch_refused(error: &BatchError, log_start: Offset) -> Refused {
    let code = match error {
        BatchError::Corrupt(_) => ErrorCode::CORRUPT_MESSAGE,
        BatchError::TooLarge { .. } => ErrorCode::MESSAGE_TOO_LARGE,
        BatchError::LargerThanSegment { .. } => ErrorCode::RECORD_LIST_TOO_LARGE,
        BatchError::Invalid(_) | BatchError::InvalidRecords(_) => ErrorCode::INVALID_RECORD,
        BatchError::InvalidTimestamps(_) => ErrorCode::INVALID_TIMESTAMP,
        BatchError::UnsupportedCompression(_) => ErrorCode::UNSUPPORTED_COMPRESSION_TYPE,
    };
    let refused = Refused::new(code);
    match error {
        BatchError::Corrupt(_)
        | BatchError::TooLarge { .. }
        | BatchError::LargerThanSegment { .. } => refused,
        BatchError::Invalid(_) | BatchError::UnsupportedCompression(_) => {
            refused.with_log_start(log_start)
        }
        BatchError::InvalidRecords(errors) | BatchError::InvalidTimestamps(errors) => Refused {
            message: Some(error.to_string()),
            record_errors: errors.clone(),
            ..refused.with_log_start(log_start)
        },
    }
}

/// Why a log did not take a batch.
pub fn append_refused(error: &AppendError, log_start: Offset) -> Refused {
    match error {
        AppendError::Failed(_) | AppendError::Io(_) => Refused::new(ErrorCode::KAFKA_STORAGE_ERROR),
        AppendError::Producer(error) => {
            Refused::new(producer_error(error)).with_log_start(log_start)
        }
        AppendError::TooLarge { .. } => Refused::new(ErrorCode::RECORD_LIST_TOO_LARGE),
        AppendError::Corrupt(_) => Refused::new(ErrorCode::CORRUPT_MESSAGE),
        AppendError::OutOfOrder { .. } => {
            Refused::new(ErrorCode::INVALID_RECORD).with_log_start(log_start)
        }
    }
}

fn producer_error(error: &ProducerError) -> ErrorCode {
    match error {
        ProducerError::StaleEpoch { .. } => ErrorCode::INVALID_PRODUCER_EPOCH,
        ProducerError::OutOfOrderSequence { .. } => ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER,
        ProducerError::OpenTransaction { .. } | ProducerError::UnverifiedTransaction { .. } => {
            ErrorCode::INVALID_TXN_STATE
        }
        ProducerError::CoordinatorFenced { .. } => ErrorCode::TRANSACTION_COORDINATOR_FENCED,
    }
}

/// Why a read gave nothing. `WouldBlock` never reaches a client: the read is repeated where it may wait.
pub fn read_error(error: &ReadError) -> ErrorCode {
    match error {
        ReadError::OutOfRange { .. } => ErrorCode::OFFSET_OUT_OF_RANGE,
        ReadError::Gone => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        ReadError::WouldBlock | ReadError::Io(_) => ErrorCode::KAFKA_STORAGE_ERROR,
    }
}
