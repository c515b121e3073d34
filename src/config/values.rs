//! The broker's limits, intervals and switches as typed values: resolved at start, and again whenever the dynamic
//! configuration of this broker or of all brokers changes.

use std::collections::BTreeMap;
use std::time::Duration;

use super::effective::Layers;
use super::replica_values::ReplicationValues;
use super::value::Value;
use super::{consistency, listener_prefix};

/// Kafka writes "no bound" as the largest int.
const NO_BOUND: i64 = i32::MAX as i64;

/// What the broker's parts read. Sizes are bytes; `None` stands for "no bound" or "the system's choice".
#[derive(Clone, Debug, PartialEq)]
pub struct BrokerValues {
    pub connections: ConnectionValues,
    pub requests: RequestValues,
    pub topics: TopicCreation,
    pub log: LogUpkeep,
    pub groups: GroupValues,
    pub replication: ReplicationValues,
    /// `cordoned.log.dirs`: paths as configured; `*` for all of them.
    pub cordoned_log_dirs: Vec<String>,
}

/// Limits on connections and their sockets.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectionValues {
    pub max: Option<u32>,
    pub max_per_address: Option<u32>,
    /// Addresses or names with limits of their own.
    pub per_address: Vec<(String, u32)>,
    pub max_created_per_second: Option<u32>,
    /// Listeners with limits of their own, by name in upper case.
    pub per_listener: Vec<(String, ListenerValues)>,
    /// `None`: idle connections stay.
    pub max_idle: Option<Duration>,
    /// The largest frame before authentication.
    pub token_max_bytes: u32,
    pub backlog: u32,
    pub receive_buffer_bytes: Option<u32>,
    pub send_buffer_bytes: Option<u32>,
}

/// `listener.name.<name>.…`: what holds for one listener besides what holds for all together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListenerValues {
    pub max: Option<u32>,
    pub max_created_per_second: Option<u32>,
}

/// Limits on requests and answers.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestValues {
    pub max_bytes: u32,
    pub queued_max_bytes: Option<u64>,
    pub fetch_max_bytes: u32,
    pub fetch_session_slots: u32,
    pub max_partitions_described: u32,
}

/// What a topic gets that does not say.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicCreation {
    pub auto_create: bool,
    pub can_delete: bool,
    pub partitions: i32,
    pub replication_factor: i16,
}

/// How often logs are looked after.
#[derive(Clone, Debug, PartialEq)]
pub struct LogUpkeep {
    pub initial_delay: Duration,
    pub retention_check: Duration,
    /// `None`: nothing is looked for; topics with `flush.ms` still are.
    pub flush_check: Option<Duration>,
    pub recovery_point_checkpoint: Duration,
    pub log_start_checkpoint: Duration,
    pub high_watermark_checkpoint: Duration,
    pub producer_expiration: Duration,
    pub producer_expiration_check: Duration,
}

/// Rules of classic groups and of committed offsets.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupValues {
    pub min_session_timeout_ms: i32,
    pub max_session_timeout_ms: i32,
    pub initial_rebalance_delay_ms: i32,
    /// Members that a group may have.
    pub max_size: usize,
    /// UTF-16 units of the text stored with an offset.
    pub offset_metadata_max: usize,
    pub offsets_retention_ms: i64,
    pub offsets_retention_check: Duration,
    /// How long an answer waits for its records to be committed.
    pub commit_timeout: Duration,
    pub load_buffer_bytes: usize,
    /// The number of a codec, as batches have it.
    pub offsets_codec: i16,
    /// Of `__consumer_offsets`, before it exists.
    pub offsets_partitions: i32,
}

impl GroupValues {
    fn resolve(layers: &Layers<'_>) -> Self {
        let number = |name: &str| layers.broker_number(name);
        let int = |name: &str| i32::try_from(number(name)).unwrap_or(i32::MAX);
        let size = |name: &str| usize::try_from(number(name)).unwrap_or(0);
        let time = |name: &str| Duration::from_millis(u64::try_from(number(name)).unwrap_or(0));
        Self {
            min_session_timeout_ms: int("group.min.session.timeout.ms"),
            max_session_timeout_ms: int("group.max.session.timeout.ms"),
            initial_rebalance_delay_ms: int("group.initial.rebalance.delay.ms"),
            max_size: size("group.max.size"),
            offset_metadata_max: size("offset.metadata.max.bytes"),
            offsets_retention_ms: number("offsets.retention.minutes") * 60_000,
            offsets_retention_check: time("offsets.retention.check.interval.ms"),
            commit_timeout: time("offsets.commit.timeout.ms"),
            load_buffer_bytes: size("offsets.load.buffer.size"),
            offsets_codec: i16::try_from(number("offsets.topic.compression.codec")).unwrap_or(0),
            offsets_partitions: int("offsets.topic.num.partitions"),
        }
    }
}

