//! The contents of the small text files of a log directory, as Kafka writes and reads them. Strings in, strings out: who writes a file
//! writes it beside, syncs and renames.
//!
//! | file | here |
//! |---|---|
//! | `recovery-point-offset-checkpoint`, `replication-offset-checkpoint`, `log-start-offset-checkpoint` | [`offsets`] |
//! | `leader-epoch-checkpoint` | [`crate::epochs`] |
//! | `partition.metadata` | [`partition_metadata`] |
//! | `meta.properties` | [`meta_properties`] |
//! | `.kafka_cleanshutdown` | [`clean_shutdown`] |

pub mod clean_shutdown;
pub(crate) mod lines;
pub mod meta_properties;
pub mod offsets;
pub mod partition_metadata;
mod uuid;

pub use uuid::Uuid;
