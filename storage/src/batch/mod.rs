//! Record batches as bytes: parse, check, read, build. Pure: bytes in, bytes or facts out.
//!
//! ```text
//!   produce:   check (size, magic, CRC once) ─▶ validate (the topic's rules) ─▶ Facts + bytes to write
//!   read back: header ─▶ compress::Reader (bounded) ─▶ records (one at a time)
//!   our own:   build::BatchBuilder
//! ```
//! Only magic 2 is ever written (KIP-724). `legacy` knows enough of magic 0 and 1 to walk an old segment.

mod attributes;
mod header;

pub use attributes::{Attributes, Codec, TimestampType};
pub use header::{
    BatchHeader, HEADER_SIZE_BYTES, LENGTH_PREFIX_SIZE_BYTES, PREFIX_SIZE_BYTES, Prefix,
};

/// "No timestamp" in a record or batch.
pub const NO_TIMESTAMP: i64 = -1;
