//! Replication between brokers (`ReplicationConfigs`).

use super::key::{Check, Key, Kind, Origin};
use crate::config::replica_values::{LEADER_SELECTOR, RACK_AWARE_SELECTOR};

/// The keys of this subject.
pub const KEYS: &[Key] = &[
    Key::broker("auto.leader.rebalance.enable", Kind::Boolean, Some("true"))
        .effective("leadership_stays_where_it_is_when_balancing_is_off")
        .says("Whether leadership is moved back to preferred replicas by itself."),
    Key::broker("default.replication.factor", Kind::Int, Some("1"))
        .effective("a_topic_with_factor_minus_one_gets_the_nodes_default")
        .says("Replicas of a new topic that does not say."),
    Key::broker("delete.records.purgatory.purge.interval.requests", Kind::Int, Some("1"))
        .says("How often Kafka sweeps finished DeleteRecords requests; Ottla's waits leave nothing to sweep."),
    Key::broker("fetch.purgatory.purge.interval.requests", Kind::Int, Some("1000"))
        .says("How often Kafka sweeps finished fetches; Ottla's waits leave nothing to sweep."),
    Key::broker("producer.purgatory.purge.interval.requests", Kind::Int, Some("1000"))
        .says("How often Kafka sweeps finished produce requests; Ottla's waits leave nothing to sweep."),
    Key::broker("follower.fetch.last.tiered.offset.enable", Kind::Boolean, Some("false"))
        .cluster_wide()
        .says("Whether an empty follower of a tiered partition starts at the last tiered offset (KIP-1023)."),
    Key::broker("leader.imbalance.check.interval.seconds", Kind::Long, Some("300"))
        .check(Check::AtLeast(1))
        .effective("leadership_goes_back_to_the_preferred_replica_after_the_interval")
        .says("Time between two looks for leaders away from their preferred replica."),
    Key::broker("num.replica.fetchers", Kind::Int, Some("1"))
        .check(Check::AtLeast(1))
        .cluster_wide()
        .effective("a_broker_is_followed_by_as_many_fetchers_as_configured")
        .says("Connections per source broker over which followers fetch."),
    Key::broker("replica.fetch.backoff.ms", Kind::Int, Some("1000"))
        .check(Check::AtLeast(0))
        .effective("a_partition_that_fails_pauses_longer_each_time_and_holds_up_no_other")
        .says("Longest pause of a follower after a failed fetch; the first is 20 ms."),
    Key::broker("replica.fetch.max.bytes", Kind::Int, Some("1048576"))
        .check(Check::AtLeast(0))
        .effective("a_fetch_asks_for_what_is_configured")
        .says("Bytes that a follower asks for per partition; a larger first batch still comes."),
    Key::broker("replica.fetch.min.bytes", Kind::Int, Some("1"))
        .effective("a_fetch_asks_for_what_is_configured")
        .says("Bytes that a follower's fetch waits for."),
    Key::broker("replica.fetch.response.max.bytes", Kind::Int, Some("10485760"))
        .check(Check::AtLeast(0))
        .effective("a_fetch_asks_for_what_is_configured")
        .says("Bytes that a follower asks for in one fetch over all partitions."),
    Key::broker("replica.fetch.wait.max.ms", Kind::Int, Some("500"))
        .effective("a_fetch_asks_for_what_is_configured")
        .says("Longest wait of a follower's fetch for enough bytes."),
    Key::broker("replica.high.watermark.checkpoint.interval.ms", Kind::Long, Some("5000"))
        .effective("high_watermarks_are_checkpointed_at_their_interval")
        .says("Time between writes of the high watermark checkpoint."),
    Key::broker("replica.lag.time.max.ms", Kind::Long, Some("30000"))
        .effective("a_follower_cut_off_leaves_the_isr_and_returns")
        .says("A follower that has not caught up for this long leaves the in-sync replicas."),
    Key::broker("replica.selector.class", Kind::String, None)
        .check(Check::OneOf(&[RACK_AWARE_SELECTOR, LEADER_SELECTOR]))
        .effective("a_consumer_is_sent_to_a_replica_in_its_rack_only_where_that_is_configured")
        .says("Which replica a consumer reads from: Kafka's `RackAwareReplicaSelector` sends it to one in its `client.rack`; no other class can be run."),
    Key::broker("replica.socket.receive.buffer.bytes", Kind::Int, Some("65536"))
        .says("Kernel receive buffer of followers' connections."),
    Key::broker("replica.socket.timeout.ms", Kind::Int, Some("30000"))
        .effective("a_leader_that_says_nothing_is_asked_again_after_the_socket_timeout")
        .says("Socket timeout of followers' requests; at least `replica.fetch.wait.max.ms`."),
    Key::broker("unclean.leader.election.enable", Kind::Boolean, Some("false"))
        .cluster_wide()
        .effective("a_topic_that_comes_to_prefer_availability_is_led_at_once")
        .says("Whether a replica that is not in sync may become leader where the topic does not say."),
    Key::broker("unclean.leader.election.interval.ms", Kind::Long, Some("300000"))
        .check(Check::AtLeast(1))
        .origin(Origin::Internal)
        .effective("a_leaderless_partition_waits_for_its_data_unless_its_topic_says_otherwise")
        .says("Time between two looks for partitions that an unclean election would bring back."),
];
