//! How this broker follows and is followed, as typed values.

use std::time::Duration;

use super::effective::Layers;
use super::value::Value;

/// Kafka's selector that sends a consumer to a replica of its own rack (KIP-392).
pub const RACK_AWARE_SELECTOR: &str = "org.apache.kafka.common.replica.RackAwareReplicaSelector";
/// Kafka's selector that sends everybody to the leader: the same as none.
pub const LEADER_SELECTOR: &str = "org.apache.kafka.common.replica.LeaderSelector";

/// Rules of replication. Sizes are bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplicationValues {
    /// Who has not caught up for longer leaves the ISR.
    pub lag_max: Duration,
    /// Fetchers, each with a connection of its own, per broker that is followed.
    pub fetchers: usize,
    pub fetch_backoff: Duration,
    pub fetch_min_bytes: i32,
    /// Of one partition.
    pub fetch_max_bytes: i32,
    /// Of all partitions of a fetch.
    pub response_max_bytes: i32,
    pub fetch_wait_max: Duration,
    /// For an answer; at least as long as a fetch may wait.
    pub socket_timeout: Duration,
    /// Whether consumers are sent to a replica in their own rack.
    pub prefers_own_rack: bool,
    /// `….replication.throttled.rate`, bytes per second; the largest number is no limit.
    pub leader_throttled_rate: u64,
    pub follower_throttled_rate: u64,
    /// `replica.alter.log.dirs.io.max.bytes.per.second`.
    pub alter_log_dirs_rate: u64,
    /// Moves between log directories at a time; `None`: as many as there are directories.
    pub movers: Option<usize>,
}

impl ReplicationValues {
    /// Resolves every value against the layers.
    pub fn resolve(layers: &Layers<'_>) -> Self {
        let number = |name: &str| layers.broker_number(name);
        let int = |name: &str| i32::try_from(number(name)).unwrap_or(i32::MAX);
        let time = |name: &str| Duration::from_millis(u64::try_from(number(name)).unwrap_or(0));
        let rate = |name: &str| u64::try_from(number(name)).unwrap_or(0);
        let movers = match layers.broker_value("num.replica.alter.log.dirs.threads") {
            Some(Value::Number(count)) => usize::try_from(count).ok(),
            _ => None,
        };
        let selector = layers.broker_value("replica.selector.class");
        Self {
            lag_max: time("replica.lag.time.max.ms"),
            fetchers: usize::try_from(number("num.replica.fetchers")).unwrap_or(1),
            fetch_backoff: time("replica.fetch.backoff.ms"),
            fetch_min_bytes: int("replica.fetch.min.bytes"),
            fetch_max_bytes: int("replica.fetch.max.bytes"),
            response_max_bytes: int("replica.fetch.response.max.bytes"),
            fetch_wait_max: time("replica.fetch.wait.max.ms"),
            socket_timeout: time("replica.socket.timeout.ms"),
            leader_throttled_rate: rate("leader.replication.throttled.rate"),
            follower_throttled_rate: rate("follower.replication.throttled.rate"),
            alter_log_dirs_rate: rate("replica.alter.log.dirs.io.max.bytes.per.second"),
            prefers_own_rack: matches!(selector, Some(Value::Text(class)) if class == RACK_AWARE_SELECTOR),
            movers,
        }
    }
}
