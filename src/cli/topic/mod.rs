//! `ottla topic …`: topics listed, described, made, changed and deleted. Works on Apache Kafka too.

mod change;
mod command;
mod show;

pub use command::{TopicCommand, run};
