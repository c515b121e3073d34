//! `ottla cluster …`: the cluster as it is, and brokers taken out of it. Works on Apache Kafka too.

mod drain;
mod plan;
mod status;
pub(in crate::cli) mod survey;

pub use command::{ClusterCommand, run};

mod command;
