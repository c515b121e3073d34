//! What an operation decided: nothing has happened yet.

use super::{Shard, Ticket};
use std::time::Duration;

/// What the runtime appends, installs, arms and, once committed, answers.
pub struct Outcome<S: Shard> {
    pub records: Vec<S::Record>,
    pub durable: S::Durable,
    pub volatile: S::Volatile,
    /// In order; `None` disarms.
    pub timers: Vec<(S::Timer, Option<Duration>)>,
    pub answers: Vec<(Ticket, S::Answer)>,
}
