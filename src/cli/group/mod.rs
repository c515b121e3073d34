//! `ottla group …`: groups listed, described with their lag, deleted, and their offsets set. Works on Apache Kafka too.

mod change;
mod command;
pub mod described;
mod lag;
mod show;
mod target;

pub use command::{GroupCommand, run};
