//! What can go wrong with a log, one enum per operation.

use crate::offset::Offset;
use crate::producers::ProducerError;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// The operating system refused. Cheap to clone: every batch of a failed write gets one.
#[derive(Clone, Debug)]
pub struct Failure {
    pub doing: &'static str,
    pub kind: io::ErrorKind,
    pub message: Arc<str>,
}

/// Why a batch was not appended. After any of them the log is as it was before.
#[derive(Clone, Debug)]
pub enum AppendError {
    /// This log takes no writes any more: KAFKA_STORAGE_ERROR.
    Failed(Failure),
    /// This write failed and was undone (no space, for instance): KAFKA_STORAGE_ERROR.
    Io(Failure),
    /// The batch contradicts what is known of its producer.
    Producer(ProducerError),
    /// The batch is larger than `segment.bytes`: RECORD_LIST_TOO_LARGE.
    TooLarge { size_bytes: usize, limit_bytes: u32 },
    /// A replicated batch is not what its head says: CORRUPT_MESSAGE.
    Corrupt(String),
    /// A replicated batch does not come after the end of the log.
    OutOfOrder { base_offset: Offset, end: Offset },
}

/// Why a read gave nothing.
#[derive(Clone, Debug)]
pub enum ReadError {
    /// OFFSET_OUT_OF_RANGE.
    OutOfRange { start: Offset, end: Offset },
    /// Not in memory: repeat the call with [`crate::segment::Patience::Wait`] on a thread that may block.
    WouldBlock,
    /// The log was deleted meanwhile.
    Gone,
    /// KAFKA_STORAGE_ERROR.
    Io(Failure),
}

/// Why a log was not opened.
#[derive(Clone, Debug)]
pub enum OpenError {
    Io(Failure),
    /// Bytes that were durable are damaged. The partition is quarantined: nothing was changed, and a person must decide.
    Corrupt {
        path: PathBuf,
        offset: Offset,
        reason: String,
    },
}

impl Failure {
    pub fn new(doing: &'static str, error: &io::Error) -> Failure {
        Failure {
            doing,
            kind: error.kind(),
            message: error.to_string().into(),
        }
    }

    /// For `map_err`.
    pub(crate) fn of(doing: &'static str) -> impl Fn(io::Error) -> Failure {
        move |error| Failure::new(doing, &error)
    }
}

impl From<Failure> for ReadError {
    fn from(failure: Failure) -> Self {
        match failure.kind {
            io::ErrorKind::WouldBlock => ReadError::WouldBlock,
            io::ErrorKind::NotFound => ReadError::Gone,
            _ => ReadError::Io(failure),
        }
    }
}

impl From<Failure> for OpenError {
    fn from(failure: Failure) -> Self {
        OpenError::Io(failure)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.doing, self.message)
    }
}

impl fmt::Display for AppendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AppendError::Failed(failure) => write!(f, "the log is offline since {failure}"),
            AppendError::Io(failure) => failure.fmt(f),
            AppendError::Producer(error) => error.fmt(f),
            AppendError::TooLarge {
                size_bytes,
                limit_bytes,
            } => {
                write!(
                    f,
                    "a batch of {size_bytes} bytes does not fit into a segment of {limit_bytes}"
                )
            }
            AppendError::Corrupt(reason) => f.write_str(reason),
            AppendError::OutOfOrder { base_offset, end } => write!(
                f,
                "offset {base_offset} does not follow the log's end {end}"
            ),
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::OutOfRange { start, end } => {
                write!(f, "the log holds offsets from {start} to {end}")
            }
            ReadError::WouldBlock => f.write_str("the bytes are not in memory"),
            ReadError::Gone => f.write_str("the log was deleted"),
            ReadError::Io(failure) => failure.fmt(f),
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Io(failure) => failure.fmt(f),
            OpenError::Corrupt {
                path,
                offset,
                reason,
            } => {
                write!(
                    f,
                    "{} is damaged at offset {offset}, which was durable: {reason}",
                    path.display()
                )
            }
        }
    }
}

impl std::error::Error for Failure {}
impl std::error::Error for AppendError {}
impl std::error::Error for ReadError {}
impl std::error::Error for OpenError {}
