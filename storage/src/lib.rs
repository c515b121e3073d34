//! Kafka's log on disk: batches, segments, indexes, recovery. Files and time are arguments; no topics by name, no sockets, no async.
//!
//! The pure half (bytes in, bytes or decisions out): [`offset`], [`batch`], [`producers`], [`epochs`], [`checkpoint`], [`retention`].
//! The half with files: [`disk`] (the only code that calls the operating system), [`segment`] (one stretch of a log), [`log`] (a partition's
//! log: writer, reader, recovery), [`dir`] (a log directory of many partitions).

pub mod batch;
pub mod broken;
pub mod checkpoint;
pub mod dir;
pub mod disk;
pub mod epochs;
pub mod error;
pub mod log;
pub mod offset;
pub mod producers;
pub mod retention;
pub mod segment;
