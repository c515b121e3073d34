//! Why a batch is not accepted: answers to whoever sent it, mapped one to one to error codes in `src/api/errors.rs`.

use std::borrow::Cow;
use std::fmt;

/// Most records of one batch that an answer names; further bad ones are only counted by the first error.
pub const MAX_RECORD_ERRORS: usize = 1_000;

/// One record that a rule refuses (KIP-467).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordError {
    /// Index of the record in its batch.
    pub batch_index: i32,
    pub message: String,
}

/// See the module. The comment of each variant names its error code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchError {
    /// CORRUPT_MESSAGE: size, magic or CRC are wrong; a retry may help.
    Corrupt(Cow<'static, str>),
    /// INVALID_RECORD: the bytes are what was sent, and break a rule.
    Invalid(Cow<'static, str>),
    /// UNSUPPORTED_COMPRESSION_TYPE.
    UnsupportedCompression(Cow<'static, str>),
    /// MESSAGE_TOO_LARGE: larger than `max.message.bytes`, as sent or after the topic's compression.
    TooLarge {
        at_least_bytes: usize,
        max_bytes: usize,
    },
    /// RECORD_LIST_TOO_LARGE: larger than `segment.bytes`.
    LargerThanSegment { size_bytes: usize, max_bytes: usize },
    /// INVALID_RECORD, with the records that a rule refuses.
    InvalidRecords(Vec<RecordError>),
    /// INVALID_TIMESTAMP, with the records that a rule refuses (not only for their timestamps).
    InvalidTimestamps(Vec<RecordError>),
}

impl BatchError {
    pub(crate) fn corrupt(reason: impl Into<Cow<'static, str>>) -> BatchError {
        BatchError::Corrupt(reason.into())
    }

    pub(crate) fn invalid(reason: impl Into<Cow<'static, str>>) -> BatchError {
        BatchError::Invalid(reason.into())
    }

    /// The refused records, for the answer's `record_errors`.
    pub fn record_errors(&self) -> &[RecordError] {
        match self {
            BatchError::InvalidRecords(errors) | BatchError::InvalidTimestamps(errors) => errors,
            _ => &[],
        }
    }
}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Corrupt(reason) => write!(f, "the batch is corrupt: {reason}"),
            Self::Invalid(reason) => write!(f, "the batch is invalid: {reason}"),
            Self::UnsupportedCompression(reason) => f.write_str(reason),
            Self::TooLarge {
                at_least_bytes,
                max_bytes,
            } => {
                write!(
                    f,
                    "the batch has {at_least_bytes} bytes or more, but max.message.bytes is {max_bytes}"
                )
            }
            Self::LargerThanSegment {
                size_bytes,
                max_bytes,
            } => {
                write!(
                    f,
                    "the batch has {size_bytes} bytes, but segment.bytes is {max_bytes}"
                )
            }
            Self::InvalidRecords(errors) => {
                let shown = errors.iter().take(3).map(|error| error.message.as_str());
                let shown: Vec<&str> = shown.collect();
                write!(
                    f,
                    "{} records were refused, the first for: {}",
                    errors.len(),
                    shown.join("; ")
                )
            }
            Self::InvalidTimestamps(_) => f.write_str("records were refused for their timestamps"),
        }
    }
}

impl std::error::Error for BatchError {}
