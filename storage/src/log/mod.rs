//! The log of one partition: a directory of segments, one [`LogWriter`] and any number of [`LogReader`]s.
//!
//! ```text
//!   LogWriter (one owner)                     LogReader (any number, any thread)
//!     append: check producers ─▶ pwritev        read: offsets ─▶ segments ─▶ regions of files
//!             ─▶ install ─▶ publish end               (pread or sendfile by whoever writes the answer)
//!     roll, truncate, delete                    FlushTask (any thread): fdatasync, then `flushed`
//! ```
//! Guarantees:
//! - nothing changes before a write has succeeded; a write that failed is cut off again, or the log is failed for good;
//! - `start ≤ stable ≤ high watermark ≤ end` and `flushed ≤ end`, always ([`LogOffsets`]);
//! - process death loses nothing that `append` has answered; power loss loses a suffix that no [`FlushTask`] covered, never more, and
//!   never leaves a hole ([`OpenLog`] says how that is restored);
//! - an old reader gets the bytes of its own segments or an error, never those of a directory created later under the same name.
//!
//! Kafka's names: `UnifiedLog`, `LocalLog`, `LogLoader`. It knows no topic, schedules nothing and starts no thread: tasks are values that the caller runs.

mod append;
mod config;
mod delete;
mod error;
mod flush;
mod follow;
mod high_watermark;
mod moving;
mod offsets;
mod open;
mod read;
mod recover;
mod replay;
mod shared;
mod snapshots;
mod timestamps;
mod transactions;
mod truncate;
mod writer;

pub use append::{Appended, LeaderBatch};
pub use config::LogConfig;
pub use delete::Removal;
pub(crate) use delete::deleted_name;
pub use error::{AppendError, Failure, OpenError, ReadError};
pub use flush::{FlushOutcome, FlushScope, FlushTask};
pub use follow::Followed;
pub use offsets::LogOffsets;
pub use open::{Checkpointed, OpenLog, Opened, Recovery, Trust};
pub use read::{FileRegion, Read};
pub use shared::LogReader;
pub use timestamps::OffsetAtTime;
pub use writer::LogWriter;
