//! Kafka's log on disk: batches, segments, indexes, recovery. Files and time are arguments; no topics by name, no sockets, no async.
//!
//! The pure half (bytes in, bytes or decisions out): [`offset`], [`batch`], [`producers`], [`epochs`], [`checkpoint`], [`retention`].

pub mod batch;
pub mod checkpoint;
pub mod epochs;
pub mod error;
pub mod offset;
pub mod producers;
pub mod retention;