impl BrokerValues {
    /// Resolves every value against the layers.
    pub fn resolve(layers: &Layers<'_>) -> Self {
        let number = |name: &str| layers.broker_number(name);
        let size = |name: &str| u32::try_from(number(name)).unwrap_or(0);
        let bound = |name: &str| Some(size(name)).filter(|_| number(name) != NO_BOUND);
        let buffer = |name: &str| u32::try_from(number(name)).ok();
        let time = |name: &str| Duration::from_millis(u64::try_from(number(name)).unwrap_or(0));
        let bounded_time =
            |name: &str| Some(time(name)).filter(|_| (0..i64::MAX).contains(&number(name)));
        Self {
            connections: ConnectionValues {
                max: bound("max.connections"),
                max_per_address: bound("max.connections.per.ip"),
                per_address: consistency::per_address(layers).unwrap_or_default(),
                max_created_per_second: bound("max.connection.creation.rate"),
                per_listener: per_listener(layers),
                max_idle: bounded_time("connections.max.idle.ms"),
                token_max_bytes: size("sasl.server.max.receive.size"),
                backlog: size("socket.listen.backlog.size"),
                receive_buffer_bytes: buffer("socket.receive.buffer.bytes"),
                send_buffer_bytes: buffer("socket.send.buffer.bytes"),
            },
            requests: RequestValues {
                max_bytes: size("socket.request.max.bytes"),
                queued_max_bytes: u64::try_from(number("queued.max.request.bytes"))
                    .ok()
                    .filter(|bytes| *bytes > 0),
                fetch_max_bytes: size("fetch.max.bytes"),
                fetch_session_slots: size("max.incremental.fetch.session.cache.slots"),
                max_partitions_described: size("max.request.partition.size.limit"),
            },
            topics: TopicCreation {
                auto_create: layers.broker_flag("auto.create.topics.enable"),
                can_delete: layers.broker_flag("delete.topic.enable"),
                partitions: i32::try_from(number("num.partitions")).unwrap_or(1),
                replication_factor: i16::try_from(number("default.replication.factor"))
                    .unwrap_or(i16::MAX),
            },
            log: LogUpkeep {
                initial_delay: time("log.initial.task.delay.ms"),
                retention_check: time("log.retention.check.interval.ms"),
                flush_check: bounded_time("log.flush.scheduler.interval.ms"),
                recovery_point_checkpoint: time("log.flush.offset.checkpoint.interval.ms"),
                log_start_checkpoint: time("log.flush.start.offset.checkpoint.interval.ms"),
                high_watermark_checkpoint: time("replica.high.watermark.checkpoint.interval.ms"),
                producer_expiration: time("producer.id.expiration.ms"),
                producer_expiration_check: time("producer.id.expiration.check.interval.ms"),
            },
            groups: GroupValues::resolve(layers),
            replication: ReplicationValues::resolve(layers),
            cordoned_log_dirs: match layers.broker_value("cordoned.log.dirs") {
                Some(Value::List(paths)) => paths,
                _ => Vec::new(),
            },
        }
    }
}

/// The limits of listeners: of each name, the nearest layer that sets it.
fn per_listener(layers: &Layers<'_>) -> Vec<(String, ListenerValues)> {
    let mut found: BTreeMap<String, ListenerValues> = BTreeMap::new();
    // The nearest last, so that it stands.
    for (layer, _) in layers.each().into_iter().rev() {
        for name in layer.names() {
            let Some(key) = listener_prefix::after_listener(name) else {
                continue;
            };
            let Some(number) = layer
                .setting(name)
                .and_then(|text| text.trim().parse().ok())
            else {
                continue;
            };
            let limit = Some(number).filter(|_| i64::from(number) != NO_BOUND);
            let listener = name["listener.name.".len()..name.len() - key.len() - 1].to_uppercase();
            match key {
                "max.connections" => found.entry(listener).or_default().max = limit,
                "max.connection.creation.rate" => {
                    found.entry(listener).or_default().max_created_per_second = limit;
                }
                _ => {}
            }
        }
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load::StaticConfig;
    use crate::config::settings::Unset;

    #[test]
    fn an_unset_broker_has_kafkas_defaults() {
        let values = BrokerValues::resolve(&Layers {
            broker: &Unset,
            cluster: &Unset,
            node: &Unset,
        });
        assert_eq!(
            (values.connections.max, values.connections.max_per_address),
            (None, None)
        );
        assert_eq!(values.connections.max_idle, Some(Duration::from_secs(600)));
        assert_eq!(
            (values.requests.max_bytes, values.requests.queued_max_bytes),
            (100 << 20, None)
        );
        assert_eq!(
            (values.topics.auto_create, values.topics.partitions),
            (true, 1)
        );
        assert_eq!(
            (values.log.flush_check, values.log.retention_check),
            (None, Duration::from_secs(300))
        );
    }

    #[test]
    fn a_dynamic_value_wins_over_the_nodes() {
        let node = StaticConfig::of(&[("max.connections", "5"), ("connections.max.idle.ms", "-1")]);
        let cluster = StaticConfig::of(&[("max.connections", "6")]);
        let values = BrokerValues::resolve(&Layers {
            broker: &Unset,
            cluster: &cluster,
            node: &node,
        });
        assert_eq!(
            (values.connections.max, values.connections.max_idle),
            (Some(6), None)
        );
    }

    #[test]
    fn a_listener_takes_its_limits_from_the_nearest_layer_that_sets_them() {
        let node = StaticConfig::of(&[
            ("listener.name.inside.max.connections", "5"),
            ("listener.name.inside.max.connection.creation.rate", "7"),
            ("listener.name.inside.ssl.keystore.location", "9"),
        ]);
        let cluster = StaticConfig::of(&[("listener.name.inside.max.connections", "6")]);
        let values = BrokerValues::resolve(&Layers {
            broker: &Unset,
            cluster: &cluster,
            node: &node,
        });
        let limits = ListenerValues {
            max: Some(6),
            max_created_per_second: Some(7),
        };
        let expected = vec![("INSIDE".to_owned(), limits)];
        assert_eq!(values.connections.per_listener, expected);
    }
}
