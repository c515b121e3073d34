//! `ottla consume`: records of a topic on standard output, in the habits of kcat. Works on Apache Kafka too.
//!
//! ```text
//!   start (where each partition begins and ends) ─▶ fetch (from each leader, long polls) ─▶ records ─▶ format ─▶ standard output
//! ```
//! Reads without a group: nothing is committed. Records of one partition come in their order. Records of transactions that were aborted are
//! shown too.

mod command;
mod fetch;
mod format;
mod start;

pub use command::{ConsumeCommand, run};
