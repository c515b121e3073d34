//! Whether a batch may be appended under its topic's rules, and the bytes to append: `ProduceRequest.validateRecords`,
//! `UnifiedLog.analyzeAndValidateRecords` and `LogValidator` as two pure steps.
//!
//! ```text
//!   check_produced: one batch, magic 2, codec allowed, base offset 0, size, CRC          ─▶ CheckedBatch
//!   validate:       counts, no control records, sequence; every record walked through:
//!                   whole, key where compacted, timestamp in bounds                     ─▶ ValidBatch
//! ```
//! A batch that needs no change leaves with the very bytes that it came with. A wrong max timestamp, or a topic of append time,
//! changes the head alone. Another codec, or compressed records with gaps in their offsets, are rewritten record by record
//! without being held whole.
//!
//! Where Kafka lets a known cause end in UNKNOWN_SERVER_ERROR (an unknown codec, a frame that does not decompress, a negative
//! timestamp that has to be rewritten), the answer here names it; `scan` says where this is stricter.

#[cfg(test)]
mod any_batch;
mod entry;
mod judge;
mod rewrite;
mod rules;
#[cfg(test)]
mod tests;
mod valid_batch;
mod walk;

pub use entry::check_produced;
pub use judge::validate;
pub use rules::{Rules, TopicCompression};
pub use valid_batch::ValidBatch;
