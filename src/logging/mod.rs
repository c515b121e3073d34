//! What is logged: events pass by the level of their logger, and the levels change while the broker runs (KIP-412).
//!
//! ```text
//!   OTTLA_LOG ─▶ Levels (pure) ─▶ Gate (a layer of the process's subscriber)
//!                   ▲ set, unset
//!               Loggers ◀── DescribeConfigs, IncrementalAlterConfigs of a BROKER_LOGGER
//! ```
//! A logger is the target of an event and everything below it: a module path such as `ottla::net`, or a name of its own such as
//! `kafka.request.logger`. Levels are the process's and are not kept: a restart begins with those of the environment.

mod gate;
mod levels;
mod loggers;

pub use levels::{Level, Levels, ROOT};
pub use loggers::{LISTED, Loggers};

/// The logger of requests, under the name that Apache Kafka's own has: one line each at DEBUG.
pub const REQUESTS: &str = "kafka.request.logger";
/// The logger of decisions about who may do what, under the name that Apache Kafka's own has.
pub const DECISIONS: &str = "kafka.authorizer.logger";
