//! One segment: a stretch of a partition's log in Kafka's files, named by the first offset it may hold.
//!
//! ```text
//!   00000000000000000042.log        record batches, one after another
//!   00000000000000000042.index      (offset − 42) i32, position i32          every index.interval.bytes
//!   00000000000000000042.timeindex  timestamp i64, (offset − 42) i32         likewise, timestamps only grow
//!   00000000000000000042.txnindex   aborted transactions, only when there are any
//!   00000000000000000042.snapshot   producers before offset 42 (owned by `log`, not by a segment)
//! ```
//! Every segment but the last of a log is immutable. Files open on use (`files`) and readers share [`Segment`]s through an immutable
//! [`SegmentSet`], so nothing here is locked for longer than a look into a small table. Index files are not preallocated as Kafka's are: entries
//! are gathered in memory and appended, so a file never holds anything but entries and needs no trimming.

mod aborted;
mod active;
mod files;
mod index;
mod read;
mod rebuild;
mod scan;
mod set;
mod shared;
mod timestamps;
mod truncate;

pub use active::{ActiveSegment, SegmentLimits};
pub use files::{FileCache, FileKind, LazyFile, Place};
pub(crate) use files::{ignore_missing, unless_full};
pub use read::{Located, Patience};
pub use rebuild::Rebuild;
pub use scan::{BatchAt, Scan};
pub use set::SegmentSet;
pub use shared::{Extent, Segment, TimestampOffset};

/// A file of a segment, without its ending.
pub fn stem(base_offset: crate::offset::Offset) -> String {
    format!("{:020}", base_offset.0)
}
