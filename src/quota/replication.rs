//! Throttled replication (KIP-73): `ReplicationQuotaManager`. One for what is sent as leader, one for what is fetched as follower.
//!
//! Replicas are throttled that a topic's `leader.` or `follower.replication.throttled.replicas` lists. Whoever is in sync is never held
//! back: that is decided by those who ask here.

use super::rate::{Rate, Window};
use crate::config::ReplicationValues;
use crate::world::Clock;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// No limit, as Kafka writes it.
const UNLIMITED: u64 = i64::MAX as u64;

/// What throttled replicas together may use.
#[derive(Debug)]
pub struct ReplicationQuota {
    window: Window,
    bytes_per_second: AtomicU64,
    rate: Mutex<Rate>,
}

impl ReplicationQuota {
    /// Unlimited.
    pub fn new(window: Window) -> Self {
        Self {
            window,
            bytes_per_second: AtomicU64::new(UNLIMITED),
            rate: Mutex::default(),
        }
    }

    /// `….replication.throttled.rate`; Kafka's largest number is no limit.
    pub fn set(&self, bytes_per_second: u64) {
        self.bytes_per_second
            .store(bytes_per_second, Ordering::Relaxed);
    }

    /// Whether there is a limit at all.
    #[inline]
    pub fn is_limited(&self) -> bool {
        self.bytes_per_second.load(Ordering::Relaxed) < UNLIMITED
    }

    /// How long until throttled replicas may go on; zero when now.
    pub fn wait(&self, now: Duration) -> Duration {
        let limit = self.bytes_per_second.load(Ordering::Relaxed);
        if limit >= UNLIMITED {
            return Duration::ZERO;
        }
        // A limit of nothing is one byte a second.
        self.rate.lock().wait(self.window, limit.max(1) as f64, now)
    }

    /// Counts what a throttled replica was sent, or has fetched.
    pub fn record(&self, size_bytes: usize, now: Duration) {
        if self.is_limited() {
            self.rate.lock().record(self.window, size_bytes as f64, now);
        }
    }
}

/// All of a node.
#[derive(Debug)]
pub struct Throttles {
    pub clock: Clock,
    /// What throttled replicas are sent by this node.
    pub leader: ReplicationQuota,
    /// What this node fetches for its throttled replicas.
    pub follower: ReplicationQuota,
    /// Moves between its log directories.
    pub alter_log_dirs: ReplicationQuota,
}

impl Throttles {
    /// `replication.quota.window.…` and `alter.log.dirs.replication.quota.window.…`.
    pub fn new(clock: Clock, replication: Window, alter_log_dirs: Window) -> Self {
        Self {
            clock,
            leader: ReplicationQuota::new(replication),
            follower: ReplicationQuota::new(replication),
            alter_log_dirs: ReplicationQuota::new(alter_log_dirs),
        }
    }

    /// Puts the rates in force.
    pub fn set(&self, values: &ReplicationValues) {
        self.leader.set(values.leader_throttled_rate);
        self.follower.set(values.follower_throttled_rate);
        self.alter_log_dirs.set(values.alter_log_dirs_rate);
    }
}

/// Whether a topic's list of throttled replicas names this partition on this broker: `*`, or `partition:broker` entries.
pub fn is_listed(listed: &[String], partition: i32, broker: i32) -> bool {
    listed.iter().any(|entry| {
        entry == "*"
            || entry.split_once(':').is_some_and(|(of, on)| {
                of.trim().parse() == Ok(partition) && on.trim().parse() == Ok(broker)
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn throttled_replicas_wait_until_the_rate_is_kept_again() {
        let quota = ReplicationQuota::new(Window {
            samples: 11,
            size: seconds(1),
        });
        quota.record(1 << 40, seconds(1));
        assert_eq!(quota.wait(seconds(1)), Duration::ZERO, "no limit");
        quota.set(1_000);
        quota.record(20_000, seconds(1));
        assert_eq!(quota.wait(seconds(1)), seconds(10));
        assert_eq!(quota.wait(seconds(12)), Duration::ZERO);
        quota.set(UNLIMITED);
        assert!(!quota.is_limited());
    }

    #[test]
    fn a_replica_is_listed_by_its_partition_and_broker_or_with_all() {
        let listed = |entries: &[&str], partition, broker| {
            let entries: Vec<_> = entries.iter().map(|entry| (*entry).to_owned()).collect();
            is_listed(&entries, partition, broker)
        };
        assert!(listed(&["0:1", "3:2"], 3, 2));
        assert!(!listed(&["0:1", "3:2"], 3, 1));
        assert!(listed(&["*"], 7, 9));
        assert!(!listed(&[], 7, 9));
    }
}
