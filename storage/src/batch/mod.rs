//! Record batches as bytes: parse, check, read, build. Pure: bytes in, bytes or facts out.
//!
//! ```text
//!   produce:   check (size, magic, CRC once) ─▶ validate (the topic's rules) ─▶ Facts + bytes to write
//!   read back: header ─▶ compress::Reader (bounded) ─▶ records (one at a time)
//!   our own:   build::BatchBuilder
//! ```
//! Only magic 2 is ever written (KIP-724). `legacy` knows enough of magic 0 and 1 to walk an old segment.

mod attributes;
pub mod build;
mod check;
pub mod compress;
mod control;
mod error;
mod header;
pub mod legacy;
mod records;
mod scan;
mod validate;
mod varint;

pub use attributes::{Attributes, Codec, TimestampType};
pub use build::{BatchBuilder, NewRecord};
pub use check::{CheckedBatch, batches, check, checksum};
pub use control::{ControlType, parse_marker};
pub use error::{BatchError, MAX_RECORD_ERRORS, RecordError};
pub use header::{
    BatchHeader, HEADER_SIZE_BYTES, LENGTH_PREFIX_SIZE_BYTES, PREFIX_SIZE_BYTES, Prefix,
};
pub use records::{Header, Record, Records, records};
pub use scan::{Shape, shapes};
pub use validate::{Rules, TopicCompression, ValidBatch, check_produced, validate};

/// "No timestamp" in a record or batch.
pub const NO_TIMESTAMP: i64 = -1;
