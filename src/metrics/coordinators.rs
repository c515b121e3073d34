//! What is counted by coordinators: loading, committing, rebalances. What they hold is sampled.

use super::definitions;
use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounter, Registry};
use std::time::Duration;

/// The vectors that [`ShardMetrics`] come from.
pub struct CoordinatorMetrics {
    load_seconds: HistogramVec,
    commit_seconds: HistogramVec,
    /// Generations that groups began.
    pub rebalances: IntCounter,
}

/// The handles of all shards of one internal topic.
#[derive(Clone)]
pub struct ShardMetrics {
    load_seconds: Histogram,
    commit_seconds: Histogram,
}

impl CoordinatorMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let no_labels: &[&str] = &[];
        Self {
            load_seconds: definitions::COORDINATOR_LOAD_SECONDS.latencies(registry),
            commit_seconds: definitions::COORDINATOR_COMMIT_SECONDS.latencies(registry),
            rebalances: definitions::GROUP_REBALANCES
                .counters(registry)
                .with_label_values(no_labels),
        }
    }

    /// The handles of an internal topic's shards.
    pub fn shards(&self, topic: &str) -> ShardMetrics {
        ShardMetrics {
            load_seconds: self.load_seconds.with_label_values(&[topic]),
            commit_seconds: self.commit_seconds.with_label_values(&[topic]),
        }
    }
}

impl ShardMetrics {
    /// Handles that nobody scrapes.
    pub fn detached() -> Self {
        let histogram = || {
            let opts = HistogramOpts::new("detached", "Nobody scrapes it.");
            Histogram::with_opts(opts).expect("a valid name")
        };
        Self {
            load_seconds: histogram(),
            commit_seconds: histogram(),
        }
    }

    /// A shard was replayed.
    pub fn loaded(&self, took: Duration) {
        self.load_seconds.observe(took.as_secs_f64());
    }

    /// What an operation wrote is committed, so long after it was given to the log.
    pub fn committed(&self, took: Duration) {
        self.commit_seconds.observe(took.as_secs_f64());
    }
}
