//! A draft: a private copy of a shard that an operation changes. Dropping it undoes everything.

use super::{Outcome, Shard, Ticket};
use std::time::Duration;

/// A copy of the latest state. Each emitted record is applied at once, so a later step of the same operation sees the earlier
/// ones, exactly as replay will.
pub struct Draft<S: Shard> {
    durable: S::Durable,
    /// Free to change: it is installed with the outcome, and lost with the shard.
    pub volatile: S::Volatile,
    records: Vec<S::Record>,
    timers: Vec<(S::Timer, Option<Duration>)>,
    answers: Vec<(Ticket, S::Answer)>,
}

impl<S: Shard> Draft<S> {
    pub fn new(durable: &S::Durable, volatile: &S::Volatile) -> Self {
        Self {
            durable: durable.clone(),
            volatile: volatile.clone(),
            records: Vec::new(),
            timers: Vec::new(),
            answers: Vec::new(),
        }
    }

    pub fn durable(&self) -> &S::Durable {
        &self.durable
    }

    /// Writes a record.
    pub fn emit(&mut self, record: S::Record) {
        S::apply(&mut self.durable, &record);
        self.records.push(record);
    }

    /// The timer fires at `at`, and no longer at an earlier time it was armed for.
    pub fn arm(&mut self, timer: S::Timer, at: Duration) {
        self.timers.push((timer, Some(at)));
    }

    pub fn disarm(&mut self, timer: S::Timer) {
        self.timers.push((timer, None));
    }

    /// Answers a request, this one or one that was parked, once everything so far is committed.
    pub fn answer(&mut self, ticket: Ticket, answer: S::Answer) {
        self.answers.push((ticket, answer));
    }

    pub fn finish(self) -> Outcome<S> {
        Outcome {
            records: self.records,
            durable: self.durable,
            volatile: self.volatile,
            timers: self.timers,
            answers: self.answers,
        }
    }
}
