//! `ottla produce`: what comes on standard input as records, in the habits of kcat. Works on Apache Kafka too.
//!
//! ```text
//!   standard input ─▶ input (cut into records) ─▶ batches (by partition) ─▶ send, to each leader, until acknowledged
//! ```
//! What is read at once is sent at once: a line that is typed goes out alone, a pipe's worth together. Records of one partition keep their
//! order. A record is sent again only when it was refused, or never left: nothing is written twice.

mod batches;
mod command;
mod input;
mod send;

pub use command::{ProduceCommand, run};
